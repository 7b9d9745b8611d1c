//! The plan of an exchange: what every task works by, and the tables that take part.

use super::report::{PackReport, Packed};
use crate::calendar::{Day, Zone};
use crate::config::{ChurnDefinition, Settings};
use crate::coverage::{DataEnd, LabelsEnd, Outcomes};
use crate::dataset::RowsPlan;
use crate::error::{Error, Result};
use crate::kpis::{Period, Tally};
use crate::sources;
use crate::sources::contract::Need;
use crate::sources::customers::{self, cancellations};
use crate::sources::scan::signal;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Buckets, unless somebody says otherwise: of ten million customers, each has forty thousand. Every piece of a bucket
/// costs something by itself, so more of them cost more.
pub const BUCKETS: u32 = 256;
/// What a reducing task may take, unless somebody says otherwise.
const REDUCE_MEMORY: u64 = 4 << 30;
/// The most buckets: a report of each goes to whoever concludes.
pub const MOST_BUCKETS: u32 = 1 << 16;

/// The number of the customers table among the tables, and that of the cancellations; the signals follow.
pub(super) const CUSTOMERS: usize = 0;
pub(super) const CHURN: usize = 1;
pub(super) const SIGNALS: usize = 2;

/// What every task of an exchange works by.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The program that made it.
    pub(super) program: String,
    /// The settings.
    pub settings: Settings,
    /// The as-of dates, ascending.
    pub as_of: Vec<Day>,
    /// How many buckets, a power of two.
    pub buckets: u32,
    /// What a reducing task may take for the rows of a bucket, in bytes.
    pub reduce_memory: u64,
    /// Whether the rows are for a list, which is of the last of the dates and tells more than they do.
    pub for_list: bool,
    /// Where rows are as for training, with their labels, the first day that has not come yet: rows that are dated on
    /// it or later do not say where the data end.
    pub labels_before: Option<Day>,
    /// What was packed, once it is known.
    pub(super) packed: Option<Packed>,
    /// Whose rows are asked for once more, once it is known who is listed.
    pub picked: Option<Picked>,
}

/// Customers whose rows are asked for, by their ids as people write them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picked {
    /// Those whose columns are copied to the list, in rank order.
    pub listed: Vec<String>,
    /// Those of them of whom a report tells what they did.
    pub detailed: Vec<String>,
}

/// A table that takes part.
pub struct Source {
    /// Its number.
    pub number: usize,
    /// Its section of the settings, such as `customers` or `signals.logins`.
    pub name: String,
    /// As messages name it.
    pub what: String,
    /// Where it lies, as the settings say.
    pub path: PathBuf,
    /// Its columns, each once.
    pub(super) needs: Vec<Need>,
    /// The place of the ids among them.
    pub(super) id: usize,
    /// Of a signal the place of the times among them, and the days that are needed.
    pub(super) days: Option<(usize, Range<Day>)>,
}

impl Source {
    /// The column of the ids.
    pub fn id_column(&self) -> &str {
        &self.needs[self.id].column
    }

    /// Of a signal the column of the times, and the days whose rows are needed.
    pub fn days(&self) -> Option<(&str, &Range<Day>)> {
        let (time, days) = self.days.as_ref()?;
        Some((self.needs[*time].column.as_str(), days))
    }

    /// The columns that are read.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().map(|need| need.column.as_str())
    }
}

impl Plan {
    /// A plan for the rows of some dates, as for scoring.
    ///
    /// # Errors
    /// [`Error::Config`] without a customers table, for a number of buckets that is no power of two, and for a column
    /// that is to be read as two different things.
    pub fn new(settings: Settings, as_of: &[Day], buckets: u32) -> Result<Plan> {
        if !buckets.is_power_of_two() || buckets > MOST_BUCKETS {
            return Err(Error::Config(format!(
                "{buckets} buckets: expected a power of two up to {MOST_BUCKETS}, such as {BUCKETS}"
            )));
        }
        let mut as_of = as_of.to_vec();
        as_of.sort_unstable();
        as_of.dedup();
        let plan = Plan {
            program: program(),
            settings,
            as_of,
            buckets,
            reduce_memory: REDUCE_MEMORY,
            for_list: false,
            labels_before: None,
            packed: None,
            picked: None,
        };
        plan.sources()?;
        Ok(plan)
    }

    /// A plan for a list: the rows of its date, and of that of the run that it is compared with.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn for_list(settings: Settings, as_of: &[Day], buckets: u32) -> Result<Plan> {
        Ok(Plan { for_list: true, ..Plan::new(settings, as_of, buckets)? })
    }

    /// A plan for the rows of some dates as for training, with their labels, made on the day before `labels_before`.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn with_labels(settings: Settings, as_of: &[Day], buckets: u32, labels_before: Day) -> Result<Plan> {
        Ok(Plan { labels_before: Some(labels_before), ..Plan::new(settings, as_of, buckets)? })
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// [`Error::Config`] when it was made by another version of the program.
    pub fn from_json(text: &str) -> Result<Plan> {
        #[derive(Deserialize)]
        struct Made {
            program: String,
        }
        let unreadable = |e: serde_json::Error| Error::Config(format!("the plan of the exchange cannot be read: {e}"));
        let Made { program: by } = serde_json::from_str(text).map_err(unreadable)?;
        if by != program() {
            return Err(Error::Config(format!(
                "the plan of the exchange was made by {by}, and this is {}; install one version on every machine",
                program()
            )));
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The plan as text.
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be written.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// The tables that take part, in the order of their numbers.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn sources(&self) -> Result<Vec<Source>> {
        let Settings { signals, churn, .. } = &self.settings;
        let customers = sources::customer_columns(self.settings.customers.as_ref())?;
        let (path, id, needs) = (&customers.path, &customers.id, customers::read_needs(customers));
        let mut all = vec![Source::new(CUSTOMERS, "customers", "customers", path, id, needs)?];
        if let (ChurnDefinition::Event, Some(path)) = (churn.definition, &churn.path) {
            all.push(Source::new(CHURN, "churn", "churn", path, &churn.id, cancellations::needs(churn))?);
        }

        for (place, (name, settings)) in signals.iter().enumerate() {
            let (section, what) = (format!("signals.{name}"), format!("signal `{name}`"));
            let needs = signal::needs(name, settings);
            let mut source = Source::new(SIGNALS + place, &section, &what, &settings.path, &settings.id, needs)?;
            let time = source.place(&settings.time);
            source.days = Some((time, self.signal_days(name)));
            all.push(source);
        }
        Ok(all)
    }

    /// The days of a signal that are packed: those that features look at, and for a list those of its measures.
    fn signal_days(&self, name: &String) -> Range<Day> {
        let days = self.rows_plan().signal_days(name, &self.as_of, self.has_labels());
        let of_measures = Tally::first_day(&self.periods(), &self.settings.churn);
        of_measures.map_or(days.start, |first| first.min(days.start))..days.end
    }

    /// Whether rows are as for training, with their labels.
    pub fn has_labels(&self) -> bool {
        self.labels_before.is_some()
    }

    /// The periods that are measured for a list.
    pub(super) fn periods(&self) -> Vec<Period> {
        let date = self.as_of.last().filter(|_| self.for_list);
        date.map_or(Vec::new(), |&date| Period::before(date, self.settings.kpi.period))
    }

    /// What tells the plan from others. Whose rows are asked for once more, what a task may take, and the day on which
    /// somebody goes on, changes nothing of what is made.
    pub(super) fn digest(&self) -> Result<u64> {
        let labels_before = self.labels_before.map(|_| Day(0));
        let plan = Plan { picked: None, reduce_memory: 0, labels_before, ..self.clone() };
        Ok(xxh3_64(plan.to_json()?.as_bytes()))
    }

    /// How many numbers of tables there are.
    pub(super) fn numbers(&self) -> usize {
        SIGNALS + self.settings.signals.len()
    }

    /// Which rows there are, and what is known of each.
    pub fn rows_plan(&self) -> RowsPlan<'_> {
        RowsPlan::from_settings(&self.settings)
    }

    /// The day of each signal's first row.
    pub(super) fn begins(&self, zone: &Zone) -> Result<Vec<Option<Day>>> {
        let first = |table: &PackReport| table.oldest.map(|instant| zone.day_of(instant));
        Ok(self.packed()?.tables[SIGNALS..].iter().map(first).collect())
    }

    /// The first day that labels know nothing about, as far as the signals tell; none where there are to be no labels.
    ///
    /// # Errors
    /// [`Error::TooLittle`] when no signal has a row; [`Error::Config`] if the plan is not settled.
    pub(super) fn labels_end(&self, zone: &Zone, outcomes: Option<Outcomes>) -> Result<Option<LabelsEnd>> {
        if !self.has_labels() {
            return Ok(None);
        }
        let newest: Vec<Option<i64>> = self.packed()?.tables[SIGNALS..].iter().map(|table| table.newest).collect();
        let Some(day) = sources::data_end(&newest, zone) else {
            return Err(Error::TooLittle(
                "no signal has a row that is dated by now; correct the paths, or export the tables again".to_owned(),
            ));
        };
        let newest: Vec<Option<Day>> = newest.iter().map(|newest| newest.map(|instant| zone.day_of(instant))).collect();
        let Settings { signals, churn, gates, .. } = &self.settings;
        let data = DataEnd { signals, newest: &newest, day };
        Ok(Some(LabelsEnd::new(&data, churn, gates.max_staleness_days, outcomes)))
    }

    /// What was packed.
    pub(super) fn packed(&self) -> Result<&Packed> {
        let missing = || Error::Config("this plan does not know yet what was packed; settle it first".to_owned());
        self.packed.as_ref().ok_or_else(missing)
    }
}

impl Source {
    fn new(number: usize, name: &str, what: &str, path: &Path, id: &str, needs: Vec<Need>) -> Result<Source> {
        let mut own: Vec<Need> = Vec::with_capacity(needs.len());
        for need in needs {
            match own.iter().find(|known| known.column == need.column) {
                None => own.push(need),
                Some(known) if known.role == need.role => {}
                Some(known) => {
                    return Err(Error::Config(format!(
                        "{what}: column `{}` is to be read as two different things ({} and {}), which is not possible \
                         on many machines; copy it to a column of another name",
                        need.column, known.setting, need.setting
                    )))
                }
            }
        }
        let mut source = Source {
            number,
            name: name.to_owned(),
            what: what.to_owned(),
            path: path.to_owned(),
            needs: own,
            id: 0,
            days: None,
        };
        source.id = source.place(id);
        Ok(source)
    }

    fn place(&self, column: &str) -> usize {
        self.needs.iter().position(|need| need.column == column).unwrap_or(0)
    }
}

/// The program and its version, which all tasks must share.
pub(super) fn program() -> String {
    format!("churn-risk {}", env!("CARGO_PKG_VERSION"))
}
