//! Files that this program wrote itself: its lists, scores and feature tables are no signals.

use super::OpenFile;
use crate::language::Message;
use crate::observer::Note;
use crate::published::{Content, MARK};
use crate::sources::told::of_source;
use crate::spelling::{shown, some_of, MOST};

impl OpenFile {
    /// What the file is, if this program published it: by the mark in its footer, or, as older ones have none, by its
    /// columns.
    pub(crate) fn own_content(&self) -> Option<Content> {
        let metadata = self.metadata.metadata().file_metadata().key_value_metadata();
        let mark = metadata.into_iter().flatten().find(|pair| pair.key == MARK);
        match mark.and_then(|mark| mark.value.as_deref()) {
            Some(name) => Content::named(name),
            None => Content::of_columns(&self.columns()),
        }
    }
}

/// Takes out what this program published, other than what is `accepted`. A source that is nothing else is a problem.
pub(super) fn take_out(
    what: &str,
    files: &mut Vec<OpenFile>,
    accepted: Option<Content>,
    notes: &mut Vec<Note>,
) -> Result<(), String> {
    let mut taken = Vec::new();
    files.retain(|file| match file.own_content().filter(|content| Some(*content) != accepted) {
        Some(content) => {
            taken.push((file.file.path.display().to_string(), content));
            false
        }
        None => true,
    });

    if taken.is_empty() {
        return Ok(());
    }
    if files.is_empty() {
        return Err(format!(
            "{what}: found what this program wrote itself, and no source: {}; name the table that its rows were made \
             from",
            some_of(&taken.iter().map(|(path, content)| format!("{path} ({})", content.meaning())).collect::<Vec<_>>())
        ));
    }
    let file = |(path, content): &(String, Content)| {
        Message::new("source-file-why").text("path", shown(path)).word("why", "content", content.name())
    };
    notes.push(Note::warning(of_source("source-own", what).some_of("files", taken.iter().map(file), MOST)));
    Ok(())
}
