//! The ids of record batches of the customers table, and the rows that have one, which are numbered batch by batch.

use super::ids::Ids;
use crate::sources::contract::IdKind;
use crate::sources::parquet::decode;
use arrow_array::ArrayRef;

/// Numbers the rows that have an id.
pub(super) struct Numbered {
    kind: IdKind,
    first_row: u32,
}

impl Numbered {
    /// From the first row of a table on.
    pub fn new(kind: IdKind) -> Numbered {
        Numbered { kind, first_row: 0 }
    }

    /// The slot of each row of the next batch, given the ids, the place among these and the number of the row.
    pub fn slots(&mut self, array: &ArrayRef, slot: impl Fn(&Ids, usize, u32) -> Option<usize>) -> Vec<Option<usize>> {
        let (ids, places) = identified(self.kind, array);
        let slot = |place: usize| slot(&ids, place, self.first_row + place as u32);
        let slots = places.into_iter().map(|place| place.and_then(slot)).collect();
        self.first_row += ids.len() as u32;
        slots
    }
}

/// The ids of a batch, and of each row the place of its id among them, if it has one.
fn identified(kind: IdKind, array: &ArrayRef) -> (Ids, Vec<Option<usize>>) {
    let mut ids = no_ids(kind);
    let valid = read_ids(&mut ids, array);
    let mut next = 0..ids.len();
    let places = valid.into_iter().map(|valid| if valid { next.next() } else { None }).collect();
    (ids, places)
}

/// No ids of a kind.
pub(super) fn no_ids(kind: IdKind) -> Ids {
    match kind {
        IdKind::Integer => Ids::Integer(Vec::new()),
        IdKind::Text => Ids::Text { bytes: String::new(), ends: Vec::new() },
    }
}

/// Appends the ids of a batch, and tells of which rows they are valid.
pub(super) fn read_ids(all: &mut Ids, array: &ArrayRef) -> Vec<bool> {
    match all {
        Ids::Integer(all) => {
            let mut ids = Vec::new();
            let ids = decode::integers_of(array, &mut ids);
            all.extend(ids.iter().flatten());
            ids.iter().map(|id| id.is_some()).collect()
        }
        Ids::Text { bytes, ends } => {
            let texts = decode::text_views(array);
            for text in texts.iter().flatten() {
                bytes.push_str(text);
                ends.push(bytes.len());
            }
            texts.iter().map(|text| text.is_some()).collect()
        }
    }
}
