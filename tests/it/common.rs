//! Running the binary, and reading, writing and changing Parquet around it.

pub mod outreach;
pub mod world;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Int8Type, TimestampMicrosecondType,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

/// How a run of the binary ended.
pub struct Run {
    pub command: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `churn` in a folder, without the caller's own `CHURN_…` settings.
pub fn churn<S: AsRef<str>>(folder: &Path, arguments: &[S]) -> Run {
    let mut command = Command::new(BINARY);
    command.args(arguments.iter().map(AsRef::as_ref));
    run(folder, command)
}

/// The binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_churn");

/// A real browser, and the packages of the scripts that drive it.
pub struct Browser {
    program: OsString,
    packages: OsString,
}

impl Browser {
    /// Those that the environment names. Without them the test is skipped, which is said.
    pub fn find() -> Option<Browser> {
        let named = std::env::var_os("CHURN_BROWSER").zip(std::env::var_os("CHURN_NODE_MODULES"));
        if named.is_none() {
            eprintln!("skipped: CHURN_BROWSER names no Chromium, or CHURN_NODE_MODULES no packages of tests/browser");
        }
        named.map(|(program, packages)| Browser { program, packages })
    }

    /// Holds files to their promises, by a script of `tests/browser/`.
    pub fn hold<S: AsRef<OsStr>>(&self, script: &str, files: &[S]) {
        // Node finds packages beside the script.
        let folder = tempfile::tempdir().unwrap();
        for script in [script, "browser.mjs"] {
            fs::copy(repository("tests/browser").join(script), folder.path().join(script)).unwrap();
        }
        std::os::unix::fs::symlink(&self.packages, folder.path().join("node_modules")).unwrap();
        let script = folder.path().join(script);
        let run = Command::new("node").arg(script).args(files).env("CHURN_BROWSER", &self.program).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{out}\n{err}");
        eprintln!("{out}");
    }
}

/// Runs a command in a folder, without the caller's own `CHURN_…` settings.
pub fn run(folder: &Path, mut command: Command) -> Run {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHURN_") {
            command.env_remove(name);
        }
    }
    let output = command.current_dir(folder).output().unwrap();
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    Run {
        command: format!("churn {}", words.join(" ")),
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Run {
    /// The run succeeded.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert!(self.code == 0, "{self}");
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` ended with {}\n{}\n{}", self.command, self.code, self.stdout, self.stderr)
    }
}

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Python that a variable of the environment names, with the packages of a file. Without one the test is skipped,
/// which is said.
pub fn python(variable: &str, requirements: &str) -> Option<OsString> {
    let named = std::env::var_os(variable);
    if named.is_none() {
        eprintln!("skipped: {variable} names no Python with the packages of {requirements}");
    }
    named
}

/// The folder of a real data set, if it is there.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("CHURN_REAL_DATA").map(PathBuf::from);
    let data = given.unwrap_or_else(|| repository("../shared/data")).join(name);
    if !data.exists() {
        eprintln!("skipped: there is no {}; CHURN_REAL_DATA names the folder of the real data sets", data.display());
        return None;
    }
    Some(data)
}

/// A simulated population with a trained model, made once for all tests; nobody changes it.
pub struct Population {
    /// The folder of the data and of `churn.toml`.
    pub folder: PathBuf,
}

impl Population {
    /// The day after the simulated history.
    pub const AS_OF: &str = "2026-06-01";
    /// The signals, each a folder of weekly files.
    pub const SIGNALS: [&str; 4] = ["logins", "mentions", "surveys", "visits"];

    /// The shared population.
    pub fn shared() -> &'static Population {
        static SHARED: OnceLock<Population> = OnceLock::new();
        SHARED.get_or_init(|| {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("population");
            let _ = fs::remove_dir_all(&folder);
            // Enough customers for several partitions of the engine.
            let population = Population::simulate(&folder, 5000, 400, 3);
            churn(&folder, &["train", "--as-of", Population::AS_OF, "--promote", "always"]).ok();
            population
        })
    }

    /// Simulates into `folder/data` and writes `folder/churn.toml`.
    pub fn simulate(folder: &Path, customers: u32, days: u32, seed: u32) -> Population {
        fs::create_dir_all(folder).unwrap();
        let size = [customers.to_string(), days.to_string(), seed.to_string()];
        churn(folder, &["simulate", "--customers", &size[0], "--days", &size[1], "--seed", &size[2], "--out", "data"])
            .ok();
        fs::write(folder.join("churn.toml"), CONFIG).unwrap();
        Population { folder: folder.to_owned() }
    }

    /// Scores with settings of the test's own and returns the folder that was published.
    pub fn score(&self, lists: &Path, arguments: &[&str]) -> PathBuf {
        let set = format!("paths.lists={}", lists.display());
        let mut all = vec!["score", "--as-of", Population::AS_OF, "--set", &set];
        all.extend(arguments);
        churn(&self.folder, &all).ok();
        lists.join(format!("as_of={}", Population::AS_OF))
    }

    /// The argument that reads a table from elsewhere.
    pub fn instead(table: &str, path: &Path) -> String {
        let key =
            if Self::SIGNALS.contains(&table) { format!("signals.{table}.path") } else { format!("{table}.path") };
        format!("{key}={}", path.display())
    }
}

/// The configuration of a simulated population.
const CONFIG: &str = r#"
[paths]
lists = "out"
models = "models"

[customers]
path = "data/customers.parquet"
id = "customer_id"
signup = "signup_date"
value = "monthly_revenue"
numeric = ["monthly_revenue"]
categorical = ["plan", "region"]
passthrough = ["account_owner"]

[signals.logins]
kind = "event"
path = "data/logins"
id = "customer_id"
time = "ts"

[signals.visits]
kind = "amount"
path = "data/visits"
id = "customer_id"
time = "ts"
value = "duration_s"
category = "channel"

[signals.mentions]
kind = "sentiment"
path = "data/mentions"
id = "customer_id"
time = "ts"
value = "sentiment"

[signals.surveys]
kind = "survey"
path = "data/surveys"
id = "customer_id"
time = "ts"
value = "score"
instrument = "kind"

[churn]
definition = "event"
path = "data/churn.parquet"
id = "customer_id"
time = "churned_on"

# The tests are about everything around the model; `complexity.rs` is about richer ones.
[model]
complexity = "linear"

[publish]
formats = ["parquet", "csv"]

[gates]
min_customers = 100
min_churners = 20
"#;

/// One value of a table, as far as tests tell values apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Whole(i64),
    Number(f64),
    Text(String),
}

impl Cell {
    pub fn number(&self) -> Option<f64> {
        match *self {
            Cell::Whole(value) => Some(value as f64),
            Cell::Number(value) => Some(value),
            _ => None,
        }
    }

    pub fn whole(&self) -> Option<i64> {
        match *self {
            Cell::Whole(value) => Some(value),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Cell::Text(value) => Some(value),
            _ => None,
        }
    }

    /// Something to sort and join by.
    pub fn key(&self) -> String {
        format!("{self:?}")
    }
}

/// A whole Parquet file in memory, column by column. Dates are days and timestamps are counts of their unit.
pub struct Table {
    pub names: Vec<String>,
    columns: BTreeMap<String, Vec<Cell>>,
    pub rows: usize,
}

impl Table {
    pub fn read(path: &Path) -> Table {
        let mut columns: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
        let mut names = Vec::new();
        let mut rows = 0;
        for batch in batches(path) {
            rows += batch.num_rows();
            names = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
            for (name, column) in names.iter().zip(batch.columns()) {
                columns.entry(name.clone()).or_default().extend(cells(column));
            }
        }
        Table { names, columns, rows }
    }

    #[track_caller]
    pub fn column(&self, name: &str) -> &[Cell] {
        self.columns.get(name).unwrap_or_else(|| panic!("no column `{name}` among {:?}", self.names))
    }

    /// Row numbers by the values of key columns, which must be unique.
    pub fn rows_by(&self, keys: &[&str]) -> BTreeMap<String, usize> {
        let key = |row: usize| keys.iter().map(|name| self.column(name)[row].key()).collect::<Vec<_>>().join(" ");
        let by: BTreeMap<_, _> = (0..self.rows).map(|row| (key(row), row)).collect();
        assert_eq!(by.len(), self.rows, "{keys:?} must tell rows apart");
        by
    }
}

fn cells(array: &ArrayRef) -> Vec<Cell> {
    macro_rules! primitive {
        ($type:ty, $cell:expr) => {
            array.as_primitive::<$type>().iter().map(|value| value.map_or(Cell::Null, $cell)).collect()
        };
    }
    match array.data_type() {
        DataType::Int8 => primitive!(Int8Type, |v| Cell::Whole(v.into())),
        DataType::Int16 => primitive!(Int16Type, |v| Cell::Whole(v.into())),
        DataType::Int32 => primitive!(Int32Type, |v| Cell::Whole(v.into())),
        DataType::Int64 => primitive!(Int64Type, Cell::Whole),
        DataType::UInt32 => primitive!(UInt32Type, |v| Cell::Whole(v.into())),
        DataType::UInt64 => primitive!(UInt64Type, |v| Cell::Whole(v.try_into().unwrap())),
        DataType::Float32 => primitive!(Float32Type, |v| Cell::Number(v.into())),
        DataType::Float64 => primitive!(Float64Type, Cell::Number),
        DataType::Date32 => primitive!(Date32Type, |v| Cell::Whole(v.into())),
        DataType::Timestamp(TimeUnit::Microsecond, _) => primitive!(TimestampMicrosecondType, Cell::Whole),
        DataType::Boolean => {
            array.as_boolean().iter().map(|v| v.map_or(Cell::Null, |v| Cell::Whole(v.into()))).collect()
        }
        DataType::Utf8 => array.as_string::<i32>().iter().map(text).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(text).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(text).collect(),
        DataType::Null => vec![Cell::Null; array.len()],
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let levels = cells(dictionary.values());
            let keys = dictionary.normalized_keys();
            (0..array.len())
                .map(|row| if array.is_null(row) { Cell::Null } else { levels[keys[row]].clone() })
                .collect()
        }
        other => panic!("tests do not read columns of type {other}"),
    }
}

fn text(value: Option<&str>) -> Cell {
    value.map_or(Cell::Null, |value| Cell::Text(value.to_owned()))
}

/// Every record batch of a Parquet file.
pub fn batches(path: &Path) -> Vec<RecordBatch> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// Writes record batches of one schema as one file.
pub fn write(path: &Path, batches: &[RecordBatch], row_group_rows: usize) {
    write_as(path, batches, WriterProperties::builder().set_max_row_group_row_count(Some(row_group_rows)));
}

/// As [`write`], as the properties say.
pub fn write_as(path: &Path, batches: &[RecordBatch], properties: WriterPropertiesBuilder) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), Some(properties.build())).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
}

/// The batch with its day or timestamp column mapped, each value in its own unit: `map(value, units a day)`.
pub fn map_time(batch: &RecordBatch, column: &str, map: impl Fn(i64, i64) -> i64) -> RecordBatch {
    let index = batch.schema().index_of(column).unwrap();
    let changed: ArrayRef = match batch.column(index).data_type() {
        DataType::Date32 => Arc::new(
            batch.column(index).as_primitive::<Date32Type>().unary::<_, Date32Type>(|day| map(day.into(), 1) as i32),
        ),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => Arc::new(
            batch
                .column(index)
                .as_primitive::<TimestampMicrosecondType>()
                .unary::<_, TimestampMicrosecondType>(|instant| map(instant, 86_400_000_000))
                .with_timezone_opt(zone.clone()),
        ),
        other => panic!("{column} is a {other}"),
    };
    let mut columns = batch.columns().to_vec();
    columns[index] = changed;
    RecordBatch::try_new(batch.schema(), columns).unwrap()
}

/// The Parquet files of a folder and its sub-folders, in name order.
pub fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(parquet_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A calendar date as days since 1970-01-01.
pub fn day(date: &str) -> i64 {
    date.parse::<churn_risk::calendar::Day>().unwrap().0.into()
}

/// The one model of a registry.
pub fn artefact(models: &Path) -> serde_json::Value {
    let mut folders = vec![models.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "model.json") {
                return serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            }
        }
    }
    panic!("no model under {}", models.display());
}
