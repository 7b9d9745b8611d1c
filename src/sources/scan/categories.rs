//! Texts as codes: categories and instruments.

use super::row_layout::NO_CATEGORY;
use crate::sources::parquet::decode;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use hashbrown::HashTable;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use xxhash_rust::xxh3::xxh3_64;

/// Category texts to codes. Codes depend on the order of threads; only their identity is ever used. Of a text nothing
/// but a hash is kept: of ten million different ones, any two share theirs in one case of 300,000.
#[derive(Default)]
pub(super) struct Categories {
    known: RwLock<HashTable<Known>>,
    /// Bytes that they may take; none for as much as there is.
    most: Option<u64>,
    /// Whether there was no room for one.
    full: AtomicBool,
    /// Bytes that they take, as far as they have been told.
    told: AtomicU64,
}

/// A text that has a code. Three words rather than two numbers of eight bytes, so that it takes twelve.
#[derive(Clone, Copy)]
struct Known {
    hash: [u32; 2],
    code: u32,
}

impl Known {
    fn hash(&self) -> u64 {
        u64::from(self.hash[1]) << 32 | u64::from(self.hash[0])
    }
}

/// Bytes of a place in the table, with its tag.
const A_PLACE: u64 = size_of::<Known>() as u64 + 1;

impl Categories {
    /// With room for so many bytes.
    pub fn within(most: Option<u64>) -> Categories {
        Categories { most, ..Categories::default() }
    }

    pub fn code(&self, text: &str) -> u32 {
        let hash = xxh3_64(text.as_bytes());
        let is_same = |known: &Known| known.hash() == hash;
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).find(hash, is_same) {
            return known.code;
        }

        let mut table = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // While the table grows, both the old one and the new one, of twice its size, are there.
        let grows = table.len() == table.capacity();
        if grows && self.most.is_some_and(|most| 3 * bytes(&table) > most) {
            self.full.store(true, Ordering::Relaxed);
            return NO_CATEGORY;
        }
        let next = Known { hash: [hash as u32, (hash >> 32) as u32], code: table.len() as u32 };
        table.entry(hash, is_same, Known::hash).or_insert(next).get().code
    }

    /// Distinct codes given out.
    pub fn len(&self) -> u32 {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len() as u32
    }

    /// Whether there was no room for a text, which has no code then.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Bytes that they take more than when this was asked before.
    pub fn growth(&self) -> u64 {
        let now = bytes(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        now.saturating_sub(self.told.swap(now, Ordering::Relaxed))
    }
}

/// Bytes of a table, an eighth of whose places stays free.
fn bytes(table: &HashTable<Known>) -> u64 {
    A_PLACE * (table.capacity() as u64 * 8 / 7)
}

/// The codes of a dictionary's texts. Row groups keep one dictionary for many batches.
#[derive(Default)]
pub(super) struct DictionaryCodes {
    texts: Option<ArrayRef>,
    codes: Vec<u32>,
}

impl DictionaryCodes {
    fn codes(&mut self, texts: &ArrayRef, null: u32, code: impl Fn(&str) -> u32) -> &[u32] {
        if !self.texts.as_ref().is_some_and(|known| Arc::ptr_eq(known, texts)) {
            self.codes.clear();
            if let Some(texts) = texts.as_string_opt::<i32>() {
                self.codes.extend(texts.iter().map(|text| text.map_or(null, &code)));
            }
            self.texts = Some(texts.clone());
        }
        &self.codes
    }
}

/// The codes of a text column of a batch; without such a column all are null.
pub(super) fn text_codes(
    batch: &RecordBatch,
    column: &str,
    null: u32,
    code: impl Fn(&str) -> u32,
    known: &mut DictionaryCodes,
    out: &mut Vec<u32>,
) {
    out.clear();
    let Some(array) = batch.column_by_name(column) else {
        out.resize(batch.num_rows(), null);
        return;
    };

    if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>() {
        if *dictionary.values().data_type() == DataType::Utf8 {
            let codes = known.codes(dictionary.values(), null, code);
            let code_of = |key: i32| usize::try_from(key).ok().and_then(|k| codes.get(k)).copied().unwrap_or(null);
            let keys = dictionary.keys();
            match keys.nulls() {
                None => out.extend(keys.values().iter().map(|&key| code_of(key))),
                Some(nulls) => {
                    let valid = keys.values().iter().zip(nulls);
                    out.extend(valid.map(|(&key, valid)| if valid { code_of(key) } else { null }));
                }
            }
            return;
        }
    }

    let texts = decode::texts(array);
    let codes: Vec<u32> = texts.values.iter().map(|v| code(v)).collect();
    out.extend(texts.positions.iter().map(|p| p.map_or(null, |p| codes[p as usize])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_code_and_others_have_others() {
        let categories = Categories::default();
        let codes: Vec<u32> = (0..10_000).map(|text| categories.code(&format!("text {text}"))).collect();
        assert_eq!(codes, (0..10_000).collect::<Vec<u32>>());
        assert!((0..10_000).all(|text| categories.code(&format!("text {text}")) == text));
        assert_eq!((categories.len(), categories.is_full()), (10_000, false));
    }

    #[test]
    fn categories_take_no_more_than_they_may() {
        const MOST: u64 = 1 << 20;
        let categories = Categories::within(Some(MOST));
        let mut held = 0;
        for text in 0..100_000 {
            categories.code(&text.to_string());
            held += categories.growth();
        }
        assert!(categories.is_full() && held > MOST / 4 && held < MOST, "{held} bytes");
        assert_eq!(categories.code("unheard of"), NO_CATEGORY);
        assert_eq!(categories.code("0"), 0);
    }
}
