//! Files that are skipped for the days that their folders are named for, where these can be trusted.

use super::open_file::{open_file, OpenFile};
use super::statistics;
use crate::calendar::{Day, Zone};
use crate::config::EpochUnit;
use crate::observer::Note;
use crate::sources::contract::{Need, Role};
use crate::sources::files::SourceFile;
use rayon::prelude::*;

/// Files whose footers are compared with their folders before any file is skipped: all, or so many of them, evenly spread from
/// the first day to the last.
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
    /// Takes out the files that hold none of the needed days, as their folders tell. If the rows of any file that is compared
    /// are of other days than its folder, by more than the day that zones may make, none is taken out.
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
        let opened =
            compared.into_par_iter().filter_map(|file| open_file(file.clone(), std::slice::from_ref(&need)).ok());
        let opened: Vec<OpenFile> = opened.collect();
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
            "{what}: the days in the names of folders are not those of the rows ({contradicts}), so no file is skipped for its \
             folder"
        )))
    }

    /// The days of a file's rows; none if it has no rows, or no times of its own, and an error where its statistics do not
    /// tell.
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
