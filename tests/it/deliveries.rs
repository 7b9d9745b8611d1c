//! Where the list goes: files for other systems over several dates, messages to a server of this machine, and a list
//! for each value of a column.

use crate::common::world::{World, AS_OF};
use crate::common::{churn, run, Cell, Population, Run, Table, BINARY};
use arrow_array::{ArrayRef, StringArray};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{channel, Receiver};
use std::sync::Arc;

const DATES: [&str; 3] = ["2026-05-18", "2026-05-25", Population::AS_OF];
const COLUMNS: &str = r#"{ Customer_Key__c = "customer_id", Risk__c = "churn_probability", Second__c = "reason_2_text", Owner = "account_owner", Status = "status" }"#;

/// Lists and deliveries of the shared population, in a folder of the test's own.
struct Deliveries {
    folder: tempfile::TempDir,
    settings: Vec<String>,
}

impl Deliveries {
    fn new(settings: &[&str]) -> Deliveries {
        let folder = tempfile::tempdir().unwrap();
        let mut all = vec![
            format!("paths.lists={}", folder.path().join("lists").display()),
            "list.capacity=80".to_owned(),
            "list.control_fraction=0.2".to_owned(),
        ];
        all.extend(settings.iter().map(|setting| (*setting).to_owned()));
        Deliveries { folder, settings: all }
    }

    /// With one delivery of files.
    fn files(profile: &str, more: &[&str]) -> Deliveries {
        let mut deliveries = Deliveries::new(&["deliveries.crm.kind=csv"]);
        let path = deliveries.folder.path().join("crm");
        let own = [
            format!("deliveries.crm.profile={profile}"),
            format!("deliveries.crm.path={}", path.display()),
            format!("deliveries.crm.columns={COLUMNS}"),
        ];
        deliveries.settings.extend(own);
        deliveries.settings.extend(more.iter().map(|setting| (*setting).to_owned()));
        deliveries
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        // Those of the arguments come last, and count.
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        run(&Population::shared().folder, self.command(arguments))
    }

    /// As [`Deliveries::run`], with a variable.
    fn run_with(&self, variable: &str, value: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new("env");
        command.arg(format!("{variable}={value}")).arg(BINARY).args(self.command(arguments).get_args());
        run(&Population::shared().folder, command)
    }

    fn score(&self, date: &str) -> Run {
        self.run(&["score", "--as-of", date])
    }

    fn list(&self, date: &str) -> Table {
        Table::read(&self.folder.path().join(format!("lists/as_of={date}/at_risk.parquet")))
    }

    fn file(&self, date: &str) -> PathBuf {
        self.folder.path().join(format!("crm/as_of={date}/crm.csv"))
    }

    /// Keys and values of a delivery, and its head.
    fn delivered(&self, date: &str) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
        let mut reader = csv::Reader::from_path(self.file(date)).unwrap();
        let head = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
            assert!(rows.insert(cells[0].clone(), cells[1..].to_vec()).is_none(), "{} is there twice", cells[0]);
        }
        (head, rows)
    }

    /// What a list says in the delivered columns, of those who are delivered.
    fn expected(&self, date: &str, none: &str, with_control: bool) -> BTreeMap<String, Vec<String>> {
        let list = self.list(date);
        let text = |name: &str, row: usize| match &list.column(name)[row] {
            Cell::Null => none.to_owned(),
            Cell::Number(number) => ((number * 1000.0).round() / 1000.0).to_string(),
            Cell::Whole(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
        };
        let rows = (0..list.rows).filter(|&row| with_control || list.column("group")[row].text() == Some("contact"));
        let values = ["churn_probability", "reason_2_text", "account_owner", "status"];
        rows.map(|row| (text("customer_id", row), values.iter().map(|name| text(name, row)).collect())).collect()
    }
}

fn keys(rows: &BTreeMap<String, Vec<String>>) -> BTreeSet<&String> {
    rows.keys().collect()
}

#[test]
fn three_dates_reach_salesforce_and_whoever_leaves_is_cleared_once() {
    let deliveries = Deliveries::files("salesforce", &[]);
    let mut before: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut has_cleared = false;
    for date in DATES {
        let run = deliveries.score(date).ok();
        let (head, found) = deliveries.delivered(date);
        assert_eq!(head, ["Customer_Key__c", "Risk__c", "Second__c", "Owner", "Status"]);
        let now = deliveries.expected(date, "#N/A", false);
        let mut expected = now.clone();
        for key in keys(&before).difference(&keys(&now)) {
            expected.insert((*key).clone(), vec!["#N/A".to_owned(); 4]);
            has_cleared = true;
        }
        assert_eq!(found, expected, "{date}");
        let cleared = expected.len() - now.len();
        assert!(
            run.stdout.contains(&format!("Delivered {date} to crm: {} customers, {cleared} cleared", now.len())),
            "{run}"
        );
        before = now;
    }
    assert!(has_cleared && !before.is_empty());
    let bytes = fs::read(deliveries.file(DATES[2])).unwrap();
    assert!(!bytes.contains(&b'\r') && bytes.starts_with(b"Customer_Key__c,"), "lines end in LF, and there is no mark");

    // The same again gives the same bytes, by either command, and nobody is forgotten.
    for arguments in
        [&["deliver"][..], &["deliver", "--as-of", DATES[2], "--to", "crm"], &["score", "--as-of", DATES[2]]]
    {
        deliveries.run(arguments).ok();
        assert_eq!(fs::read(deliveries.file(DATES[2])).unwrap(), bytes, "{arguments:?}");
    }

    // An older list does not take the place of a newer one.
    let older = deliveries.run(&["deliver", "--as-of", DATES[1]]);
    assert!(older.code == 2 && older.stderr.contains(DATES[2]) && older.stderr.contains("has nothing of"), "{older}");
    let scored = deliveries.score(DATES[1]).ok();
    assert!(scored.stderr.contains("has nothing of 2026-05-25"), "{scored}");
    assert_eq!(fs::read(deliveries.file(DATES[2])).unwrap(), bytes);
    let elsewhere = deliveries.run(&["deliver", "--to", "crn"]);
    assert!(elsewhere.code == 2 && elsewhere.stderr.contains("`crm`"), "{elsewhere}");
    let json = deliveries.run(&["deliver", "--format", "json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["deliveries"][0]["outcome"], "written");
}

#[test]
fn another_list_of_the_same_date_clears_what_either_may_have_left() {
    let deliveries = Deliveries::files("plain", &[]);
    deliveries.score(DATES[0]).ok();
    let first = deliveries.expected(DATES[0], "", false);
    deliveries.score(DATES[2]).ok();
    let large = deliveries.expected(DATES[2], "", false);
    deliveries.run(&["score", "--as-of", DATES[2], "--set", "list.capacity=20"]).ok();
    let small = deliveries.expected(DATES[2], "", false);
    let (_, found) = deliveries.delivered(DATES[2]);
    let all: BTreeSet<&String> = keys(&first).into_iter().chain(keys(&large)).chain(keys(&small)).collect();
    assert_eq!(keys(&found), all);
    let empty = found.values().filter(|values| values.iter().all(String::is_empty)).count();
    assert_eq!(empty, all.len() - small.len());
    assert!(small.len() < large.len());
}

#[test]
fn only_changes_are_delivered_and_the_control_group_if_that_is_asked_for() {
    let settings = ["deliveries.crm.changed_only=true", "deliveries.crm.control=true", "publish.formats=[\"csv\"]"];
    let stable = r#"deliveries.crm.columns={ Tier = "risk_tier", Why = "reason_1_code" }"#;
    let deliveries = Deliveries::files("hubspot", &[&settings[..], &[stable]].concat());
    let mut before: Option<BTreeMap<String, Vec<String>>> = None;
    let mut unchanged = 0;
    for date in DATES {
        deliveries.score(date).ok();
        let (head, found) = deliveries.delivered(date);
        assert_eq!(head, ["customer_id", "Tier", "Why"]);
        let list = deliveries.list(date);
        let text = |name: &str, row: usize| list.column(name)[row].text().unwrap_or_default().to_owned();
        let id = |row: usize| list.column("customer_id")[row].whole().unwrap().to_string();
        let now: BTreeMap<String, Vec<String>> =
            (0..list.rows).map(|row| (id(row), vec![text("risk_tier", row), text("reason_1_code", row)])).collect();
        assert_eq!(now.len(), 80);

        let last = before.unwrap_or_default();
        let mut expected: BTreeMap<String, Vec<String>> = now
            .iter()
            .filter(|(key, values)| last.get(*key) != Some(values))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        unchanged += now.len() - expected.len();
        expected
            .extend(last.keys().filter(|key| !now.contains_key(*key)).map(|key| (key.clone(), vec![String::new(); 2])));
        assert_eq!(found, expected, "{date}");
        before = Some(now);
    }
    assert!(unchanged > 0, "some customers stay as they are");
}

#[test]
fn files_that_cannot_be_written_unmake_no_list() {
    let deliveries = Deliveries::files("plain", &[]);
    let path = deliveries.folder.path().join("crm");
    fs::write(&path, "in the way").unwrap();
    let run = deliveries.score(DATES[1]).ok();
    let again = |date: &str| format!("`churn deliver --as-of {date} --to crm`");
    assert!(run.stderr.contains("delivery crm failed") && run.stderr.contains(&again(DATES[1])), "{run}");
    assert!(run.stderr.contains(&path.display().to_string()) && run.stdout.contains("At-risk list of"), "{run}");
    assert!(run.stdout.contains(&format!("Not delivered: {} to crm", DATES[1])), "{run}");
    let lists = deliveries.folder.path().join("lists");
    let folder = lists.join(format!("as_of={}", DATES[1]));
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert!(folder.join("_SUCCESS").exists() && manifest.contains("delivery crm failed"), "{manifest}");

    // Later runs say what is still lacking.
    let run = deliveries.score(DATES[2]).ok();
    assert!(run.stderr.contains(&again(DATES[1])) && run.stderr.contains(&again(DATES[2])), "{run}");
    let check = deliveries.run(&["check", "--as-of", DATES[2]]).ok();
    let lacks = |date: &str| format!("delivery crm still lacks the list of {date}");
    assert!(check.stderr.contains(&lacks(DATES[1])) && check.stderr.contains(&lacks(DATES[2])), "{check}");
    let run = deliveries.run(&["deliver"]);
    assert!(run.code == 2 && run.stderr.contains(&path.display().to_string()), "{run}");

    // The newest list overtakes the others.
    fs::remove_file(&path).unwrap();
    deliveries.run(&["deliver"]).ok();
    assert_eq!(deliveries.delivered(DATES[2]).1, deliveries.expected(DATES[2], "", false));
    assert_eq!(fs::read_dir(lists.join("undelivered")).unwrap().count(), 0);
    let check = deliveries.run(&["check", "--as-of", DATES[2]]).ok();
    assert!(!check.stderr.contains("delivery crm"), "{check}");
    let lists = lists.join(format!("as_of={}", DATES[2]));

    // Another key, a damaged record, a list that is not that of its manifest.
    let other = deliveries.run(&["deliver", "--set", "deliveries.crm.key=account_owner"]);
    assert!(other.code == 2 && other.stderr.contains("the key of the last delivery was"), "{other}");
    fs::write(path.join(".delivered/record.json"), "{\"form\": 9}").unwrap();
    let damaged = deliveries.run(&["deliver"]);
    assert!(damaged.code == 3 && damaged.stderr.contains("record"), "{damaged}");
    fs::write(lists.join("at_risk.parquet"), "PAR1").unwrap();
    let damaged = deliveries.run(&["deliver"]);
    assert!(damaged.code == 3 && damaged.stderr.contains("is not the file of the manifest"), "{damaged}");
    let missing = deliveries.run(&["deliver", "--as-of", "2026-01-01"]);
    assert!(missing.code == 2 && missing.stderr.contains("no published run of 2026-01-01"), "{missing}");
}

#[test]
fn keys_that_anybody_may_have_chosen_arrive_as_they_are() {
    const HOSTILE: [&str; 6] = ["=cmd|' /C calc'!A0", "-12", "a,\"b\"\nc", "\u{202e}gpj", "'; DROP TABLE x", " 007 "];
    let id = |n: i64| HOSTILE.get(n as usize - 1).map_or_else(|| format!("{n:05}"), |text| (*text).to_owned());
    let world = World::new(|ids| Arc::new(ids.iter().map(|&n| Some(id(n))).collect::<StringArray>()) as ArrayRef);
    let deliver = [
        "[list]\ncapacity = 600\ncontrol_fraction = 0.0\n[deliveries.a]\nkind = \"csv\"\nprofile = \"salesforce\"\npath = \"a\"\n",
        "columns = { Rank = \"rank\" }\n[deliveries.b]\nkind = \"csv\"\nprofile = \"hubspot\"\npath = \"b\"\n",
        "columns = { Rank = \"rank\" }\n",
    ];
    let config = world.path().join("churn.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + &deliver.concat()).unwrap();
    let world = world.trained();
    world.score().ok();

    let list = Table::read(&world.path().join(format!("out/lists/as_of={AS_OF}/at_risk.parquet")));
    let ids: Vec<&str> = list.column("customer_id").iter().map(|id| id.text().unwrap()).collect();
    for name in ["a", "b"] {
        let mut reader = csv::Reader::from_path(world.path().join(format!("{name}/as_of={AS_OF}/{name}.csv"))).unwrap();
        let keys: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
        assert_eq!(keys, ids);
    }
    assert!(HOSTILE.iter().filter(|text| ids.contains(text)).count() >= 4, "{ids:?}");
}

/// A server of this machine that answers each request with the next status, and tells what it was sent.
fn server(answers: &[&'static str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/services/T0SECRET", listener.local_addr().unwrap());
    let (sender, received) = channel();
    let answers = answers.to_vec();
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut connection, _)) = listener.accept() else { return };
            if sender.send(request_of(&mut connection)).is_err() {
                return;
            }
            let _ = write!(connection, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, received)
}

/// The body of a request.
fn request_of(connection: &mut TcpStream) -> String {
    let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut bytes).unwrap();
        request.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if let Some((_, body)) = text.split_once("\r\n\r\n").filter(|(_, body)| Some(body.len()) >= length || read == 0)
        {
            return body.to_owned();
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn team(profile: &str) -> Deliveries {
    let profile = format!("deliveries.team.profile={profile}");
    Deliveries::new(&["deliveries.team.kind=webhook", &profile, "deliveries.team.url_env=CHURN_TEAM_URL"])
}

#[test]
fn a_list_is_posted_once_and_its_address_stands_nowhere() {
    let deliveries = team("json");
    let (address, received) = server(&["429 Slow down\r\nretry-after: 0", "200 OK", "200 OK"]);
    let score = |date: &str| deliveries.run_with("CHURN_TEAM_URL", &address, &["score", "--as-of", date]).ok();
    let first = score(DATES[2]);
    assert!(first.stdout.contains(&format!("Delivered {} to team: posted\n", DATES[2])), "{first}");
    let said: serde_json::Value = serde_json::from_str(&received.try_iter().last().unwrap()).unwrap();
    let list = deliveries.list(DATES[2]);
    assert_eq!((&said["schema_version"], &said["listed"], &said["new"]), (&1.into(), &80.into(), &80.into()));
    let number = |name: &str, row: usize| list.column(name)[row].number();
    let losses =
        (0..list.rows).filter_map(|row| Some(number("churn_probability", row)? * number("value_at_risk", row)?));
    let loss: f64 = losses.sum();
    assert!((said["expected_loss"].as_f64().unwrap() - loss).abs() < 0.006);
    let first_five = said["first"].as_array().unwrap();
    let contact = (0..list.rows).find(|&row| list.column("group")[row].text() == Some("contact")).unwrap();
    assert_eq!((first_five.len(), first_five[0]["rank"].as_i64()), (5, list.column("rank")[contact].whole()));
    assert!(first_five[0].get("customer_id").is_none(), "nobody is named unless that is configured");

    let second = score(DATES[2]);
    assert!(second.stdout.contains("posted before") && received.try_recv().is_err(), "{second}");
    let older = score(DATES[1]);
    assert!(older.stderr.contains("has nothing of 2026-05-25") && received.try_recv().is_err(), "{older}");
    let again = deliveries.run_with("CHURN_TEAM_URL", &address, &["deliver", "--as-of", DATES[2], "--again"]).ok();
    assert!(again.stdout.contains("posted\n") && received.try_iter().count() == 1, "{again}");

    for run in [first, second, older, again] {
        assert!(!run.stdout.contains("T0SECRET") && !run.stderr.contains("T0SECRET"), "{}", run.stderr);
    }
    for file in files_below(deliveries.folder.path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"T0SECRET"), "{}", file.display());
    }
}

#[test]
fn a_message_that_nobody_takes_is_kept_and_fails_no_run() {
    let deliveries = team("slack");
    let unset = deliveries.score(DATES[2]).ok();
    assert!(unset.stdout.contains("Not delivered: 2026-06-01 to team"), "{unset}");
    assert!(unset.stderr.contains("CHURN_TEAM_URL is not set"), "{unset}");
    assert_eq!(deliveries.run(&["deliver"]).code, 2);
    let check = deliveries.run(&["check", "--as-of", DATES[2]]).ok();
    assert!(check.stderr.contains("delivery team would not be posted"), "{check}");

    let kept = deliveries.folder.path().join(format!("lists/undelivered/team-{}.json", DATES[2]));
    let again = "500 Oh\r\nretry-after: 0";
    let (address, received) = server(&[again, again, again, again, "404 Not Found", "200 OK"]);
    let run = deliveries.run_with("CHURN_TEAM_URL", &address, &["score", "--as-of", DATES[2]]).ok();
    assert!(run.stderr.contains("answers 500") && run.stderr.contains(&kept.display().to_string()), "{run}");
    assert_eq!(received.try_iter().count(), 4);
    let letter: serde_json::Value = serde_json::from_str(&fs::read_to_string(&kept).unwrap()).unwrap();
    assert!(letter["message"]["blocks"].is_array() && !letter.to_string().contains("T0SECRET"));

    let run = deliveries.run_with("CHURN_TEAM_URL", &address, &["deliver"]);
    assert!(run.code == 75 && run.stderr.contains("404") && !run.stderr.contains("T0SECRET"), "{run}");
    let run = deliveries.run_with("CHURN_TEAM_URL", &address, &["deliver"]).ok();
    assert!(run.stdout.contains("posted") && !kept.exists(), "{run}");

    let open = deliveries.run_with("CHURN_TEAM_URL", "http://hooks.example.com/T0SECRET", &["deliver", "--again"]);
    assert!(open.code == 75 && open.stderr.contains("https://") && !open.stderr.contains("T0SECRET"), "{open}");
}

#[test]
fn everybody_has_a_list_of_their_own() {
    let formats = "publish.formats=[\"csv\", \"xlsx\"]";
    let deliveries = Deliveries::new(&["list.split_by=account_owner", formats]);
    let run = deliveries.score(DATES[2]).ok();
    assert!(run.stdout.contains("by_account_owner/"), "{run}");
    let folder = deliveries.folder.path().join(format!("lists/as_of={}", DATES[2]));
    let rows = |path: &Path| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let whole = rows(&folder.join("at_risk.csv"));
    let owner = whole[0].iter().position(|name| name == "account_owner").unwrap();

    let mut found = Vec::new();
    let (mut lists, mut workbooks) = (0, 0);
    for path in files_below(&folder.join("by_account_owner")) {
        if path.extension().is_some_and(|extension| extension == "xlsx") {
            assert!(fs::read(&path).unwrap().starts_with(b"PK") && path.with_extension("csv").exists());
            workbooks += 1;
            continue;
        }
        let mut part = rows(&path);
        assert_eq!(part.remove(0), whole[0]);
        let of = part[0][owner].clone();
        assert!(
            part.iter().all(|row| row[owner] == of) && path.file_stem().unwrap().to_string_lossy().contains(of.trim())
        );
        found.extend(part);
        lists += 1;
    }
    assert!(lists == workbooks && lists > 1, "{lists} lists and {workbooks} workbooks");
    found.sort_by_key(|row| row[1].parse::<u64>().unwrap());
    assert_eq!(found, whole[1..]);

    let manifest: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    let names: BTreeMap<&str, &str> = manifest["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["name"].as_str().unwrap(), file["sha256"].as_str().unwrap()))
        .collect();
    assert_eq!(names.keys().filter(|name| name.starts_with("by_account_owner/")).count(), lists + workbooks);
    let before: Vec<(PathBuf, Vec<u8>)> = files_below(&folder.join("by_account_owner"))
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    deliveries.run(&["score", "--as-of", DATES[2], "--threads", "1"]).ok();
    assert!(before.iter().all(|(path, bytes)| fs::read(path).unwrap() == *bytes));

    // A categorical column that the list does not show, and one that there is not.
    deliveries.run(&["score", "--as-of", DATES[2], "--set", "list.split_by=plan"]).ok();
    assert!(folder.join("by_plan").is_dir() && !folder.join("by_account_owner").exists());
    let wrong =
        churn(&Population::shared().folder, &["score", "--as-of", DATES[2], "--set", "list.split_by=account_ower"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("`account_owner`"), "{wrong}");
}
