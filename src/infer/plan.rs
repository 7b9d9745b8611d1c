//! The plan: which table is which, and what follows from them.

use super::cancellations::{Cancellations, Found};
use super::candidate::{Candidate, MOST_NULL_TIMES};
use super::customers::{self, Customers};
use super::found::FoundTable;
use super::left_out::{keys, lacking};
use super::lives::{Ids, Lives, Rows};
use super::prepared::Prepared;
use super::rhythm::{propose, Proposal, Span};
use super::signals::{self, Doing, Signal};
use crate::calendar::Day;
use crate::config::{self, ChurnDefinition};
use crate::error::Result;
use crate::measures::SignalKind;

/// Rows of a table from which it is told that it has one for each customer.
const LEAST_ALIKE: u64 = 20;

/// What each table is.
#[derive(Default)]
pub(super) struct Plan {
    pub customers: Option<Customers>,
    pub customer_rows: Rows,
    pub churn: Option<Cancellations>,
    pub signals: Vec<Signal>,
    pub left_out: Vec<FoundTable>,
    pub unplaced: Vec<Candidate>,
    pub proposal: Option<Proposal>,
    /// The signals whose silence is churn, if there are no cancellations.
    pub silent: Vec<String>,
    /// How old the newest row of a signal may be, where it is older than the others'.
    pub staleness: Vec<(String, u32)>,
    pub missing: Vec<String>,
    pub doubts: Vec<String>,
}

/// The days to look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    /// The date to check, train and score for.
    pub as_of: Day,
    /// The day after the newest row of any signal.
    pub newest: Day,
}

impl Plan {
    pub fn leave_out(&mut self, table: &Candidate, rows: Option<&Rows>, reason: String) {
        let found =
            FoundTable { rows: Some(table.rows), left_out: Some(reason), ..FoundTable::new(&table.name, &table.path) };
        self.left_out.push(match rows {
            Some(rows) => found.with_rows(rows),
            None => found,
        });
    }

    /// Finds the place of each table.
    pub fn place(&mut self, mut tables: Vec<Candidate>) -> Result<()> {
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
                let reason = "it has one row for each customer, as a second table of customers has; join its columns \
                              to the first";
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
                    "signal `{}`: {:.0} % of its customers are not in the table of customers; their rows go to \
                     quarantine",
                    signal.name,
                    100.0 * (1.0 - share)
                ));
            }
            self.signals.push(signal);
        }
        self.drop_computed_churn();
        Ok(())
    }

    /// Finds out who has left.
    fn find_churn(&mut self, tables: &mut Vec<Candidate>) -> Result<()> {
        match Cancellations::find(tables, self.customers.as_ref())? {
            Found::Nothing => {}
            Found::Recorded(churn) => self.churn = Some(churn),
            Found::Answer(table, rows, reason) => self.leave_out(&table, Some(&rows), reason),
        }
        Ok(())
    }

    /// Leaves out cancellations that somebody computed from the rows of a signal.
    fn drop_computed_churn(&mut self) {
        let reason = self.churn.as_ref().and_then(|churn| churn.computed_from(&self.signals));
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
    pub fn prepared(&self) -> Option<Prepared<'_>> {
        if !self.signals.is_empty() {
            return None;
        }
        match (&self.customers, self.unplaced.as_slice()) {
            (Some(customers), _) => Prepared::find(&customers.table),
            (None, tables) => tables.iter().find_map(Prepared::find),
        }
    }

    /// Proposes how churn is defined, and what is learned from. Returns the days to look at; none without customers or
    /// rows.
    pub fn settle(&mut self) -> Result<Option<Ready>> {
        self.silent = self.silent_signals();
        let definition = self.definition();
        let silent = |signal: &&Signal| definition == ChurnDefinition::Event || self.silent.contains(&signal.name);
        let activity: Vec<&Rows> = self.signals.iter().filter(silent).map(|signal| &signal.rows).collect();

        let first = activity.iter().filter_map(|rows| rows.first()).min();
        let last = activity.iter().filter_map(|rows| rows.last_busy()).max();
        let (Some(first), Some(last), Some(customers)) = (first, last, &self.customers) else {
            return Ok(None);
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
        Ok(Some(Ready { as_of, newest }))
    }

    /// How churn is known.
    pub fn definition(&self) -> ChurnDefinition {
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

    /// Every table, as it is shown.
    pub fn found(&self) -> Vec<FoundTable> {
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

    /// The date to work for, where it is not the day after the newest row.
    pub fn as_of(&self) -> Option<Day> {
        let newest = self.signals.iter().filter_map(|signal| signal.rows.last()).max()?.plus(1);
        self.proposal.as_ref().map(|proposal| proposal.ready).filter(|ready| *ready < newest)
    }
}

/// The gates that hold unless somebody sets others.
pub(super) fn gates() -> Option<config::Gates> {
    let defaults: toml::Table = config::DEFAULT_TOML.parse().ok()?;
    defaults.get("gates")?.clone().try_into().ok()
}
