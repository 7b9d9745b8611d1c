//! Whether a definition of churn fits the customers: what `check` and `train` say when most of them churn by it or
//! nearly none, when windows are short beside the customers' rhythm, when a snapshot has no rows or labels of one kind,
//! when customers had left before the list was made, and when nothing can be evaluated.

use super::context::Job;
use crate::calendar::Day;
use crate::config::{Activity, Churn, ChurnDefinition};
use crate::dataset::silence::{Silence, SilencePlan};
use crate::dataset::snapshots::Snapshots;
use crate::dataset::{Dataset, RowCounts, Selection, Tables};
use crate::eligibility::Exclusions;
use crate::error::Result;
use crate::infer::SENSIBLE;
use crate::labels;
use crate::language::Message;

/// Rows from which a share of churners says something.
const ENOUGH_ROWS: u64 = 200;
/// As many churners have to be expected on a date before it means something that there are none. Of so many, chance
/// leaves none three times in ten million.
const SURELY_SOME: f64 = 15.0;
/// The share of customers who had left already from which it is worth a word.
const MANY_LEFT: f64 = 0.1;

/// For how long the customers of some rows have been silent, if that is known.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn silence(job: &Job<'_>, data: &Dataset, rows: &Selection) -> Result<Option<Silence>> {
    let (settings, zone) = (job.settings(), job.zone());
    let plan = SilencePlan {
        eligibility: &settings.eligibility,
        churn: &settings.churn,
        features: &settings.features,
        zone: &zone,
    };
    plan.count(data, rows)
}

/// Of whom it is said that they have left already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// The customers on a list.
    Listed,
    /// Those whom a model learns from.
    Learned,
    /// Those who are to be scored.
    ToScore,
}

/// Says when many of those who are, or would be, on a list have left already by the definition.
pub(super) fn warn_of_those_who_left(job: &Job<'_>, who: Who, silence: Option<&Silence>) {
    let settings = job.settings();
    let churn = &settings.churn;
    let days = labels::span_days(churn);
    let share = silence.and_then(|silence| silence.share(days)).filter(|share| *share >= MANY_LEFT);
    if let (ChurnDefinition::Inactivity, Some(share)) = (churn.definition, share) {
        let message = Message::new("score-left-already").percent("share", share, 0).count("days", days).text(
            "who",
            match who {
                Who::Listed => "listed",
                Who::Learned => "learned",
                Who::ToScore => "to-score",
            },
        );
        job.warn(match settings.eligibility.activity() {
            Activity::Any => message.message("signals", Message::new("any-signal")),
            Activity::Of(names) => {
                message.joined("signals", names.iter().map(|name| format!("`{name}`")), "or", usize::MAX)
            }
        });
    }
}

/// Says what a person should know about the labelled rows of a training before trusting a model of them.
///
/// # Errors
/// When features that lie on disk cannot be read.
pub(super) fn advise(job: &Job<'_>, tables: &Tables, data: &Dataset, snapshots: &Snapshots) -> Result<()> {
    let counts: Vec<RowCounts> = (0..data.as_of.len()).map(|date| data.counts(date)).collect();
    let all = sum(&counts);

    tell(job, without_rows(data, &counts));
    warn_of_one_class(job, data);
    tell(job, base_rate(&job.settings().churn, all, data.pauses.median()));
    tell(job, short_windows(job, data));

    let labelled = Selection::labelled(data, |_| true);
    if job.settings().churn.definition == ChurnDefinition::Inactivity {
        let silence = silence(job, data, &labelled)?;
        warn_of_those_who_left(job, Who::Learned, silence.as_ref());
    }

    let held_out: Vec<RowCounts> = snapshots
        .evaluation
        .iter()
        .filter_map(|day| data.as_of.binary_search(day).ok())
        .map(|date| counts[date])
        .collect();
    tell(job, nothing_to_judge(job, tables, data, snapshots, sum(&held_out)));
    Ok(())
}

/// Says on which dates all labels are the same although on the others they are not.
pub(super) fn warn_of_one_class(job: &Job<'_>, data: &Dataset) {
    let mut counts = vec![RowCounts::default(); data.as_of.len()];
    for block in &data.blocks {
        for (row, &date) in block.as_of.iter().enumerate() {
            let Some(label) = block.label(row) else { continue };
            counts[date as usize].rows += 1;
            counts[date as usize].churners += u64::from(label);
        }
    }

    let all = sum(&counts);
    for (&day, date) in data.as_of.iter().zip(&counts) {
        let (rows, churners) = ((all.rows - date.rows) as f64, (all.churners - date.churners) as f64);
        let (churn, stay) = (churners / rows.max(1.0), 1.0 - churners / rows.max(1.0));
        let expected = |share: f64| date.rows as f64 * share;
        let who = match date.churners {
            0 if expected(churn) > SURELY_SOME => "none",
            all if all == date.rows && expected(stay) > SURELY_SOME => "all",
            _ => continue,
        };
        job.warn(format!(
            "{who} of the {} labelled rows of {day} churned, and {:.1} % of those of the other dates: the labels of a \
             date that are all the same are usually missing or wrong. Check where they come from, or leave the date \
             out",
            date.rows,
            100.0 * churn,
        ));
    }
}

fn tell(job: &Job<'_>, warning: Option<String>) {
    if let Some(warning) = warning {
        job.warn(warning);
    }
}

fn sum(counts: &[RowCounts]) -> RowCounts {
    counts.iter().fold(RowCounts::default(), |sum, date| RowCounts {
        rows: sum.rows + date.rows,
        churners: sum.churners + date.churners,
    })
}

/// What to say of dates on which nobody is eligible, and why nobody is.
fn without_rows(data: &Dataset, counts: &[RowCounts]) -> Option<String> {
    let mut days = Vec::new();
    let mut exclusions = Exclusions::default();
    for (date, day) in data.as_of.iter().enumerate().filter(|(date, _)| counts[*date].rows == 0) {
        days.push(day.to_string());
        exclusions.merge(&data.exclusions[date]);
    }
    if days.is_empty() {
        return None;
    }

    Some(format!(
        "nobody is eligible, so there are no rows, on the snapshot{} {} (excluded: {exclusions}). Choose other dates \
         in [training], or check [eligibility] and the paths",
        if days.len() == 1 { "" } else { "s" },
        days.join(", "),
    ))
}

/// What to say of a definition by which most customers churn, or nearly none.
fn base_rate(churn: &Churn, RowCounts { rows, churners }: RowCounts, pause: Option<u32>) -> Option<String> {
    let share = churners as f64 / rows.max(1) as f64;
    if rows < ENOUGH_ROWS || SENSIBLE.contains(&share) {
        return None;
    }

    let pauses = pause
        .map_or_else(String::new, |days| format!(" Half of the customers usually pause for {days} days or longer."));
    let horizon = churn.horizon_days;
    Some(match (share > *SENSIBLE.end(), churn.definition) {
        (true, ChurnDefinition::Inactivity) => format!(
            "most customers churn by this definition: {:.0} % of {rows} labelled rows, by silence of {} for {horizon} \
             days. A silence that is usual says little about leaving.{pauses} Raise churn.horizon_days, if the history \
             has room for it, or let more signals of the customers' own doing count (churn.signals)",
            100.0 * share,
            churn.signals.join(", "),
        ),
        (true, ChurnDefinition::Event) => format!(
            "most customers churn by this definition: {:.0} % of {rows} labelled rows. Check that the table of \
             cancellations (churn.path) has no date for those who stayed, and that [eligibility] does not leave those \
             out who stay",
            100.0 * share,
        ),
        (false, ChurnDefinition::Inactivity) => format!(
            "hardly any customer churns by this definition: {churners} of {rows} labelled rows, by silence of {} for \
             {horizon} days.{pauses} Lower churn.horizon_days, or let fewer signals count (churn.signals): rows that \
             are not the customers' own doing, such as messages sent to them, hide silence",
            churn.signals.join(", "),
        ),
        (false, ChurnDefinition::Event) => format!(
            "hardly any customer churns by this definition: {churners} of {rows} labelled rows, within {horizon} days. \
             Raise churn.horizon_days, and check that the table of cancellations (churn.path) is complete and names \
             the customers by the same ids",
        ),
    })
}

/// What to say where every window is shorter than the pauses of most customers.
fn short_windows(job: &Job<'_>, data: &Dataset) -> Option<String> {
    let pause = data.pauses.median()?;
    let windows = &job.settings().features.windows_days;
    let longest = windows.iter().copied().max().filter(|&longest| longest < pause)?;
    Some(format!(
        "windows are short beside the customers' rhythm: half of them usually pause for {pause} days or longer between \
         two rows of {}, and the longest window has {longest}, so most counts are 0 and say nothing. Raise \
         features.windows_days, to [{}, {}, {}] for example",
        job.settings().eligibility.activity(),
        pause,
        pause.saturating_mul(2),
        pause.saturating_mul(4),
    ))
}

/// What to say where the held-out rows are of one kind, or none: since when the data say nothing, and what to do.
fn nothing_to_judge(
    job: &Job<'_>,
    tables: &Tables,
    data: &Dataset,
    snapshots: &Snapshots,
    RowCounts { rows, churners }: RowCounts,
) -> Option<String> {
    let churn = &job.settings().churn;
    let (first, last) = (snapshots.evaluation.first()?, snapshots.evaluation.last()?);
    let from = first.later_by(churn.gap_days);
    let to = last.later_by(labels::span_days(churn)).plus(-1);
    let window = format!("between {from} and {to}");
    let dates: Vec<String> = snapshots.evaluation.iter().map(Day::to_string).collect();
    let dates = dates.join(", ");

    let because = if rows == 0 {
        format!("no customer has a row on {dates}")
    } else if churners == 0 {
        let newest = match churn.definition {
            ChurnDefinition::Event => {
                tables.cancellations.newest().map(|day| format!("the newest cancellation is of {day}"))
            }
            ChurnDefinition::Inactivity => None,
        };
        let newest = newest.map_or_else(String::new, |newest| format!("; {newest}"));
        format!("none of the {rows} customers of {dates} churned {window}{newest}")
    } else if churners == rows {
        let newest = newest_activity(data, tables, job).filter(|_| churn.definition == ChurnDefinition::Inactivity);
        let newest = newest
            .map_or_else(String::new, |day| format!("; the newest row of {} is of {day}", churn.signals.join(", ")));
        format!("all {rows} customers of {dates} churned {window}{newest}")
    } else {
        return None;
    };
    Some(format!(
        "nothing can be said of how good the model is: {because}. If the data end early, load the missing days, or \
         train with what was known before they did (--as-of DATE); otherwise hold out other snapshots \
         (training.evaluation)"
    ))
}

/// The day of the newest row of the signals whose silence is churn.
fn newest_activity(data: &Dataset, tables: &Tables, job: &Job<'_>) -> Option<Day> {
    let settings = job.settings();
    let reports = settings.signals.keys().zip(&data.reports).filter(|(name, _)| settings.churn.signals.contains(name));
    reports.filter_map(|(_, report)| report.rows.newest).max().map(|instant| tables.zone.day_of(instant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use std::path::Path;

    fn churn(of: &str) -> Churn {
        let text = format!(
            "[customers]\npath = \"c\"\nid = \"id\"\n[signals.orders]\nkind = \"event\"\npath = \"o\"\nid = \"id\"\n\
             time = \"ts\"\n[churn]\n{of}"
        );
        Settings::from_toml_str(&text, Path::new(".")).unwrap().churn
    }

    #[test]
    fn a_share_of_churners_that_says_little_is_told() {
        let (event, silence) = (churn("path = \"gone\""), churn("definition = \"inactivity\"\nsignals = [\"orders\"]"));
        let said = |churn: &Churn, churners, rows| base_rate(churn, RowCounts { rows, churners }, Some(41));

        for churn in [&event, &silence] {
            for (churners, rows) in [(5, 1_000), (500, 1_000), (0, 199), (199, 199)] {
                assert_eq!(said(churn, churners, rows), None, "{churners} of {rows}");
            }
            let (many, few) = (said(churn, 501, 1_000).unwrap(), said(churn, 4, 1_000).unwrap());
            assert!(many.starts_with("most customers churn") && many.contains("50 % of 1000"), "{many}");
            assert!(few.starts_with("hardly any customer") && few.contains("4 of 1000"), "{few}");
            assert_eq!(many.contains("pause for 41 days"), churn.definition == ChurnDefinition::Inactivity);
        }
    }
}
