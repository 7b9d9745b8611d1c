//! How many customers a row stands for.
//!
//! Most rows stand for themselves. Where outreach has reached some of the customers, those who were left alone stand
//! for the others as well, each for one over the chance of having been left alone (Horvitz & Thompson, *JASA* 47,
//! 1952). Whatever is summed or averaged over rows then takes every row as many times. Rows that all stand for
//! themselves have no weights at all, so that nothing is multiplied where nothing has to be.

/// The weight of each of some rows; none at all where every row stands for itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowWeights(Vec<f64>);

/// The weights of rows that all stand for themselves.
pub static UNIT: RowWeights = RowWeights::unit();

impl RowWeights {
    /// Every row stands for itself.
    pub const fn unit() -> RowWeights {
        RowWeights(Vec::new())
    }

    /// One weight a row, positive and finite.
    pub fn new(weights: Vec<f64>) -> RowWeights {
        RowWeights(weights)
    }

    /// Whether every row stands for itself.
    pub fn is_unit(&self) -> bool {
        self.0.is_empty()
    }

    /// The weight of a row.
    pub fn of(&self, row: usize) -> f64 {
        self.0.get(row).copied().unwrap_or(1.0)
    }

    /// One weight a row; nothing where every row stands for itself.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }

    /// The weights of some of the rows, in their order.
    pub fn take(&self, rows: impl Iterator<Item = usize>) -> RowWeights {
        if self.is_unit() {
            return RowWeights::unit();
        }
        RowWeights(rows.map(|row| self.0[row]).collect())
    }

    /// The weights of several parts, one after the other, each with the number of its rows.
    pub fn joined<'a>(parts: impl Iterator<Item = (&'a RowWeights, usize)> + Clone) -> RowWeights {
        if parts.clone().all(|(weights, _)| weights.is_unit()) {
            return RowWeights::unit();
        }
        RowWeights(parts.flat_map(|(weights, rows)| (0..rows).map(|row| weights.of(row))).collect())
    }

    /// How many customers all rows stand for, of which there are so many.
    pub fn total(&self, rows: usize) -> f64 {
        if self.is_unit() {
            return rows as f64;
        }
        self.0.iter().sum()
    }

    /// How many of some rows, the first ones, stand for no more than so many customers.
    pub fn count_within(&self, rows: impl Iterator<Item = usize>, customers: f64) -> usize {
        let mut reached = 0.0;
        let fits = |row: &usize| {
            reached += self.of(*row);
            reached <= customers
        };
        rows.take_while(fits).count()
    }

    /// How many customers rows with these labels stand for.
    pub fn totals(&self, y: &[u8]) -> Totals {
        let mut totals = Totals::default();
        if self.is_unit() {
            totals.all = y.len() as f64;
            totals.churned = y.iter().filter(|&&y| y == 1).count() as f64;
            return totals;
        }
        self.0.iter().zip(y).for_each(|(&weight, &y)| totals.add(weight, y == 1));
        totals
    }

    /// The weights, if there are any, rounded to whole numbers; none if that would change one of them.
    pub fn whole(&self) -> Option<Vec<usize>> {
        let whole = |&weight: &f64| {
            let rounded = weight.round();
            ((weight - rounded).abs() <= 1e-9 * rounded).then_some(rounded as usize)
        };
        self.0.iter().map(whole).collect()
    }
}

/// How many customers some rows stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// All of them.
    pub all: f64,
    /// Those who churned.
    pub churned: f64,
}

impl Totals {
    /// Adds a row.
    pub fn add(&mut self, weight: f64, churned: bool) {
        self.all += weight;
        self.churned += if churned { weight } else { 0.0 };
    }

    /// With those of other rows.
    pub fn with(self, more: Totals) -> Totals {
        Totals { all: self.all + more.all, churned: self.churned + more.churned }
    }

    /// The share that churned; not a number without rows.
    pub fn rate(&self) -> f64 {
        self.churned / self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stand_for_themselves_need_no_weights() {
        let y = [1, 0, 0, 1];
        assert_eq!(UNIT.totals(&y), RowWeights::new(vec![1.0; 4]).totals(&y));
        assert_eq!((UNIT.of(3), UNIT.take([2, 1].into_iter())), (1.0, RowWeights::unit()));
        let some = RowWeights::new(vec![1.0, 5.0]);
        assert_eq!(some.take([1].into_iter()), RowWeights::new(vec![5.0]));
        assert_eq!(RowWeights::joined([(&UNIT, 2), (&some, 2)].into_iter()), RowWeights::new(vec![1.0, 1.0, 1.0, 5.0]));
        assert_eq!(RowWeights::joined([(&UNIT, 2), (&UNIT, 3)].into_iter()), RowWeights::unit());
        assert_eq!((some.whole(), RowWeights::new(vec![1.5]).whole()), (Some(vec![1, 5]), None));
        let totals = some.totals(&[0, 1]).with(Totals { all: 2.0, churned: 1.0 });
        assert_eq!((totals.all, totals.churned, totals.rate()), (8.0, 6.0, 0.75));
        assert_eq!((UNIT.total(3), some.total(2)), (3.0, 6.0));
        let within = |weights: &RowWeights, customers| weights.count_within([1, 0].into_iter(), customers);
        assert_eq!([within(&UNIT, 1.0), within(&UNIT, 9.0), within(&some, 4.9), within(&some, 5.0)], [1, 2, 0, 1]);
    }
}
