//! `latest/risk.parquet`: the newest risk of every customer, under one name, for programs that keep a copy of it.
//! Whoever has left the list is told once more, so that no copy keeps yesterday's risk.

use super::columns::{self, Columns};
use super::list::{Details, Results};
use super::runs;
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::files::{self, Unfinished};
use crate::numeric::to_thousandths;
use crate::published::{Column, Content, Part};
use crate::sources::Ids;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The folder below the lists, and the file in it.
const FOLDER: &str = "latest";
const FILE: &str = "risk.parquet";

/// A customer who has left the list, or is scored no more after being on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaver {
    /// The id, as people write it.
    pub id: String,
    /// The place among the scored; none if the customer is not scored any more.
    pub position: Option<u32>,
    /// What has changed.
    pub text: Option<String>,
}

/// The rows of the file, in the order of ids; those whom the customers table does not know any more come last.
pub struct Latest<'a> {
    results: &'a Results<'a>,
    details: &'a [Details],
    leavers: &'a [Leaver],
    ids: Ids,
    rows: Vec<LatestRow>,
    /// Leavers whose ids are of another kind than those of the customers table, and have no place beside them.
    pub left_out: usize,
}

/// Where what is told of a customer is found.
#[derive(Clone, Copy, Default)]
struct LatestRow {
    /// The place in the order.
    place: Option<u32>,
    /// The place among the leavers.
    leaver: Option<u32>,
}

impl<'a> Latest<'a> {
    /// Of a run's results. `details` are those of the listed, in rank order.
    pub fn new(results: &'a Results<'a>, details: &'a [Details], leavers: &'a [Leaver]) -> Latest<'a> {
        let mut rows: Vec<(u32, LatestRow)> = Vec::with_capacity(results.ranking.order.len() + leavers.len());
        let mut of_leaver = vec![None; results.scores.customers.len()];
        let mut unknown = Vec::new();
        for (number, leaver) in (0u32..).zip(leavers) {
            match leaver.position {
                Some(position) => of_leaver[position as usize] = Some(number),
                None => match results.customers.ids.find(&leaver.id) {
                    Some(customer) => {
                        rows.push((customer as u32, LatestRow { place: None, leaver: Some(number) }));
                    }
                    None => unknown.push(number),
                },
            }
        }
        for (place, &position) in (0u32..).zip(&results.ranking.order) {
            let leaver = of_leaver[position as usize];
            rows.push((results.customer(position), LatestRow { place: Some(place), leaver }));
        }
        rows.sort_unstable_by_key(|(customer, _)| *customer);

        let mut ids = gathered(&results.customers.ids, rows.iter().map(|(customer, _)| *customer as usize));
        let mut rows: Vec<LatestRow> = rows.into_iter().map(|(_, row)| row).collect();
        let mut left_out = 0;
        for number in unknown {
            match push(&mut ids, &leavers[number as usize].id) {
                Some(()) => rows.push(LatestRow { place: None, leaver: Some(number) }),
                None => left_out += 1,
            }
        }
        Latest { results, details, leavers, ids, rows, left_out }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn details(&self, row: usize) -> Option<&Details> {
        self.details.get(self.rows[row].place? as usize)
    }

    /// Some of the rows.
    pub fn table(&self, rows: Range<usize>) -> Columns<'_> {
        let mut table = Columns::for_rows(rows);
        table.mark(Content::Latest);
        for column in Content::Latest.columns() {
            self.add(&mut table, *column);
        }
        table
    }

    fn add<'b>(&'b self, table: &mut Columns<'b>, column: Column) {
        let place = |row: usize| self.rows[row].place.map(|place| place as usize);
        let leaver = |row: usize| self.rows[row].leaver.map(|leaver| &self.leavers[leaver as usize]);
        let action = |row: usize| self.details(row)?.action.as_ref();
        let results = self.results;
        let name = &column.name();

        match column {
            Column::CustomerId => table.ids(name, &self.ids, |row| row as u32),
            Column::RoundedProbability => table.floats(name, move |row| {
                let position = place(row).map(|place| results.ranking.order[place] as usize);
                position.map_or(f64::NAN, |position| to_thousandths(results.scores.probabilities[position]))
            }),
            Column::RiskTier => table.texts(name, move |row| place(row).map(|place| results.tier(place))),
            Column::Listed => table.flags(name, |row| Some(self.details(row).is_some())),
            Column::Group => table.texts(name, move |row| {
                let place = place(row).filter(|&place| place < results.ranking.listed)?;
                Some(results.group(results.ranking.order[place]).name())
            }),
            Column::Reason(number, part) => table.texts(name, move |row| {
                let reason = self.details(row)?.explanation.reasons.get(number - 1)?;
                Some(if part == Part::Code { reason.code.as_str() } else { reason.text.as_str() })
            }),
            Column::Action => table.texts(name, move |row| action(row).map(|action| action.action.as_str())),
            Column::ActionOwner => table.texts(name, move |row| action(row)?.owner.as_deref()),
            Column::ActionDue => table.days(name, move |row| Some(action(row)?.due?.0)),
            Column::ControlKey => table.texts(name, move |_| results.control_key()),
            Column::Status => table.texts(name, move |row| match self.details(row) {
                Some(details) => Some(details.status.name()),
                None => leaver(row).map(|_| super::list::Status::Left.name()),
            }),
            Column::ChangeReasonText => table.texts(name, move |row| match self.details(row) {
                Some(details) => details.change_text.as_deref(),
                None => leaver(row)?.text.as_deref(),
            }),
            Column::AsOf => table.folder_day(name, results.as_of),
            Column::Rank => table.integers(name, move |row| place(row).map(|place| place as i64 + 1)),
            Column::ModelVersion => table.texts(name, move |_| Some(results.model_version)),
            // The others are no columns of this table.
            _ => {}
        }
    }
}

/// Some of the ids of a table.
fn gathered(ids: &Ids, places: impl Iterator<Item = usize>) -> Ids {
    if let Ids::Integer(ids) = ids {
        return Ids::Integer(places.map(|place| ids[place]).collect());
    }
    let (mut bytes, mut ends) = (String::new(), Vec::new());
    for place in places {
        bytes.push_str(ids.text(place));
        ends.push(bytes.len());
    }
    Ids::Text { bytes, ends }
}

/// Adds an id as people write it, if it is of the same kind.
fn push(ids: &mut Ids, id: &str) -> Option<()> {
    match ids {
        Ids::Integer(ids) => ids.push(id.parse().ok()?),
        Ids::Text { bytes, ends } => {
            bytes.push_str(id);
            ends.push(bytes.len());
        }
    }
    Some(())
}

/// The file, written beside its place. Dropped without [`Staged::put`], it leaves nothing.
pub struct Staged {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Staged {
    /// Writes the rows beside the place of the file; nothing if a later date than this one is published.
    ///
    /// # Errors
    /// Those of writing; [`Error::Config`] when something is in the way that is no file.
    pub fn write(lists: &Path, as_of: Day, rows: &Latest<'_>, unfinished: &Unfinished) -> Result<Option<Staged>> {
        if runs::published(lists).last().is_some_and(|newest| newest.as_of > as_of) {
            return Ok(None);
        }
        let target = lists.join(FOLDER).join(FILE);
        if target.is_dir() {
            let found = target.display();
            return Err(Error::Config(format!("{found}: a folder is in the way of the file; move it away")));
        }
        if lists.join(FOLDER).symlink_metadata().is_ok_and(|found| found.is_file()) {
            let found = lists.join(FOLDER);
            let found = found.display();
            return Err(Error::Config(format!("{found}: a file is in the way of the folder; move it away")));
        }

        let folder = unfinished.folder(lists, ".tmp-")?;
        let path = folder.path().join(FILE);
        let failed = |error: std::io::Error| Error::writing(&path, &error);
        let mut file = File::create(&path).map_err(failed)?;
        columns::write_parquet(&path, &mut file, rows.len(), |part| Ok(rows.table(part)))?;
        file.sync_all().map_err(failed)?;
        Ok(Some(Staged { folder, target }))
    }

    /// Puts the file in its place, in one step.
    ///
    /// # Errors
    /// Those of renaming.
    pub fn put(self) -> Result<()> {
        self.target.parent().map_or(Ok(()), files::create_folder)?;
        std::fs::rename(self.folder.path().join(FILE), &self.target)
            .map_err(|error| Error::writing(&self.target, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artefact::Scores;
    use crate::config::Settings;
    use crate::publish::list::Move;
    use crate::ranking::Ranking;
    use crate::sources::CustomerTable;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn customers(ids: Ids) -> CustomerTable {
        CustomerTable { rows: ids.len() as u64, ids, ..CustomerTable::default() }
    }

    fn texts(ids: &[&str]) -> Ids {
        let mut all = Ids::Text { bytes: String::new(), ends: Vec::new() };
        ids.iter().for_each(|id| push(&mut all, id).unwrap());
        all
    }

    fn leaver(id: &str, position: Option<u32>) -> Leaver {
        Leaver { id: id.to_owned(), position, text: Some("Left the list. Cancelled on 28 May".to_owned()) }
    }

    /// The ids and how many rows are left out.
    fn ids_of(customers: &CustomerTable, scored: &[u32], leavers: &[Leaver]) -> (Vec<String>, usize) {
        let settings = Settings::from_toml_str("[table]", Path::new("")).unwrap();
        let scores =
            Scores { customers: scored.to_vec(), probabilities: vec![0.12345; scored.len()], ..Scores::default() };
        let ranking = Ranking { order: (0..scored.len() as u32).rev().collect(), listed: 0, savings: None };
        let moves: &[Move] = &[];
        let results = Results {
            as_of: Day(0),
            customers,
            scores: &scores,
            ranking: &ranking,
            moves,
            model_version: "v0001",
            settings: &settings.list,
        };
        let latest = Latest::new(&results, &[], leavers);

        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::write(folder.path(), Day(0), &latest, &Unfinished::default()).unwrap().unwrap();
        assert!(!folder.path().join(FOLDER).exists());
        staged.put().unwrap();
        let file = File::open(folder.path().join(FOLDER).join(FILE)).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert_eq!(builder.metadata().file_metadata().num_rows() as usize, latest.len());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        ((0..latest.ids.len()).map(|row| latest.ids.display(row)).collect(), latest.left_out)
    }

    #[test]
    fn rows_are_in_the_order_of_ids_and_whoever_is_gone_from_the_table_comes_last() {
        let hostile = ["\u{202e}x", "'; DROP TABLE", "=1+1", "a\nb", "ü"];
        let mut sorted = hostile;
        sorted.sort_unstable();
        let table = customers(texts(&sorted));
        let leavers = [leaver("zz, \"gone\"", None), leaver(sorted[1], None), leaver(sorted[3], Some(2))];
        let (ids, left_out) = ids_of(&table, &[4, 0, 3], &leavers);
        assert_eq!(ids, [sorted[0], sorted[1], sorted[3], sorted[4], "zz, \"gone\""]);
        assert_eq!(left_out, 0);

        let table = customers(Ids::Integer(vec![-12, 3, 99]));
        let leavers = [leaver("C0042", None), leaver("7", None), leaver("-12", Some(0))];
        assert_eq!(ids_of(&table, &[0, 2], &leavers), (["-12", "99", "7"].map(str::to_owned).to_vec(), 1));
        assert_eq!(ids_of(&table, &[], &[]), (Vec::new(), 0));
    }

    #[test]
    fn what_is_in_the_way_is_named_and_a_later_run_keeps_the_file() {
        let settings = Settings::from_toml_str("[table]", Path::new("")).unwrap();
        let (table, scores) = (customers(Ids::Integer(Vec::new())), Scores::default());
        let ranking = Ranking { order: Vec::new(), listed: 0, savings: None };
        let results = Results {
            as_of: Day(10),
            customers: &table,
            scores: &scores,
            ranking: &ranking,
            moves: &[],
            model_version: "v0001",
            settings: &settings.list,
        };
        let latest = Latest::new(&results, &[], &[]);
        let lists = tempfile::tempdir().unwrap();
        let write = || Staged::write(lists.path(), Day(10), &latest, &Unfinished::default());

        std::fs::write(lists.path().join(FOLDER), "").unwrap();
        let error = write().err().unwrap();
        assert!(error.exit_code() == 2 && error.to_string().contains("latest: a file is in the way"), "{error}");
        std::fs::remove_file(lists.path().join(FOLDER)).unwrap();
        std::fs::create_dir_all(lists.path().join(FOLDER).join(FILE)).unwrap();
        assert!(write().err().unwrap().to_string().contains("risk.parquet: a folder is in the way"));
        std::fs::remove_dir(lists.path().join(FOLDER).join(FILE)).unwrap();
        assert!(write().unwrap().is_some());

        let later = lists.path().join("as_of=1970-01-12");
        std::fs::create_dir(&later).unwrap();
        assert!(write().unwrap().is_some(), "a folder without _SUCCESS is no run");
        std::fs::write(later.join("_SUCCESS"), "").unwrap();
        assert!(write().unwrap().is_none());
    }
}
