//! How a row is laid out in 32-bit words.

/// The category code that stands for null.
pub const NO_CATEGORY: u32 = u32::MAX;

/// The most seconds from an origin to an instant: 68 years.
pub(super) const MOST_SECONDS: i64 = 1 << 31;

/// How a row is packed into 32-bit words: first what tells its customer from the others of the partition, then what
/// puts a customer's rows in order, the most important first. The words of two rows without the first compare as the
/// rows do.
///
/// The order is: time (seconds since the store's origin), microseconds within the second, value, category, instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowLayout {
    /// Whether the microseconds within the second follow, for the order of survey answers and for exact duplicates.
    pub fraction: bool,
    /// Words of the value: 0 without, 1 where every value is exact in 32 bits, 2 otherwise.
    pub value_words: usize,
    /// Whether a category code follows.
    pub category: bool,
    /// Whether an instrument follows.
    pub instrument: bool,
}

impl RowLayout {
    /// Words of the whole row.
    pub fn words(&self) -> usize {
        1 + self.ordered_words()
    }

    /// Words without the first.
    pub fn ordered_words(&self) -> usize {
        self.instrument_at() + usize::from(self.instrument)
    }

    /// Whether rows have a code: an instrument, or else a category. It is the last word then.
    pub fn coded(&self) -> bool {
        self.category || self.instrument
    }

    /// Words of a row whose customer, second and code are in one.
    pub fn compact_words(&self) -> usize {
        self.ordered_words() - usize::from(self.coded())
    }

    /// Where the value is among the words behind the first.
    pub fn value_at(&self) -> usize {
        1 + usize::from(self.fraction)
    }

    /// Where the category is among them.
    pub fn category_at(&self) -> usize {
        self.value_at() + self.value_words
    }

    /// Where the instrument is among them.
    pub fn instrument_at(&self) -> usize {
        self.category_at() + usize::from(self.category)
    }
}
