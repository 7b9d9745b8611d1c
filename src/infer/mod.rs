//! Which table is which in a folder of Parquet files, for `churn init --from`: guessed from names, types and a look at
//! the values; and how to define churn, from the rhythm in which customers come back. The written `churn.toml` marks what
//! was guessed and says what was left out, and why.

mod candidate;
mod customers;
mod lives;
mod names;
mod prepared;
mod rhythm;
mod signals;
mod tables;
#[cfg(test)]
mod tests;
mod text;
mod written;

use crate::calendar::Day;
use crate::config::{self, ChurnDefinition, EpochUnit};
use crate::error::Result;
use crate::measures::SignalKind;
use candidate::{candidates, Candidate, Column, MOST_NULL_TIMES};
use customers::{Attributes, Customers};
use lives::{Ids, Lives, Rows};
use names::{has_word, is_gone, is_key, words};
use prepared::Prepared;
use rhythm::{propose, Proposal, Span};
use serde::Serialize;
use signals::{Doing, Signal};
use std::path::{Path, PathBuf};

const ANSWERS: &[&str] = &["truth", "label", "labels", "target", "prediction", "predictions"];
/// The share of those who left whose date is as many days after their last row as that of the others, from which the dates
/// were computed rather than recorded.
const COMPUTED: f64 = 0.95;
/// Customers who left that are needed to tell.
const LEAST_COMPUTED: usize = 30;
/// Rows of a table from which it is told that it has one for each customer.
const LEAST_ALIKE: u64 = 20;

/// A configuration, and what it was inferred from.
#[derive(Clone, Debug, Serialize)]
pub struct Inferred {
    /// The commented `churn.toml`.
    #[serde(skip)]
    pub text: String,
    /// Every table that was found.
    pub tables: Vec<FoundTable>,
    /// What a person should decide, or supply, before `churn check` and `churn train` can succeed.
    pub missing: Vec<String>,
    /// What a person should look at.
    pub doubts: Vec<String>,
    /// The date to check, train and score for, where it is not the day after the newest row.
    pub as_of: Option<Day>,
    /// The prepared table to train from, if that is what was found.
    pub features: Option<PathBuf>,
}

/// A table that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundTable {
    /// Its name.
    pub name: String,
    /// Its file or folder, or a pattern for its files.
    pub path: PathBuf,
    /// What it was taken for: customers, churn, a kind of signal, a prepared table; nothing if it was left out.
    pub taken_for: Option<String>,
    /// Its rows.
    pub rows: Option<u64>,
    /// The customers that its rows are of.
    pub customers: Option<u64>,
    /// Whether their number is an estimate.
    pub customers_estimated: bool,
    /// The day of its first row.
    pub first_day: Option<Day>,
    /// The day of its last row.
    pub last_day: Option<Day>,
    /// Why it was left out.
    pub left_out: Option<String>,
}

/// Infers a commented `churn.toml` for the Parquet files in `data`. `folder` is where the file will stand: paths below it are
/// written relative to it, others absolute.
///
/// # Errors
/// [`Error::Contract`](crate::Error::Contract) when no file below `data` is Parquet, or a file of a table in use cannot be
/// decoded. Tables that cannot be opened or placed are no error; the text names them.
pub fn infer(data: &Path, folder: &Path) -> Result<Inferred> {
    let (tables, unreadable) = candidates(data)?;
    let mut plan = Plan::default();
    for table in unreadable {
        plan.left_out.push(FoundTable { left_out: Some(table.reason), ..FoundTable::new(&table.name, &table.path) });
    }

    let mut known = Vec::new();
    for table in tables {
        match not_known_at_the_time(&table) {
            Some(reason) => plan.leave_out(&table, None, reason),
            None => known.push(table),
        }
    }

    plan.place(known)?;
    plan.settle()?;
    Ok(plan.inferred(data, folder))
}

/// Why the rows of a table are no source: they are answers, or the program's own results.
fn not_known_at_the_time(table: &Candidate) -> Option<String> {
    let has = |name: &str| table.column(name).is_some();
    let is_feature =
        |column: &Column| column.name.contains("_active_days_") || column.name.ends_with("_days_since_last");
    if has("churn_probability") && has("customer_id") && (has("model_version") || has("risk_tier")) {
        return Some("it is a list or a table of scores that this program published".to_owned());
    }
    if has("customer_id") && has("as_of") && table.columns.iter().any(is_feature) {
        return Some("it is a feature table that this program wrote; `churn train --features` takes it".to_owned());
    }
    let is_answer = words(&table.name).iter().any(|word| ANSWERS.contains(&word.as_str()));
    is_answer.then(|| "it is named like an answer, not like something known at the time".to_owned())
}

/// A table or a column of cancellations.
struct Cancellations {
    name: String,
    path: PathBuf,
    id: String,
    time: String,
    time_unit: Option<EpochUnit>,
    /// Whether the customers table has them.
    of_customers: bool,
    /// Why it is not certain.
    doubts: Vec<String>,
    rows: Rows,
}

/// What each table is.
#[derive(Default)]
struct Plan {
    customers: Option<Customers>,
    customer_rows: Rows,
    churn: Option<Cancellations>,
    signals: Vec<Signal>,
    left_out: Vec<FoundTable>,
    unplaced: Vec<Candidate>,
    proposal: Option<Proposal>,
    /// The signals whose silence is churn, if there are no cancellations.
    silent: Vec<String>,
    /// How old the newest row of a signal may be, where it is older than the others'.
    staleness: Vec<(String, u32)>,
    missing: Vec<String>,
    doubts: Vec<String>,
}

impl FoundTable {
    fn new(name: &str, path: &Path) -> FoundTable {
        FoundTable {
            name: name.to_owned(),
            path: path.to_path_buf(),
            taken_for: None,
            rows: None,
            customers: None,
            customers_estimated: false,
            first_day: None,
            last_day: None,
            left_out: None,
        }
    }

    fn with_rows(mut self, rows: &Rows) -> FoundTable {
        self.customers = Some(rows.customers());
        self.customers_estimated = rows.is_sample();
        (self.first_day, self.last_day) = (rows.first(), rows.last());
        self
    }
}

impl Plan {
    fn leave_out(&mut self, table: &Candidate, rows: Option<&Rows>, reason: String) {
        let found =
            FoundTable { rows: Some(table.rows), left_out: Some(reason), ..FoundTable::new(&table.name, &table.path) };
        self.left_out.push(match rows {
            Some(rows) => found.with_rows(rows),
            None => found,
        });
    }

    /// Finds the place of each table.
    fn place(&mut self, mut tables: Vec<Candidate>) -> Result<()> {
        self.customers = Customers::find(&mut tables)?;
        if self.customers.is_none() {
            self.missing.extend(customers::repeating(&tables));
        }
        if let Some(customers) = &self.customers {
            let column = customers.table.column(&customers.id.column);
            self.customer_rows =
                column.map(|id| Rows::read(&customers.table, id, None)).transpose()?.unwrap_or_default();
        }
        self.find_churn(&mut tables)?;

        let ids = Ids::new(&self.customer_rows);
        let keys: Vec<(String, Vec<String>)> = tables.iter().map(|table| (table.name.clone(), keys(table))).collect();
        for table in tables {
            let customers_id = self.customers.as_ref().map(|customers| &customers.id);
            let id = ids.column_of(&table, customers_id);
            let (Some(id), Some(time)) = (id, table.time()) else {
                let reason = lacking(&table, customers_id.is_some(), id.is_none(), &keys);
                self.leave_out(&table, None, reason);
                self.unplaced.push(table);
                continue;
            };
            if time.profile.null_share() > MOST_NULL_TIMES {
                let share = 100.0 * time.profile.null_share();
                let reason = format!(
                    "its only time `{}` is empty in {share:.0} % of the rows, so it does not say when a row happened",
                    time.name
                );
                self.leave_out(&table, None, reason);
                continue;
            }

            let signal = Signal::guess(&table, id, time)?;
            if signal.rows.customers() == signal.rows.rows
                && table.rows >= LEAST_ALIKE
                && customers::likeness(&table) > 0
            {
                let reason = "it has one row for each customer, as a second table of customers has; join its columns to the first";
                self.leave_out(&table, Some(&signal.rows), reason.to_owned());
                continue;
            }
            let share = signal.rows.share_known(&ids);
            if self.customers.is_some() && share == 0.0 {
                let reason = format!("none of the ids in `{}` is in the table of customers", id.name);
                self.leave_out(&table, Some(&signal.rows), reason);
                continue;
            }
            if self.customers.is_some() && share < 0.95 {
                self.doubts.push(format!(
                    "signal `{}`: {:.0} % of its customers are not in the table of customers; their rows go to quarantine",
                    signal.name,
                    100.0 * (1.0 - share)
                ));
            }
            self.signals.push(signal);
        }
        self.drop_computed_churn();
        Ok(())
    }

    /// Finds the table of cancellations, which is taken out of the others, or else the customers' column of them.
    fn find_churn(&mut self, tables: &mut Vec<Candidate>) -> Result<()> {
        let id = self.customers.as_ref().map(|customers| &customers.id);
        let gone_time = |table: &Candidate| {
            let named =
                |column: &&Column| is_gone(&column.name) || is_gone(&table.name) && names::is_maybe_gone(&column.name);
            table.those(Column::is_time).find(named).map(|column| column.name.clone())
        };
        let has_place = |table: &&Candidate| table.time().is_some() && table.id(id).is_some();
        let named = tables.iter().position(|table| is_gone(&table.name) && has_place(&table));
        let dated = || tables.iter().position(|table| gone_time(table).is_some() && has_place(&table));

        if let Some(table) = named.or_else(dated).map(|at| tables.remove(at)) {
            let time = gone_time(&table).and_then(|name| table.column(&name)).or_else(|| table.time());
            let (Some(id), Some(time)) = (table.id(id), time) else { return Ok(()) };
            let rows = Rows::read(&table, id, Some(time))?;
            if let Some(reason) = answer_for_all(&table, time) {
                self.leave_out(&table, Some(&rows), reason);
                return Ok(());
            }
            self.churn = Some(Cancellations {
                name: table.name.clone(),
                path: table.path.clone(),
                id: id.name.clone(),
                time: time.name.clone(),
                time_unit: time.time_unit(),
                of_customers: false,
                doubts: customers::about_times(time),
                rows,
            });
            return Ok(());
        }

        let Some(customers) = &self.customers else { return Ok(()) };
        let Some(((left, is_certain), id)) = customers.left().zip(customers.table.column(&customers.id.column)) else {
            return Ok(());
        };
        let mut doubts = customers::about_times(left);
        if !is_certain {
            doubts.insert(0, format!("is `{}` the day on which a customer left? If not, take it out", left.name));
        }
        self.churn = Some(Cancellations {
            name: customers.table.name.clone(),
            path: customers.table.path.clone(),
            id: id.name.clone(),
            time: left.name.clone(),
            time_unit: left.time_unit(),
            of_customers: true,
            doubts,
            rows: Rows::read(&customers.table, id, Some(left))?,
        });
        Ok(())
    }

    /// Leaves out cancellations that lie as many days after the last row of a signal for nearly every customer: somebody
    /// computed them from it, and they say nothing that the signal does not.
    fn drop_computed_churn(&mut self) {
        let Some(churn) = &self.churn else { return };
        let reason = self.signals.iter().find_map(|signal| {
            let after = churn.rows.days_after(&signal.rows);
            let count = after.values().sum::<usize>();
            let (days, most) = after.iter().max_by_key(|(_, count)| **count)?;
            (count >= LEAST_COMPUTED && *most as f64 >= COMPUTED * count as f64).then(|| {
                format!(
                    "its dates are {days} days after each customer's last row of `{}`: they were computed from it, and nobody \
                     recorded them",
                    signal.name
                )
            })
        });
        let Some((reason, churn)) = reason.and_then(|reason| Some((reason, self.churn.take()?))) else { return };
        if churn.of_customers {
            self.doubts.push(format!("the customers' column `{}` is not taken for churn: {reason}", churn.time));
        } else {
            let found = FoundTable {
                rows: Some(churn.rows.rows),
                left_out: Some(reason),
                ..FoundTable::new(&churn.name, &churn.path)
            };
            self.left_out.push(found.with_rows(&churn.rows));
        }
    }

    /// Whether all there is is a prepared table.
    fn prepared(&self) -> Option<Prepared<'_>> {
        if !self.signals.is_empty() {
            return None;
        }
        match (&self.customers, self.unplaced.as_slice()) {
            (Some(customers), _) => Prepared::find(&customers.table),
            (None, tables) => tables.iter().find_map(Prepared::find),
        }
    }

    /// Proposes how churn is defined, and what is learned from.
    fn settle(&mut self) -> Result<()> {
        if self.prepared().is_some() {
            return Ok(());
        }
        self.silent = self.silent_signals();
        let definition = self.definition();
        let silent = |signal: &&Signal| definition == ChurnDefinition::Event || self.silent.contains(&signal.name);
        let activity: Vec<&Rows> = self.signals.iter().filter(silent).map(|signal| &signal.rows).collect();

        let first = activity.iter().filter_map(|rows| rows.first()).min();
        let last = activity.iter().filter_map(|rows| rows.last_busy()).max();
        let (Some(first), Some(last), Some(customers)) = (first, last, &self.customers) else {
            self.say_what_is_missing();
            return Ok(());
        };
        let span = Span { first, end: last.plus(1) };
        let newest = self.signals.iter().filter_map(|signal| signal.rows.last()).max().unwrap_or(last).plus(1);

        let column = |name: Option<&String>| -> Result<Option<Rows>> {
            let id = customers.table.column(&customers.id.column);
            let columns = id.zip(name.and_then(|name| customers.table.column(name)));
            columns.map(|(id, time)| Rows::read(&customers.table, id, Some(time))).transpose()
        };
        let (start, end) = customers.contract.as_ref().map(|(start, end)| (start, end)).unzip();
        let columns = [column(customers.signup.as_ref())?, column(start)?, column(end)?];
        let lives = Lives::new(&self.customer_rows, columns, &activity, self.churn.as_ref().map(|churn| &churn.rows));

        let least = gates().map_or(100, |gates| u64::from(gates.min_churners));
        self.proposal = propose(&lives, definition, span, least);
        let as_of = self.proposal.as_ref().map_or(span.end, |proposal| proposal.ready);
        self.judge_freshness(as_of, newest);
        self.say_what_is_missing();
        Ok(())
    }

    fn definition(&self) -> ChurnDefinition {
        match self.churn {
            Some(_) => ChurnDefinition::Event,
            None => ChurnDefinition::Inactivity,
        }
    }

    /// The signals whose rows are the customer's own doing: silence of a survey says little. If there is none, those of
    /// which this is not certain.
    fn silent_signals(&self) -> Vec<String> {
        let mut kinds: [Vec<String>; 3] = Default::default();
        for signal in &self.signals {
            let is_activity = matches!(signal.kind, SignalKind::Event | SignalKind::Amount);
            let place = match signal.doing {
                Doing::Own if is_activity => 0,
                Doing::Unsure(_) if is_activity => 1,
                _ => 2,
            };
            kinds[place].push(signal.name.clone());
        }
        kinds.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
    }

    /// Allows signals with rows on few days what they need. Others that end before the rest are late.
    fn judge_freshness(&mut self, as_of: Day, newest: Day) {
        const USUAL: i32 = 3;
        for signal in &self.signals {
            let Some(last) = signal.rows.newest_before(as_of) else { continue };
            let age = as_of.0 - 1 - last.0;
            let hole = signal.rows.longest_hole();
            if age <= USUAL.min(hole.max(1)) && hole <= USUAL {
                continue;
            }
            if age <= 2 * hole.max(USUAL) {
                self.staleness.push((signal.name.clone(), (2 * hole).max(age).max(USUAL) as u32));
            } else {
                self.missing.push(format!(
                    "signal `{}` ends on {last}, {} days before {as_of}, although it never paused for more than {hole} days: \
                     load the missing days, or set its max_staleness_days",
                    signal.name,
                    as_of.0 - last.0
                ));
            }
        }

        if as_of < newest {
            self.doubts.push(format!(
                "there are rows up to {}, but hardly any customers to score after {}; give the commands the date --as-of \
                 {as_of}",
                newest.plus(-1),
                as_of.plus(-1)
            ));
        }
    }

    fn say_what_is_missing(&mut self) {
        if self.customers.is_none() {
            let of = self.signals.first().map(|signal| {
                let column = |key: &str| {
                    signal.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.trim_matches('"'))
                };
                let (id, time) = (column("id").unwrap_or("customer_id"), column("time").unwrap_or("ts"));
                format!(
                    ". With DuckDB: COPY (SELECT {id}, min({time})::DATE AS signup_date FROM '{}' GROUP BY 1) TO \
                     'customers.parquet'",
                    signal.path.display()
                )
            });
            self.missing.push(format!(
                "a table of customers: one row for each, with an id that does not repeat{}",
                of.unwrap_or_default()
            ));
        }
        if self.signals.is_empty() {
            self.missing.push("a signal: a table with the customer's id and a time in each row".to_owned());
        }

        let Some(gates) = gates() else { return };
        match &self.proposal {
            None if self.customers.is_some() && !self.signals.is_empty() => self.missing.push(
                "a longer history: it has no room for the label windows of a training and of an evaluation date, even with a \
                 horizon of a week"
                    .to_owned(),
            ),
            None => {}
            Some(proposal) => {
                if proposal.to_score < u64::from(gates.min_customers) {
                    self.missing.push(format!(
                        "customers: about {} could be scored on {}, fewer than the {} of gates.min_customers",
                        proposal.to_score, proposal.ready, gates.min_customers
                    ));
                }
                if proposal.count.churned < u64::from(gates.min_churners) {
                    self.missing.push(format!(
                        "churners: about {} in {} snapshots, fewer than the {} of gates.min_churners",
                        proposal.count.churned, proposal.snapshots, gates.min_churners
                    ));
                }
            }
        }
    }

    /// Every table, as it is shown.
    fn found(&self) -> Vec<FoundTable> {
        let mut found = self.left_out.clone();
        let prepared = self.prepared().map(|prepared| prepared.table());
        if let Some(customers) = &self.customers {
            let taken_for = if prepared.is_some() { "prepared table" } else { "customers" };
            let table = &customers.table;
            let row = FoundTable {
                taken_for: Some(taken_for.to_owned()),
                rows: Some(table.rows),
                ..FoundTable::new(&table.name, &table.path)
            };
            let (first_day, last_day) = (None, None);
            found.push(FoundTable { first_day, last_day, ..row.with_rows(&self.customer_rows) });
        } else if let Some(table) = prepared {
            found.retain(|other| other.path != table.path);
            found.push(FoundTable {
                taken_for: Some("prepared table".to_owned()),
                rows: Some(table.rows),
                ..FoundTable::new(&table.name, &table.path)
            });
        }
        if let Some(churn) = self.churn.as_ref().filter(|churn| !churn.of_customers) {
            let row = FoundTable {
                taken_for: Some("churn".to_owned()),
                rows: Some(churn.rows.rows),
                ..FoundTable::new(&churn.name, &churn.path)
            };
            found.push(row.with_rows(&churn.rows));
        }
        for signal in &self.signals {
            let taken_for = format!("{} signal", signals::kind_name(signal.kind));
            let row = FoundTable {
                taken_for: Some(taken_for),
                rows: Some(signal.rows.rows),
                ..FoundTable::new(&signal.name, &signal.path)
            };
            found.push(row.with_rows(&signal.rows));
        }
        found.sort_by(|a, b| (a.left_out.is_some(), &a.name).cmp(&(b.left_out.is_some(), &b.name)));
        found
    }

    fn inferred(mut self, data: &Path, folder: &Path) -> Inferred {
        for signal in &self.signals {
            let doubts = signal.doubts.iter().map(|doubt| format!("signal `{}`: {doubt}", signal.name));
            self.doubts.extend(doubts);
        }
        if let Some(customers) = &self.customers {
            self.doubts.extend(customers.advice(&Attributes::new(customers)));
        }
        if let Some(churn) = &self.churn {
            self.doubts.extend(churn.doubts.iter().map(|doubt| format!("churn: {doubt}")));
        }
        if let Some(proposal) = &self.proposal {
            self.doubts.extend(proposal.doubts.iter().cloned());
        }

        let text = config::starter(&text::written(&self, data, folder), &text::general(&self));
        let prepared = self.prepared();
        let features = prepared.as_ref().map(|prepared| prepared.table().path.clone());
        let missing = prepared.as_ref().map_or_else(|| self.missing.clone(), Prepared::missing);
        let as_of = self.as_of();
        Inferred { text, tables: self.found(), missing, doubts: self.doubts.clone(), as_of, features }
    }

    /// The date to work for, where it is not the day after the newest row.
    fn as_of(&self) -> Option<Day> {
        let newest = self.signals.iter().filter_map(|signal| signal.rows.last()).max()?.plus(1);
        self.proposal.as_ref().map(|proposal| proposal.ready).filter(|ready| *ready < newest)
    }
}

/// The gates that hold unless somebody sets others.
fn gates() -> Option<config::Gates> {
    let defaults: toml::Table = config::DEFAULT_TOML.parse().ok()?;
    defaults.get("gates")?.clone().try_into().ok()
}

/// Keys other than the customer's by which the rows of tables may be joined.
fn keys(table: &Candidate) -> Vec<String> {
    table.those(Column::is_id).filter(|column| is_key(&column.name)).map(|column| column.name.clone()).collect()
}

/// What a table lacks to be a signal.
fn lacking(table: &Candidate, has_customers: bool, lacks_id: bool, all: &[(String, Vec<String>)]) -> String {
    if let Some(column) = table.float_id().filter(|_| lacks_id) {
        return format!(
            "`{0}` holds ids as floats, which do not join: write them as integers, for example CAST({0} AS BIGINT)",
            column.name
        );
    }
    if is_gone(&table.name) {
        return "it may say who has left, but not when: an answer without a date is no record of cancellations"
            .to_owned();
    }
    if !lacks_id {
        let date_text = table.those(Column::is_text).find(|column| column.profile.are_days());
        if let Some(column) = date_text {
            return format!(
                "`{0}` holds times as texts: write them as such, for example CAST({0} AS TIMESTAMP)",
                column.name
            );
        }
        let date_like = table.those(Column::is_number).find(|column| {
            column.profile.numbers.are_whole() && column.profile.numbers.lie_in(19_000_101.0, 21_001_231.0)
        });
        return match date_like {
            Some(column) => format!("`{}` holds dates as numbers such as 20260501: write them as dates", column.name),
            None => "it has no column with a date or a timestamp".to_owned(),
        };
    }

    let own = keys(table);
    let joined = all.iter().find_map(|(other, theirs)| {
        let key = own.iter().find(|key| theirs.contains(key))?;
        (*other != table.name).then_some((other, key))
    });
    match joined {
        Some((other, key)) => format!(
            "its rows are joined to customers only through `{key}` of `{other}`, whose rows are the activity; to use it, add \
             the customer's id to it"
        ),
        None if has_customers => {
            "it has no column with the customer's id, of the type that it has in the table of customers".to_owned()
        }
        None => "it has no column with the customer's id".to_owned(),
    }
}

/// Why a table that is called like one of cancellations is an answer for every customer instead: it has a date for those who
/// stayed as well, and a column that tells them apart.
fn answer_for_all(table: &Candidate, time: &Column) -> Option<String> {
    let has_both =
        |column: &&Column| is_gone(&column.name) && column.profile.levels(2).is_some_and(|levels| levels.len() == 2);
    let flag = table.columns.iter().filter(|column| !column.is_time()).find(has_both)?;
    let is_for_all =
        time.profile.null_share() < MOST_NULL_TIMES && !is_gone(&time.name) || has_word(&time.name, &["last"]);
    is_for_all.then(|| {
        format!(
            "`{}` says of every customer whether they left, but `{}` does not say when: it is an answer, and no record of \
             cancellations",
            flag.name, time.name
        )
    })
}
