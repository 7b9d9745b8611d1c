//! Customer ids, as integers or as strings.

use crate::sources::contract::IdKind;
use prefetch_index::prefetch_index;
use std::cmp::Ordering;

/// Customer ids: in a customers table ascending and distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// Integer ids.
    Integer(Vec<i64>),
    /// String ids: one buffer, and where each id ends in it.
    Text {
        /// All ids, one after another.
        bytes: String,
        /// The end of each id.
        ends: Vec<usize>,
    },
}

impl Default for Ids {
    fn default() -> Ids {
        Ids::Integer(Vec::new())
    }
}

impl Ids {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Ids::Integer(ids) => ids.len(),
            Ids::Text { ends, .. } => ends.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Integers or strings.
    pub fn kind(&self) -> IdKind {
        match self {
            Ids::Integer(_) => IdKind::Integer,
            Ids::Text { .. } => IdKind::Text,
        }
    }

    /// Puts others behind these; they are of the same kind.
    pub(crate) fn extend(&mut self, more: &Ids) {
        match (self, more) {
            (Ids::Integer(all), Ids::Integer(more)) => all.extend(more),
            (Ids::Text { bytes, ends }, Ids::Text { bytes: more, ends: more_ends }) => {
                let before = bytes.len();
                bytes.push_str(more);
                ends.extend(more_ends.iter().map(|end| before + end));
            }
            _ => {}
        }
    }

    /// Those at some places, in their order.
    pub fn select(&self, places: &[u32]) -> Ids {
        match self {
            Ids::Integer(ids) => Ids::Integer(places.iter().map(|&place| ids[place as usize]).collect()),
            Ids::Text { .. } => {
                let (mut bytes, mut ends) = (String::new(), Vec::with_capacity(places.len()));
                for &place in places {
                    bytes.push_str(self.text(place as usize));
                    ends.push(bytes.len());
                }
                Ids::Text { bytes, ends }
            }
        }
    }

    /// Whether each is greater than the one before.
    pub(crate) fn ascending(&self) -> bool {
        match self {
            Ids::Integer(ids) => ids.is_sorted_by(|a, b| a < b),
            Ids::Text { .. } => (1..self.len()).all(|at| self.compare(at - 1, at) == Ordering::Less),
        }
    }

    /// Compares two of them as their column sorts.
    pub(crate) fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Ids::Integer(ids) => ids[a].cmp(&ids[b]),
            Ids::Text { .. } => self.text(a).cmp(self.text(b)),
        }
    }

    /// A string id; empty when the ids are integers.
    pub fn text(&self, index: usize) -> &str {
        match self {
            Ids::Integer(_) => "",
            Ids::Text { bytes, ends } => {
                let start = if index == 0 { 0 } else { ends[index - 1] };
                &bytes[start..ends[index]]
            }
        }
    }

    /// Asks the machine to fetch a string id, and where one that is asked for later lies.
    pub fn fetch(&self, index: usize, later: usize) {
        if let Ids::Text { bytes, ends } = self {
            prefetch_index(ends, later);
            prefetch_index(bytes, ends[index]);
        }
    }

    /// An id as people write it.
    pub fn display(&self, index: usize) -> String {
        match self {
            Ids::Integer(ids) => ids[index].to_string(),
            Ids::Text { .. } => self.text(index).to_owned(),
        }
    }

    /// Whether two entries are of one customer.
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.compare(a, b) == Ordering::Equal
    }

    /// The position of an integer id.
    pub fn find_integer(&self, id: i64) -> Option<usize> {
        match self {
            Ids::Integer(ids) => {
                // Ids without gaps lie where they count themselves to be, which saves a search.
                let counted = ids.first().and_then(|&first| usize::try_from(id.checked_sub(first)?).ok());
                let there = counted.filter(|&place| ids.get(place) == Some(&id));
                there.or_else(|| ids.binary_search(&id).ok())
            }
            Ids::Text { .. } => None,
        }
    }

    /// The position of a string id.
    pub fn find_text(&self, id: &str) -> Option<usize> {
        match self {
            Ids::Integer(_) => None,
            Ids::Text { ends, .. } => {
                let (mut low, mut high) = (0, ends.len());
                while low < high {
                    let middle = low + (high - low) / 2;
                    match self.text(middle).cmp(id) {
                        Ordering::Less => low = middle + 1,
                        Ordering::Equal => return Some(middle),
                        Ordering::Greater => high = middle,
                    }
                }
                None
            }
        }
    }

    /// The position of an id as people write it.
    pub fn find(&self, id: &str) -> Option<usize> {
        match self {
            Ids::Integer(_) => self.find_integer(id.parse().ok()?),
            Ids::Text { .. } => self.find_text(id),
        }
    }
}
