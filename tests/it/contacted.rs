//! Retraining that outreach does not spoil: on a population whose contacted customers were saved, a model that learns
//! from all rows unlearns the risk of those who were left alone, and one whose control group stands for the others does
//! not. And every way in which lists cannot stand for them.

use crate::common::outreach::{live_on, Plan};
use crate::common::{artefact, churn, Run, Table};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The dates of the lists, every two weeks.
const LISTS: [&str; 8] =
    ["2026-01-12", "2026-01-26", "2026-02-09", "2026-02-23", "2026-03-09", "2026-03-23", "2026-04-06", "2026-04-20"];
/// The snapshots that models learn from, and the date that they are judged on.
const SNAPSHOTS: &str = "training.as_of=[\"2026-01-26\",\"2026-02-09\",\"2026-02-23\",\"2026-03-09\",\"2026-04-20\"]";
const JUDGED: &str = "2026-04-20";

/// A population with lists that were acted on, very well.
struct World {
    folder: PathBuf,
}

impl World {
    /// Made once for all tests; each trains into a registry of its own.
    fn shared() -> &'static World {
        static SHARED: OnceLock<World> = OnceLock::new();
        SHARED.get_or_init(|| {
            let settings = &["list.capacity=1500", "list.control_fraction=0.5"];
            let (folder, saves) = ("contacted", &["--save-rate", "0.9"]);
            let plan = Plan { folder, customers: 12_000, days: 540, seed: 11, lists: &LISTS, settings, saves };
            let folder = plan.make();
            live_on(&folder);
            World { folder }
        })
    }

    /// Trains into an empty registry with these settings.
    fn train(&self, registry: &Path, sets: &[&str]) -> Run {
        let models = format!("paths.models={}", registry.display());
        let mut arguments = vec!["train", "--promote", "always", "--set", SNAPSHOTS, "--set", "training.refit=false"];
        [models.as_str()].iter().chain(sets).for_each(|set| arguments.extend(["--set", set]));
        churn(&self.folder, &arguments)
    }

    /// Trains with `training.contacted` set, and gives the model file.
    fn trained(&self, contacted: &str) -> (tempfile::TempDir, serde_json::Value) {
        let registry = tempfile::tempdir().unwrap();
        self.train(registry.path(), &[&format!("training.contacted={contacted}")]).ok();
        let model = artefact(registry.path());
        (registry, model)
    }

    /// A copy of the lists, to be changed.
    fn lists(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for as_of in LISTS {
            let name = format!("as_of={as_of}");
            fs::create_dir(folder.path().join(&name)).unwrap();
            for entry in fs::read_dir(self.folder.join("out").join(&name)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::copy(&path, folder.path().join(&name).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        folder
    }
}

/// What has become of a customer, and for how many this one stands.
struct Outcome {
    weight: f64,
    churned: bool,
}

/// The judged customers of a date who were left alone, as the monitoring tells them.
fn left_alone(world: &World) -> BTreeMap<String, Outcome> {
    let monitor = tempfile::tempdir().unwrap();
    let set = format!("paths.monitor={}", monitor.path().display());
    churn(&world.folder, &["monitor", "--set", &set]).ok();
    let outcomes = Table::read(&monitor.path().join(format!("outcomes.parquet/as_of={JUDGED}/part.parquet")));
    let columns = ["customer_id", "weight", "churned"].map(|name| outcomes.column(name));
    let mut found = BTreeMap::new();
    let [customers, weights, churned] = columns;
    for ((customer, weight), churned) in customers.iter().zip(weights).zip(churned) {
        let weight = weight.number().unwrap();
        if let (Some(churned), true) = (churned.whole(), weight > 0.0) {
            found.insert(customer.key(), Outcome { weight, churned: churned == 1 });
        }
    }
    found
}

/// The mean risk that a model gives to these customers, less the share of them that left.
fn miss(world: &World, registry: &Path, customers: &BTreeMap<String, Outcome>) -> f64 {
    let lists = tempfile::tempdir().unwrap();
    let sets = [
        format!("paths.models={}", registry.display()),
        format!("paths.lists={}", lists.path().display()),
        "kpi.period=off".to_owned(),
    ];
    let mut arguments = vec!["score", "--as-of", JUDGED];
    sets.iter().for_each(|set| arguments.extend(["--set", set]));
    churn(&world.folder, &arguments).ok();
    let scores = Table::read(&lists.path().join(format!("as_of={JUDGED}/scores.parquet")));
    let (mut all, mut risk, mut left) = (0.0, 0.0, 0.0);
    for (customer, p) in scores.column("customer_id").iter().zip(scores.column("churn_probability")) {
        if let Some(Outcome { weight, churned }) = customers.get(&customer.key()) {
            all += weight;
            risk += weight * p.number().unwrap();
            left += weight * f64::from(u8::from(*churned));
        }
    }
    assert!(all > 5_000.0, "{all}");
    (risk - left) / all
}

#[test]
fn a_reweighted_model_is_right_about_customers_left_alone_where_the_naive_one_is_not() {
    let world = World::shared();
    let customers = left_alone(world);
    let ((naive_registry, naive), (registry, model)) = (world.trained("keep"), world.trained("reweight"));
    let (of_naive, of_model) =
        (miss(world, naive_registry.path(), &customers), miss(world, registry.path(), &customers));
    println!("mean risk less share that left: naive {of_naive:+.4}, reweighted {of_model:+.4}");
    assert!(of_naive < -0.005, "the naive model misses by {of_naive}");
    assert!(of_model.abs() < 0.005, "the reweighted model misses by {of_model}");

    assert!(naive["outreach"].is_null());
    let told = &model["outreach"];
    assert_eq!(told["treatment"], "reweighted");
    let [contacted, control, stand_for] = ["contacted", "control", "control_stand_for"].map(|key| &told[key]);
    assert!(contacted.as_u64().unwrap() > 1_000 && control.as_u64().unwrap() > 1_000, "{told}");
    assert_eq!(stand_for.as_f64().unwrap(), 2.0 * control.as_f64().unwrap(), "a share of a half");
    assert!(told["effect"]["difference"]["lower"].as_f64().unwrap() > 0.0, "{told}");
    // The rows that are judged stand for everybody, and so do those that drift is held against.
    let metrics = &model["evaluation"]["metrics"];
    assert!(metrics["stand_for"].as_f64().unwrap() > metrics["rows"].as_f64().unwrap());
    assert!(naive["evaluation"]["metrics"]["stand_for"].is_null());
    assert_eq!(model["distribution"]["training"], naive["distribution"]["training"]);
    assert!(model["rows"].as_u64() < naive["rows"].as_u64());

    let card = fs::read_to_string(registry.path().join("v0001/card.md")).unwrap();
    assert!(card.contains("rows of contacted customers are dropped"), "{card}");
}

#[test]
fn auto_reweights_where_outreach_is_known_to_have_an_effect_and_says_so() {
    let world = World::shared();
    let registry = tempfile::tempdir().unwrap();
    let run = world.train(registry.path(), &[]).ok();
    assert!(run.stdout.contains("Outreach: ") && run.stdout.contains("outreach is known to have an effect"), "{run}");
    let model = artefact(registry.path());
    let (_registry, asked) = world.trained("reweight");
    for key in ["coefficients", "calibration", "evaluation"] {
        assert_eq!(model[key], asked[key], "{key}");
    }

    // Known by the middle of February is next to nothing.
    let early = tempfile::tempdir().unwrap();
    let models = format!("paths.models={}", early.path().display());
    churn(&world.folder, &["train", "--as-of", "2026-02-16", "--set", &models]).ok();
    let model = artefact(early.path());
    assert!(model["outreach"].is_null() || model["outreach"]["treatment"] == "kept", "{}", model["outreach"]);
}

/// Gives a list another control share, or a key.
fn with_draw(lists: &Path, as_of: &str, fraction: f64, key: &str) {
    let path = lists.join(format!("as_of={as_of}/manifest.json"));
    let mut manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    manifest["control_power"]["control_fraction"] = fraction.into();
    manifest["control_key"] = key.into();
    fs::write(&path, manifest.to_string()).unwrap();
}

#[test]
fn lists_that_left_nobody_alone_stand_in_the_way() {
    let world = World::shared();
    let lists = world.lists();
    with_draw(lists.path(), LISTS[3], 0.0, "");
    let paths = format!("paths.lists={}", lists.path().display());
    let registry = tempfile::tempdir().unwrap();
    let refused = world.train(registry.path(), &[&paths, "training.contacted=reweight"]);
    assert_eq!(refused.code, 2, "{refused}");
    for part in ["1 lists from 2026-02-23 to 2026-02-23 left nobody alone", "list.control_fraction", "training.as_of"] {
        assert!(refused.stderr.contains(part), "{refused}");
    }

    let kept = world.train(registry.path(), &[&paths]).ok();
    assert!(kept.stdout.contains("are kept: 1 lists from 2026-02-23"), "{kept}");
    let (_registry, naive) = world.trained("keep");
    assert_eq!(artefact(registry.path())["coefficients"], naive["coefficients"]);
}

#[test]
fn without_lists_there_is_nothing_to_weight_by() {
    let world = World::shared();
    let (empty, registry) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let paths = format!("paths.lists={}", empty.path().display());
    let refused = world.train(registry.path(), &[&paths, "training.contacted=reweight"]);
    assert_eq!(refused.code, 2, "{refused}");
    assert!(refused.stderr.contains("there is no published run in"), "{refused}");

    let run = world.train(registry.path(), &[&paths]).ok();
    assert!(!run.stdout.contains("Outreach: "), "{run}");
    assert!(artefact(registry.path())["outreach"].is_null());
    let (_registry, naive) = world.trained("keep");
    assert_eq!(artefact(registry.path())["coefficients"], naive["coefficients"]);
}

#[test]
fn a_changed_share_and_a_changed_key_are_the_chances_of_having_been_left_alone() {
    let world = World::shared();
    let lists = world.lists();
    // As if fewer had been left alone by some lists, and others had been drawn by another key.
    LISTS[..4].iter().for_each(|as_of| with_draw(lists.path(), as_of, 0.4, ""));
    LISTS[4..].iter().for_each(|as_of| with_draw(lists.path(), as_of, 0.5, "second"));
    let paths = format!("paths.lists={}", lists.path().display());
    let registry = tempfile::tempdir().unwrap();
    let run = world.train(registry.path(), &[&paths, "training.contacted=reweight"]).ok();
    let told = artefact(registry.path())["outreach"].clone();
    let mean = told["control_stand_for"].as_f64().unwrap() / told["control"].as_f64().unwrap();
    // One over 0.4, over 0.5, or over both.
    assert!((2.0..5.0).contains(&mean) && mean > 2.5, "{told}");
    // So many are too many for such a share.
    assert!(run.stderr.contains("not as large as they were drawn"), "{run}");
    let kept = world.train(registry.path(), &[&paths]).ok();
    assert!(kept.stdout.contains("are kept: the groups of the lists are not as large as they were drawn"), "{kept}");
}

#[test]
fn a_prepared_table_does_not_say_by_which_lists_its_labels_came_about() {
    let world = World::shared();
    let run = churn(
        &world.folder,
        &["train", "--features", "after/customers.parquet", "--set", "training.contacted=reweight"],
    );
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("which a prepared table cannot be"), "{run}");
}
