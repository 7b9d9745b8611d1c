//! Pieces: some rows of one table and one bucket, as the bytes that an engine shuffles.
//!
//! ```text
//! magic 4 | version u16 | source u16 | bucket u32 | rows u32 | checksum u64 | columns
//! ```
//!
//! Numbers are little-endian. The checksum is XXH3's of all other bytes. A column is its kind, a bit for each row that
//! has a value unless all have one, and the values in as few bytes as they take: whole numbers as distances from the
//! least in a unit that divides them all, floats in 32 bits where these are exact, texts by their places among the
//! different ones. A value in the place of a null is not kept.

use super::columns::{Column, Rows, Texts, Values, NO_TEXT};
use crate::error::{Error, Result};
use xxhash_rust::xxh3::Xxh3;

/// The first bytes.
const MAGIC: [u8; 4] = *b"CHXP";
/// The version of the format.
pub(super) const VERSION: u16 = 1;
/// The most rows of a piece: some hundred kilobytes, of which an engine's batches hold many.
pub(super) const MOST_ROWS: usize = 16_384;
/// Bytes before the checksum, and before the columns.
const HEAD: usize = 16;
const BODY: usize = HEAD + 8;

/// What whole numbers are counted in where it divides all of them: a second of microseconds.
const UNIT: u64 = 1_000_000;

/// Kinds of columns.
const ABSENT: u8 = 0;
const INTEGERS: u8 = 1;
const NUMBERS: u8 = 2;
const TEXTS: u8 = 3;

/// Some rows of one table and one bucket.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub source: u16,
    pub bucket: u32,
    pub rows: Rows,
}

/// A piece as bytes, and its checksum.
pub(super) struct Encoded {
    pub bytes: Vec<u8>,
    pub checksum: u64,
}

impl Piece {
    /// The bytes of the piece.
    pub fn encode(&self) -> Encoded {
        let mut bytes = Vec::with_capacity(BODY + 24 * self.rows.count);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.source.to_le_bytes());
        bytes.extend(self.bucket.to_le_bytes());
        bytes.extend((self.rows.count as u32).to_le_bytes());
        bytes.extend([0; BODY - HEAD]);
        self.rows.columns.iter().for_each(|column| put_column(&mut bytes, column.as_ref()));

        let checksum = checksum(&bytes);
        bytes[HEAD..BODY].copy_from_slice(&checksum.to_le_bytes());
        Encoded { bytes, checksum }
    }

    /// Reads a piece of so many columns, and its checksum.
    ///
    /// # Errors
    /// [`Error::Config`] for a piece of another version; [`Error::Temporary`] for one that is not as it was written.
    pub fn decode(bytes: &[u8], columns: usize) -> Result<(Piece, u64)> {
        let mut from = Cursor { bytes };
        if from.array() != Some(MAGIC) {
            return Err(damaged());
        }
        let version = u16::from_le_bytes(from.array().ok_or_else(damaged)?);
        if version != VERSION {
            return Err(Error::Config(format!(
                "a piece of rows has format {version}, and this program reads {VERSION}: another version of the \
                 program packed it; install one version on every machine, and use a new staging folder"
            )));
        }
        let kept = bytes.get(HEAD..BODY).and_then(|kept| kept.try_into().ok()).map(u64::from_le_bytes);
        if kept != Some(checksum(bytes)) {
            return Err(damaged());
        }
        let piece = from.piece(columns).ok_or_else(damaged)?;
        Ok((piece, checksum(bytes)))
    }
}

/// The number of the table that a piece is of.
///
/// # Errors
/// [`Error::Temporary`] for bytes that are none.
pub(super) fn source(bytes: &[u8]) -> Result<u16> {
    bytes.get(6..8).and_then(|own| own.try_into().ok()).map(u16::from_le_bytes).ok_or_else(damaged)
}

fn damaged() -> Error {
    Error::Temporary("a piece of rows came out of the shuffle damaged; run again".to_owned())
}

/// The checksum of all bytes but its own.
fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&bytes[..HEAD.min(bytes.len())]);
    hash.update(bytes.get(BODY..).unwrap_or_default());
    hash.digest()
}

fn put_column(bytes: &mut Vec<u8>, column: Option<&Column>) {
    let Some(Column { values, valid }) = column else {
        bytes.push(ABSENT);
        return;
    };
    bytes.push(match values {
        Values::Integers(_) => INTEGERS,
        Values::Numbers(_) => NUMBERS,
        Values::Texts(_) => TEXTS,
    });

    let all_valid = valid.iter().all(|&valid| valid);
    bytes.push(u8::from(all_valid));
    if !all_valid {
        let byte = |rows: &[bool]| rows.iter().zip(0..).fold(0, |byte, (&valid, bit)| byte | u8::from(valid) << bit);
        bytes.extend(valid.chunks(8).map(byte));
    }
    match values {
        Values::Integers(all) => put_integers(bytes, all, valid),
        Values::Numbers(all) => put_numbers(bytes, all, valid),
        Values::Texts(all) => put_texts(bytes, all, valid),
    }
}

fn put_integers(bytes: &mut Vec<u8>, values: &[i64], valid: &[bool]) {
    let with_value = values.iter().zip(valid).filter(|(_, valid)| **valid).map(|(value, _)| *value);
    let least = with_value.clone().min().unwrap_or(0);
    let mut distances: Vec<u64> = with_value.map(|value| value.wrapping_sub(least) as u64).collect();
    let has_unit = distances.iter().all(|distance| distance % UNIT == 0);
    if has_unit {
        distances.iter_mut().for_each(|distance| *distance /= UNIT);
    }

    bytes.extend(least.to_le_bytes());
    bytes.extend((if has_unit { UNIT as u32 } else { 1 }).to_le_bytes());
    put_words(bytes, distances.into_iter());
}

/// Whole numbers in as many bytes as the greatest takes.
fn put_words(bytes: &mut Vec<u8>, words: impl ExactSizeIterator<Item = u64> + Clone) {
    let greatest = words.clone().max().unwrap_or(0);
    let width = match greatest {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    bytes.push(width);
    match width {
        0 => {}
        1 => put_low_bytes::<1>(bytes, words),
        2 => put_low_bytes::<2>(bytes, words),
        4 => put_low_bytes::<4>(bytes, words),
        _ => put_low_bytes::<8>(bytes, words),
    }
}

/// The lowest `WIDTH` bytes of each.
fn put_low_bytes<const WIDTH: usize>(bytes: &mut Vec<u8>, words: impl ExactSizeIterator<Item = u64>) {
    let start = bytes.len();
    bytes.resize(start + WIDTH * words.len(), 0);
    for (low, word) in bytes[start..].as_chunks_mut::<WIDTH>().0.iter_mut().zip(words) {
        low.copy_from_slice(&word.to_le_bytes()[..WIDTH]);
    }
}

fn put_numbers(bytes: &mut Vec<u8>, values: &[f64], valid: &[bool]) {
    let with_value = values.iter().zip(valid).filter(|(_, valid)| **valid).map(|(value, _)| *value);
    let is_exact = with_value.clone().all(|value| f64::from(value as f32).to_bits() == value.to_bits());
    bytes.push(if is_exact { 4 } else { 8 });
    if is_exact {
        with_value.for_each(|value| bytes.extend((value as f32).to_le_bytes()));
    } else {
        with_value.for_each(|value| bytes.extend(value.to_le_bytes()));
    }
}

fn put_texts(bytes: &mut Vec<u8>, Texts { names, codes }: &Texts, valid: &[bool]) {
    bytes.extend((names.len() as u32).to_le_bytes());
    for name in names {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    let with_value = codes.iter().zip(valid).filter(|(_, valid)| **valid);
    let words: Vec<u64> = with_value.map(|(&code, _)| u64::from(code)).collect();
    put_words(bytes, words.into_iter());
}

/// The bytes of a piece that have not been read yet.
struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A piece from behind its version.
    fn piece(&mut self, columns: usize) -> Option<Piece> {
        let source = u16::from_le_bytes(self.array()?);
        let bucket = self.number()?;
        let count = self.number().map(|count| count as usize).filter(|&count| count <= MOST_ROWS)?;
        self.take(BODY - HEAD)?;

        let columns = (0..columns).map(|_| self.column(count)).collect::<Option<Vec<_>>>()?;
        self.bytes.is_empty().then_some(Piece { source, bucket, rows: Rows { count, columns } })
    }

    /// A column, which may be absent; none where it cannot be read.
    fn column(&mut self, rows: usize) -> Option<Option<Column>> {
        let [kind] = self.array()?;
        if kind == ABSENT {
            return Some(None);
        }

        let [all_valid] = self.array()?;
        let valid: Vec<bool> = if all_valid == 1 {
            vec![true; rows]
        } else {
            let bits = self.take(rows.div_ceil(8))?;
            (0..rows).map(|row| bits[row / 8] >> (row % 8) & 1 == 1).collect()
        };

        let values = match kind {
            INTEGERS => Values::Integers(self.integers(&valid)?),
            NUMBERS => Values::Numbers(self.numbers(&valid)?),
            TEXTS => Values::Texts(self.texts(&valid)?),
            _ => return None,
        };
        Some(Some(Column { values, valid }))
    }

    fn integers(&mut self, valid: &[bool]) -> Option<Vec<i64>> {
        let least = i64::from_le_bytes(self.array()?);
        let unit = u64::from(self.number()?);
        let distances = self.words(valid)?;
        let value = |(distance, &valid): (u64, &bool)| {
            if valid {
                least.wrapping_add(distance.wrapping_mul(unit) as i64)
            } else {
                0
            }
        };
        Some(distances.into_iter().zip(valid).map(value).collect())
    }

    /// A whole number for each row, 0 for a null.
    fn words(&mut self, valid: &[bool]) -> Option<Vec<u64>> {
        let [width] = self.array()?;
        let width = usize::from(width);
        if !matches!(width, 0 | 1 | 2 | 4 | 8) {
            return None;
        }
        let of_valid = self.take(width * count(valid))?;
        let of_valid = match width {
            0 => vec![0; count(valid)],
            1 => words::<1>(of_valid),
            2 => words::<2>(of_valid),
            4 => words::<4>(of_valid),
            _ => words::<8>(of_valid),
        };
        Some(placed(of_valid, valid, 0))
    }

    fn numbers(&mut self, valid: &[bool]) -> Option<Vec<f64>> {
        let [width] = self.array()?;
        let of_valid: Vec<f64> = match width {
            4 => {
                let bytes = self.take(4 * count(valid))?.as_chunks::<4>().0;
                bytes.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
            }
            8 => {
                let bytes = self.take(8 * count(valid))?.as_chunks::<8>().0;
                bytes.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
            }
            _ => return None,
        };
        Some(placed(of_valid, valid, f64::NAN))
    }

    fn texts(&mut self, valid: &[bool]) -> Option<Texts> {
        let count = self.number()? as usize;
        // As many lengths as bytes follow, at most.
        let mut names = Vec::with_capacity(count.min(self.bytes.len()));
        for _ in 0..count {
            let length = self.number()? as usize;
            names.push(String::from_utf8(self.take(length)?.to_vec()).ok()?);
        }

        let words = self.words(valid)?;
        let code = |(word, &valid): (u64, &bool)| if valid { u32::try_from(word).ok() } else { Some(NO_TEXT) };
        let codes: Vec<u32> = words.into_iter().zip(valid).map(code).collect::<Option<_>>()?;
        let is_known = |(code, valid): (&u32, &bool)| !valid || (*code as usize) < names.len();
        codes.iter().zip(valid).all(is_known).then_some(Texts { names, codes })
    }
}

/// Whole numbers of so many bytes each.
fn words<const WIDTH: usize>(bytes: &[u8]) -> Vec<u64> {
    let word = |low: &[u8; WIDTH]| {
        let mut word = [0; 8];
        word[..WIDTH].copy_from_slice(low);
        u64::from_le_bytes(word)
    };
    bytes.as_chunks::<WIDTH>().0.iter().map(word).collect()
}

/// The values of valid rows, with others in the places of the rest.
fn placed<T: Copy>(of_valid: Vec<T>, valid: &[bool], null: T) -> Vec<T> {
    if of_valid.len() == valid.len() {
        return of_valid;
    }
    let mut next = of_valid.into_iter();
    valid.iter().map(|valid| if *valid { next.next().unwrap_or(null) } else { null }).collect()
}

fn count(valid: &[bool]) -> usize {
    valid.iter().filter(|valid| **valid).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(rows: usize) -> impl Strategy<Value = Option<Column>> {
        let valid = || prop_oneof![Just(vec![true; rows]), proptest::collection::vec(any::<bool>(), rows)];
        let instant = prop_oneof![Just(0i64), (-1000i64..1000).prop_map(|second| second * 1_000_000), any::<i64>()];
        let integers = (proptest::collection::vec(instant, rows), valid()).prop_map(|(all, valid)| {
            let all = all.iter().zip(&valid).map(|(&value, &valid)| if valid { value } else { 0 }).collect();
            Column { values: Values::Integers(all), valid }
        });
        // Without NaN, which is not equal to itself.
        let number = prop_oneof![Just(-0.0), Just(1.5), Just(0.1), Just(f64::INFINITY), -1e300..1e300];
        let numbers = proptest::collection::vec(number, rows)
            .prop_map(move |all| Column { values: Values::Numbers(all), valid: vec![true; rows] });
        let texts = (proptest::collection::vec(0u32..3, rows), valid()).prop_map(|(codes, valid)| {
            let codes = codes.iter().zip(&valid).map(|(&code, &valid)| if valid { code } else { NO_TEXT }).collect();
            let names = ["", "web", "größer"].map(str::to_owned).to_vec();
            Column { values: Values::Texts(Texts { names, codes }), valid }
        });
        prop_oneof![Just(None), integers.prop_map(Some), numbers.prop_map(Some), texts.prop_map(Some)]
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let rows = (0usize..40).prop_flat_map(|count| {
            proptest::collection::vec(column(count), 0..5).prop_map(move |columns| Rows { count, columns })
        });
        (any::<u16>(), any::<u32>(), rows).prop_map(|(source, bucket, rows)| Piece { source, bucket, rows })
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(piece in piece()) {
            let Encoded { bytes, checksum } = piece.encode();
            let (again, same) = Piece::decode(&bytes, piece.rows.columns.len()).unwrap();
            prop_assert_eq!((again, same), (piece, checksum));
        }

        #[test]
        fn a_piece_that_is_cut_short_is_damaged(piece in piece(), at: prop::sample::Index) {
            let Encoded { bytes, .. } = piece.encode();
            let cut = &bytes[..at.index(bytes.len())];
            prop_assert!(matches!(Piece::decode(cut, piece.rows.columns.len()), Err(Error::Temporary(_))));
        }

        #[test]
        fn a_flipped_bit_is_found(piece in piece(), at: prop::sample::Index, bit in 0u8..8) {
            let Encoded { mut bytes, .. } = piece.encode();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Piece::decode(&bytes, piece.rows.columns.len()).is_err());
        }

        #[test]
        fn bytes_of_anybody_are_refused_and_nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut piece = MAGIC.to_vec();
            piece.extend(VERSION.to_le_bytes());
            piece.extend(bytes);
            // With a checksum that is right, so that what lies behind it is looked at.
            if piece.len() >= BODY {
                let right = checksum(&piece);
                piece[HEAD..BODY].copy_from_slice(&right.to_le_bytes());
            }
            let _ = Piece::decode(&piece, 3);
        }
    }

    #[test]
    fn a_piece_of_another_version_is_told() {
        let piece = Piece { source: 0, bucket: 0, rows: Rows::default() };
        let mut bytes = piece.encode().bytes;
        bytes[4] = 9;
        let error = Piece::decode(&bytes, 0).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("format 9"), "{error}");
    }

    #[test]
    fn seconds_and_small_distances_take_few_bytes() {
        let times: Vec<i64> = (0..1000).map(|row| 1_780_000_000_000_000 + row * 60_000_000).collect();
        let column = |values| Some(Column { values, valid: vec![true; 1000] });
        let columns = vec![column(Values::Integers(times)), column(Values::Numbers(vec![0.5; 1000]))];
        let bytes = Piece { source: 2, bucket: 7, rows: Rows { count: 1000, columns } }.encode().bytes;
        assert!(bytes.len() < 8 * 1000 + 100, "{} bytes", bytes.len());
    }
}
