//! What has changed since the run before: for every customer how far new data and another model have moved the
//! log-odds, and for those on either list what that was, in the customer's numbers of both dates.
//!
//! The rows of the earlier date are computed once more, in the same scan as those of today, and scored by today's
//! model. What differs between the two is the data's doing. Where the earlier run had the same model, all of the change
//! is; otherwise the rest is the model's, and what rows of the earlier date that came later would have changed under
//! the earlier model is the data's too, if that model is still in the registry.

use super::context::Job;
use super::earlier::EarlierRuns;
use super::input::Input;
use crate::artefact::{Artefact, RowScorer, ScoredRow, Scores};
use crate::calendar::Day;
use crate::dataset::{Dataset, Place, Selection};
use crate::eligibility::{Exclusion, Purpose, Rules};
use crate::error::Result;
use crate::language::Message;
use crate::parallel;
use crate::publish::latest::Leaver;
use crate::publish::list::{Move, Status};
use crate::publish::previous::{Before, Gone, History, Now};
use crate::publish::runs::RunModel;
use crate::reasons::change::{Between, NoLongerScored, NotYetScored, Numbers, OtherModel, Standing};
use crate::reasons::{Concepts, Explainer, Explanation};
use crate::registry::Registry;
use crate::sources::NO_DAY;

/// The log-odds that a customer may have had otherwise, from rows that came later or are gone, without a word.
const REVISED: f64 = 0.1;
/// Customers who are looked at for that, where nothing else asks for the rows of all.
const SAMPLE: usize = 4_000;
/// The share of the customers for whom that may be so.
const REVISED_SHARE: f64 = 0.1;

/// What has changed for the customers of a run.
pub(super) struct Changes {
    /// What earlier runs said.
    pub history: History,
    /// How far data and model have moved the log-odds of each scored customer.
    pub moves: Vec<Move>,
    /// Where the row of the earlier date is of each scored customer who has one.
    then: Vec<Option<Place>>,
    /// Days of the gap and the label window: what a risk is about.
    pub label_days: u32,
    between: Between,
    is_same_model: bool,
}

/// What the words for a change are made from.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub job: &'a Job<'a>,
    pub input: &'a Input,
    pub model: &'a Artefact,
    /// The model for one row at a time.
    pub rows: &'a RowScorer<'a>,
    pub scores: &'a Scores,
    pub explainer: &'a Explainer,
}

impl Changes {
    /// Holds the scores of a run against the run before. `listed` are the places of the listed among the scored.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn new(
        job: &Job<'_>,
        registry: &Registry,
        model: &Artefact,
        input: &Input,
        scores: &Scores,
        listed: &[u32],
    ) -> Result<Changes> {
        let ids = &input.data.customers.ids;
        let now = Now { as_of: input.as_of, ids, customers: &scores.customers, listed };
        let EarlierRuns { runs, compared } = &input.earlier;
        let mut notes = Vec::new();
        let history = History::read(runs, compared.as_ref(), &now, &mut notes);
        notes.into_iter().for_each(|note| job.warn(note));

        let rows = scores.customers.len();
        let mut changes = Changes {
            history,
            moves: vec![Move::UNKNOWN; rows],
            then: vec![None; rows],
            label_days: model.churn.gap_days.saturating_add(model.churn.horizon_days),
            between: Between { then: input.as_of, now: input.as_of },
            is_same_model: true,
        };
        let Some(earlier) = &changes.history.earlier else { return Ok(changes) };
        changes.between.then = earlier.run.as_of;
        let made_by = earlier.run.model();
        let mine = RunModel { version: model.version.clone(), checksum: model.checksum.clone() };
        changes.is_same_model = made_by.as_ref() == Some(&mine);

        let then = Then::new(&input.data, earlier.run.as_of, scores);
        if changes.is_same_model {
            // That it moves nothing is known; whether the data are still those of then, a sample tells.
            let some = then.log_odds(model, &then.rows.thinned(SAMPLE))?;
            tell_of_revisions(job, earlier.run.as_of, &some, &earlier.customers);
            for (moved, (now, before)) in changes.moves.iter_mut().zip(scores.log_odds.iter().zip(&earlier.customers)) {
                let data = now - before.log_odds;
                *moved = Move { data, model: if data.is_nan() { f64::NAN } else { 0.0 } };
            }
        } else {
            let again = then.log_odds(model, &then.rows)?;
            let earlier_model = made_by.and_then(|of| still_there(registry, &of, model));
            let by_earlier = match earlier_model {
                Some(earlier_model) => Some(then.log_odds(&earlier_model, &then.rows)?),
                None => None,
            };
            if let Some(by_earlier) = &by_earlier {
                tell_of_revisions(job, earlier.run.as_of, by_earlier, &earlier.customers);
            }
            for (position, before) in earlier.customers.iter().enumerate() {
                let total = scores.log_odds[position] - before.log_odds;
                let late = by_earlier.as_ref().map_or(0.0, |by_earlier| by_earlier[position] - before.log_odds);
                let data = scores.log_odds[position] - again[position] + late;
                changes.moves[position] = Move { data, model: total - data };
            }
        }
        changes.then = then.places;
        Ok(changes)
    }

    /// What the run before said of a customer, if it scored the customer.
    pub fn before(&self, position: u32) -> Option<&Before> {
        let before = self.history.earlier.as_ref()?.customers.get(position as usize)?;
        before.rank.is_some().then_some(before)
    }

    /// How a listed customer, given the place among the scored and the rank, stands to the lists before.
    pub fn status(&self, position: u32, rank: i64) -> Status {
        match self.before(position).filter(|before| before.was_listed).and_then(|before| before.rank) {
            Some(before) if rank < before => Status::Up,
            Some(before) if rank > before => Status::Down,
            Some(_) => Status::Same,
            None if self.history.was_listed_before[position as usize] => Status::Returned,
            None => Status::New,
        }
    }

    /// Days on the list without interruption, if they are known: 1 for a customer who was not on the list before.
    pub fn days_listed(&self, position: u32) -> Option<i64> {
        let since = i64::from(self.between.now.0) - i64::from(self.between.then.0);
        match self.before(position).filter(|before| before.was_listed) {
            Some(before) => before.days_listed.map(|days| days + since),
            None => Some(1),
        }
    }

    /// What has changed for a customer on the list, given the row of today; none without an earlier run, or where its
    /// rows are not at hand.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn of_listed(&self, words: Words<'_>, position: u32, row: &Row<'_>, status: Status) -> Result<Option<String>> {
        if self.history.earlier.is_none() {
            return Ok(None);
        }
        let standing = match status {
            Status::New => Standing::New,
            Status::Returned => Standing::Returned,
            Status::Left => Standing::Left,
            Status::Up | Status::Down | Status::Same => Standing::Stayed,
        };
        if self.before(position).is_none() {
            let why = self.not_yet_scored(words, position);
            return Ok(Some(words.explainer.first_scored(standing, why, self.between)));
        }
        self.told(words, position, row, standing)
    }

    /// Who has left the list, and what has changed for them.
    ///
    /// # Errors
    /// When features that lie on disk cannot be read.
    pub fn leavers(&self, words: Words<'_>) -> Result<Vec<Leaver>> {
        let Some(earlier) = &self.history.earlier else { return Ok(Vec::new()) };
        let leaver = |gone: &Gone| {
            let text = match gone.position {
                Some(position) => {
                    let place = words.scores.places[position as usize];
                    let row = Row::read(words.rows, &words.input.data, place)?;
                    self.told(words, position, &row, Standing::Left)?
                }
                None => Some(words.explainer.no_longer_scored(no_longer_scored(words, &gone.id), self.between)),
            };
            Ok(Leaver { id: gone.id.clone(), position: gone.position, text })
        };
        parallel::try_map(&earlier.gone, leaver)
    }

    fn told(&self, words: Words<'_>, position: u32, now: &Row<'_>, standing: Standing) -> Result<Option<String>> {
        let Some(then) = self.then[position as usize] else { return Ok(None) };
        let Words { input, model, rows, explainer, .. } = words;
        let then = Row::read(rows, &input.data, then)?;
        let moved = explainer.moved(self.between, then.numbers(), now.numbers());
        let log_odds = self.moves[position as usize].model;
        let other = OtherModel { version: &model.version, log_odds };
        let other = Some(other).filter(|other| !self.is_same_model && !other.log_odds.is_nan());
        Ok(Some(words.explainer.change_told(standing, self.between, &moved, other)))
    }

    /// Why a customer who is scored now was not then.
    fn not_yet_scored(&self, words: Words<'_>, position: u32) -> NotYetScored {
        let (customers, rules) = (&words.input.data.customers, &words.job.settings().eligibility);
        let customer = words.scores.customers[position as usize] as usize;
        let day = |column: &[i32]| column.get(customer).copied().filter(|&day| day != NO_DAY).map(Day);
        let then = self.between.then;
        let too_new = |signup: &Day| *signup >= then.earlier_by(rules.min_tenure_days.saturating_sub(1));

        if let Some(signup) = day(&customers.signup).filter(too_new) {
            NotYetScored::SignedUp(signup)
        } else if let Some(start) = day(&customers.start).filter(|&start| start > then) {
            NotYetScored::ContractBegan(start)
        } else if words.input.cancellations.is_some()
            && self.then[position as usize].is_none()
            && rules.active_within_days > 0
        {
            NotYetScored::Inactive(rules.active_within_days)
        } else {
            NotYetScored::Unknown
        }
    }
}

/// Why a customer who was on the list then is not scored now, as the rules say it.
fn no_longer_scored(words: Words<'_>, id: &str) -> NoLongerScored {
    let (input, settings) = (words.input, words.job.settings());
    let Some(cancellations) = &input.cancellations else { return NoLongerScored::Unknown };
    let customers = &input.data.customers;
    let Some(customer) = customers.ids.find(id).and_then(|place| u32::try_from(place).ok()) else {
        return NoLongerScored::NotInTable;
    };

    let rules = Rules {
        eligibility: &settings.eligibility,
        churn: &settings.churn,
        customers,
        cancellations,
        purpose: Purpose::Scoring,
    };
    // Who had been active enough would have been scored, unless another rule says otherwise.
    let dates = rules.dates(&[customer]);
    let Some(Err(why)) = dates.first().map(|dates| rules.judge(dates, input.as_of, || false)) else {
        return NoLongerScored::Unknown;
    };
    let days = cancellations.days(customer);
    match why {
        Exclusion::ChurnedBefore => days.first().map(|&day| NoLongerScored::Cancelled(Day(day))),
        Exclusion::GaveNotice => {
            let mut notices = days.iter().zip(cancellations.known(customer));
            let given = notices.find(|(_, known)| **known != NO_DAY && **known < input.as_of.0);
            given.map(|(&day, _)| NoLongerScored::GaveNotice(Day(day)))
        }
        Exclusion::ContractNotRunning => {
            let end =
                customers.end.get(customer as usize).copied().filter(|&day| day != NO_DAY && day <= input.as_of.0);
            end.map(|day| NoLongerScored::ContractEnded(Day(day)))
        }
        Exclusion::Inactive => Some(NoLongerScored::Inactive(settings.eligibility.active_within_days)),
        _ => None,
    }
    .unwrap_or(NoLongerScored::Unknown)
}

/// The rows of an earlier date.
struct Then<'a> {
    data: &'a Dataset,
    rows: Selection,
    /// The place among those who are scored now of each customer, if there is one.
    positions: Vec<Option<u32>>,
    /// Where the row of each of them is who has one.
    places: Vec<Option<Place>>,
}

impl<'a> Then<'a> {
    fn new(data: &'a Dataset, then: Day, now: &Scores) -> Then<'a> {
        let mut positions: Vec<Option<u32>> = vec![None; data.customers.len()];
        for (position, &entry) in (0u32..).zip(&now.customers) {
            positions[data.customer(entry) as usize] = Some(position);
        }

        let rows = Selection::scored(data, then);
        let mut places = vec![None; now.customers.len()];
        for (number, block) in (0u32..).zip(&data.blocks) {
            for &row in rows.rows(number as usize) {
                let customer = data.customer(block.customers[row as usize]);
                if let Some(position) = positions[customer as usize] {
                    places[position as usize] = Some(Place { block: number, row });
                }
            }
        }
        Then { data, rows, positions, places }
    }

    /// The log-odds that a model gives some of the rows, for those who are scored now; NaN for the others.
    fn log_odds(&self, model: &Artefact, rows: &Selection) -> Result<Vec<f64>> {
        let mut log_odds = vec![f64::NAN; self.places.len()];
        let scores = model.score(self.data, rows)?;
        for (&entry, &z) in scores.customers.iter().zip(&scores.log_odds) {
            if let Some(position) = self.positions[self.data.customer(entry) as usize] {
                log_odds[position as usize] = z;
            }
        }
        Ok(log_odds)
    }
}

/// The model that made an earlier run, if it is still in the registry and looks at the same features.
fn still_there(registry: &Registry, made_by: &RunModel, model: &Artefact) -> Option<Artefact> {
    let found = registry.load(&made_by.version).ok()?;
    (found.checksum == made_by.checksum && found.catalogue == model.catalogue).then_some(found)
}

/// Tells if the same model would say something else of the earlier date by now.
fn tell_of_revisions(job: &Job<'_>, then: Day, again: &[f64], before: &[Before]) {
    let both = again.iter().zip(before).map(|(again, before)| (again - before.log_odds).abs());
    let known: Vec<f64> = both.filter(|difference| !difference.is_nan()).collect();
    let revised = known.iter().filter(|difference| **difference > REVISED).count();
    if revised as f64 > REVISED_SHARE * known.len() as f64 {
        job.warn(
            Message::new("earlier-revised").day("date", then).count("revised", revised).count("customers", known.len()),
        );
    }
}

/// A row with what the model makes of it.
pub(super) struct Row<'a> {
    scored: ScoredRow<'a>,
    levels: Vec<Option<&'a str>>,
    row: crate::artefact::Row,
}

impl<'a> Row<'a> {
    /// Reads a row of a data set.
    pub fn read(rows: &'a RowScorer<'a>, data: &'a Dataset, place: Place) -> Result<Row<'a>> {
        let (block, row) = data.at(place);
        let entry = block.customers[row];
        let scored = rows.read(entry, block.row(row)?)?;
        Ok(Row {
            levels: data.customers.categorical.iter().map(|levels| levels.get(entry as usize)).collect(),
            row: scored.row(),
            scored,
        })
    }

    /// Why its risk is what it is.
    pub fn explained(&self, explainer: &Explainer) -> Explanation {
        explainer.explain(self.scored.raw(), &self.levels, &self.row)
    }

    /// How far each concept moves its risk.
    pub fn contributions(&self, concepts: &Concepts) -> Vec<f64> {
        concepts.contributions(self.scored.raw(), &self.row)
    }

    /// The numbers.
    pub fn numbers(&self) -> Numbers<'_> {
        Numbers { raw: self.scored.raw(), levels: &self.levels, row: &self.row }
    }

    /// The row, to be scored with other numbers.
    pub fn scored(&self) -> &ScoredRow<'a> {
        &self.scored
    }
}
