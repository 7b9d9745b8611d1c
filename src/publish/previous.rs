//! What earlier runs said, for what has changed since.
//!
//! A run whose files cannot be read is no reason to have no list today: it is left out, and that is said.

use super::frame::{columns_of, read};
use super::runs::Run;
use crate::calendar::Day;
use crate::language::Message;
use crate::power::ListsSoFar;
use crate::sources::Ids;
use polars::prelude::*;
use serde::Serialize;
use std::path::Path;

/// How many earlier lists are looked through for a customer who is back on the list, and for how customers accrue.
const LISTS: usize = 60;
/// How many days before the present run the run lies that a month's change is measured from, and how many more it may.
const MONTH: u32 = 28;
const TOLERANCE: u32 = 7;

/// The columns of `scores.parquet` without which a run is not compared with.
const NEEDED: [&str; 5] = ["customer_id", "rank", "churn_probability", "log_odds", "group"];

/// The customers of the present run.
pub struct Now<'a> {
    /// Its date.
    pub as_of: Day,
    /// The ids of the customers table.
    pub ids: &'a Ids,
    /// The scored customers, as places in the customers table.
    pub customers: &'a [u32],
    /// Those on the list, as places among the scored, in order.
    pub listed: &'a [u32],
}

/// What earlier runs said of the customers of the present one.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The run before; none if there is none that can be read.
    pub earlier: Option<Earlier>,
    /// The probability of each scored customer about four weeks ago; NaN if there is none.
    pub probability_28_days_ago: Vec<f64>,
    /// Whether each customer of the present list, by the place among the scored, was on one of the lists before the
    /// last.
    pub was_listed_before: Vec<bool>,
    /// How many customers the lists have reached.
    pub so_far: ListsSoFar,
}

/// What the run before said.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The run.
    pub run: Run,
    /// What it said of each scored customer.
    pub customers: Vec<Before>,
    /// Who was on its list and is not on the present one, in the order of that list.
    pub gone: Vec<Gone>,
}

/// A customer in the run before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// The rank among all eligible customers; none if it did not score the customer.
    pub rank: Option<i64>,
    /// The probability of churn; NaN if it did not score the customer.
    pub probability: f64,
    /// The log-odds; NaN if it did not score the customer.
    pub log_odds: f64,
    /// Whether the customer was on its list.
    pub was_listed: bool,
    /// Days on the list without interruption, if that is known.
    pub days_listed: Option<i64>,
}

/// A customer who has left the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Gone {
    /// The id, as people write it.
    pub id: String,
    /// The place among the scored customers; none if the customer is not scored any more.
    pub position: Option<u32>,
}

impl Before {
    /// Of a customer whom the run did not score.
    const NOTHING: Before =
        Before { rank: None, probability: f64::NAN, log_odds: f64::NAN, was_listed: false, days_listed: None };
}

/// The newest of the runs that can be compared with, given the earlier ones oldest first; what is left out is noted.
pub fn comparable(earlier: &[Run], notes: &mut Vec<Message>) -> Option<Run> {
    for run in earlier.iter().rev() {
        match columns_of(&run.scores()) {
            Ok(columns) if NEEDED.iter().all(|name| columns.iter().any(|column| column == name)) => {
                return Some(run.clone());
            }
            Ok(columns) => {
                let missing: Vec<&str> =
                    NEEDED.into_iter().filter(|name| columns.iter().all(|column| column != name)).collect();
                notes.push(left_out(run, &run.scores(), Message::new("earlier-columns").list("columns", missing)));
            }
            Err(error) => notes.push(left_out(run, &run.scores(), because(&error))),
        }
    }
    None
}

fn left_out(run: &Run, file: &Path, why: impl Into<Message>) -> Message {
    Message::new("earlier-left-out").day("date", run.as_of).text("file", file.display().to_string()).message("why", why)
}

/// Why a file cannot be read, on one line.
fn because(error: &PolarsError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

impl History {
    /// Reads the earlier runs, oldest first; `compared` is the one that the present run is compared with. What cannot
    /// be read is noted.
    pub fn read(earlier: &[Run], compared: Option<&Run>, now: &Now<'_>, notes: &mut Vec<Message>) -> History {
        let mut history = History {
            probability_28_days_ago: vec![f64::NAN; now.customers.len()],
            was_listed_before: vec![false; now.customers.len()],
            ..History::default()
        };
        let all = || (0..now.customers.len() as u32).collect();
        let frames = frame(now, all()).and_then(|scored| Ok((scored, frame(now, now.listed.to_vec())?)));
        let (scored, listed) = match frames {
            Ok(frames) => frames,
            Err(error) => {
                notes.push(Message::new("earlier-none").text("why", error.to_string()));
                return history;
            }
        };

        if let Some(run) = compared {
            match Earlier::read(run, now, &scored, notes) {
                Ok(found) => history.earlier = Some(found),
                Err(error) => notes.push(left_out(run, &run.scores(), because(&error))),
            }
        }
        let days = now.as_of.earlier_by(MONTH + TOLERANCE)..=now.as_of.earlier_by(MONTH);
        if let Some(run) = earlier.iter().rev().find(|run| days.contains(&run.as_of)) {
            match numbers(run, &scored, "churn_probability") {
                Ok(found) => {
                    found.into_iter().for_each(|(at, value)| history.probability_28_days_ago[at as usize] = value);
                }
                Err(error) => notes.push(left_out(run, &run.scores(), because(&error))),
            }
        }
        history.read_lists(earlier, compared, &listed, notes);
        history
    }

    /// Reads who was on which list.
    fn read_lists(&mut self, earlier: &[Run], compared: Option<&Run>, listed: &DataFrame, notes: &mut Vec<Message>) {
        let mut all: Option<DataFrame> = None;
        let (mut dates, mut on_the_first) = (Vec::new(), 0);
        for run in earlier.iter().rev().take(LISTS + 1) {
            let ids = match listed_ids(run) {
                Ok(ids) => ids,
                Err(error) => {
                    notes.push(left_out(run, &run.scores(), because(&error)));
                    continue;
                }
            };
            // Those of the run that is compared with are in what it said.
            if compared.is_none_or(|compared| run.as_of < compared.as_of) {
                let known = joined(listed, &ids).and_then(|both| positions(&both));
                for position in known.unwrap_or_default() {
                    self.was_listed_before[position as usize] = true;
                }
            }

            dates.push(run.as_of);
            on_the_first = ids.height();
            self.so_far.lines += ids.height();
            all = match all {
                None => Some(ids),
                Some(all) => as_texts(&all).and_then(|all| all.vstack(&as_texts(&ids)?)).ok().or(Some(all)),
            };
        }

        let on_any = all.and_then(|all| all.column("customer_id").and_then(|ids| ids.n_unique()).ok());
        if let (Some(last), Some(first), Some(on_any)) = (dates.first(), dates.last(), on_any) {
            let days = (last.0 - first.0).unsigned_abs();
            self.so_far = ListsSoFar { lists: dates.len(), days, on_the_first, on_any, lines: self.so_far.lines };
        }
    }
}

/// How many customers the lists of these runs have reached.
pub fn lists_so_far(runs: &[Run], notes: &mut Vec<Message>) -> ListsSoFar {
    let nobody = Now { as_of: Day(i32::MAX), ids: &Ids::default(), customers: &[], listed: &[] };
    History::read(runs, None, &nobody, notes).so_far
}

impl Earlier {
    fn read(run: &Run, now: &Now<'_>, scored: &DataFrame, notes: &mut Vec<Message>) -> PolarsResult<Earlier> {
        let then = read(&run.scores(), &NEEDED)?;
        let mut customers = vec![Before::NOTHING; now.customers.len()];
        let both = joined(scored, &then)?;
        let (ranks, groups) = (both.column("rank")?.i64()?, both.column("group")?.str()?);
        let (probabilities, log_odds) = (both.column("churn_probability")?.f64()?, both.column("log_odds")?.f64()?);
        for (row, position) in positions(&both)?.into_iter().enumerate() {
            customers[position as usize] = Before {
                rank: ranks.get(row),
                probability: probabilities.get(row).unwrap_or(f64::NAN),
                log_odds: log_odds.get(row).unwrap_or(f64::NAN),
                was_listed: groups.get(row).is_some(),
                days_listed: None,
            };
        }

        if run.list().exists() {
            match days_listed(run, scored) {
                Ok(found) => found.into_iter().for_each(|(at, days)| customers[at as usize].days_listed = days),
                Err(error) => notes.push(left_out(run, &run.list(), because(&error))),
            }
        }
        let gone = gone(&then, scored, now)?;
        Ok(Earlier { run: run.clone(), customers, gone })
    }
}

fn days_listed(run: &Run, scored: &DataFrame) -> PolarsResult<Vec<(u32, Option<i64>)>> {
    let both = joined(scored, &read(&run.list(), &["customer_id", "days_listed"])?)?;
    let days = both.column("days_listed")?.i64()?;
    Ok(positions(&both)?.into_iter().zip(days.iter()).collect())
}

/// What a published run said of one customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedRisk {
    /// The date of the run.
    pub as_of: Day,
    /// The model that made it, if it is known.
    pub model_version: Option<String>,
    /// The probability of churn.
    pub churn_probability: f64,
    /// The rank among all eligible customers.
    pub rank: i64,
    /// Whether the customer was on the list.
    pub listed: bool,
    /// How far new data had moved the log-odds since the run before, if that is known.
    pub change_data_log_odds: Option<f64>,
    /// How far another model had.
    pub change_model_log_odds: Option<f64>,
    /// What the list said of the change; of one that the list did not tell, what the model at hand says.
    pub change_reason_text: Option<String>,
}

/// What these runs said of a customer, of those that scored the customer; what cannot be read is noted.
pub fn of_customer(runs: &[Run], id: &str, notes: &mut Vec<Message>) -> Vec<PublishedRisk> {
    let mut found = Vec::new();
    for run in runs {
        match published_risk(run, id) {
            Ok(risk) => found.extend(risk),
            Err(error) => notes.push(left_out(run, &run.scores(), because(&error))),
        }
    }
    found
}

fn published_risk(run: &Run, id: &str) -> PolarsResult<Option<PublishedRisk>> {
    const CHANGES: [&str; 2] = ["change_data_log_odds", "change_model_log_odds"];
    let there = columns_of(&run.scores())?;
    let mut columns = vec!["customer_id", "rank", "churn_probability", "group"];
    // A version before these had none of them.
    columns.extend(CHANGES.into_iter().filter(|name| there.iter().any(|column| column == name)));
    let Some(row) = of_id(&read(&run.scores(), &columns)?, id)? else { return Ok(None) };
    let change = |name: &str| row.column(name).ok().and_then(|column| column.f64().ok()?.get(0));
    let (rank, probability) = (row.column("rank")?.i64()?.get(0), row.column("churn_probability")?.f64()?.get(0));
    let (Some(rank), Some(churn_probability)) = (rank, probability) else { return Ok(None) };

    let listed = row.column("group")?.str()?.get(0).is_some();
    let mut change_reason_text = None;
    if listed && run.list().exists() {
        let line = of_id(&read(&run.list(), &["customer_id", "change_reason_text"])?, id)?;
        let text = |line: &DataFrame| Some(line.column("change_reason_text").ok()?.str().ok()?.get(0)?.to_owned());
        change_reason_text = line.as_ref().and_then(text);
    }
    Ok(Some(PublishedRisk {
        as_of: run.as_of,
        model_version: run.model().map(|model| model.version),
        churn_probability,
        rank,
        listed,
        change_data_log_odds: change(CHANGES[0]),
        change_model_log_odds: change(CHANGES[1]),
        change_reason_text,
    }))
}

/// The row of a customer, if there is one.
fn of_id(frame: &DataFrame, id: &str) -> PolarsResult<Option<DataFrame>> {
    let ids = frame.column("customer_id")?.cast(&DataType::String)?;
    let is_it: BooleanChunked = ids.str()?.equal(id);
    let rows = frame.filter(&is_it)?;
    Ok((rows.height() > 0).then_some(rows))
}

/// Who was on the list then and is not now.
fn gone(then: &DataFrame, scored: &DataFrame, now: &Now<'_>) -> PolarsResult<Vec<Gone>> {
    let mut on_list = vec![false; now.customers.len()];
    now.listed.iter().for_each(|&position| on_list[position as usize] = true);

    let listed = then.filter(&then.column("group")?.is_not_null())?.select(["customer_id", "rank"])?;
    let (listed, scored) = of_one_kind(&listed, scored)?;
    let both = listed.join(&scored, ["customer_id"], ["customer_id"], JoinArgs::new(JoinType::Left), None)?;
    let ids = both.column("customer_id")?.cast(&DataType::String)?;
    let (ids, ranks, places) = (ids.str()?, both.column("rank")?.i64()?, both.column("position")?.u32()?);

    let mut gone: Vec<(Option<i64>, Gone)> = Vec::new();
    for row in 0..both.height() {
        let position = places.get(row);
        let is_listed = position.is_some_and(|position| on_list[position as usize]);
        if let (Some(id), false) = (ids.get(row), is_listed) {
            gone.push((ranks.get(row), Gone { id: id.to_owned(), position }));
        }
    }
    gone.sort_by_key(|(rank, _)| *rank);
    Ok(gone.into_iter().map(|(_, gone)| gone).collect())
}

/// The ids of some of the scored customers, with their places.
fn frame(now: &Now<'_>, places: Vec<u32>) -> PolarsResult<DataFrame> {
    let customers = places.iter().map(|&place| now.customers[place as usize] as usize);
    match now.ids {
        Ids::Integer(ids) => {
            let ids: Vec<i64> = customers.map(|customer| ids[customer]).collect();
            df!("customer_id" => ids, "position" => places)
        }
        Ids::Text { .. } => {
            let ids: Vec<&str> = customers.map(|customer| now.ids.text(customer)).collect();
            df!("customer_id" => ids, "position" => places)
        }
    }
}

/// A number that a run has of each scored customer whom it knows, with the place of the customer.
pub(super) fn numbers(run: &Run, scored: &DataFrame, column: &str) -> PolarsResult<Vec<(u32, f64)>> {
    let both = joined(scored, &read(&run.scores(), &["customer_id", column])?)?;
    let values = both.column(column)?.f64()?;
    Ok(positions(&both)?.into_iter().zip(values.iter().map(|value| value.unwrap_or(f64::NAN))).collect())
}

/// Who was on a run's list.
fn listed_ids(run: &Run) -> PolarsResult<DataFrame> {
    if run.list().exists() {
        return read(&run.list(), &["customer_id"]);
    }
    let scores = read(&run.scores(), &["customer_id", "group"])?;
    scores.filter(&scores.column("group")?.is_not_null())?.select(["customer_id"])
}

/// The rows of the scored customers whom an earlier table knows, with what it says of them.
fn joined(scored: &DataFrame, then: &DataFrame) -> PolarsResult<DataFrame> {
    let (scored, then) = of_one_kind(scored, then)?;
    scored.join(&then, ["customer_id"], ["customer_id"], JoinArgs::new(JoinType::Inner), None)
}

fn positions(both: &DataFrame) -> PolarsResult<Vec<u32>> {
    Ok(both.column("position")?.u32()?.iter().flatten().collect())
}

/// Two tables whose ids can be compared: as texts if they are of different kinds.
fn of_one_kind(one: &DataFrame, other: &DataFrame) -> PolarsResult<(DataFrame, DataFrame)> {
    if one.column("customer_id")?.dtype() == other.column("customer_id")?.dtype() {
        return Ok((one.clone(), other.clone()));
    }
    Ok((as_texts(one)?, as_texts(other)?))
}

fn as_texts(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let mut frame = frame.clone();
    let ids = frame.column("customer_id")?.cast(&DataType::String)?;
    frame.with_column(ids)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::columns::{write_parquet, Columns};
    use crate::publish::runs;
    use std::fs::File;

    fn texts(ids: &[&str]) -> Ids {
        let (mut bytes, mut ends) = (String::new(), Vec::new());
        for id in ids {
            bytes.push_str(id);
            ends.push(bytes.len());
        }
        Ids::Text { bytes, ends }
    }

    /// A published run of these customers, in rank order, of whom the first `listed` are on the list since `days`.
    fn publish(lists: &Path, as_of: Day, ids: &Ids, listed: usize, days: i64) {
        let folder = lists.join(format!("as_of={as_of}"));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| File::create(folder.join(name)).unwrap();
        let scores = |rows| {
            let mut table = Columns::for_rows(rows);
            table.ids("customer_id", ids, |row| row as u32);
            table.integers("rank", |row| Some(row as i64 + 1));
            table.floats("churn_probability", |row| 0.5 / (row + 1) as f64);
            table.floats("log_odds", |row| -(row as f64));
            table.texts("group", move |row| (row < listed).then_some("contact"));
            Ok(table)
        };
        write_parquet(Path::new("scores"), file("scores.parquet"), ids.len(), scores).unwrap();
        let list = |rows| {
            let mut table = Columns::for_rows(rows);
            table.ids("customer_id", ids, |row| row as u32);
            table.integers("days_listed", move |_| Some(days));
            Ok(table)
        };
        write_parquet(Path::new("list"), file("at_risk.parquet"), listed, list).unwrap();
        file("_SUCCESS");
    }

    fn history(lists: &Path, now: &Now<'_>) -> (History, Vec<Message>) {
        let mut notes = Vec::new();
        let earlier = runs::before(lists, now.as_of);
        let compared = comparable(&earlier, &mut notes);
        (History::read(&earlier, compared.as_ref(), now, &mut notes), notes)
    }

    #[test]
    fn customers_are_found_whether_ids_are_texts_or_integers() {
        for (then, now) in [
            (Ids::Integer(vec![30, 10, -2, 40]), Ids::Integer(vec![-2, 10, 20, 30])),
            (texts(&["30", "10", "-2", "40"]), Ids::Integer(vec![-2, 10, 20, 30])),
            (Ids::Integer(vec![30, 10, -2, 40]), texts(&["-2", "10", "20", "30"])),
            (texts(&["30", "10", "-2", "40"]), texts(&["-2", "10", "20", "30"])),
        ] {
            let lists = tempfile::tempdir().unwrap();
            publish(lists.path(), Day(100), &texts(&["20"]), 1, 1);
            publish(lists.path(), Day(110), &then, 4, 7);
            let now = Now { as_of: Day(120), ids: &now, customers: &[0, 1, 2, 3], listed: &[2, 3] };
            let (history, notes) = history(lists.path(), &now);
            assert!(notes.is_empty(), "{notes:?}");

            let earlier = history.earlier.unwrap();
            let ranks: Vec<Option<i64>> = earlier.customers.iter().map(|before| before.rank).collect();
            assert_eq!(ranks, [Some(3), Some(2), None, Some(1)]);
            assert_eq!((earlier.customers[3].log_odds, earlier.customers[3].days_listed), (0.0, Some(7)));
            assert!(earlier.customers[2].probability.is_nan() && !earlier.customers[2].was_listed);
            let gone: Vec<(&str, Option<u32>)> =
                earlier.gone.iter().map(|gone| (gone.id.as_str(), gone.position)).collect();
            assert_eq!(gone, [("10", Some(1)), ("-2", Some(0)), ("40", None)]);
            assert_eq!(history.was_listed_before, [false, false, true, false]);
            let ListsSoFar { lists, days, on_the_first, on_any, lines } = history.so_far;
            assert_eq!((lists, days, on_the_first, on_any, lines), (2, 10, 1, 5, 5));
        }
    }

    #[test]
    fn ids_that_anybody_may_have_chosen_are_compared_as_they_are() {
        let hostile = ["=1+1", "a\nb", "NULL", "\u{202e}", "ü", "u\u{308}", " x", "x"];
        let mut sorted = hostile;
        sorted.sort_unstable();
        let lists = tempfile::tempdir().unwrap();
        publish(lists.path(), Day(90), &texts(&hostile), 8, 1);
        let (ids, customers) = (texts(&sorted), [0, 1, 2, 3, 4, 5, 6, 7]);
        let now = Now { as_of: Day(120), ids: &ids, customers: &customers, listed: &customers };
        let (history, _) = history(lists.path(), &now);
        let earlier = history.earlier.unwrap();
        for (before, id) in earlier.customers.iter().zip(sorted) {
            let rank = hostile.iter().position(|known| *known == id).unwrap() as i64 + 1;
            assert_eq!(before.rank, Some(rank), "{id:?}");
        }
        assert!(earlier.gone.is_empty());
        assert!(history.probability_28_days_ago.iter().all(|p| !p.is_nan()), "the run is 30 days old");
    }

    #[test]
    fn an_empty_list_and_one_that_cannot_be_read_end_nothing() {
        let lists = tempfile::tempdir().unwrap();
        let ids = Ids::Integer(vec![1, 2]);
        publish(lists.path(), Day(100), &ids, 0, 1);
        publish(lists.path(), Day(110), &ids, 1, 1);
        std::fs::write(lists.path().join(format!("as_of={}/at_risk.parquet", Day(110))), "no list").unwrap();
        let now = Now { as_of: Day(120), ids: &ids, customers: &[0, 1], listed: &[0] };
        let (history, notes) = history(lists.path(), &now);
        let earlier = history.earlier.unwrap();
        assert!(earlier.run.as_of == Day(110) && earlier.customers[0].was_listed);
        assert_eq!(earlier.customers[0].days_listed, None);
        let told: Vec<String> = notes.iter().map(Message::to_string).collect();
        assert!(told.iter().all(|note| note.contains("at_risk.parquet") || note.contains("is left out")), "{told:?}");
        assert!(!notes.is_empty());
        assert_eq!(history.so_far.lists, 1);
    }
}
