use super::*;
use crate::error::Result;
use serde_json::Value;
use std::path::Path;

mod deliveries;
mod sections;

const MINIMAL: &str = r#"
[customers]
path = "data/customers.parquet"
id = "customer_id"

[signals.logins]
kind = "event"
path = "data/logins"
id = "customer_id"
time = "ts"

[churn]
path = "data/churn.parquet"
"#;

fn settings(own: &str) -> Result<Settings> {
    Settings::from_toml_str(own, Path::new("base"))
}

/// The message for `MINIMAL` and these sections on top, which must not be accepted.
fn refusal(own: &str) -> String {
    let error = settings(&format!("{MINIMAL}{own}")).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn resolved(file: &str, sets: &[&str], environment: &[(&str, &str)]) -> Result<Resolved> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("churn.toml");
    std::fs::write(&path, file).unwrap();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(Some(&path), &sets, environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// What is said of keys without effect, in English.
fn without_effect(settings: &Settings) -> String {
    settings.without_effect().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn assert_contains(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in:\n{message}");
    }
}

/// The default file with every example switched on.
fn everything_on() -> String {
    DEFAULT_TOML
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let s = settings(MINIMAL).unwrap();
    assert_eq!(s.paths.lists, Path::new("base/out/lists"));
    assert_eq!(s.paths.models, Path::new("base/models"));
    assert_eq!((s.churn.gap_days, s.churn.horizon_days), (7, 30));
    assert_eq!((s.churn.id.as_str(), s.churn.time.as_str()), ("customer_id", "churned_on"));
    assert_eq!((s.eligibility.min_tenure_days, s.eligibility.active_within_days), (28, 90));
    assert_eq!(s.features.windows_days, [7, 28, 84]);
    assert_eq!((s.training.snapshots, s.training.step_days, s.training.refit), (6, 30, true));
    assert_eq!(s.training.evaluation, EvaluationChoice::Newest(1));
    assert_eq!((s.model.alpha, s.model.calibration, s.model.seed), (Alpha::Auto, CalibrationChoice::Auto, 7));
    assert_eq!((s.list.capacity, s.list.control_fraction, s.list.reasons), (500, 0.1, 4));
    assert_eq!((s.list.rank_by, s.list.reference), (RankBy::Probability, Reference::Population));
    assert_eq!(s.model.base_rate, BaseRate::Training);
    let money = &s.economics;
    assert_eq!((money.contact_cost, money.offer_cost, money.save_rate), (1.0, 10.0, 0.3));
    assert_eq!((money.customer_value, money.value_months), (200.0, 12));
    assert_eq!(s.publish.formats, [Format::Parquet, Format::Csv]);
    assert_eq!((s.gates.max_staleness_days, s.gates.min_customers, s.gates.min_churners), (3, 500, 100));
    assert_eq!((s.gates.max_psi, s.gates.max_quarantine_share), (0.25, 0.05));
    assert_eq!(s.time.zone, "UTC");
}

#[test]
fn the_default_file_holds_every_key_once_and_teaches_it() {
    let mut missing: Vec<&str> = keys::all().map(|key| key.path).collect();
    let (mut section, mut before) = (String::new(), "");
    for line in DEFAULT_TOML.lines() {
        let bare = line.strip_prefix('#').unwrap_or(line);
        if let Some(header) = bare.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
        } else if let Some((name, _)) = bare.split_once(" = ").filter(|_| bare.starts_with(char::is_alphabetic)) {
            let path: Vec<&str> = section.split('.').chain([name]).collect();
            let (_, key) = keys::find(&path).unwrap_or_else(|| panic!("unknown key in default.toml: {path:?}"));
            if let Some(at) = missing.iter().position(|path| *path == key.path) {
                assert!(before.starts_with("# "), "{path:?} has no comment");
                missing.remove(at);
            }
        }
        before = line;
    }
    assert!(missing.is_empty(), "not in default.toml: {missing:?}");
}

#[test]
fn every_default_and_example_is_taken_by_its_key() {
    for key in keys::all() {
        for given in [key.default, key.example].into_iter().flatten() {
            let value = given.parse().unwrap();
            assert_eq!(key.kind.accept(&value), Some(value), "{} = {given}", key.path);
        }
    }
    assert_eq!(settings("[table]").unwrap().table, Some(Table::default()));
}

#[test]
fn every_word_of_a_choice_is_read_by_the_settings() {
    for key in keys::all() {
        let words = match key.kind {
            key::Kind::Choice(words) | key::Kind::WordOr(words, ..) => words,
            _ => continue,
        };
        for word in words {
            let set = format!("{}={word}", key.path.replace('*', "logins"));
            match resolved(&everything_on(), &[&set], &[]).map(drop) {
                Ok(()) => {}
                // One that does not go with the other settings of the example.
                Err(error) => assert_eq!(error.exit_code(), 2, "{set}: {error}"),
            }
        }
    }
}

#[test]
fn the_catalogue_of_keys_and_the_settings_have_the_same_fields() {
    let s = settings(&everything_on()).unwrap();
    let json: Value = serde_json::from_str(&s.canonical_json().unwrap()).unwrap();
    let mut known: Vec<String> = keys::all().map(|key| key.path.replace('*', "logins")).collect();
    known.sort();
    let mut fields = Vec::new();
    for (section, value) in json.as_object().unwrap() {
        let (section, value) = match section.as_str() {
            "signals" => ("signals.logins", &value["logins"]),
            "playbook" => ("playbook.logins", &value["LOGINS_*"]),
            "deliveries" => ("deliveries.logins", &value["crm"]),
            section => (section, value),
        };
        fields.extend(value.as_object().unwrap().keys().map(|name| format!("{section}.{name}")));
    }
    fields.sort();
    assert_eq!(fields, known);
}

#[test]
fn a_stronger_layer_wins_key_by_key() {
    let file = format!("{MINIMAL}[list]\ncapacity = 1\nreasons = 1\ncontrol_fraction = 0.3\n");
    let environment = [("CHURN_LIST__CAPACITY", "2"), ("churn_list_reasons", "2")];
    let r = resolved(&file, &["list.capacity=3", "list.capacity=4"], &environment).unwrap();
    let list = &r.settings.list;
    assert_eq!((list.capacity, list.reasons, list.control_fraction), (4, 2, 0.3));
    let text = r.to_toml();
    assert_contains(&text, &["# --set\n", "# env churn_list_reasons\n", "# file /", "# default\n"]);
}

#[test]
fn a_sample_is_a_word_or_a_share() {
    let with = |value: &str| settings(&format!("{MINIMAL}\n[training]\nsample = {value}"));
    assert_eq!(with("\"auto\"").unwrap().training.sample, Sample::Auto);
    assert_eq!(with("\"never\"").unwrap().training.sample, Sample::Never);
    assert_eq!(with("0.1").unwrap().training.sample, Sample::Share(0.1));
    for wrong in ["0", "1", "\"always\""] {
        let message = refusal(&format!("\n[training]\nsample = {wrong}"));
        assert_contains(&message, &["training.sample", "\"auto\", \"never\" or a share"]);
    }
}

#[test]
fn sets_are_toml_values_or_bare_words() {
    let sets = [
        "time.zone=Europe/Berlin",
        "features.windows_days=[30, 7, 30]",
        "model.alpha = 0.5",
        "list.reference = cut_off",
        "customers.id=42",
        "training.as_of=[2026-02-01, \"2026-01-01\"]",
        "signals.calls={kind=\"amount\", path=\"calls\", id=\"c\", time=\"t\", value=\"seconds\", range=[0, 1e4]}",
    ];

    let s = resolved(MINIMAL, &sets, &[]).unwrap().settings;
    assert_eq!(s.time.zone, "Europe/Berlin");
    assert_eq!(s.features.windows_days, [7, 30]);
    assert_eq!((s.model.alpha, s.list.reference), (Alpha::Fixed(0.5), Reference::CutOff));
    let rate = format!("{MINIMAL}\n[model]\nbase_rate = ");
    assert_eq!(settings(&(rate.clone() + "0.02")).unwrap().model.base_rate, BaseRate::Fixed(0.02));
    assert!(settings(&(rate + "2")).is_err());
    assert_eq!(s.customers.unwrap().id, "42");

    assert_eq!(
        s.training.as_of.unwrap().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["2026-01-01", "2026-02-01"]
    );

    assert_eq!(s.signals["calls"].range, Some([0.0, 10_000.0]));
}

#[test]
fn the_whole_history_among_the_windows_is_lifetime() {
    let of = |windows: &str, more: &[&str]| {
        let windows = format!("features.windows_days={windows}");
        resolved(MINIMAL, &[&[windows.as_str()], more].concat(), &[])
    };
    let all = of("[\"all\", 84, 7, \"all\"]", &[]).unwrap();
    assert_eq!((&all.settings.features.windows_days, all.settings.features.lifetime), (&vec![7, 84], true));
    let shown = all.to_toml();
    assert_contains(&shown, &["windows_days = [7, 84, \"all\"]  # --set"]);
    assert_contains(&shown, &["lifetime = true", "# default: \"all\" in features.windows_days"]);

    let same = of("[7, 84]", &["features.lifetime=true"]).unwrap();
    assert_eq!(same.settings.features, all.settings.features);
    assert!(of("[7, \"all\"]", &["features.lifetime=true"]).is_ok());

    let contradiction = of("[7, \"all\"]", &["features.lifetime=false"]).unwrap_err().to_string();
    assert_contains(&contradiction, &["`features.windows_days` (--set) has \"all\"", "`features.lifetime` (--set)"]);
    let expected = "a list of whole numbers from 1 to 3660, with or without \"all\"";
    for wrong in ["[\"all\"]", "\"all\"", "[7, \"every\"]"] {
        assert_contains(&of(wrong, &[]).unwrap_err().to_string(), &["features.windows_days", expected]);
    }
}

#[test]
fn variables_reach_every_key_and_leave_others_alone() {
    let file = MINIMAL.replace("signals.logins", "signals.Web-Log_ins");
    let environment = [
        ("CHURN_SIGNALS__WEB_LOG_INS__PATH", "elsewhere"),
        ("CHURN_CHURN_GAP_DAYS", "0"),
        ("CHURN_FEATURES__WINDOWS_DAYS", "[1, 2]"),
        ("CHURN_CONFIG", "x"),
        ("CHURN_THREADS", "2"),
        ("CHURN_MEMORY_LIMIT", "1GB"),
        ("CHURN_LOG_FORMAT", "json"),
        ("CHURN_REAL_DATA", "/data"),
        ("CHURN_TIMEOUT", "3"),
        ("CHÜRN", "3"),
        ("LIST_CAPACITY", "many"),
    ];
    let s = resolved(&file, &[], &environment).unwrap().settings;
    assert_eq!(s.signals["Web-Log_ins"].path, Path::new("elsewhere"));
    assert_eq!((s.churn.gap_days, s.features.windows_days), (0, vec![1, 2]));

    for (variable, nearest) in [
        (
            "CHURN_LISTS__CAPACITY",
            "`lists.capacity` (env CHURN_LISTS__CAPACITY); the nearest known one is `list.capacity`",
        ),
        ("CHURN_SIGNAL__LOGINS__PATH", "the nearest known one is `signals.logins.path`"),
        (
            "CHURN_LISTS_CAPACITY",
            "unknown variable CHURN_LISTS_CAPACITY; the nearest known one is CHURN_LIST__CAPACITY",
        ),
        ("CHURN_MEMORY_LIMITS", "CHURN_MEMORY_LIMIT"),
        ("CHURN_SIGNALS__LOGIN__PATH", "no signal `login` (env CHURN_SIGNALS__LOGIN__PATH); did you mean `logins`?"),
    ] {
        assert_contains(&resolved(MINIMAL, &[], &[(variable, "9")]).unwrap_err().to_string(), &[nearest]);
    }
    let new = [("KIND", "event"), ("PATH", "calls"), ("ID", "customer_id"), ("TIME", "ts")];
    let named = new.map(|(key, value)| (format!("CHURN_SIGNALS__CALLS__{key}"), value));
    let new: Vec<(&str, &str)> = named.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert!(resolved(MINIMAL, &[], &new).unwrap().settings.signals.contains_key("calls"));

    let error = resolved(MINIMAL, &[], &[("CHURN_LIST__CAPCITY", "2"), ("CHURN_MODEL", "x")]).unwrap_err().to_string();
    assert_contains(
        &error,
        &["`list.capcity` (env CHURN_LIST__CAPCITY)", "`list.capacity`", "`model` (env CHURN_MODEL)"],
    );
    let twice = [("CHURN_LIST__CAPACITY", "2"), ("CHURN_LIST_CAPACITY", "3")];
    assert_contains(&resolved(MINIMAL, &[], &twice).unwrap_err().to_string(), &["set the same key"]);
}

#[test]
fn paths_start_where_they_were_written() {
    let s = settings(&format!("{MINIMAL}[paths]\nlists = \"/absolute\"\n")).unwrap();
    assert_eq!(s.customers.as_ref().unwrap().path, Path::new("base/data/customers.parquet"));
    assert_eq!(s.signals["logins"].path, Path::new("base/data/logins"));
    assert_eq!(s.churn.path.as_deref(), Some(Path::new("base/data/churn.parquet")));
    assert_eq!(s.paths.lists, Path::new("/absolute"));
    assert_eq!(s.paths.models, Path::new("base/models"));
    let s = resolved(MINIMAL, &["paths.lists=here"], &[("CHURN_CHURN__PATH", "there")]).unwrap().settings;
    assert_eq!(s.paths.lists, Path::new("here"));
    assert_eq!(s.churn.path.as_deref(), Some(Path::new("there")));
}

#[test]
fn every_problem_is_told_at_once_with_its_layer_and_the_nearest_key() {
    let file = r#"
        capacity = 5
        [custmers]
        path = "x"
        id = "y"
        [signals.logins]
        knd = "event"
        path = 5
        id = "customer_id"
        time = "ts"
        [signals."a b"]
        [churn]
        horizn_days = 3
        [list]
        reasons = 9
        [time]
        zone = "Mars/Olympus"

    "#;
    let error = resolved(file, &["lst.capacity=1", "nonsense"], &[]).unwrap_err().to_string();
    assert_contains(
        &error,
        &[
            "the configuration has 11 problems",
            "unknown key `capacity` (file /",
            "`list.capacity`",
            "unknown section `custmers`",
            "`customers`",
            "`signals.logins.knd`",
            "`signals.logins.kind`",
            "`signals.logins.path` (file /",
            "expected a path in quotes, found the number 5",
            "`signals.a b`",
            "`churn.horizn_days`",
            "`churn.horizon_days`",
            "expected a whole number from 0 to 4, found the number 9",
            "found the text \"Mars/Olympus\"",
            "unknown key `lst.capacity` (--set); the nearest known one is `list.capacity`",
            "--set nonsense: write it as key.path=value",
            "`churn.path` is missing",
        ],
    );
}

#[test]
fn missing_and_broken_files_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = load(Some(&folder.path().join("no.toml")), &[], []).unwrap_err();
    assert_eq!(missing.exit_code(), 2);
    assert_contains(&missing.to_string(), &["no.toml", "churn init", "--config"]);
    assert_contains(&load(Some(folder.path()), &[], []).unwrap_err().to_string(), &["cannot read"]);
    let broken = settings("[list]\ncapacity = = 5\n").unwrap_err();
    assert_eq!(broken.exit_code(), 2);
    assert_contains(&broken.to_string(), &["base/churn.toml", "line 2", "capacity = = 5"]);
    let twice = settings("[list]\ncapacity = 5\ncapacity = 6\n").unwrap_err().to_string();
    assert_contains(&twice, &["line 3", "duplicate key"]);
}

#[test]
fn tables_are_needed_unless_one_is_prepared() {
    let error = settings("").unwrap_err().to_string();
    assert_contains(&error, &["[customers]", "[signals.NAME]", "`churn.path`", "churn init --from"]);
    let s = settings("[table]\nid = \"id\"\nlabel = \"left\"\n").unwrap();
    let table = s.table.unwrap();
    assert_eq!((table.label.as_str(), table.as_of), ("left", None));
    assert_eq!(settings("[table]\nlabel = \"left\"\n").unwrap().table.unwrap().id, "customer_id");
    let error = settings("[table]\nid = \"i\"\nlabel = \"x\"\nnumeric = [\"x\", \"y\"]\nignore = [\"y\"]\n");
    assert_contains(
        &error.unwrap_err().to_string(),
        &["`x` already has another role", "`y` is also listed as a feature"],
    );
}

#[test]
fn a_run_on_a_prepared_table_needs_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("churn.toml");
    let load = || load_for_table(Some(&file), &[], []).map(|resolved| resolved.settings);
    assert_eq!(load().unwrap_err().exit_code(), 2, "a file that was named must be there");
    std::fs::write(&file, "[list]\ncapacity = 7\n").unwrap();
    let s = load().unwrap();
    let table = s.table.unwrap();
    assert_eq!((table.id.as_str(), table.label.as_str(), s.list.capacity), ("customer_id", "churned", 7));
    std::fs::write(&file, "[table]\nid = \"account\"\nignore = [\"raw_*\"]\n").unwrap();
    let table = load().unwrap().table.unwrap();
    assert!(table.id == "account" && table.ignores("raw_total") && !table.ignores("total"));
}

#[test]
fn signals_must_say_what_their_kind_needs() {
    let signal = |rest: &str| refusal(&format!("[signals.s]\npath = \"s\"\nid = \"c\"\ntime = \"t\"\n{rest}"));
    assert_contains(&signal("kind = \"amount\""), &["`signals.s.kind` (file base/churn.toml)", "needs `value`"]);
    assert_contains(&signal("kind = \"survey\"\nvalue = \"v\""), &["a survey needs `instrument`"]);
    assert_contains(
        &signal("kind = \"survey\"\nvalue = \"v\"\ninstrument = \"i\"\ninstrument_name = \"nps\""),
        &["not both"],
    );
    assert_contains(&signal("kind = \"event\"\ninstrument = \"i\""), &["`signals.s.instrument`", "only a signal"]);
    assert_contains(&signal("kind = \"event\"\ninstrument_name = \"nps\""), &["only a signal"]);
    assert_contains(&signal("kind = \"poll\""), &["one of \"event\", \"amount\", \"sentiment\", \"survey\""]);
    assert_contains(&signal("kind = \"event\"\nrange = [1, 1]"), &["a lower and a higher number"]);
    let survey = "kind = \"survey\"\nvalue = \"v\"\ninstrument_name = \"nps\"\n";
    let clash = format!("{survey}[signals.s_nps]\nkind = \"event\"\npath = \"s\"\nid = \"c\"\ntime = \"t\"\n");
    assert_contains(&signal(&clash), &["`signals.s_nps.kind`", "rename the signal"]);
}

#[test]
fn settings_must_fit_together() {
    let with_customers = |rest: &str| {
        let file = MINIMAL.replace("[signals.logins]", &format!("{rest}\n[signals.logins]"));
        settings(&file).unwrap_err().to_string()
    };
    assert_contains(&with_customers("start = \"s\""), &["`customers.start`", "add `customers.end`"]);
    assert_contains(&with_customers("end = \"e\""), &["add `customers.start`"]);
    for taken in ["tenure_days", "customer_id", "churned", "logins_count_28d", "logins_days_since_last"] {
        let found = with_customers(&format!("numeric = [\"{taken}\"]"));
        assert_contains(&found, &["`customers.numeric`", taken]);
    }
    assert_contains(
        &with_customers("numeric = [\"a\"]\ncategorical = [\"a\"]"),
        &["`a` is also listed as categorical"],
    );
    assert_contains(&with_customers("numeric = [\"a\", \"a\"]"), &["`a` is listed twice"]);
    assert_contains(&with_customers("passthrough = [\"rank\"]"), &["`rank` is a column of the list itself"]);
    assert_contains(&with_customers("passthrough = [\"Rank\"]"), &["`Rank` differs", "`rank` of the list itself"]);
    assert_contains(&with_customers("passthrough = [\"Owner\", \"owner\"]"), &["`owner` differs", "`Owner`"]);
    assert_contains(&with_customers("signup = \"d\"\ncategorical = [\"d\"]"), &["`d` already has another role"]);
    assert!(
        settings(&MINIMAL.replace("[signals.logins]", "numeric = [\"logins_count_14d\"]\n[signals.logins]")).is_ok()
    );

    assert_contains(&refusal("definition = \"inactivity\""), &["`churn.signals`", "there are: logins"]);
    assert_contains(&refusal("definition = \"inactivity\"\nsignals = [\"login\"]"), &["there is no signal `login`"]);
    assert!(settings(&format!("{MINIMAL}definition = \"inactivity\"\nsignals = [\"logins\"]")).is_ok());
    let without_path = settings(&MINIMAL.replace("path = \"data/churn.parquet\"", "")).unwrap_err().to_string();
    assert_contains(&without_path, &["`churn.path` is missing", "inactivity"]);

    assert_contains(&refusal("[list]\nrank_by = \"expected_loss\""), &["customers.value"]);
    assert_contains(&refusal("[training]\nsnapshots = 1"), &["`training.evaluation` (default)", "none to learn from"]);
    let dates = "[training]\nas_of = [\"2026-01-01\"]\nevaluation = [\"2026-01-01\"]";
    assert_contains(&refusal(dates), &["none is left to learn from"]);
}

#[test]
fn values_out_of_range_are_refused() {
    for (section, line) in [
        ("features", "windows_days = [0]"),
        ("features", "windows_days = [3661]"),
        ("features", "windows_days = []"),
        ("training", "step_days = 0"),
        ("training", "evaluation = 0"),
        ("training", "as_of = [\"2026-02-30\"]"),
        ("training", "as_of = [2026-02-01T00:00:00]"),
        ("model", "alpha = -0.1"),
        ("model", "alpha = inf"),
        ("model", "alpha = \"automatic\""),
        ("model", "seed = -1"),
        ("list", "control_fraction = 1.0"),
        ("list", "control_fraction = -0.1"),
        ("list", "control_fraction = nan"),
        ("list", "capacity = 0"),
        ("list", "capacity = 4294967296"),
        ("list", "capacity = 2.5"),
        ("publish", "formats = [\"pdf\"]"),
        ("gates", "max_quarantine_share = 1.5"),
        ("paths", "lists = \"\""),
    ] {
        let key = line.split(' ').next().unwrap();
        assert_contains(
            &refusal(&format!("[{section}]\n{line}")),
            &[&format!("`{section}.{key}`"), "expected", "found"],
        );
    }
    assert_contains(&refusal("horizon_days = 0"), &["`churn.horizon_days`"]);
}

#[test]
fn shown_settings_read_back_as_the_same_settings() {
    let text = everything_on();
    let shown = resolved(&text, &["customers.value=\"a \\\"b\\\"\""], &[]).unwrap();
    let again = Settings::from_toml_str(&shown.to_toml(), Path::new("")).unwrap();
    assert_eq!(shown.canonical_json().unwrap(), again.canonical_json().unwrap());

    let json: Value = serde_json::from_str(&shown.to_json().unwrap()).unwrap();
    let entries = json.as_array().unwrap();
    assert_eq!(entries[0]["key"], "customers.path");
    let value = entries.iter().find(|entry| entry["key"] == "customers.value").unwrap();
    assert_eq!((&value["value"], &value["layer"]), (&Value::from("a \"b\""), &Value::from("--set")));
    let keys: Vec<&str> = entries.iter().map(|entry| entry["key"].as_str().unwrap()).collect();
    let at = |key: &str| keys.iter().position(|k| *k == key).unwrap();
    assert!(at("signals.logins.time") < at("signals.mentions.kind"), "signals are shown one by one");
}

#[test]
fn a_starter_keeps_to_the_defaults() {
    let text = starter(MINIMAL, &[]);
    assert_contains(&text, &["[list]\n", "\n#capacity = 500\n", "\n# Customers on the list"]);
    assert_eq!(
        settings(&text).unwrap().canonical_json().unwrap(),
        settings(MINIMAL).unwrap().canonical_json().unwrap()
    );
}

#[test]
fn what_has_no_effect_is_told() {
    assert!(settings(MINIMAL).unwrap().without_effect().is_empty(), "the defaults are nobody's doing");
    let of = |own: &str| without_effect(&settings(&format!("{MINIMAL}{own}")).unwrap());
    assert_contains(&of("signals = [\"logins\"]"), &["churn.signals"]);
    assert_contains(&of("definition = \"inactivity\"\nsignals = [\"logins\"]"), &["churn.path"]);
    assert_contains(&of("[publish]\nformats = [\"parquet\"]\ncsv_bom = false"), &["publish.csv_bom has no effect"]);
    assert_eq!(of("[gates]\nmax_psi = 0.2"), "");
    assert_contains(&of("[gates]\nmax_psi = 0.2\ndrift = \"off\""), &["gates.max_psi"]);
    assert_contains(&of("[eligibility]\nmin_tenure_days = 60"), &["eligibility.min_tenure_days", "customers.signup"]);
    let signal = "[signals.s]\npath = \"s\"\nid = \"c\"\ntime = \"t\"\nvalue = \"v\"\nunit = \"EUR\"\n";
    assert_contains(&of(&format!("{signal}kind = \"event\"")), &["signals.s.value", "signals.s.unit"]);
    assert_contains(&of(&format!("{signal}kind = \"sentiment\"")), &["signals.s.unit"]);
    assert_eq!(of(&format!("{signal}kind = \"amount\"")), "");
}
