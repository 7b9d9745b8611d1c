//! Lists ranked by what contact changes: a simulated population of which some customers respond to outreach and others
//! do not, from the first lists to one that is ranked by the response; and every way in which none can be known.

use crate::common::outreach::{go_on, live_on, Plan};
use crate::common::{churn, Cell, Run, Table};
use churn_risk::calendar::Day;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The dates of the lists, every week from the first one on.
const FIRST: &str = "2025-09-01";
const LISTS: usize = 34;
/// The date of the list which is ranked by the response.
const LATER: &str = "2026-05-25";

fn lists() -> Vec<String> {
    (0..LISTS as i32).map(|week| FIRST.parse::<Day>().unwrap().plus(7 * week).to_string()).collect()
}

/// A population with lists that were acted on.
struct World {
    folder: PathBuf,
}

impl World {
    /// Made once for all tests, each of which copies what it changes.
    fn shared() -> &'static World {
        static SHARED: OnceLock<World> = OnceLock::new();
        SHARED.get_or_init(|| {
            let settings = &["gates.drift=off", "list.capacity=350", "list.control_fraction=0.4"];
            let lists = lists();
            let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
            // Those whom surveys or mentions drive away can be kept, the others cannot.
            let saves = &["--save-rate", "0", "--save-rate-of", "surveys=1", "--save-rate-of", "mentions=1"];
            let folder = "response";
            let plan = Plan { folder, customers: 14_000, days: 640, seed: 22, lists: &lists, settings, saves };
            let folder = plan.make();
            go_on(&folder, &["--save-rate", "0.4"], "alike");
            live_on(&folder);
            churn(&folder, &["monitor"]).ok();
            World { folder }
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a command with these settings.
    fn run(&self, words: &[&str], sets: &[String]) -> Run {
        let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let fixed = SETTINGS.iter().map(|&set| set.to_owned());
        fixed.chain(sets.iter().cloned()).for_each(|set| arguments.extend(["--set".to_owned(), set]));
        churn(&self.folder, &arguments)
    }

    /// Scores the later date into a folder of its own.
    fn score(&self, lists: &Path, sets: &[&str]) -> Run {
        let mut all = vec![format!("paths.lists={}", lists.display())];
        all.extend(sets.iter().map(|&set| set.to_owned()));
        self.run(&["score", "--as-of", LATER], &all)
    }

    /// Scores it by the response in a folder, which is expected to end otherwise.
    fn refused(&self, monitor: &Path, code: i32, words: &[&str]) {
        let lists = tempfile::tempdir().unwrap();
        let monitor = format!("paths.monitor={}", monitor.display());
        let run = self.score(lists.path(), &[&monitor, "list.rank_by=expected_saving"]);
        assert_eq!(run.code, code, "{run}");
        words.iter().for_each(|word| assert!(run.stderr.contains(word), "{word}: {run}"));
        assert!(!lists.path().join(format!("as_of={LATER}")).exists());
    }

    /// A copy of the lists, to be changed.
    fn lists(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for as_of in lists() {
            let name = format!("as_of={as_of}");
            fs::create_dir(folder.path().join(&name)).unwrap();
            for entry in fs::read_dir(self.path("out").join(&name)).unwrap() {
                let path = entry.unwrap().path();
                fs::copy(&path, folder.path().join(&name).join(path.file_name().unwrap())).unwrap();
            }
        }
        folder
    }

    /// What monitoring says of the response by these lists.
    fn monitored(&self, lists: &Path, more: &[String]) -> (tempfile::TempDir, serde_json::Value, Run) {
        let monitor = tempfile::tempdir().unwrap();
        let mut sets =
            vec![format!("paths.lists={}", lists.display()), format!("paths.monitor={}", monitor.path().display())];
        sets.extend(more.iter().cloned());
        let run = self.run(&["monitor", "--format", "json"], &sets).ok();
        let found: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (monitor, found["response"].clone(), run)
    }
}

const SETTINGS: [&str; 3] = ["kpi.period=off", "publish.formats=[\"parquet\"]", "gates.drift=off"];

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    table.column(name).iter().map(|cell| cell.number().unwrap_or(f64::NAN)).collect()
}

fn said(response: &serde_json::Value) -> String {
    let sentences = response["sentences"].as_array().unwrap().iter();
    sentences.map(|sentence| sentence.as_str().unwrap()).collect::<Vec<_>>().join(". ")
}

#[test]
fn what_risks_are_made_of_is_kept_with_every_list() {
    let world = World::shared();
    let folder = world.path("out").join(format!("as_of={}", lists()[2]));
    let contributions = Table::read(&folder.join("contributions.parquet"));
    let scores = Table::read(&folder.join("scores.parquet"));
    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    assert!(manifest["files"].as_array().unwrap().iter().any(|file| file["name"] == "contributions.parquet"));

    let mut sums: BTreeMap<i64, f64> = BTreeMap::new();
    for row in 0..contributions.rows {
        let rank = contributions.column("rank")[row].whole().unwrap();
        *sums.entry(rank).or_default() += contributions.column("contribution")[row].number().unwrap();
        assert_eq!(contributions.column("customer_id")[row], scores.column("customer_id")[rank as usize - 1]);
    }
    assert_eq!(sums.len(), 350);
    let reference = manifest["reference_log_odds"].as_f64().unwrap();
    for (rank, sum) in sums {
        let expected = scores.column("log_odds")[rank as usize - 1].number().unwrap();
        assert!((reference + sum - expected).abs() < 1e-9, "{rank}: {reference} + {sum} is not {expected}");
    }
}

#[test]
fn a_list_is_ranked_by_what_contact_changes_once_that_is_known() {
    let world = World::shared();
    let (monitor, response, _) = world.monitored(&world.path("out"), &["model.seed=7".to_owned()]);
    assert!(said(&response).starts_with("Customers respond differently"), "{}", said(&response));
    let listings =
        response["contact"]["customers"].as_u64().unwrap() + response["control"]["customers"].as_u64().unwrap();
    assert!(listings > 3_000, "{listings}");
    let concepts: Vec<&str> =
        response["model"]["terms"].as_array().unwrap().iter().filter_map(|term| term["concept"].as_str()).collect();
    assert!(concepts.iter().any(|concept| concept.starts_with("MENTIONS") || concept.starts_with("SURVEY")));

    // The same bytes by other threads, and in the folder of the shared monitoring.
    let text = |folder: &Path| fs::read_to_string(folder.join("response.json")).unwrap();
    assert_eq!(text(monitor.path()), text(&world.path("out/monitor")));
    let threads = tempfile::tempdir().unwrap();
    let sets = [format!("paths.monitor={}", threads.path().display())];
    let run = world.run(&["monitor", "--threads", "1"], &sets).ok();
    assert_eq!(text(monitor.path()), text(threads.path()));
    assert!(run.stdout.contains("Who responds to outreach"), "{run}");
    let page = fs::read_to_string(monitor.path().join("monitor.html")).unwrap();
    assert!(page.contains("id=\"response\"") && page.contains("What the response depends on"));
    let figures = Table::read(&monitor.path().join("metrics.parquet"));
    for measure in ["qini", "qini_at_every_look", "qini_at_equal_risk", "qini_over_risk", "response"] {
        assert!(figures.column("measure").iter().any(|cell| cell.text() == Some(measure)), "{measure}");
    }

    // By money: in order, and no costs beside a value of twelve months.
    let lists = tempfile::tempdir().unwrap();
    let free = ["list.rank_by=expected_saving", "economics.contact_cost=0", "economics.offer_cost=0"];
    let capacity = ["list.capacity=300", "list.control_fraction=0.3"];
    world.score(lists.path(), &[&free[..], &capacity].concat()).ok();
    let list = Table::read(&lists.path().join(format!("as_of={LATER}/at_risk.parquet")));
    assert_eq!(list.rows, 300);
    let (savings, effects, values) =
        (numbers(&list, "expected_saving"), numbers(&list, "contact_effect"), numbers(&list, "value_at_risk"));
    assert!(savings.is_sorted_by(|a, b| a >= b) && effects.iter().all(|effect| *effect > 0.0));
    for ((saving, effect), value) in savings.iter().zip(&effects).zip(&values) {
        assert!((saving - 12.0 * effect * value).abs() < 1e-6 * saving.abs(), "{saving} {effect} {value}");
    }
    assert!(list.column("improvement_text").iter().all(|cell| *cell == Cell::Null));

    // Costs that everybody bears alike change what is saved by as much.
    let dear = tempfile::tempdir().unwrap();
    let costs = ["list.rank_by=expected_saving", "economics.contact_cost=5", "economics.offer_cost=0"];
    world.score(dear.path(), &[&costs[..], &capacity].concat()).ok();
    let with_costs = Table::read(&dear.path().join(format!("as_of={LATER}/at_risk.parquet")));
    assert_eq!(list.column("customer_id"), with_costs.column("customer_id"));
    for (free, dear) in savings.iter().zip(numbers(&with_costs, "expected_saving")) {
        assert!((free - dear - 5.0).abs() < 1e-9);
    }

    // The control group is drawn as on any other list.
    let by_risk = tempfile::tempdir().unwrap();
    world.score(by_risk.path(), &["list.capacity=5000", "list.control_fraction=0.3"]).ok();
    let others = Table::read(&by_risk.path().join(format!("as_of={LATER}/at_risk.parquet")));
    let groups: BTreeMap<String, &Cell> =
        others.column("customer_id").iter().map(Cell::key).zip(others.column("group")).collect();
    let (mut both, mut control) = (0, 0);
    for (id, group) in list.column("customer_id").iter().zip(list.column("group")) {
        if let Some(other) = groups.get(&id.key()) {
            assert_eq!(*other, group);
            both += 1;
            control += u32::from(group.text() == Some("control"));
        }
    }
    assert!(both > 100 && (both / 5..both / 2).contains(&control), "{control} of {both}");
    assert!(numbers(&others, "expected_saving").iter().all(|saving| saving.is_nan()));

    // One customer is explained as on that list.
    let first = list.column("customer_id")[0].whole().unwrap().to_string();
    let explained =
        world.run(&["explain", &first, "--as-of", LATER], &["list.rank_by=expected_saving".to_owned()]).ok();
    assert!(explained.stdout.contains(&first), "{explained}");
}

#[test]
fn without_a_value_the_order_is_that_of_the_effect() {
    let world = World::shared();
    let config = fs::read_to_string(world.path("churn.toml")).unwrap();
    let without: String = config
        .lines()
        .filter(|line| !line.starts_with("value = \"monthly_revenue\""))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(without.len() < config.len(), "{config}");
    let path = world.path("without_value.toml");
    fs::write(&path, without).unwrap();
    let lists = tempfile::tempdir().unwrap();
    let set = format!("paths.lists={}", lists.path().display());
    let mut arguments = vec!["--config", "without_value.toml", "score", "--as-of", LATER, "--set", &set];
    let more = ["list.rank_by=expected_saving", "list.capacity=200"];
    SETTINGS.iter().chain(&more).for_each(|set| arguments.extend(["--set", set]));
    churn(&world.folder, &arguments).ok();
    let list = Table::read(&lists.path().join(format!("as_of={LATER}/at_risk.parquet")));
    assert!(numbers(&list, "contact_effect").is_sorted_by(|a, b| a >= b));
    assert!(list.column("expected_saving").iter().all(|cell| *cell == Cell::Null));
}

#[test]
fn where_no_response_is_known_nothing_is_published() {
    let world = World::shared();
    let nothing = tempfile::tempdir().unwrap();
    world.refused(nothing.path(), 2, &["nothing is known", "churn monitor"]);

    // Everybody responds alike.
    let alike = [format!("churn.path={}", world.path("alike/churn.parquet").display())];
    let (monitor, response, _) = world.monitored(&world.path("out"), &alike);
    assert!(said(&response).starts_with("There is no evidence"), "{}", said(&response));
    world.refused(
        monitor.path(),
        2,
        &["no evidence that customers respond differently", "first listings", "both have to be above 0"],
    );

    // A file that is damaged, of another version, or of models with other concepts.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("response.json");
    let text = fs::read_to_string(world.path("out/monitor/response.json")).unwrap();
    let change = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        fs::write(&path, value.to_string()).unwrap();
    };
    fs::write(&path, &text[..text.len() - 40]).unwrap();
    world.refused(folder.path(), 8, &["response.json cannot be used"]);
    change(&|value| value["format"] = 2.into());
    world.refused(folder.path(), 8, &["its format is 2"]);
    change(&|value| value["model"]["terms"][1]["concept"] = "TELEGRAMS".into());
    world.refused(folder.path(), 8, &["depends on TELEGRAMS", "v0001"]);
    change(&|value| value["model"]["control_share"] = 0.into());
    world.refused(folder.path(), 8, &["control share"]);
}

#[test]
fn listings_that_say_nothing_of_a_response_are_told() {
    let world = World::shared();

    // Runs of an older version, and one that is damaged.
    let lists = world.lists();
    for as_of in &self::lists()[2..] {
        fs::remove_file(lists.path().join(format!("as_of={as_of}/contributions.parquet"))).unwrap();
    }
    let damaged = lists.path().join(format!("as_of={}/contributions.parquet", self::lists()[1]));
    fs::write(&damaged, "no table").unwrap();
    let (_, response, run) = world.monitored(lists.path(), &[]);
    assert!(response["without_contributions"].as_u64().unwrap() > 1_000);
    assert!(said(&response).contains("an older version made them"), "{}", said(&response));
    assert!(run.stderr.contains(&format!("the run of {} is left out of the response", self::lists()[1])), "{run}");
    assert!(response["model"].is_null());

    // Nobody was left alone; and one list is of another share.
    let change = |lists: &Path, as_of: &str, share: f64| {
        let path = lists.join(format!("as_of={as_of}/manifest.json"));
        let mut manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        manifest["control_power"]["control_fraction"] = share.into();
        fs::write(&path, manifest.to_string()).unwrap();
    };
    let lists = world.lists();
    self::lists().iter().for_each(|as_of| change(lists.path(), as_of, 0.0));
    let (_, response, _) = world.monitored(lists.path(), &[]);
    assert!(said(&response).contains("nobody on the lists was left alone"), "{}", said(&response));

    let lists = world.lists();
    self::lists().iter().take(6).for_each(|as_of| change(lists.path(), as_of, 0.05));
    let (_, response, _) = world.monitored(lists.path(), &[]);
    assert!(said(&response).starts_with("No claim: the groups"), "{}", said(&response));
    assert!(response["model"].is_null());

    // The first list alone.
    let lists = world.lists();
    for as_of in &self::lists()[1..] {
        fs::remove_dir_all(lists.path().join(format!("as_of={as_of}"))).unwrap();
    }
    let (_, response, _) = world.monitored(lists.path(), &[]);
    assert!(said(&response).contains("it takes 500, and 30 of either group"), "{}", said(&response));
}
