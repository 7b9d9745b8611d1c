//! Which table is which in a folder of Parquet files, for `churn init --from`: guessed from names, types and a look at
//! the values. The written `churn.toml` says what was guessed and what was left out, and why.

mod candidate;
mod names;
#[cfg(test)]
mod tests;

use crate::config;
use crate::error::{Error, Result};
use crate::published;
use crate::sources::parquet::Table;
use arrow_schema::DataType;
use candidate::{candidates, Candidate, CustomersId, Place, MOST_LEVELS};
use names::{
    has_word, is_float, is_gone, is_id, is_key, is_number, is_person_id, is_text, is_time, singular, unit_of, words,
    PEOPLE,
};
use std::path::{Path, PathBuf};

/// Rows of an event table that are looked at to see its categories.
const LOOK_ROWS: usize = 100_000;

const SIGNUP: &[&str] = &["signup", "signed", "sign", "registered", "registration", "joined", "onboarded", "since"];
const ANSWERS: &[&str] = &["truth", "label", "labels", "target", "prediction", "predictions"];
/// Columns of the customers table that tend to be filled in after someone has left.
const GIVEAWAYS: &[&str] = &["status", "active", "closed", "left", "label", "target", "reason", "tenure"];
/// Columns for the people who call, not for the model.
const CONTACTS: &[&str] = &["owner", "manager", "agent", "rep", "name", "email", "phone", "contact"];
const MONTHLY: &[&str] = &["mrr", "arpu", "revenue", "charges", "fee"];
/// Best first: the quantity of an event.
const QUANTITIES: &[&str] = &[
    "duration", "amount", "revenue", "price", "spend", "value", "score", "clicks", "minutes", "seconds", "quantity",
    "pages",
];
const SCORES: &[&str] = &["score", "rating", "answer", "response", "value"];
const MOODS: &[&str] = &["sentiment", "polarity"];
const CATEGORIES: &[&str] = &["channel", "category", "type", "kind", "device", "platform", "product", "page", "topic"];
const INSTRUMENTS: &[&str] = &["nps", "csat", "ces"];

/// Writes a commented `churn.toml` for the Parquet files in `data`. `folder` is where the file will stand: paths below
/// it are written relative to it, others absolute.
///
/// # Errors
/// [`Error::Contract`] when no file below `data` is Parquet, or a column cannot be decoded. Tables that cannot be
/// opened or placed are no error; the text names them.
pub fn infer(data: &Path, folder: &Path) -> Result<String> {
    let mut skipped = Vec::new();
    let mut tables = Vec::new();
    let candidates = candidates(data)?;

    if candidates.is_empty() {
        let data = data.display();
        return Err(Error::Contract(format!("{data} holds no Parquet file; name the folder with the tables' files")));
    }

    for Place { name, path, format } in candidates {
        if let Some(format) = format {
            skipped.push((name, format.refusal(&path)));
            continue;
        }
        if words(&name).iter().any(|word| ANSWERS.contains(&word.as_str())) {
            skipped.push((name, "it is named like an answer, not like something known at the time".to_owned()));
            continue;
        }
        let mut problems = Vec::new();
        match Table::open(&format!("table `{name}`"), &path, None, &[], None, &mut problems) {
            Some(table) => tables.push(Candidate::new(name, path, table)),
            None => skipped.push((name, problems.join("; ").replace('\n', " "))),
        }
    }

    let mut plan = Plan::new(tables, skipped)?;
    let mut text = format!(
        "# Written by `churn init` for {}: guessed from names, types and a look at the values.\n# Check each guess; \
         `churn check` then holds the data against it.\n\n",
        one_line(&data.display().to_string())
    );

    if !plan.prepared(&mut text) {
        plan.write(&mut text, folder)?;
    }
    Ok(config::starter(&text))
}

/// What each table is.
struct Plan {
    customers: Option<(Candidate, CustomersId)>,
    churn: Option<(Candidate, String, String)>,
    signals: Vec<Signal>,
    /// Tables that have no place, and why.
    skipped: Vec<(String, String)>,
    unplaced: Vec<Candidate>,
}

/// A signal as it will be written.
struct Signal {
    name: String,
    path: PathBuf,
    kind: &'static str,
    /// Key, value and comment.
    lines: Vec<(&'static str, String, Option<&'static str>)>,
}

impl Plan {
    fn new(mut tables: Vec<Candidate>, mut skipped: Vec<(String, String)>) -> Result<Plan> {
        let customers = find_customers(&tables)?.map(|(at, id)| (tables.remove(at), id));
        let customers_id = customers.as_ref().map(|(_, id)| id);
        let churn = tables
            .iter()
            .position(|table| is_gone(&table.name) && is_dated(table, customers_id))
            .or_else(|| {
                let has_date = |table: &Candidate| table.of_type(is_time).any(|name| is_gone(name));
                tables.iter().position(|table| has_date(table) && is_dated(table, customers_id))
            })
            .map(|at| tables.remove(at))
            .and_then(|table| {
                let id = table.id(customers_id)?;
                let time = table.of_type(is_time).find(|name| is_gone(name)).cloned().or_else(|| table.time())?;
                Some((table, id, time))
            });

        let (mut signals, mut unplaced) = (Vec::new(), Vec::new());
        for table in tables {
            match (table.id(customers_id), table.time()) {
                (Some(id), Some(time)) => signals.push(Signal::guess(&table, id, time)?),
                (id, _) => {
                    let lacking = match id {
                        None => "the customer's id, of the type that it has in the table of customers",
                        Some(_) => "a date or a timestamp",
                    };
                    skipped.push((table.name.clone(), format!("it has no column with {lacking}")));
                    unplaced.push(table);
                }
            }
        }

        Ok(Plan { customers, churn, signals, skipped, unplaced })
    }

    /// Writes a section for a prepared feature table, if there is nothing but one.
    fn prepared(&mut self, text: &mut String) -> bool {
        if !self.signals.is_empty() || self.customers.is_some() {
            return false;
        }
        let [table] = self.unplaced.as_slice() else { return false };
        let label = table.columns.iter().find(|(name, t)| is_gone(name) && (t.is_integer() || *t == DataType::Boolean));
        let (Some(id), Some((label, _))) = (table.id(None), label) else { return false };
        let path = one_line(&table.path.display().to_string());
        *text += &format!("# A prepared feature table: `churn train --features {path}`\n[table]\n");
        *text += &format!("id = {}\nlabel = {}\n", quoted(&id), quoted(label));
        if let Some(as_of) = table.of_type(is_time).find(|name| words(name) == ["as", "of"]) {
            *text += &format!("as_of = {}\n", quoted(as_of));
        }
        if let Some((fold, _)) = table.columns.iter().find(|(name, _)| name == "fold") {
            *text += &format!("fold = {}\n", quoted(fold));
        }
        *text += "# Columns that the model must not see, because they are known only afterwards.\n#ignore = []\n";
        true
    }

    fn write(&self, text: &mut String, folder: &Path) -> Result<()> {
        match &self.customers {
            Some((table, id)) => write_customers(text, table, &id.column, folder)?,
            None => {
                *text += "# No table of customers was found: one row a customer, with an id that never repeats.\n\
                          #[customers]\n#path = \"customers.parquet\"\n#id = \"customer_id\"\n"
            }
        }

        for signal in &self.signals {
            *text += &format!("\n[signals.{}]\nkind = \"{}\"\n", signal.name, signal.kind);
            *text += &format!("path = {}\n", written(&signal.path, folder));
            for (key, value, comment) in &signal.lines {
                *text += &comment.map_or(String::new(), |comment| format!("# {comment}\n"));
                *text += &format!("{key} = {}\n", quoted(value));
            }
        }

        if self.signals.is_empty() {
            *text += "\n# No signal was found: a table with the customer's id and a time in each row.\n\
                      #[signals.logins]\n#kind = \"event\"\n#path = \"logins\"\n#id = \"customer_id\"\n#time = \"ts\"\n";
        }

        for (name, reason) in &self.skipped {
            *text += &format!("\n# Left out: {} ({}).\n", one_line(name), one_line(reason));
        }
        *text += "\n[churn]\n";
        match &self.churn {
            Some((table, id, time)) => {
                let path = written(&table.path, folder);
                *text +=
                    &format!("definition = \"event\"\npath = {path}\nid = {}\ntime = {}\n", quoted(id), quoted(time));
            }
            None => {
                let of_customers = self.customers.iter().flat_map(|(table, _)| table.of_type(is_time));
                for column in of_customers.filter(|name| is_gone(name)) {
                    *text += &format!(
                        "# The customers' column `{}` may say when they left: write id and date of those who did to a \
                         table of\n# their own, and name it here with definition = \"event\" and path.\n",
                        one_line(column)
                    );
                }
                let signals = self.inactivity_signals();
                *text += "# No table of cancellations was found, so churn is silence: no row of these signals in the \
                          label window.\ndefinition = \"inactivity\"\n";
                *text += &format!("signals = {}\n", list(&signals));
            }
        }

        *text +=
            "# Days between the as-of date and the label window: the time in which the team can act.\n#gap_days = 7\n\
                  # Days of the label window.\n#horizon_days = 30\n";
        Ok(())
    }

    /// The signals that customers give by themselves: silence of a survey says little.
    fn inactivity_signals(&self) -> Vec<String> {
        let own = |signal: &&Signal| ["event", "amount"].contains(&signal.kind);
        let names: Vec<String> = self.signals.iter().filter(own).map(|signal| signal.name.clone()).collect();
        if names.is_empty() {
            self.signals.iter().map(|signal| signal.name.clone()).collect()
        } else {
            names
        }
    }
}

impl Signal {
    fn guess(table: &Candidate, id: String, time: String) -> Result<Signal> {
        let mut lines = vec![("id", id.clone(), None), ("time", time, None)];
        let mut instrument = None;
        let mut category = None;

        for column in table.of_type(is_text).filter(|name| **name != id) {
            let levels = table.levels(column, LOOK_ROWS)?;
            let Some(levels) = levels.filter(|levels| levels.len() > 1) else { continue };
            if levels.iter().all(|level| INSTRUMENTS.contains(&level.to_lowercase().as_str())) {
                instrument = Some(column.clone());
            } else if category.is_none() && has_word(column, CATEGORIES) {
                category = Some(column.clone());
            }
        }

        let named_instrument = INSTRUMENTS.iter().find(|name| has_word(&table.name, &[**name]));
        let is_survey = has_word(&table.name, &["survey"]) || named_instrument.is_some() || instrument.is_some();
        let mood = table.called(is_float, MOODS);
        let score = table.called(is_number, SCORES).filter(|name| is_survey && *name != id);
        let quantity = table.called(is_number, QUANTITIES).filter(|name| *name != id);

        let kind = match (mood, score, quantity) {
            (_, Some(score), _) => {
                lines.push(("value", score, None));
                match (instrument, named_instrument) {
                    (Some(column), _) => lines.push(("instrument", column, None)),
                    (None, Some(name)) => lines.push(("instrument_name", (*name).to_owned(), None)),
                    (None, None) => {
                        lines.push(("instrument_name", "nps".to_owned(), Some("Not certain: nps, csat or ces?")));
                    }
                }
                "survey"
            }
            (Some(mood), None, _) => {
                lines.push(("value", mood, None));
                "sentiment"
            }
            (None, None, Some(quantity)) => {
                let unit = unit_of(&quantity);
                lines.push(("value", quantity, None));
                lines.extend(unit.map(|unit| ("unit", unit.to_owned(), None)));
                "amount"
            }
            (None, None, None) => "event",
        };

        lines.extend(category.map(|column| ("category", column, None)));
        Ok(Signal { name: table.name.clone(), path: table.path.clone(), kind, lines })
    }
}

/// The table with one row a customer, and its id column: called like people or with a sign-up date, and with ids that
/// never repeat.
fn find_customers(tables: &[Candidate]) -> Result<Option<(usize, CustomersId)>> {
    let score = |table: &Candidate| {
        let named = words(&table.name);
        let is_called_so = named.iter().any(|word| PEOPLE.contains(&singular(word)));
        let has_signup = table.of_type(is_time).any(|name| has_word(name, SIGNUP));
        2 * u8::from(is_called_so) + u8::from(is_called_so && named.len() == 1) + u8::from(has_signup)
    };

    let mut order: Vec<usize> = (0..tables.len()).filter(|&at| !is_gone(&tables[at].name)).collect();
    order.retain(|&at| score(&tables[at]) > 0);
    order.sort_by_key(|&at| std::cmp::Reverse(score(&tables[at])));

    for at in order {
        let shared = |name: &String| {
            tables
                .iter()
                .enumerate()
                .filter(|(other, table)| *other != at && table.of_type(is_id).any(|n| n == name))
                .count()
        };
        let mut columns: Vec<&String> = tables[at]
            .of_type(is_id)
            .filter(|name| is_person_id(name) || words(name) == ["id"] || shared(name) > 0)
            .collect();
        columns.sort_by_key(|name| std::cmp::Reverse((is_person_id(name), shared(name))));
        for column in columns {
            if tables[at].is_unique(column)? {
                return Ok(Some((
                    at,
                    CustomersId { column: column.clone(), is_text: tables[at].is_text_column(column) },
                )));
            }
        }
    }

    Ok(None)
}

fn write_customers(text: &mut String, table: &Candidate, id: &str, folder: &Path) -> Result<()> {
    *text += &format!("[customers]\npath = {}\nid = {}\n", written(&table.path, folder), quoted(id));
    let end = |words: &[&str]| table.of_type(is_time).find(|name| has_word(name, words)).cloned();
    let contract = end(&["start", "begin", "from"]).zip(end(&["end", "until", "expiry", "expires"]));
    let start_alone = end(&["start", "created", "opened"]).filter(|_| contract.is_none());
    if let Some(signup) = table.called(is_time, SIGNUP).or(start_alone) {
        *text += &format!("signup = {}\n", quoted(&signup));
    }

    if let Some((start, end)) = contract {
        let (start, end) = (quoted(&start), quoted(&end));
        *text += &format!("# The contract; one that runs out is no churn.\nstart = {start}\nend = {end}\n");
    }

    if let Some(value) = table.called(is_number, MONTHLY) {
        *text += &format!("# Money a month at stake.\nvalue = {}\n", quoted(&value));
    }
    let (mut numeric, mut categorical, mut passthrough, mut unused) = (vec![], vec![], vec![], vec![]);
    for (name, data_type) in table.columns.iter().filter(|(name, t)| name != id && !is_time(t)) {
        if is_gone(name) || has_word(name, GIVEAWAYS) {
            unused.push(format!("{name} (it may tell who has left)"));
        } else if is_number(data_type) && !is_key(name) {
            numeric.push(name.clone());
        } else if is_text(data_type) && has_word(name, CONTACTS) {
            if published::has_column(published::LIST, name) {
                unused.push(format!("{name} (the list has a column of this name)"));
            } else {
                passthrough.push(name.clone());
            }
        } else if is_text(data_type) || *data_type == DataType::Boolean {
            match table.levels(name, usize::MAX)? {
                Some(levels) if levels.len() > 1 => categorical.push(name.clone()),
                Some(_) => unused.push(format!("{name} (always the same)")),
                None => unused.push(format!("{name} (more than {MOST_LEVELS} different values)")),
            }
        } else {
            unused.push(name.clone());
        }
    }

    *text += "# Only what was already true on the as-of date: take out what the source goes on changing.\n";
    *text += &format!("numeric = {}\ncategorical = {}\n", list(&numeric), list(&categorical));
    *text += &format!("# Copied to the list for the people who work with it.\npassthrough = {}\n", list(&passthrough));
    if !unused.is_empty() {
        *text += &format!("# Not used: {}.\n", one_line(&unused.join(", ")));
    }
    Ok(())
}

fn is_dated(table: &Candidate, customers_id: Option<&CustomersId>) -> bool {
    table.time().is_some() && table.id(customers_id).is_some()
}

/// A path for a file in `folder`, quoted: relative if it lies below.
fn written(path: &Path, folder: &Path) -> String {
    let whole = |path: &Path| {
        let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        path.canonicalize().unwrap_or_else(|_| absolute())
    };
    // A folder named by an empty path is the current one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (path, folder) = (whole(path), whole(folder));
    quoted(&path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    toml::Value::from(texts.to_vec()).to_string()
}

/// Text that cannot end the comment it stands in.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
