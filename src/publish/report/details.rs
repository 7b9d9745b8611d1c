//! What stands behind the risk of the first customers of a list: every contribution to it, their rows week by week, and
//! their last answers to surveys.

use super::filters::Segments;
use super::listed::Columns;
use super::pictures::{step, weeks};
use super::run::PublishedRun;
use super::text::{shown, spaced};
use crate::error::Result;
use crate::language::Texts;
use crate::publish::details::{ANSWER, CONTRIBUTION, SEGMENT, WEEK};
use hashbrown::HashMap;
use minijinja::Value;
use serde::Serialize;

/// What stands behind a customer's risk.
#[derive(Serialize)]
pub struct Details {
    label: String,
    caption: String,
    lines: Vec<String>,
    reference: String,
    steps: Vec<Step>,
    total: String,
    weeks_caption: String,
    weeks: Vec<Weeks>,
    answers: Vec<Answer>,
}

/// A step from the reference to the customer's log-odds.
#[derive(Serialize)]
struct Step {
    code: String,
    text: String,
    by: String,
    picture: Value,
}

/// The rows of a signal.
#[derive(Serialize)]
struct Weeks {
    signal: String,
    picture: Value,
    numbers: String,
}

#[derive(Serialize)]
struct Answer {
    day: String,
    instrument: String,
    score: String,
}

/// A contribution to a customer's log-odds.
struct Contribution {
    code: String,
    text: String,
    value: f64,
}

/// An answer to a survey.
struct GivenAnswer {
    instrument: String,
    day: String,
    score: f64,
}

/// What is known of a customer.
#[derive(Default)]
struct OfCustomer {
    contributions: Vec<Contribution>,
    /// Of each signal the rows of its weeks, the oldest first.
    weeks: Vec<(String, Vec<u64>)>,
    answers: Vec<GivenAnswer>,
}

/// What the files say of the listed customers beyond the list itself.
pub struct Known {
    /// The segments that they belong to.
    pub segments: Segments,
    by_rank: HashMap<i64, OfCustomer>,
}

impl Known {
    /// Of a run; nothing if it was published without details.
    ///
    /// # Errors
    /// [`Error::Contract`](crate::Error::Contract) for details of another version of the program.
    pub fn read(run: &PublishedRun) -> Result<Known> {
        let mut known = Known { segments: Segments::new(), by_rank: HashMap::new() };
        let Some(details) = &run.details else { return Ok(known) };
        let (rank, kind, name) = (details.column("rank")?, details.column("detail")?, details.column("name")?);
        let (text, value) = (details.column("text")?, details.column("value")?);

        for row in 0..details.rows() {
            let (Some(rank), Some(kind), Some(name)) = (rank.number(row), kind.text(row), name.text(row)) else {
                continue;
            };
            let (rank, value) = (rank as i64, value.number(row).unwrap_or(0.0));
            if kind == SEGMENT {
                known.segments.entry(name).or_default().insert(rank, text.text(row).unwrap_or_default());
                continue;
            }

            let customer = known.by_rank.entry(rank).or_default();
            let text = || text.text(row).unwrap_or_default();
            match kind.as_str() {
                CONTRIBUTION => customer.contributions.push(Contribution { code: name, text: text(), value }),
                WEEK => match customer.weeks.last_mut().filter(|(signal, _)| *signal == name) {
                    Some((_, counts)) => counts.push(value as u64),
                    None => customer.weeks.push((name, vec![value as u64])),
                },
                ANSWER => customer.answers.push(GivenAnswer { instrument: name, day: text(), score: value }),
                _ => {}
            }
        }
        Ok(known)
    }

    /// Whether there is more to say of any customer than the list does.
    pub fn has_details(&self) -> bool {
        !self.by_rank.is_empty()
    }

    /// What stands behind the risk of the customer in a row of the list; none if that is not known.
    pub fn details(&self, run: &PublishedRun, texts: &Texts, cells: &Columns<'_>, row: usize) -> Option<Details> {
        let known = self.by_rank.get(&(cells.rank.number(row)? as i64))?;
        let name = [("customer", shown(&cells.customer.text(row).unwrap_or_default()).into())];
        let reference = run.manifest.reference_log_odds;
        let total: f64 = known.contributions.iter().map(|contribution| contribution.value).sum();
        let signed = |value: f64| texts.language().numbers().signed(value, 2);
        let most_weeks = known.weeks.iter().map(|(_, counts)| counts.len()).max().unwrap_or(0);
        let told = [("weeks", most_weeks.into()), ("date", texts.language().date(run.as_of).into())];

        Some(Details {
            label: texts.with("details-of", &name),
            caption: texts.with("contributions-caption", &name),
            lines: lines(texts, cells, row),
            reference: signed(reference),
            steps: steps(&known.contributions, reference, &signed),
            total: signed(reference + total),
            weeks_caption: texts.with("weeks-caption", &told),
            weeks: known.weeks.iter().map(|of_signal| Weeks::new(of_signal, most_weeks)).collect(),
            answers: known.answers.iter().map(|answer| Answer::new(answer, texts)).collect(),
        })
    }
}

/// What is said of a customer in a sentence each.
fn lines(texts: &Texts, cells: &Columns<'_>, row: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(text) = cells.protective.text(row) {
        lines.push(texts.with("protects", &[("text", shown(&text).into())]));
    }
    let improvement = cells.improvement.and_then(|cells| cells.text(row));
    lines.extend(improvement.map(|text| shown(&text)));
    let days = cells.days_listed.number(row).unwrap_or(0.0) as i64;
    lines.push(texts.with("days-listed", &[("days", days.into())]));
    let before = (cells.previous_rank.number(row), cells.previous_probability.number(row));
    if let (Some(rank), Some(risk)) = before {
        let risk = texts.language().numbers().percent(risk, 1);
        lines.push(texts.with("before", &[("rank", (rank as i64).into()), ("risk", risk.into())]));
    }
    lines
}

/// The steps from the reference to a customer's log-odds.
fn steps(contributions: &[Contribution], reference: f64, signed: &impl Fn(f64) -> String) -> Vec<Step> {
    let mut level = reference;
    let levels: Vec<[f64; 2]> = contributions
        .iter()
        .map(|told| {
            let before = level;
            level += told.value;
            [before, level]
        })
        .collect();
    let low = levels.iter().flatten().fold(reference, |low, &level| low.min(level));
    let high = levels.iter().flatten().fold(reference, |high, &level| high.max(level));
    let told = |(told, &[before, after]): (&Contribution, &[f64; 2])| Step {
        code: told.code.clone(),
        text: shown(&told.text),
        by: signed(told.value),
        picture: Value::from_safe_string(step(before, after, [low, high])),
    };
    contributions.iter().zip(&levels).map(told).collect()
}

impl Weeks {
    /// Of a signal that has been recorded in some of so many weeks, the last ones.
    fn new((signal, counts): &(String, Vec<u64>), weeks_shown: usize) -> Weeks {
        let numbers: Vec<String> = counts.iter().map(u64::to_string).collect();
        let picture = Value::from_safe_string(weeks(counts, weeks_shown));
        Weeks { signal: spaced(signal), picture, numbers: numbers.join(" ") }
    }
}

impl Answer {
    fn new(answer: &GivenAnswer, texts: &Texts) -> Answer {
        Answer {
            day: shown(&texts.language().date_from_text(&answer.day)),
            instrument: shown(&answer.instrument).to_uppercase(),
            score: texts.language().numbers().plain(answer.score),
        }
    }
}
