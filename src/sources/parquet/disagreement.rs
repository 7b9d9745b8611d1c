//! Columns that a file holds although its folders name them, too. The file's column counts; where the two disagree, one
//! of them is wrong.

use super::OpenFile;
use crate::language::Message;
use crate::observer::Note;
use crate::sources::contract::{Need, Role};
use crate::sources::told::of_source;
use arrow_schema::DataType;
use parquet::file::statistics::Statistics;

/// A note about needed columns in which files and their folders disagree, as far as the files' statistics tell.
pub(super) fn note(what: &str, files: &[OpenFile], needs: &[Need]) -> Option<Note> {
    // Times have rules of their own: the days of folders are compared before files are skipped for them.
    let compared = needs.iter().filter(|need| !matches!(need.role, Role::Time | Role::Epoch(_)));
    let odd: Vec<Message> =
        compared.filter_map(|need| files.iter().find_map(|file| in_file(file, &need.column))).collect();
    (!odd.is_empty())
        .then(|| Note::warning(of_source("source-disagree", what).joined("columns", odd, "semicolon", usize::MAX)))
}

fn in_file(file: &OpenFile, column: &str) -> Option<Message> {
    let text = file.file.partition_value(column)?.as_deref()?;
    let (data_type, leaf) = (file.data_type(column)?, file.leaf(column)?);
    let groups = file.metadata.metadata().row_groups().iter();
    let other = groups
        .flat_map(|group| group.column(leaf).statistics())
        .find_map(|statistics| bounds(statistics, data_type)?.into_iter().find(|value| !is_same(text, value)))?;
    let message = Message::new("source-disagree-column").text("column", format!("`{column}`")).text("value", other);
    Some(message.text("path", file.file.path.display().to_string()))
}

/// The least and the greatest value, in words, if they are told exactly.
fn bounds(statistics: &Statistics, data_type: &DataType) -> Option<[String; 2]> {
    let is_number = data_type.is_integer();
    match statistics {
        Statistics::Boolean(s) => Some([s.min_opt()?.to_string(), s.max_opt()?.to_string()]),
        Statistics::Int32(s) if is_number => Some([s.min_opt()?.to_string(), s.max_opt()?.to_string()]),
        Statistics::Int64(s) if is_number => Some([s.min_opt()?.to_string(), s.max_opt()?.to_string()]),
        Statistics::Double(s) => Some([s.min_opt()?.to_string(), s.max_opt()?.to_string()]),
        Statistics::ByteArray(s) if s.min_is_exact() && s.max_is_exact() => {
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
            Some([text(s.min_opt()?.data())?, text(s.max_opt()?.data())?])
        }
        _ => None,
    }
}

/// Whether a folder says the same as a value, in digits or in letters.
fn is_same(folder: &str, value: &str) -> bool {
    match (folder.parse::<f64>(), value.parse::<f64>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => folder == value,
    }
}
