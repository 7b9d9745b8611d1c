//! The model's quality group by group, so that a group which it serves badly is seen.
//!
//! A group is a level of a categorical column, a band of the tenure, or the number of signals that the customer has any
//! row of. Standard errors are exact to first order and cost one sort: an AUC is a mean over churners and over the
//! others of placement values (DeLong, DeLong & Clarke-Pearson 1988), which are summed over each customer before they
//! are squared (Obuchowski 1997). A difference between a group and all rows takes into account that the group is among
//! them.

use crate::dataset::{Block, Dataset, Selection};
use crate::error::Result;
use crate::features::Measure;
use crate::kpis::segments::MISSING;
use crate::language::Message;
use crate::metrics::interval::Interval;
use crate::metrics::{self, Scores};
use crate::numeric::sum;
use crate::parallel;
use crate::sources::NO_LEVEL;
use crate::weights::Totals;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// With fewer churners, or fewer others, a group is too small to be judged.
const SMALL: usize = 20;
/// So many levels of a column are groups of their own; all others are one group together.
const LEVELS: usize = 50;
/// A difference counts from so many standard errors on, since many groups are looked at.
const SURE: f64 = 3.0;
/// How far an AUC must be below that of all rows to be worth a word.
const WORSE: f64 = 0.03;
/// Risk may be off by this share of the churn rate.
const OFF: f64 = 0.15;
/// What groups are by that are no column's.
const TENURE: &str = "tenure";
const SIGNALS_SEEN: &str = "signals seen";
/// The bands of tenure.
const BANDS: [Band; 5] = [
    Band { end: 90.0, name: "under 90 days" },
    Band { end: 365.0, name: "90 days to a year" },
    Band { end: 730.0, name: "the second year" },
    Band { end: 1461.0, name: "two to four years" },
    Band { end: f32::INFINITY, name: "over four years" },
];

/// A band of tenure, from the end of the one before.
struct Band {
    /// In days.
    end: f32,
    name: &'static str,
}

/// One group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// What the rows are grouped by: a categorical column, `tenure`, or `signals seen`.
    pub by: String,
    /// The group.
    pub level: String,
    /// Rows in it.
    pub rows: usize,
    /// How many of them churned.
    pub churners: usize,
    /// Whether it has too few churners or too few others to be judged.
    pub small: bool,
    /// Share of churners.
    pub base_rate: f64,
    /// Mean probability.
    pub mean_probability: f64,
    /// Base rate less mean probability: above 0 where risk is understated.
    pub gap: Interval,
    /// ROC AUC within the group.
    pub roc_auc: Option<Interval>,
    /// Log-loss within the group.
    pub log_loss: f64,
    /// Brier score within the group.
    pub brier: f64,
    /// Calibration error within the group.
    pub ece: f64,
    /// Rows on the lists of the stated capacity, one list a snapshot.
    pub listed: usize,
    /// Churners on those lists.
    pub caught: usize,
    /// What is wrong; empty if nothing is known to be.
    pub concerns: Vec<Message>,
}

/// A group by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level<'a> {
    /// So many levels that are too rare for groups of their own.
    Others(i64),
    /// Customers with rows of so many signals, and how many signals there are.
    Signals(i64, i64),
    /// A band of the tenure.
    Band(&'a str),
    /// Customers without a level.
    Missing,
    /// A level from the data.
    Named(&'a str),
}

impl Segment {
    /// The group by its name.
    pub fn named_level(&self) -> Level<'_> {
        let level = self.level.as_str();
        let inner = level.strip_prefix('(').and_then(|level| level.strip_suffix(')'));
        if let Some(others) = inner.and_then(|inner| inner.strip_suffix(" others")?.parse().ok()) {
            return Level::Others(others);
        }
        let of = level.split_once(" of ").and_then(|(n, all)| Some((n.parse().ok()?, all.parse().ok()?)));
        match (self.by.as_str(), of) {
            (SIGNALS_SEEN, Some((count, all))) => Level::Signals(count, all),
            (TENURE, _) => Level::Band(level),
            _ if level == MISSING => Level::Missing,
            _ => Level::Named(level),
        }
    }
}

impl Level<'_> {
    /// The name in a message.
    pub fn message(self) -> Message {
        match self {
            Level::Others(count) => Message::new("level-others").count("count", count),
            Level::Signals(count, all) => Message::new("level-of").count("count", count).count("all", all),
            Level::Band(band) => Message::new("level-band").word("band", "band", band),
            Level::Missing => Message::new("level-missing"),
            Level::Named(level) => level.into(),
        }
    }
}

/// Rows to be judged, one value each.
pub struct Judged<'a> {
    /// 1 = churned.
    pub y: &'a [u8],
    /// Probabilities, and what the rows are ranked by.
    pub scores: Scores<'a>,
    /// Customers, counted from 0 without gaps.
    pub customers: &'a [u32],
    /// Whether the row is on its snapshot's list.
    pub listed: &'a [bool],
}

/// The AUC of all rows, and what each customer's rows add to its error.
pub struct Overall {
    auc: f64,
    influence: Vec<f64>,
    /// The sum of the squares.
    square: f64,
}

/// An estimate of a group, and what each of its rows adds to its error.
struct Estimate {
    value: f64,
    influence: Vec<Influence>,
}

/// What a row adds to the error of an estimate.
#[derive(Clone, Copy)]
struct Influence {
    row: u32,
    value: f64,
}

/// A row with what it is ranked by.
struct Ranked {
    by: f64,
    row: u32,
}

/// The rows of a group.
struct Group {
    name: String,
    rows: Vec<u32>,
}

impl Judged<'_> {
    fn weight(&self, row: u32) -> f64 {
        self.scores.weights.of(row as usize)
    }

    /// How many customers some rows stand for.
    fn totals(&self, rows: impl Iterator<Item = u32>) -> Totals {
        let mut totals = Totals::default();
        rows.for_each(|row| totals.add(self.weight(row), self.y[row as usize] == 1));
        totals
    }

    /// The AUC of some rows.
    fn auc(&self, rows: &[u32]) -> Option<Estimate> {
        let mut order: Vec<Ranked> = rows.iter().map(|&row| Ranked { by: self.scores.by[row as usize], row }).collect();
        order.sort_unstable_by(|a, b| b.by.total_cmp(&a.by).then(a.row.cmp(&b.row)));
        let churned = |row: u32| self.y[row as usize] == 1;
        let Totals { all, churned: n1 } = self.totals(rows.iter().copied());
        let n0 = all - n1;
        if n1 == 0.0 || n0 == 0.0 {
            return None;
        }
        let (mut above1, mut above0) = (0.0, 0.0);
        let mut placements: Vec<Influence> = Vec::with_capacity(rows.len());

        for tie in order.chunk_by(|a, b| a.by == b.by) {
            let Totals { all, churned: tie1 } = self.totals(tie.iter().map(|ranked| ranked.row));
            let tie0 = all - tie1;
            let of_churner = (n0 - above0 - 0.5 * tie0) / n0;
            let of_other = (above1 + 0.5 * tie1) / n1;
            placements.extend(tie.iter().map(|&Ranked { row, .. }| {
                let value = if churned(row) { of_churner } else { of_other };
                Influence { row, value }
            }));
            above1 += tie1;
            above0 += tie0;
        }

        let of_churners = placements.iter().filter(|placed| churned(placed.row));
        let auc = sum(of_churners.map(|placed| self.weight(placed.row) * placed.value)) / n1;
        for placed in &mut placements {
            let n = if churned(placed.row) { n1 } else { n0 };
            placed.value = self.weight(placed.row) * (placed.value - auc) / n;
        }
        Some(Estimate { value: auc, influence: placements })
    }

    /// Base rate less mean probability.
    fn gap(&self, rows: &[u32]) -> Estimate {
        let n = self.totals(rows.iter().copied()).all;
        let off = |row: u32| f64::from(self.y[row as usize]) - self.scores.p[row as usize];
        let gap = sum(rows.iter().map(|&row| self.weight(row) * off(row))) / n;
        let value = |row: u32| self.weight(row) * (off(row) - gap) / n;
        let influence = rows.iter().map(|&row| Influence { row, value: value(row) }).collect();
        Estimate { value: gap, influence }
    }

    /// The sum over customers of `of(customer, total)`, where the total is what the customer's rows add up to. `totals`
    /// holds a zero for each customer, before and after.
    fn over_customers(&self, influence: &[Influence], totals: &mut [f64], of: impl Fn(usize, f64) -> f64) -> f64 {
        let customer = |row: u32| self.customers[row as usize] as usize;
        if totals.len() == self.customers.len() {
            // No customer has a second row.
            return sum(influence.iter().map(|of_row| of(customer(of_row.row), of_row.value)));
        }
        influence.iter().for_each(|of_row| totals[customer(of_row.row)] += of_row.value);
        // A customer's first row takes the whole total; the other rows find a zero, which adds nothing.
        sum(influence.iter().map(|of_row| {
            let customer = customer(of_row.row);
            of(customer, std::mem::take(&mut totals[customer]))
        }))
    }

    /// How many customers there are.
    fn count(&self) -> usize {
        self.customers.iter().max().map_or(0, |&last| last as usize + 1)
    }

    /// The AUC of all rows, which that of each group is held against; none where it is not defined.
    pub fn overall(&self) -> Option<Overall> {
        let everybody: Vec<u32> = (0u32..).zip(self.y).map(|(row, _)| row).collect();
        let Estimate { value: auc, influence: placements } = self.auc(&everybody)?;
        let mut influence = vec![0.0; self.count()];
        for placed in &placements {
            influence[self.customers[placed.row as usize] as usize] += placed.value;
        }
        Some(Overall { auc, square: sum(influence.iter().map(|i| i * i)), influence })
    }

    /// Judges every group; `groups` has one group per row, or none.
    pub fn segments(
        &self,
        by: &str,
        groups: &[Option<u32>],
        names: &dyn Fn(u32) -> String,
        overall: Option<&Overall>,
    ) -> Vec<Segment> {
        let mut totals = vec![0.0; self.count()];
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for (row, group) in (0u32..).zip(groups) {
            if let Some(group) = group {
                members.entry(*group).or_default().push(row);
            }
        }

        let mut numbers: Vec<u32> = members.keys().copied().collect();
        numbers.sort_unstable();
        let group = |number: u32| Group { name: names(number), rows: members.remove(&number).unwrap_or_default() };
        let mut groups: Vec<Group> = numbers.into_iter().map(group).collect();

        if groups.len() > LEVELS {
            groups.sort_by_key(|group| std::cmp::Reverse(group.rows.len()));
            let rest = groups.split_off(LEVELS - 1);
            let mut rows: Vec<u32> = rest.iter().flat_map(|group| &group.rows).copied().collect();
            rows.sort_unstable();
            groups.push(Group { name: format!("({} others)", rest.len()), rows });
        }

        if groups.len() < 2 {
            return Vec::new();
        }
        let whole = self.whole_correction();
        groups.into_iter().map(|group| self.segment(by, group, &mut totals, overall, whole)).collect()
    }

    /// What all risks would have to be multiplied by for their mean to be right.
    fn whole_correction(&self) -> f64 {
        let risk = sum((0..).zip(self.scores.p).map(|(row, p)| self.weight(row) * p));
        sum((0..).zip(self.y).map(|(row, &y)| self.weight(row) * f64::from(y))) / if risk > 0.0 { risk } else { 1.0 }
    }

    fn segment(
        &self,
        by: &str,
        Group { name: level, rows }: Group,
        totals: &mut [f64],
        all: Option<&Overall>,
        whole_correction: f64,
    ) -> Segment {
        let y: Vec<u8> = rows.iter().map(|&row| self.y[row as usize]).collect();
        let p: Vec<f64> = rows.iter().map(|&row| self.scores.p[row as usize]).collect();
        let weights = self.scores.weights.take(rows.iter().map(|&row| row as usize));
        let scores = Scores::weighted(&p, &weights);
        let (n, churners) = (rows.len(), y.iter().filter(|&&y| y == 1).count());
        let small = churners < SMALL || n - churners < SMALL;
        let Estimate { value: gap, influence: off } = self.gap(&rows);
        let gap_error = self.over_customers(&off, totals, |_, i| i * i).sqrt();
        let auc = self.auc(&rows);
        let all_rows = self.totals(rows.iter().copied());
        let risk = sum(rows.iter().map(|&row| self.weight(row) * self.scores.p[row as usize]));
        let (base_rate, mean_probability) = (all_rows.rate(), risk / all_rows.all);
        let mut concerns = Vec::new();

        if let (false, Some(Estimate { value: auc, influence }), Some(all)) = (small, &auc, all) {
            // The square of each customer's difference, without the square of its influence on the AUC of all rows.
            let beyond = self.over_customers(influence, totals, |customer, i| i * (i - 2.0 * all.influence[customer]));
            let difference = (all.square + beyond).max(0.0).sqrt();
            if all.auc - auc > WORSE.max(SURE * difference) {
                concerns.push(Message::new("group-ranks-worse").decimals("auc", *auc, 3).decimals("all", all.auc, 3));
            }
        }

        // That all risks are off says nothing about the group: its own risk must be off, and more so than that of all
        // rows.
        let own = base_rate - mean_probability * whole_correction;
        let least = (OFF * base_rate).max(SURE * gap_error);
        if !small && gap.abs() > least && own.abs() > least && gap * own > 0.0 {
            let key = if gap > 0.0 { "group-understated" } else { "group-overstated" };
            concerns.push(Message::new(key).percent("risk", mean_probability, 1).percent("churn", base_rate, 1));
        }

        let listed = rows.iter().filter(|&&row| self.listed[row as usize]);
        Segment {
            by: by.to_owned(),
            level,
            rows: n,
            churners,
            small,
            base_rate,
            mean_probability,
            gap: Interval::normal(gap, gap_error),
            roc_auc: auc.map(|Estimate { value: auc, influence }| {
                let error = self.over_customers(&influence, totals, |_, i| i * i).sqrt();
                let interval = Interval::normal(auc, error);
                Interval { lower: interval.lower.max(0.0), upper: interval.upper.min(1.0), ..interval }
            }),
            log_loss: metrics::log_loss(&y, scores).unwrap_or_default(),
            brier: metrics::brier(&y, scores).unwrap_or_default(),
            ece: metrics::ece(&y, scores).unwrap_or_default(),
            listed: listed.clone().count(),
            caught: listed.filter(|&&row| self.y[row as usize] == 1).count(),
            concerns,
        }
    }
}

/// The groups of the selected rows, by everything that rows are grouped by.
///
/// # Errors
/// Features that cannot be read back.
pub fn groupings(dataset: &Dataset, selection: &Selection) -> Result<Vec<Grouping>> {
    let catalogue = &dataset.catalogue;
    let mut all = Vec::new();
    for (name, levels) in catalogue.categorical.iter().zip(&dataset.customers.categorical) {
        let groups = selection.map(dataset, |block, row| Some(levels.codes[block.customers[row] as usize]));
        let names = (0..).zip(&levels.names).map(|(code, name)| (code, name.clone()));
        let names = names.chain([(NO_LEVEL, MISSING.to_owned())]).collect();
        all.push(Grouping { by: name.clone(), groups, names });
    }

    let columns = |measure: Measure| -> Vec<usize> {
        (0..catalogue.numeric.len()).filter(|&column| catalogue.numeric[column].measure == measure).collect()
    };
    let (tenure, signals) = (columns(Measure::Tenure).first().copied(), columns(Measure::DaysSinceLast));
    let of_block = |(index, block): (usize, &Block)| -> Result<Vec<OfRow>> {
        let values = block.values()?;
        let of_row = |&row: &u32| {
            let at = |column: usize| values.value(column, row as usize);
            let band = tenure.and_then(|tenure| BANDS.iter().position(|band| at(tenure) < band.end));
            OfRow {
                band: band.map(|band| band as u32),
                signals_seen: signals.iter().map(|&signal| u32::from(!at(signal).is_nan())).sum(),
            }
        };
        Ok(selection.rows(index).iter().map(of_row).collect())
    };

    let blocks: Vec<_> = parallel::try_map(dataset.blocks.iter().enumerate(), of_block)?;
    let of_rows: Vec<OfRow> = blocks.into_iter().flatten().collect();
    if tenure.is_some() {
        let names = (0u32..).zip(BANDS).map(|(number, band)| (number, band.name.to_owned())).collect();
        let groups = of_rows.iter().map(|of_row| of_row.band).collect();
        all.push(Grouping { by: TENURE.to_owned(), groups, names });
    }

    if !signals.is_empty() {
        let names = (0u32..).zip(0..=signals.len()).map(|(n, _)| (n, format!("{n} of {}", signals.len()))).collect();
        let groups = of_rows.iter().map(|of_row| Some(of_row.signals_seen)).collect();
        all.push(Grouping { by: SIGNALS_SEEN.to_owned(), groups, names });
    }

    Ok(all)
}

/// What a row is grouped by besides the levels of its customer.
struct OfRow {
    band: Option<u32>,
    signals_seen: u32,
}

/// The groups that rows fall into.
pub struct Grouping {
    /// What they are grouped by.
    pub by: String,
    /// One group per row, or none.
    pub groups: Vec<Option<u32>>,
    /// The names of the groups.
    pub names: BTreeMap<u32, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::bootstrap::Bootstrap;
    use crate::numeric::sigmoid;
    use rand::Rng;
    use rand_pcg::Pcg64Mcg;

    #[derive(Default)]
    struct Rows {
        y: Vec<u8>,
        p: Vec<f64>,
        customers: Vec<u32>,
        groups: Vec<Option<u32>>,
    }

    /// In group 1 the ranking is noise, in group 2 risk is half of what it should be, group 3 has 12 rows.
    fn rows() -> Rows {
        let mut rng = Pcg64Mcg::new(3);
        let mut uniform = || (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut all = Rows::default();
        for row in 0..6_012u32 {
            let group = if row < 6_000 { row % 3 } else { 3 };
            let p = sigmoid(4.0 * uniform() - 3.0);
            let truth = if group == 1 { 0.3 } else { p };
            all.y.push(u8::from(uniform() < truth));
            all.p.push(if group == 2 { 0.5 * p } else { p });
            all.customers.push(row / 2);
            all.groups.push(Some(group));
        }
        all
    }

    #[test]
    fn badly_served_groups_are_called_out_and_small_ones_flagged() {
        let Rows { y, p, customers, groups } = rows();
        let listed: Vec<bool> = p.iter().map(|&p| p > 0.6).collect();
        let judged = Judged { y: &y, scores: (&p).into(), customers: &customers, listed: &listed };
        let found = judged.segments("plan", &groups, &|group| format!("level {group}"), judged.overall().as_ref());
        assert_eq!(found.len(), 4);
        assert!(found[0].concerns.is_empty(), "{:?}", found[0]);
        assert!(found[1].concerns.iter().any(|c| c.to_string().starts_with("ranks worse here")), "{:?}", found[1]);
        assert!(found[1].roc_auc.unwrap().covers(0.5));
        assert!(found[2].concerns.iter().any(|c| c.to_string().starts_with("risk is understated")), "{:?}", found[2]);
        assert!(found[3].small && found[3].concerns.is_empty());

        // Risk that is half of what it should be everywhere says nothing of a group.
        let half: Vec<f64> = (0..6_012).map(|row| if groups[row] == Some(2) { p[row] } else { 0.5 * p[row] }).collect();
        let judged = Judged { scores: (&half).into(), ..judged };
        let found = judged.segments("plan", &groups, &|group| format!("level {group}"), None);
        assert!(found.iter().all(|segment| segment.gap.lower > 0.0 || segment.small || segment.level == "level 1"));
        assert!(found[0].concerns.is_empty() && found[2].concerns.is_empty(), "{found:?}");
        assert_eq!(found.iter().map(|s| s.listed).sum::<usize>(), listed.iter().filter(|&&l| l).count());
        assert!(judged.segments("one", &vec![Some(1); y.len()], &|_| String::new(), None).is_empty());
    }

    #[test]
    fn the_error_of_an_auc_is_that_of_the_bootstrap() {
        let Rows { y, p, customers, .. } = rows();
        let listed = vec![false; y.len()];
        let judged = Judged { y: &y, scores: (&p).into(), customers: &customers, listed: &listed };
        let everybody: Vec<u32> = (0..6_012).collect();
        let Estimate { value: auc, influence } = judged.auc(&everybody).unwrap();
        let error = judged.over_customers(&influence, &mut vec![0.0; 3_006], |_, i| i * i).sqrt();
        let bootstrap = Bootstrap { replicates: 400, seed: 1, capacity: 10 }.intervals(&y, &p, &customers);
        let resampled = bootstrap.roc_auc.unwrap();
        assert!((auc - resampled.estimate).abs() < 1e-12);
        assert!(((resampled.upper - resampled.lower) / (2.0 * 1.96 * error) - 1.0).abs() < 0.1, "{error}");
    }

    #[test]
    fn many_levels_are_gathered() {
        let y: Vec<u8> = (0..400).map(|i| u8::from(i % 2 == 0)).collect();
        let p: Vec<f64> = (0..400).map(|i| f64::from(i) / 400.0).collect();
        let customers: Vec<u32> = (0..400).collect();
        let groups: Vec<Option<u32>> = (0..400).map(|i| Some(i % 100)).collect();
        let judged = Judged { y: &y, scores: (&p).into(), customers: &customers, listed: &[false; 400] };
        let found = judged.segments("city", &groups, &|group| group.to_string(), judged.overall().as_ref());
        assert_eq!((found.len(), found[49].level.as_str(), found[49].rows), (50, "(51 others)", 204));
    }
}
