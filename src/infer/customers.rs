//! Which table holds the customers, and what its columns are.

use super::candidate::MOST_LEVELS;
use super::candidate::{Candidate, Column, CustomersId};
use super::names::{has_word, is_gone, is_key, is_maybe_gone, is_person_id, singular, words, PEOPLE};
use crate::calendar::Zone;
use crate::error::Result;
use crate::published;
use crate::sources::contract::{Need, Role};
use crate::sources::parquet::pieces::table_pieces;
use crate::sources::plausibility;
use crate::sources::profile::Value;

const SIGNUP: &[&str] = &["signup", "signed", "sign", "registered", "registration", "joined", "onboarded", "since"];
/// Columns of the customers table that tend to be filled in after someone has left.
const GIVEAWAYS: &[&str] = &["status", "active", "closed", "left", "label", "target", "reason", "tenure"];
/// Columns for the people who call, not for the model.
const CONTACTS: &[&str] = &["owner", "manager", "agent", "rep", "name", "email", "phone", "contact"];
const MONTHLY: &[&str] = &["mrr", "arpu", "revenue", "charges", "fee"];
const CODES: &[&str] = &["code", "zip", "postcode", "postal", "phone"];
/// Words for what numbers such as 202609 are codes of.
const TERMS: &[&str] = &[
    "term",
    "semester",
    "period",
    "cohort",
    "presentation",
    "quarter",
    "fiscal",
    "year",
    "yearmonth",
    "month",
    "week",
];
/// The share of rows of a customers table that may repeat an id.
const MOST_REPEATED: f64 = 0.02;
/// The share of contracts that may have no end: a date that only some have says when these left.
const MOST_WITHOUT_END: f64 = 0.3;

/// The customers table.
pub(super) struct Customers {
    pub table: Candidate,
    pub id: CustomersId,
    /// How many rows repeat an id.
    pub repeated: u64,
    pub signup: Option<String>,
    pub contract: Option<(String, String)>,
}

impl Customers {
    /// The table with one row a customer, if there is one, which is taken out of the others: called like people or with
    /// a sign-up date, and with ids that hardly ever repeat.
    ///
    /// # Errors
    /// A file that cannot be read or decoded.
    pub fn find(tables: &mut Vec<Candidate>) -> Result<Option<Customers>> {
        let mut order: Vec<usize> = (0..tables.len()).filter(|&at| likeness(&tables[at]) > 0).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(likeness(&tables[at])));

        for at in order {
            for column in id_columns(tables, at) {
                let repeated = repeated(&tables[at], &column.column)?;
                if repeated as f64 <= MOST_REPEATED * tables[at].rows as f64 {
                    let table = tables.remove(at);
                    let contract = contract(&table);
                    let signup = signup(&table, contract.is_some());
                    return Ok(Some(Customers { table, id: column, repeated, signup, contract }));
                }
            }
        }
        Ok(None)
    }

    /// What a person should look at in the columns that are used.
    pub fn advice(&self, attributes: &Attributes) -> Vec<String> {
        let (start, end) = self.contract.as_ref().map(|(start, end)| (start, end)).unzip();
        let columns = |names: &mut dyn Iterator<Item = &String>| -> Vec<&Column> {
            names.filter_map(|name| self.table.column(name)).collect()
        };
        let times = columns(&mut [self.signup.as_ref(), start, end].into_iter().flatten());
        let numbers = columns(&mut attributes.numeric.iter());

        let about_times = times.into_iter().flat_map(about_times);
        let placeholders =
            numbers.into_iter().filter_map(|column| plausibility::placeholder(&column.name, &column.profile));
        about_times.chain(placeholders).collect()
    }

    /// The column that may say when a customer left, and whether that is certain.
    pub fn left(&self) -> Option<(&Column, bool)> {
        let is_free = |column: &&Column| {
            let name = Some(&column.name);
            let of_contract =
                self.contract.as_ref().is_some_and(|(start, end)| [Some(start), Some(end)].contains(&name));
            !of_contract && self.signup.as_ref() != name && column.profile.filled() > 0
        };
        let certain = self.table.those(Column::is_time).filter(is_free).find(|column| is_gone(&column.name));
        let is_partly_filled = |column: &&Column| column.profile.null_share() > MOST_WITHOUT_END;
        let maybe = || {
            let named = |column: &&Column| is_maybe_gone(&column.name) || has_word(&column.name, END);
            self.table.those(Column::is_time).filter(is_free).filter(is_partly_filled).find(named)
        };
        certain.map(|column| (column, true)).or_else(|| maybe().map(|column| (column, false)))
    }
}

/// Advice on a column of times: midnights of another zone, and days that stand for "unknown".
pub(super) fn about_times(column: &Column) -> Vec<String> {
    let midnights = plausibility::local_midnights(&column.name, &column.profile, &Zone::utc());
    midnights.into_iter().chain(plausibility::placeholder_day(&column.name, &column.profile)).collect()
}

/// What to do about a table that is called like one of customers and has several rows for each.
pub(super) fn repeating(tables: &[Candidate]) -> Option<String> {
    let is_likely = |table: &&Candidate| likeness(table) != 2 && likeness(table) > 0;
    let (table, id) = tables.iter().filter(is_likely).find_map(|table| Some((table, table.id(None)?)))?;
    Some(format!(
        "`{0}` has several rows for each `{1}`. Keep the newest, for example with DuckDB: COPY (SELECT * FROM '{2}' QUALIFY \
         row_number() OVER (PARTITION BY {1} ORDER BY {3} DESC) = 1) TO 'customers.parquet'",
        table.name,
        id.name,
        table.path.display(),
        table.time().map_or("updated_at", |time| &time.name),
    ))
}

const START: &[&str] = &["start", "begin", "from"];
const END: &[&str] = &["end", "until", "expiry", "expires"];

/// How much a table looks like one of customers.
pub(super) fn likeness(table: &Candidate) -> u8 {
    let named = words(&table.name);
    if is_gone(&table.name) {
        return 0;
    }
    let is_called_so = named.iter().any(|word| PEOPLE.contains(&singular(word)));
    let has_signup = table.those(Column::is_time).any(|column| has_word(&column.name, SIGNUP));
    2 * u8::from(is_called_so) + u8::from(is_called_so && named.len() == 1) + u8::from(has_signup)
}

/// The columns of a table that may be the customers' id, the likeliest first.
fn id_columns(tables: &[Candidate], at: usize) -> Vec<CustomersId> {
    let shared = |name: &String| {
        let has_it = |table: &Candidate| table.those(Column::is_id).any(|column| column.name == *name);
        tables.iter().enumerate().filter(|(other, table)| *other != at && has_it(table)).count()
    };
    let may_be = |column: &&Column| {
        (!column.is_index || is_person_id(&column.name))
            && (is_person_id(&column.name) || words(&column.name) == ["id"] || shared(&column.name) > 0)
    };
    let mut columns: Vec<&Column> = tables[at].those(Column::is_id).filter(may_be).collect();
    columns.sort_by_key(|column| std::cmp::Reverse((is_person_id(&column.name), shared(&column.name))));
    columns.into_iter().map(|column| CustomersId { column: column.name.clone(), is_text: column.is_text() }).collect()
}

/// How many rows of a table have an id that another row has too.
fn repeated(table: &Candidate, column: &str) -> Result<u64> {
    let (mut ids, mut repeated) = (hashbrown::HashSet::new(), 0);
    let need = [Need::required("table", "id", column, Role::Any)];
    let most = (MOST_REPEATED * table.rows as f64) as u64 + 1;

    for piece in table_pieces(&table.table, usize::MAX) {
        for batch in piece.read(&need, 16_384)? {
            let batch = batch?;
            let Some(array) = batch.column_by_name(column) else { continue };
            for row in 0..batch.num_rows() {
                let id = match Value::new(array, row) {
                    Value::Whole(id) => id.to_le_bytes().to_vec(),
                    Value::Text(id) => id.as_bytes().to_vec(),
                    Value::Bytes(id) => id.to_vec(),
                    _ => continue,
                };
                repeated += u64::from(!ids.insert(xxhash_rust::xxh3::xxh3_128(&id)));
            }
            if repeated > most {
                return Ok(repeated);
            }
        }
    }
    Ok(repeated)
}

/// The first day of a contract and the first day after it.
fn contract(table: &Candidate) -> Option<(String, String)> {
    let day = |words: &[&str]| table.those(Column::is_time).find(|column| has_word(&column.name, words));
    let (start, end) = day(START).zip(day(END))?;
    (end.profile.null_share() <= MOST_WITHOUT_END).then(|| (start.name.clone(), end.name.clone()))
}

fn signup(table: &Candidate, has_contract: bool) -> Option<String> {
    let start = || table.called(Column::is_time, &["start", "created", "opened"]).filter(|_| !has_contract);
    table.called(Column::is_time, SIGNUP).or_else(start).map(|column| column.name.clone())
}

/// What the columns of the customers table are used for.
#[derive(Default)]
pub(super) struct Attributes {
    pub value: Option<String>,
    pub numeric: Vec<String>,
    pub categorical: Vec<String>,
    pub passthrough: Vec<String>,
    /// Columns that are not used, and why, if there is more to say.
    pub unused: Vec<(String, Option<String>)>,
}

impl Attributes {
    pub fn new(customers: &Customers) -> Attributes {
        let value = customers.table.called(Column::is_number, MONTHLY).map(|column| column.name.clone());
        let mut attributes = Attributes { value, ..Attributes::default() };
        let others = |column: &&Column| column.name != customers.id.column && !column.is_time();
        for column in customers.table.columns.iter().filter(others) {
            attributes.place(column);
        }
        attributes
    }

    fn place(&mut self, column: &Column) {
        let name = column.name.clone();
        let levels = column.profile.levels(MOST_LEVELS);
        let mut leave_out = |reason: &str| self.unused.push((name.clone(), Some(reason.to_owned())));

        if column.is_index {
            leave_out("the index of a data frame");
        } else if is_gone(&name) || has_word(&name, GIVEAWAYS) {
            leave_out("it may tell who has left");
        } else if column.profile.rows > 0 && column.profile.filled() == 0 {
            leave_out("always empty");
        } else if levels.as_ref().is_some_and(|levels| levels.len() == 1) && !has_word(&name, CONTACTS) {
            leave_out("always the same");
        } else if column.is_number() && is_code_of_term(column) {
            leave_out("a code of a term rather than a quantity; list it as categorical if the model may know it");
        } else if column.is_number() && (is_key(&name) || has_word(&name, CODES)) {
            leave_out("a number that counts nothing");
        } else if column.is_number() {
            self.numeric.push(name);
        } else if column.is_text() && has_word(&name, CONTACTS) {
            if published::has_column(published::LIST, &name) {
                leave_out("the list has a column of this name");
            } else {
                self.passthrough.push(name);
            }
        } else if (column.is_text() || column.holds == super::candidate::Holds::Flag) && levels.is_some() {
            self.categorical.push(name);
        } else if column.is_text() {
            leave_out(&format!("more than {MOST_LEVELS} different values"));
        } else {
            self.unused.push((name, None));
        }
    }
}

/// Whether whole numbers are codes such as 2026, 202609 or 20261.
fn is_code_of_term(column: &Column) -> bool {
    let numbers = column.profile.numbers;
    if !numbers.are_whole() {
        return false;
    }
    let is_called_so = has_word(&column.name, TERMS);
    let are_years = numbers.lie_in(1900.0, 2100.0);
    let are_years_and_terms = numbers.lie_in(19_000.0, 21_009.0);
    let month = |text: &String| text.get(4..).and_then(|month| month.parse::<u8>().ok());
    let are_months = numbers.lie_in(190_001.0, 210_012.0)
        && column.profile.values.keys().all(|text| month(text).is_some_and(|month| (1..=12).contains(&month)));
    are_months || is_called_so && (are_years || are_years_and_terms)
}
