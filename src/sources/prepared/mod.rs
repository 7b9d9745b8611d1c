//! A prepared feature table: one row a customer, or a customer and as-of date, with features that were computed
//! elsewhere, in files or record batches. Opened and held against its contract first; then its keys are read (id, as-of
//! date, label), which say which rows a run uses; then the columns of those rows, several at a time, each decoded once.

mod batches;
pub mod columns;
pub mod keys;
pub mod origin;
mod part;
mod text_room;

use crate::config::{self, EpochUnit};
use crate::error::Result;
use crate::memory::Memory;
use crate::sources::contract::convert::is_utf8;
use crate::sources::contract::{in_one, type_name, Need, Role, Values};
use crate::spelling;
use arrow_schema::Field;
use hashbrown::{HashMap, HashSet};
use origin::{Given, Origin, WHAT};

/// A row that the run does not use.
const UNUSED: u32 = u32::MAX;

/// Which columns a run reads.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// The label, and everything that can be a feature.
    Training,
    /// The features of a model.
    Scoring {
        /// The model, for messages.
        model: &'a str,
        /// Its numeric features.
        numeric: &'a [String],
        /// Its categorical features.
        categorical: &'a [String],
    },
}

/// A prepared table, opened, with the columns that a run reads.
pub struct PreparedTable {
    /// Where its columns come from.
    pub origin: Origin,
    /// The column of the id.
    pub id: String,
    /// The column of the label, for training.
    pub label: Option<String>,
    /// The column of the as-of date, if there is one.
    pub as_of: Option<String>,
    /// What it counts, if it is a number.
    time_unit: Option<EpochUnit>,
    /// The column of the folds, if it is to be used.
    pub fold: Option<String>,
    /// The column of the money a month at stake, if there is one.
    pub value: Option<String>,
    /// The columns copied to the results, for scoring.
    pub passthrough: Vec<String>,
    /// The numeric features.
    pub numeric: Vec<String>,
    /// The categorical features.
    pub categorical: Vec<String>,
    /// Dates: no features, but a date may give away that the table knows too much.
    pub dates: Vec<String>,
    /// Columns of types that cannot be features, as "`name` (type)".
    pub left_out: Vec<String>,
    /// Columns that are pandas' index and so no features.
    pub indexes: Vec<String>,
    /// What its texts may take.
    memory: Memory,
}

/// What a column can be, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Level,
    Date,
    /// Bytes that may be text.
    Bytes,
    Other,
    /// A column without values: what those of another file or batch make it.
    Empty,
}

impl Kind {
    fn of_column(column: &Field) -> Kind {
        match Values::of_column(column) {
            Values::None => Kind::Empty,
            Values::Text | Values::Uuid => Kind::Level,
            Values::Bytes => Kind::Bytes,
            Values::Instant | Values::Date => Kind::Date,
            _ if Role::Number.accepts(column) => Kind::Number,
            _ => Kind::Other,
        }
    }
}

impl PreparedTable {
    /// Opens the table and decides about its columns.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) with a line for every mismatch of every file or batch.
    pub fn open(
        given: Given<'_>,
        settings: &config::Table,
        wanted: &Wanted<'_>,
        memory: &Memory,
    ) -> Result<PreparedTable> {
        let mut problems = Vec::new();
        let Some(plain) = Origin::open(given, &[], &mut problems) else {
            return Err(in_one(&problems));
        };
        let mut columns = columns_of(&plain);
        for column in columns.iter_mut().filter(|column| column.kind == Kind::Bytes) {
            column.kind = if holds_text(&plain, &column.name)? { Kind::Level } else { Kind::Other };
        }
        let mut known: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
        known.extend(plain.parts().into_iter().flat_map(|part| part.folders()).map(|(name, _)| name.clone()));

        let usual = |given: &Option<String>, name: &str| {
            let found = || (known.contains(name) && !settings.ignores(name)).then(|| name.to_owned());
            given.clone().or_else(found)
        };

        let as_of = usual(&settings.as_of, "as_of");
        let mut opened = PreparedTable {
            origin: plain,
            id: settings.id.clone(),
            label: None,
            fold: None,
            value: settings.value.clone(),
            passthrough: Vec::new(),
            as_of,
            time_unit: settings.time_unit,
            numeric: Vec::new(),
            categorical: Vec::new(),
            dates: Vec::new(),
            left_out: Vec::new(),
            indexes: Vec::new(),
            memory: memory.clone(),
        };

        let why = match *wanted {
            Wanted::Training => {
                opened.label = Some(settings.label.clone());
                opened.fold = usual(&settings.fold, "fold");
                let indexes = opened.origin.parts().into_iter().flat_map(|part| part.index_columns()).collect();
                opened.choose_features(&columns, &indexes, settings);
                "which [table] lists"
            }
            Wanted::Scoring { model, numeric, categorical } => {
                opened.numeric = numeric.to_vec();
                opened.categorical = categorical.to_vec();
                opened.passthrough = settings.passthrough.clone();
                &format!("which model {model} was trained on")
            }
        };

        let features = || opened.numeric.iter().chain(&opened.categorical);
        let missing: Vec<String> = features().filter(|name| !known.contains(*name)).cloned().collect();
        if !missing.is_empty() {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            problems.push(format!(
                "{WHAT} {given}: {} missing, {why}: {}; found the columns {}",
                if missing.len() == 1 { "1 column is".to_owned() } else { format!("{} columns are", missing.len()) },
                spelling::missing(&missing, &names),
                spelling::some_of(&names),
            ));
        }

        let needs = opened.needs(&missing);
        match (Origin::open(given, &needs, &mut problems), problems.as_slice()) {
            (Some(origin), []) => Ok(PreparedTable { origin, ..opened }),
            (_, problems) => Err(in_one(problems)),
        }
    }

    /// The columns that the run reads.
    pub fn columns(&self) -> Vec<String> {
        self.needs(&[]).into_iter().map(|need| need.column).collect()
    }

    /// SHA-256 of the values that the run reads, if they come as record batches: the same for any cut into batches and
    /// any encoding of the columns.
    pub fn content_sha256(&self) -> Option<String> {
        match &self.origin {
            Origin::Files(_) => None,
            Origin::Batches(batches) => Some(batches.sha256(&self.needs(&[]))),
        }
    }

    /// Every column that has no role and is not ignored, by its type unless it is listed. The value at stake is known
    /// as of the date and so may be a feature too; a column that is passed through is one only if it is listed, and so
    /// is one that is pandas' index.
    fn choose_features(&mut self, columns: &[Column], indexes: &HashSet<String>, settings: &config::Table) {
        let roles = [Some(&self.id), self.label.as_ref(), self.as_of.as_ref(), self.fold.as_ref()];
        for column in columns {
            let name = &column.name;
            if roles.contains(&Some(name)) || settings.ignores(name) {
                continue;
            }
            if settings.passthrough.contains(name) && !settings.lists(name) {
                continue;
            }
            if indexes.contains(name) && !settings.lists(name) {
                self.indexes.push(spelling::named(name));
                continue;
            }
            let kind = match (settings.numeric.contains(name), settings.categorical.contains(name)) {
                (true, _) => Kind::Number,
                (_, true) => Kind::Level,
                _ => column.kind,
            };
            match kind {
                Kind::Number => self.numeric.push(name.clone()),
                Kind::Level => self.categorical.push(name.clone()),
                Kind::Date => self.dates.push(name.clone()),
                Kind::Bytes | Kind::Other | Kind::Empty => {
                    self.left_out.push(format!("`{name}` ({})", column.type_name));
                }
            }
        }

        // Listed columns that the files lack: named as missing rather than dropped.
        let lacks = |name: &&String| columns.iter().all(|column| column.name != **name);
        self.numeric.extend(settings.numeric.iter().filter(lacks).cloned());
        self.categorical.extend(settings.categorical.iter().filter(lacks).cloned());
    }

    fn needs(&self, missing: &[String]) -> Vec<Need> {
        let need = |key: &str, column: &String, role: Role, optional: bool| Need {
            setting: format!("table.{key}"),
            column: column.clone(),
            role,
            optional,
        };

        let mut needs = vec![need("id", &self.id, Role::Id, false)];
        needs.extend(self.label.iter().map(|column| need("label", column, Role::Label, false)));
        needs.extend(self.as_of.iter().map(|column| need("as_of", column, Role::time(self.time_unit), false)));
        needs.extend(self.fold.iter().map(|column| need("fold", column, Role::Text, false)));
        needs.extend(self.value.iter().map(|column| need("value", column, Role::Number, true)));

        let features = [
            ("numeric", &self.numeric, Role::Number),
            ("categorical", &self.categorical, Role::Text),
            ("ignore", &self.dates, Role::Time),
            ("passthrough", &self.passthrough, Role::Any),
        ];

        for (key, columns, role) in features {
            needs.extend(columns.iter().map(|column| need(key, column, role, true)));
        }
        // These have been reported already, in one line.
        let missing: HashSet<&String> = missing.iter().collect();
        needs.retain(|need| !missing.contains(&need.column));
        needs
    }
}

/// A column of the files or batches.
struct Column {
    name: String,
    kind: Kind,
    type_name: String,
}

/// The columns of all files or batches, in the order of their first appearance. Text in any of them makes a column
/// text.
fn columns_of(origin: &Origin) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for part in origin.parts() {
        for field in part.schema().fields() {
            let kind = Kind::of_column(field);
            match places.get(field.name()) {
                Some(&place) if kind == Kind::Level || columns[place].kind == Kind::Empty => {
                    columns[place].kind = kind;
                    columns[place].type_name = type_name(field);
                }
                Some(_) => {}
                None => {
                    places.insert(field.name().clone(), columns.len());
                    let type_name = type_name(field);
                    columns.push(Column { name: field.name().clone(), kind, type_name });
                }
            }
        }
    }
    columns
}

/// Whether all bytes of a column are text.
fn holds_text(origin: &Origin, column: &str) -> Result<bool> {
    for part in origin.parts() {
        let mut all = true;
        for group in 0..part.groups() {
            part.read(&[column], &[group], |_, arrays| all &= arrays.iter().flatten().all(is_utf8))?;
            if !all {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
