//! The table of types and roles, cell by cell: what is written in a file of each type arrives exactly in each role, or
//! the file is refused by name. And files with damaged bytes: an error of the data at most, never a panic.

use super::contract::{Need, Role};
use super::parquet::decode::{self, Times};
use super::parquet::Table;
use super::IdKind;
use crate::calendar::Zone;
use crate::config::EpochUnit;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::{i256, IntervalDayTime, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::data_type::{FixedLenByteArray, FixedLenByteArrayType};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

type Half = <Float16Type as ArrowPrimitiveType>::Native;

/// What three rows hold in each role; none where the role refuses them. The second row is null in all.
#[derive(Clone, Debug, Default)]
struct Holds {
    id: Option<[&'static str; 2]>,
    /// Microseconds, with numbers as seconds.
    time: Option<[i64; 2]>,
    number: Option<[f64; 2]>,
    text: Option<[&'static str; 2]>,
    /// Whether times are read without a unit too.
    dated: bool,
}

fn whole(a: i64, b: i64, texts: [&'static str; 2]) -> Holds {
    Holds {
        id: Some(texts),
        time: Some([a, b].map(|seconds| seconds.saturating_mul(1_000_000))),
        number: Some([a as f64, b as f64]),
        text: Some(texts),
        dated: false,
    }
}

fn text(texts: [&'static str; 2]) -> Holds {
    Holds { id: Some(texts), text: Some(texts), ..Holds::default() }
}

fn times(micros: [i64; 2]) -> Holds {
    Holds { time: Some(micros), dated: true, ..Holds::default() }
}

fn number(numbers: [f64; 2], micros: [i64; 2]) -> Holds {
    Holds { number: Some(numbers), time: Some(micros), ..Holds::default() }
}

/// A column of three rows for every Arrow type that Parquet can hold, and what it holds.
fn columns() -> Vec<(ArrayRef, Holds)> {
    fn with<A: Array + 'static>(array: A, holds: Holds) -> (ArrayRef, Holds) {
        (Arc::new(array), holds)
    }
    fn three<T: Copy>(a: T, b: T) -> [Option<T>; 3] {
        [Some(a), None, Some(b)]
    }

    macro_rules! integers {
        ($($array:ty),+) => {
            vec![$(with(<$array>::from_iter(three(7, 42)), whole(7, 42, ["7", "42"]))),+]
        };
    }
    let mut all =
        integers!(Int8Array, Int16Array, Int32Array, Int64Array, UInt8Array, UInt16Array, UInt32Array, UInt64Array);
    all.push(with(
        Int64Array::from_iter(three(i64::MIN, i64::MAX)),
        whole(i64::MIN, i64::MAX, ["-9223372036854775808", "9223372036854775807"]),
    ));
    all.push(with(
        UInt64Array::from_iter(three(7, u64::MAX)),
        Holds {
            time: Some([7_000_000, i64::MAX]),
            number: Some([7.0, u64::MAX as f64]),
            ..text(["7", "18446744073709551615"])
        },
    ));

    macro_rules! decimals {
        ($($array:ty, $native:expr, $precision:expr);+) => {
            vec![$(
                with(
                    <$array>::from_iter(three(7, 42).map(|v| v.map($native))).with_precision_and_scale($precision, 0).unwrap(),
                    whole(7, 42, ["7", "42"]),
                ),
                // Whole values of a scale are ids too; as texts they are not read.
                with(
                    <$array>::from_iter(three(700, -4200).map(|v| v.map($native))).with_precision_and_scale($precision, 2).unwrap(),
                    Holds { text: None, ..whole(7, -42, ["7", "-42"]) },
                )
            ),+]
        };
    }
    all.extend(decimals!(
        Decimal32Array, |v: i32| v, 9;
        Decimal64Array, |v: i32| i64::from(v), 18;
        Decimal128Array, |v: i32| i128::from(v), 38;
        Decimal256Array, |v: i32| i256::from_i128(v.into()), 76
    ));
    let large = i256::from_string("340282366920938463463374607431768211456").unwrap();
    all.push(with(
        Decimal128Array::from_iter(three(7, i128::from(u64::MAX))).with_precision_and_scale(38, 0).unwrap(),
        Holds {
            time: Some([7_000_000, i64::MAX]),
            number: Some([7.0, u64::MAX as f64]),
            ..text(["7", "18446744073709551615"])
        },
    ));
    all.push(with(
        Decimal256Array::from_iter(three(i256::from_i128(999), large)).with_precision_and_scale(76, 2).unwrap(),
        number([9.99, "3402823669209384634633746074317682114.56".parse().unwrap()], [9_990_000, i64::MAX]),
    ));
    all.push(with(
        Decimal128Array::from_iter(three(9_990_000_000, 1)).with_precision_and_scale(38, 30).unwrap(),
        number([9.99e-21, 1e-30], [0, 0]),
    ));

    let half = [1.5, -2.0];
    let micros = [1_500_000, -2_000_000];
    all.push(with(Float16Array::from_iter(three(Half::from_f64(1.5), Half::from_f64(-2.0))), number(half, micros)));
    all.push(with(Float32Array::from_iter(three(1.5, -2.0)), number(half, micros)));
    all.push(with(Float64Array::from_iter(three(1.5, -2.0)), number(half, micros)));
    // Whole floats are ids, up to the first that its type could have rounded.
    let whole_float = || Holds { id: Some(["7", "-42"]), ..number([7.0, -42.0], [7_000_000, -42_000_000]) };
    all.push(with(Float16Array::from_iter(three(Half::from_f64(7.0), Half::from_f64(-42.0))), whole_float()));
    all.push(with(Float32Array::from_iter(three(7.0, -42.0)), whole_float()));
    all.push(with(Float64Array::from_iter(three(7.0, -42.0)), whole_float()));
    let last = 2f64.powi(24);
    all.push(with(
        Float32Array::from_iter(three(last as f32, 1.0)),
        number([last, 1.0], [16_777_216_000_000, 1_000_000]),
    ));
    all.push(with(Float64Array::from_iter(three(1e300, -1e300)), number([1e300, -1e300], [i64::MAX, i64::MIN])));
    all.push(with(
        BooleanArray::from_iter(three(true, false)),
        Holds { number: Some([1.0, 0.0]), text: Some(["true", "false"]), ..Holds::default() },
    ));

    for zone in [None, Some("UTC"), Some("+02:00")] {
        let zone = zone.map(Arc::from);
        all.push(with(
            TimestampMillisecondArray::from_iter(three(-1, 42)).with_timezone_opt(zone.clone()),
            times([-1000, 42_000]),
        ));
        all.push(with(
            TimestampMicrosecondArray::from_iter(three(i64::MIN, 42)).with_timezone_opt(zone.clone()),
            times([i64::MIN, 42]),
        ));
        all.push(with(
            TimestampNanosecondArray::from_iter(three(-1, i64::MAX)).with_timezone_opt(zone),
            times([-1, i64::MAX / 1000]),
        ));
    }
    const DAY: i64 = 86_400_000_000;
    all.push(with(Date32Array::from_iter(three(-1, 20_000)), times([-DAY, 20_000 * DAY])));
    all.push(with(Date32Array::from_iter(three(i32::MIN, i32::MAX)), times([i64::MIN, i64::MAX])));
    all.push(with(Time32MillisecondArray::from_iter(three(1, 2)), Holds::default()));
    all.push(with(Time64MicrosecondArray::from_iter(three(1, 2)), Holds::default()));
    all.push(with(Time64NanosecondArray::from_iter(three(1, 2)), Holds::default()));
    all.push(with(
        IntervalDayTimeArray::from_iter(three(IntervalDayTime::new(1, 2), IntervalDayTime::new(3, 4))),
        Holds::default(),
    ));

    let words = || [Some("é-7"), None, Some("a word of more than twelve bytes")];
    let read = || text(["é-7", "a word of more than twelve bytes"]);
    all.push(with(StringArray::from_iter(words()), read()));
    all.push(with(LargeStringArray::from_iter(words()), read()));
    all.push(with(StringViewArray::from_iter(words()), read()));
    let bytes = || words().map(|word| word.map(str::as_bytes));
    all.push(with(BinaryArray::from_iter(bytes()), read()));
    all.push(with(LargeBinaryArray::from_iter(bytes()), read()));
    all.push(with(BinaryViewArray::from_iter(bytes()), read()));
    all.push(with(words().into_iter().collect::<DictionaryArray<Int16Type>>(), read()));
    let sixteen: Vec<u8> = (0..48).collect();
    let nulls = NullBuffer::from(vec![true, false, true]);
    all.push(with(FixedSizeBinaryArray::new(16, sixteen.into(), Some(nulls.clone())), Holds::default()));

    let items = Int32Array::from(vec![1, 2, 3]);
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(vec![0, 1, 1, 3]));
    all.push(with(
        ListArray::new(item.clone(), offsets, Arc::new(items.clone()), Some(nulls.clone())),
        Holds::default(),
    ));
    all.push(with(StructArray::new(vec![item].into(), vec![Arc::new(items)], Some(nulls)), Holds::default()));
    all
}

/// Writes a column `c` that is marked as one of UUIDs.
fn write_uuids(path: &Path) {
    let schema = parse_message_type("message m { optional fixed_len_byte_array(16) c (UUID); }").unwrap();
    let mut writer =
        SerializedFileWriter::new(File::create(path).unwrap(), Arc::new(schema), Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let bytes: Vec<u8> = (0..48).collect();
    let values = [&bytes[..16], &bytes[32..]].map(|bytes| FixedLenByteArray::from(bytes.to_vec()));
    column.typed::<FixedLenByteArrayType>().write_batch(&values, Some(&[1, 0, 1]), None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

/// Writes a column `c` in one of the four ways: with a dictionary or without, in data pages of version 1 or 2.
fn write(path: &Path, field: Field, array: &ArrayRef, dictionary: bool, version: WriterVersion) {
    let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).set_writer_version(version).build();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array.clone()]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn open(path: &Path, role: Role) -> Result<Table, String> {
    let needs = [Need::required("signals.s", "c", "c", role)];
    let mut problems = Vec::new();
    Table::open("signal `s`", path, None, &needs, None, &mut problems).ok_or_else(|| problems.join("\n"))
}

/// The rows of a file in a role, as text.
fn rows(table: &Table, role: Role) -> Result<Vec<Option<String>>, String> {
    let zone = Zone::utc();
    let (mut out, mut numbers, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for batch in table.files[0].read(&["c"], None, 2).unwrap() {
        let batch = batch.map_err(checked)?;
        let array = batch.column(0);
        match role {
            Role::Id if table.id_kind == IdKind::Integer => {
                all.extend(decode::integers_of(array, &mut out).iter().map(|id| Some(id?.to_string())));
            }
            Role::Id => all.extend(decode::text_views(array).iter().map(|id| id.map(str::to_owned))),
            Role::Time | Role::Epoch(_) => {
                let nulls = Times::new(&zone).fill(array, &mut out);
                all.extend(decode::valid(&out, nulls.as_ref()).map(|t| Some(t?.to_string())));
            }
            Role::Number | Role::Label => {
                decode::numbers(array, &mut numbers);
                all.extend(numbers.iter().map(|number| (!number.is_nan()).then(|| number.to_string())));
            }
            Role::Text => {
                let texts = decode::texts(array);
                all.extend(texts.positions.iter().map(|place| Some(texts.values[(*place)? as usize].clone())));
            }
            Role::Any => all.extend((0..array.len()).map(|row| array.is_valid(row).then(String::new))),
        }
    }
    Ok(all)
}

#[test]
fn every_type_is_read_exactly_or_refused_by_name_in_every_role() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (array, holds)) in columns().into_iter().enumerate() {
        let field = Field::new("c", array.data_type().clone(), true);
        let nested = field.data_type().is_nested() && !matches!(field.data_type(), DataType::Dictionary(..));
        // What they hold of a month is lost when they are decoded.
        let interval = matches!(field.data_type(), DataType::Interval(_));
        let expected = [
            (Role::Id, holds.id.map(|ids| ids.map(str::to_owned))),
            (Role::Time, holds.time.filter(|_| holds.dated).map(|times| times.map(|time| time.to_string()))),
            (Role::Epoch(EpochUnit::Seconds), holds.time.map(|times| times.map(|time| time.to_string()))),
            (Role::Number, holds.number.map(|numbers| numbers.map(|number| number.to_string()))),
            (Role::Label, holds.number.map(|numbers| numbers.map(|number| number.to_string()))),
            (Role::Text, holds.text.map(|texts| texts.map(str::to_owned))),
            (Role::Any, (!nested && !interval).then(|| [String::new(), String::new()])),
        ];

        let ways = [true, false].into_iter().flat_map(|dictionary| {
            [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0].map(|version| (dictionary, version))
        });
        for (way, (dictionary, version)) in ways.enumerate() {
            let path = folder.path().join(format!("{number}-{way}.parquet"));
            write(&path, field.clone(), &array, dictionary, version);
            for (role, expected) in &expected {
                let case = format!("{} as {role:?}, way {way}", field.data_type());
                match (open(&path, *role), expected) {
                    (Ok(table), Some([first, last])) => {
                        let expected = vec![Some(first.clone()), None, Some(last.clone())];
                        assert_eq!(rows(&table, *role), Ok(expected), "{case}");
                    }
                    (Err(problem), None) => {
                        let named = problem.contains("column `c`") && problem.contains(&path.display().to_string());
                        assert!(named && problem.contains("; "), "{case}: {problem}");
                        assert!(!problem.contains("expected anything"), "{case}: {problem}");
                    }
                    // Whether a decimal is an id depends on its values.
                    (Ok(table), None) => {
                        let problem = rows(&table, *role).expect_err(&case);
                        assert!(problem.contains("column `c`, row 0 of row group 0"), "{case}: {problem}");
                    }
                    (Err(problem), Some(_)) => panic!("{case}: {problem}"),
                }
            }
        }
    }
}

#[test]
fn uuids_are_texts_where_they_are_marked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("uuids.parquet");
    write_uuids(&path);
    let expected = ["00010203-0405-0607-0809-0a0b0c0d0e0f", "20212223-2425-2627-2829-2a2b2c2d2e2f"].map(str::to_owned);
    for role in [Role::Id, Role::Text] {
        let [first, last] = expected.clone();
        assert_eq!(rows(&open(&path, role).unwrap(), role), Ok(vec![Some(first), None, Some(last)]), "{role:?}");
    }
    for role in [Role::Time, Role::Number, Role::Label] {
        assert!(open(&path, role).err().unwrap().contains("found a UUID"), "{role:?}");
    }
}

#[test]
fn a_column_of_the_null_type_has_no_values_in_any_role() {
    let folder = tempfile::tempdir().unwrap();
    let roles =
        [Role::Id, Role::Time, Role::Epoch(EpochUnit::Seconds), Role::Number, Role::Label, Role::Text, Role::Any];
    for length in [0, 3] {
        let path = folder.path().join(format!("{length}.parquet"));
        let array: ArrayRef = Arc::new(NullArray::new(length));
        write(&path, Field::new("c", DataType::Null, true), &array, true, WriterVersion::PARQUET_2_0);
        for role in roles.iter().filter(|role| **role != Role::Any) {
            let table = open(&path, *role).unwrap();
            assert_eq!((table.own_id_kind, rows(&table, *role)), (None, Ok(vec![None; length])), "{role:?}");
        }
        open(&path, Role::Any).unwrap();
    }
}

#[test]
fn a_number_that_cannot_be_an_id_is_named_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fractions.parquet");
    let array: ArrayRef =
        Arc::new(Decimal128Array::from_iter_values([100, 250]).with_precision_and_scale(20, 2).unwrap());
    write(&path, Field::new("c", array.data_type().clone(), true), &array, true, WriterVersion::PARQUET_2_0);
    let table = open(&path, Role::Id).unwrap();
    let error = table.files[0].read(&["c"], None, 10).unwrap().find_map(Result::err).unwrap();
    let message = error.to_string();
    assert_eq!(error.exit_code(), 3);
    assert!(message.contains("column `c`, row 1 of row group 0") && message.contains("2.50"), "{message}");
}

#[test]
fn numbers_as_times_are_refused_with_the_unit_that_they_look_like() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("epoch.parquet");
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values([1_748_736_000_000, 1_748_736_060_000]));
    write(&path, Field::new("c", DataType::Int64, true), &array, true, WriterVersion::PARQUET_2_0);
    let problem = open(&path, Role::Time).err().unwrap();
    assert!(problem.contains("`time_unit = \"milliseconds\"`"), "{problem}");

    let table = open(&path, Role::Epoch(EpochUnit::Milliseconds)).unwrap();
    assert_eq!(rows(&table, Role::Time).unwrap()[0].as_deref(), Some("1748736000000000"));
}

/// A file of ids, times and texts in several pages and row groups.
fn plain_file(path: &Path) -> Vec<u8> {
    const ROWS: i64 = 3000;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter((0..ROWS).map(|row| (row % 31 > 0).then_some(row * 7919 % 600))))),
        ("ts", Arc::new(TimestampMicrosecondArray::from_iter_values((0..ROWS).map(|row| row * 61_000_000)))),
        ("c", Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("owner {}", row % 97))))),
        ("x", Arc::new(Float64Array::from_iter_values((0..ROWS).map(|row| row as f64 / 7.0)))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(1700))
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    fs::read(path).unwrap()
}

fn needs_of_plain_file() -> [Need; 4] {
    [("id", Role::Id), ("ts", Role::Time), ("c", Role::Text), ("x", Role::Number)]
        .map(|(column, role)| Need::required("signals.s", column, column, role))
}

/// Opens and reads a whole file; an error must be one of the data.
fn read_whole(path: &Path) -> Result<usize, String> {
    let mut problems = Vec::new();
    let table = Table::open("signal `s`", path, None, &needs_of_plain_file(), None, &mut problems)
        .ok_or_else(|| problems.join("\n"))?;
    let mut rows = 0;
    for piece in super::parquet::pieces::table_pieces(&table, 400) {
        for batch in piece.read(&needs_of_plain_file(), 256).map_err(checked)? {
            rows += batch.map_err(checked)?.num_rows();
        }
    }
    Ok(rows)
}

fn checked(error: crate::Error) -> String {
    assert_eq!(error.exit_code(), 3, "{error}");
    error.to_string()
}

#[test]
fn a_damaged_file_is_an_error_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.parquet");
    let whole = plain_file(&path);
    assert_eq!(read_whole(&path), Ok(3000));

    // A small generator of its own, so that the damage is the same in every run.
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for case in 0..1200 {
        let mut bytes = whole.clone();
        let (start, length) = (random(bytes.len()), 1 + random(64));
        let end = bytes.len().min(start + length);
        match case % 4 {
            0 => bytes[start..end].fill(0),
            1 => bytes[start..end].fill_with(|| random(256) as u8),
            2 => bytes[start] ^= 1 << random(8),
            _ => drop(bytes.drain(start..end)),
        }
        fs::write(&path, &bytes).unwrap();
        match read_whole(&path) {
            // Without checksums, most damage gives other values, but never fewer rows.
            Ok(rows) => assert_eq!(rows, 3000, "case {case}"),
            Err(message) => {
                refused += 1;
                assert!(message.contains("s.parquet"), "case {case}: {message}");
            }
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn a_value_that_is_no_text_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.parquet");
    let owners = ["anna", "J\u{fc}rgen", "zoe"];
    for dictionary in [true, false] {
        // Marked as UTF-8 by the file, and not marked.
        for marked in [true, false] {
            let array: ArrayRef = if marked {
                Arc::new(StringArray::from_iter_values(owners))
            } else {
                Arc::new(BinaryArray::from_iter_values(owners.map(str::as_bytes)))
            };
            let properties = WriterProperties::builder()
                .set_dictionary_enabled(dictionary)
                .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
                .build();
            let batch = RecordBatch::try_from_iter([("c", array)]).unwrap();
            let mut writer =
                ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();

            // The two bytes of the umlaut become one of Latin-1 and a digit.
            let mut bytes = fs::read(&path).unwrap();
            let place = bytes.windows(2).position(|pair| pair == "\u{fc}".as_bytes()).unwrap();
            bytes[place..place + 2].copy_from_slice(b"\xfc1");
            fs::write(&path, bytes).unwrap();

            for role in [Role::Id, Role::Text] {
                let table = open(&path, role).unwrap();
                let read = table.files[0].read(&["c"], None, 10).and_then(|mut rows| rows.next().unwrap());
                let message = read.unwrap_err().to_string();
                let named = message.contains("column `c`, row 1 of row group 0") && message.contains("byte 0xFC");
                assert!(named && !message.contains("damaged"), "{dictionary} {marked} {role:?}: {message}");
            }
        }
    }
}
