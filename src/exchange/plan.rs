//! The plan of an exchange: what every task works by, and the tables that take part.

use super::report::{PackReport, Packed};
use crate::calendar::{Day, Zone};
use crate::config::{ChurnDefinition, Settings};
use crate::dataset::RowsPlan;
use crate::error::{Error, Result};
use crate::sources;
use crate::sources::contract::Need;
use crate::sources::customers::{self, cancellations};
use crate::sources::scan::signal;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// Buckets, unless somebody says otherwise: of ten million customers, each has ten thousand.
pub const BUCKETS: u32 = 1024;
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
    program: String,
    /// The settings.
    pub settings: Settings,
    /// The as-of dates, ascending.
    pub as_of: Vec<Day>,
    /// How many buckets, a power of two.
    pub buckets: u32,
    /// What was packed, once it is known.
    pub(super) packed: Option<Packed>,
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
        let plan = Plan { program: program(), settings, as_of, buckets, packed: None };
        plan.sources()?;
        Ok(plan)
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

        let plan = self.rows_plan();
        for (place, (name, settings)) in signals.iter().enumerate() {
            let (section, what) = (format!("signals.{name}"), format!("signal `{name}`"));
            let needs = signal::needs(name, settings);
            let mut source = Source::new(SIGNALS + place, &section, &what, &settings.path, &settings.id, needs)?;
            let time = source.place(&settings.time);
            source.days = Some((time, plan.signal_days(name, &self.as_of, false)));
            all.push(source);
        }
        Ok(all)
    }

    /// What tells the plan from others.
    pub(super) fn digest(&self) -> Result<u64> {
        Ok(xxh3_64(self.to_json()?.as_bytes()))
    }

    /// How many numbers of tables there are.
    pub(super) fn numbers(&self) -> usize {
        SIGNALS + self.settings.signals.len()
    }

    pub(super) fn rows_plan(&self) -> RowsPlan<'_> {
        RowsPlan::from_settings(&self.settings)
    }

    /// The day of each signal's first row.
    pub(super) fn begins(&self, zone: &Zone) -> Result<Vec<Option<Day>>> {
        let first = |table: &PackReport| table.oldest.map(|instant| zone.day_of(instant));
        Ok(self.packed()?.tables[SIGNALS..].iter().map(first).collect())
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
