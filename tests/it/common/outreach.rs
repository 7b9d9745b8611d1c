//! Populations that answer outreach: simulated, listed on some dates, and gone on with as if the lists had been
//! acted on.

use super::{batches, churn, day, write, Cell, Population, Run, Table};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{BooleanArray, RecordBatch};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How a population is made.
pub struct Plan<'a> {
    /// Its folder in that of the tests: `data` is the population that never heard of outreach, `after` the one that
    /// did, `out` holds the lists and `models` the model of the first date.
    pub folder: &'a str,
    pub customers: u32,
    pub days: u32,
    pub seed: u32,
    /// The dates of the lists.
    pub lists: &'a [&'a str],
    /// Settings of the lists.
    pub settings: &'a [&'a str],
    /// Whom outreach saves, in the words of the command line.
    pub saves: &'a [&'a str],
}

impl Plan<'_> {
    /// Makes it, in the place of an earlier one.
    pub fn make(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.folder);
        let _ = fs::remove_dir_all(&folder);
        Population::simulate(&folder, self.customers, self.days, self.seed);
        churn(&folder, &["train", "--as-of", self.lists[0], "--promote", "always"]).ok();
        for as_of in self.lists {
            let mut arguments = vec!["score", "--as-of", as_of];
            let all = ["kpi.period=off", "publish.formats=[\"parquet\"]"];
            all.iter().chain(self.settings).for_each(|setting| arguments.extend(["--set", setting]));
            churn(&folder, &arguments).ok();
        }

        go_on(&folder, self.saves, "after");
        folder
    }
}

/// Goes on with a population as if its lists had been acted on.
pub fn go_on(folder: &Path, saves: &[&str], out: &str) {
    let words = ["simulate", "--continue", "data", "--lists", "out", "--out", out];
    let run = churn(folder, &[&words[..], saves].concat()).ok();
    assert!(run.stdout.contains("outreach has saved"), "{run}");
}

/// From now on, what happened is what the tables of the population say that did hear of outreach.
pub fn live_on(folder: &Path) {
    let config = fs::read_to_string(folder.join("churn.toml")).unwrap();
    fs::write(folder.join("churn.toml"), config.replace("data/", "after/")).unwrap();
}

/// The dates of the lists: weekly, the last two not matured by the end of the history.
pub const LISTS: [&str; 10] = [
    "2026-03-02",
    "2026-03-09",
    "2026-03-16",
    "2026-03-23",
    "2026-03-30",
    "2026-04-06",
    "2026-04-13",
    "2026-04-20",
    "2026-05-11",
    "2026-05-25",
];
/// How many of them have matured.
pub const MATURED: usize = 8;
pub const SAVE_RATE: f64 = 0.6;

/// A population with weekly lists that were acted on.
pub struct World {
    folder: PathBuf,
}

impl World {
    /// Made once for all tests, each of which copies what it changes.
    pub fn shared() -> &'static World {
        static SHARED: OnceLock<World> = OnceLock::new();
        SHARED.get_or_init(|| {
            let settings = &["list.capacity=500", "list.control_fraction=0.3"];
            let save_rate = SAVE_RATE.to_string();
            let (folder, saves) = ("monitoring", &["--save-rate", &save_rate]);
            let plan = Plan { folder, customers: 8_000, days: 540, seed: 5, lists: &LISTS, settings, saves };
            World { folder: plan.make() }
        })
    }

    /// A folder of its own for a test, with the same lists and tables.
    pub fn copy(&self) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        for name in ["churn.toml", "out", "models", "after/churn.parquet"] {
            copy_all(&self.folder.join(name), &folder.path().join(name));
        }
        Copy { folder, data: self.folder.join("after") }
    }
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            copy_all(&path, &to.join(path.file_name().unwrap()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// What a test may change.
pub struct Copy {
    folder: tempfile::TempDir,
    /// The tables as they are after outreach.
    pub data: PathBuf,
}

impl Copy {
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn list(&self, at: usize) -> PathBuf {
        self.path(&format!("out/as_of={}", LISTS[at]))
    }

    /// What `monitor` finds when it is started in a sub-folder, with tables that are named from there.
    pub fn monitored_elsewhere(&self) -> serde_json::Value {
        let folder = self.path("elsewhere");
        fs::create_dir_all(&folder).unwrap();
        let arguments = self.arguments(&["monitor", "--config", "../churn.toml", "--format", "json"]);
        let relative = |argument: &String| match argument.strip_prefix("churn.path=") {
            Some(_) => "churn.path=../after/churn.parquet".to_owned(),
            None => argument.clone(),
        };
        let arguments: Vec<String> = arguments.iter().map(relative).collect();
        serde_json::from_str(&churn(&folder, &arguments).ok().stdout).unwrap()
    }

    /// Runs a command on these tables and lists.
    pub fn run(&self, words: &[&str]) -> Run {
        churn(self.folder.path(), &self.arguments(words))
    }

    fn arguments(&self, words: &[&str]) -> Vec<String> {
        let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut set = |text: String| arguments.extend(["--set".to_owned(), text]);
        set(format!("customers.path={}", self.data.join("customers.parquet").display()));
        for signal in Population::SIGNALS {
            set(format!("signals.{signal}.path={}", self.data.join(signal).display()));
        }
        set(format!("churn.path={}", self.path("after/churn.parquet").display()));
        set(format!("paths.monitor={}", self.path("monitor").display()));
        arguments
    }

    pub fn monitor(&self, more: &[&str]) -> Run {
        self.run(&[&["monitor"], more].concat())
    }

    pub fn json(&self, more: &[&str]) -> serde_json::Value {
        let run = self.monitor(&[more, &["--format", "json"]].concat()).ok();
        serde_json::from_str(&run.stdout).unwrap()
    }

    pub fn table(&self, name: &str) -> Table {
        Table::read(&self.path("monitor").join(name))
    }

    /// A figure of `metrics.parquet`, if it is there.
    pub fn figure(&self, as_of: &str, measure: &str, slice: &str) -> Option<Told> {
        let table = self.table("metrics.parquet");
        let day = Cell::Whole(day(as_of));
        let is = |name: &str, row: usize, value: &str| table.column(name)[row].text() == Some(value);
        let row = (0..table.rows)
            .find(|&row| table.column("as_of")[row] == day && is("measure", row, measure) && is("slice", row, slice))?;
        let number = |name: &str| table.column(name)[row].number();
        Some(Told { value: number("value").unwrap(), low: number("low"), high: number("high") })
    }

    /// Changes a JSON file.
    pub fn change(&self, path: &Path, change: impl Fn(&mut serde_json::Value)) {
        let mut value: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        change(&mut value);
        fs::write(path, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    }

    /// Writes the churn table with some of its rows.
    pub fn keep_churn(&self, keep: impl Fn(i64, i32) -> bool) {
        let path = self.path("after/churn.parquet");
        let batch = whole(&path);
        let ids = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
        let days = batch.column(1).as_primitive::<Date32Type>().values().to_vec();
        let keep: BooleanArray = ids.iter().zip(&days).map(|(&id, &day)| Some(keep(id, day))).collect();
        let batch = arrow_select::filter::filter_record_batch(&batch, &keep).unwrap();
        write(&path, &[batch], 1 << 20);
    }
}

/// All rows of a file.
pub fn whole(path: &Path) -> RecordBatch {
    let batches = batches(path);
    arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// A figure of `metrics.parquet`.
pub struct Told {
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}
