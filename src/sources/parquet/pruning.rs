//! Files that are skipped for the days that their folders are named for, where these can be trusted.

use super::open_file::{open_file, OpenFile};
use super::statistics;
use crate::calendar::{Day, Zone};
use crate::config::EpochUnit;
use crate::observer::Note;
use crate::parallel;
use crate::sources::contract::{Need, Role};
use crate::sources::files::SourceFile;

/// Files whose footers are compared with their folders before any file is skipped: all, or so many of them, evenly
/// spread from the first day to the last.
const COMPARED: usize = 512;

/// The days that a run needs of a table.
#[derive(Clone, Copy, Debug)]
pub struct NeededDays<'a> {
    /// The column of the time.
    pub time: &'a str,
    /// What its numbers count, if it holds numbers.
    pub unit: Option<EpochUnit>,
    /// The zone that they are days of.
    pub zone: &'a Zone,
    /// The first and the last of them; none if the run needs all.
    pub days: Option<(Day, Day)>,
}

/// What came of skipping files.
#[derive(Debug, Default)]
pub(super) struct Pruning {
    /// How many are skipped.
    pub files: usize,
    /// The first day that their folders name.
    pub first_day: Option<Day>,
    /// Why none is.
    pub contradiction: Option<Note>,
}

impl NeededDays<'_> {
    /// Takes out the files that hold none of the needed days, as their folders tell. If the rows of any file that is
    /// compared are of other days than its folder, by more than the day that zones may make, none is taken out.
    pub(super) fn prune(&self, what: &str, files: &mut Vec<SourceFile>) -> Pruning {
        let Some((first, last)) = self.days else { return Pruning::default() };
        let lies_outside = |file: &SourceFile| {
            let days = file.partition_days(self.time, self.zone);
            days.is_some_and(|(from, to)| to.plus(1) < first || from.plus(-1) > last)
        };
        if !files.iter().any(lies_outside) {
            return Pruning::default();
        }

        let need = Need::required(what, "time", self.time, Role::time(self.unit));
        let compared: Vec<&SourceFile> = self.spread(files);
        let opened = parallel::map(compared, |file| open_file(file.clone(), std::slice::from_ref(&need)).ok());
        let opened: Vec<OpenFile> = opened.into_iter().flatten().collect();
        let contradiction = self.contradiction(what, &opened);
        if contradiction.is_some() {
            return Pruning { contradiction, ..Pruning::default() };
        }

        let all = files.len();
        let skipped = files.iter().filter(|file| lies_outside(file));
        let first_day = skipped.filter_map(|file| Some(file.partition_days(self.time, self.zone)?.0)).min();
        files.retain(|file| !lies_outside(file));
        Pruning { files: all - files.len(), first_day, contradiction: None }
    }

    /// The files to be compared, in the order of their days.
    fn spread<'f>(&self, files: &'f [SourceFile]) -> Vec<&'f SourceFile> {
        let mut dated: Vec<(Day, &SourceFile)> =
            files.iter().filter_map(|file| Some((file.partition_days(self.time, self.zone)?.0, file))).collect();
        dated.sort_by_key(|(day, _)| *day);
        let count = dated.len().min(COMPARED);
        (0..count).map(|at| dated[at * (dated.len() - 1) / (count - 1).max(1)].1).collect()
    }

    /// A note that folders and rows disagree, if they do in any of the files.
    pub(super) fn contradiction(&self, what: &str, files: &[OpenFile]) -> Option<Note> {
        let contradicts = files.iter().find_map(|file| {
            let (first, last) = file.file.partition_days(self.time, self.zone)?;
            match self.days_of_rows(file)? {
                Ok((from, to)) if from.plus(1) >= first && to.plus(-1) <= last => None,
                Ok((from, to)) => Some(format!("{} holds rows of {from} to {to}", file.file.path.display())),
                Err(()) => Some(format!("{} has no statistics of its times", file.file.path.display())),
            }
        })?;
        Some(Note::detail(format!(
            "{what}: the days in the names of folders are not those of the rows ({contradicts}), so no file is skipped \
             for its folder"
        )))
    }

    /// The days of a file's rows; none if it has no rows, or no times of its own, and an error where its statistics do
    /// not tell.
    fn days_of_rows(&self, file: &OpenFile) -> Option<Result<(Day, Day), ()>> {
        file.data_type(self.time)?;
        let mut days: Option<(Day, Day)> = None;
        for group in (0..file.metadata.metadata().num_row_groups()).filter(|&group| file.group_rows(group) > 0) {
            let Some((first, last)) = statistics::time_range(file, self.time, group, self.zone) else {
                return Some(Err(()));
            };
            let (first, last) = (self.zone.day_of(first), self.zone.day_of(last));
            days = Some(days.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
        days.map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::MICROS;
    use crate::sources::parquet::decode::Times;
    use crate::sources::parquet::Table;
    use arrow_array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::{EnabledStatistics, WriterProperties};
    use proptest::prelude::*;
    use std::fs::{self, File};
    use std::path::Path;
    use std::sync::Arc;

    /// A file: how many days lie between its folder and some of its rows, in seconds the times of day of all, whether
    /// it has statistics, and how its folder is spelt.
    #[derive(Clone, Debug)]
    struct Given {
        day: i32,
        off: i32,
        seconds: Vec<i64>,
        has_statistics: bool,
        spelling: usize,
    }

    fn given() -> impl Strategy<Value = Given> {
        let off = prop_oneof![6 => Just(0), 2 => -1..=1, 1 => -40..40];
        let seconds = prop::collection::vec(0i64..86_400, 0..4);
        let has_statistics = prop_oneof![9 => Just(true), 1 => Just(false)];
        let all = (0..30, off, seconds, has_statistics, 0usize..3);
        all.prop_map(|(day, off, seconds, has_statistics, spelling)| Given {
            day: 20_500 + day,
            off,
            seconds,
            has_statistics,
            spelling,
        })
    }

    fn write(table: &Path, number: usize, file: &Given) {
        let date = Day(file.day).to_string();
        let folder = match file.spelling {
            0 => format!("dt={date}"),
            1 => format!("dt={}", date.replace('-', "")),
            _ => format!("year={}/month={}/day={}", &date[..4], &date[5..7], &date[8..]),
        };
        let days = |place: usize| i64::from(file.day + if place == 0 { file.off } else { 0 });
        let times = file.seconds.iter().enumerate().map(|(place, second)| (days(place) * 86_400 + second) * MICROS);
        let column: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"));
        let name = if file.spelling == 2 { "ts" } else { "dt" };
        let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();

        fs::create_dir_all(table.join(&folder)).unwrap();
        let statistics = if file.has_statistics { EnabledStatistics::Chunk } else { EnabledStatistics::None };
        let properties = WriterProperties::builder().set_statistics_enabled(statistics).build();
        let out = File::create(table.join(&folder).join(format!("{number}.parquet"))).unwrap();
        let mut writer = ArrowWriter::try_new(out, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    /// The instants of the rows of some days, in order.
    fn rows(path: &Path, column: &str, zone: &Zone, (first, last): (Day, Day), is_pruned: bool) -> Vec<i64> {
        let needs = [Need::required("signals.s", "time", column, Role::Time)];
        let needed = NeededDays { time: column, unit: None, zone, days: Some((first, last)) };
        let mut problems = Vec::new();
        let table = Table::open("signal `s`", path, None, &needs, is_pruned.then_some(needed), &mut problems);
        assert!(problems.is_empty(), "{problems:?}");

        let (mut times, mut all) = (Times::new(zone), Vec::new());
        for file in &table.unwrap().files {
            for batch in file.read(&[column], None, 100).unwrap() {
                let mut instants = Vec::new();
                times.fill_column(&batch.unwrap(), column, &mut instants);
                all.extend(
                    instants.into_iter().filter(|&at| at >= zone.midnight(first) && at < zone.midnight(last.plus(1))),
                );
            }
        }
        all.sort_unstable();
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn what_is_read_of_some_days_is_the_same_whether_or_not_files_are_skipped(
            mut files in prop::collection::vec(given(), 1..8),
            by_parts in any::<bool>(),
            zone in prop_oneof![Just("UTC"), Just("Asia/Tokyo"), Just("America/New_York")],
            first in 20_495i32..20_535,
            length in 0i32..12,
        ) {
            for file in &mut files {
                file.spelling = if by_parts { 2 } else { file.spelling % 2 };
            }
            let folder = tempfile::tempdir().unwrap();
            files.iter().enumerate().for_each(|(number, file)| write(folder.path(), number, file));
            let (zone, column) = (Zone::named(zone).unwrap(), if by_parts { "ts" } else { "dt" });
            let days = (Day(first), Day(first + length));
            let all = rows(folder.path(), column, &zone, days, false);
            prop_assert_eq!(rows(folder.path(), column, &zone, days, true), all);
        }
    }
}
