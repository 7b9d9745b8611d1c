//! Texts as codes: categories and instruments.

use crate::sources::parquet::decode;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use std::sync::{Arc, PoisonError, RwLock};

/// Category texts to codes. Codes depend on the order of threads; only their identity is ever used.
#[derive(Default)]
pub(super) struct Categories(RwLock<hashbrown::HashMap<String, u32>>);

impl Categories {
    pub fn code(&self, text: &str) -> u32 {
        if let Some(&code) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return code;
        }
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = map.len() as u32;
        *map.entry(text.to_owned()).or_insert(next)
    }

    /// Distinct codes given out.
    pub fn len(&self) -> u32 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u32
    }
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
