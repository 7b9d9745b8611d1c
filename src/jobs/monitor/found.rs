//! What a monitoring returns.

use crate::calendar::Day;
use crate::monitoring::drift::newest::NewestDrift;
use crate::monitoring::effect::Study;
use crate::monitoring::figures::Figure;
use crate::monitoring::leavers::LastReason;
use crate::monitoring::performance::Advice;
use crate::monitoring::response::Response;
use crate::monitoring::verdict::Verdict;
use crate::observer::Note;
use serde::Serialize;
use std::path::PathBuf;

/// What has been found.
#[derive(Debug, Serialize)]
pub struct Monitored {
    /// Where it was written.
    pub folder: PathBuf,
    /// The first day of which nothing is known.
    pub known_until: Day,
    /// Runs whose label has matured.
    pub runs: usize,
    /// Those of them that had not been judged before, or had to be judged again.
    pub judged_now: usize,
    /// What is to be done about the model of the newest of them.
    pub advice: Advice,
    /// The same in a sentence.
    pub advice_text: String,
    /// How the figures on everybody differ from those on customers left alone, in words.
    pub difference: Option<String>,
    /// The figures of the newest of these runs, and those of the effect.
    pub figures: Vec<Figure>,
    /// The drift of the newest run, matured or not; none if it was not measured.
    pub drift: Option<NewestDrift>,
    /// What is to be done about it.
    pub drift_advice: Option<String>,
    /// The effect of outreach, a study for each key of the draw.
    pub effect: Vec<StudyInWords>,
    /// Whether customers respond differently to outreach.
    pub response: ResponseInWords,
    /// Those who left in the label window of that run, and were on no list of the 91 days before.
    pub left_unlisted: u64,
    /// How many of the others had which last reason.
    pub last_reasons: Vec<LastReason>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

/// A study and what it says.
#[derive(Debug, Serialize)]
pub struct StudyInWords {
    /// The study.
    #[serde(flatten)]
    pub study: Study,
    /// What it asks for.
    pub verdict: Verdict,
    /// What it says, the most important sentence first.
    pub sentences: Vec<String>,
}

/// What is known of the response and what it says.
#[derive(Debug, Serialize)]
pub struct ResponseInWords {
    /// What is known.
    #[serde(flatten)]
    pub response: Response,
    /// What it says, the most important sentence first.
    pub sentences: Vec<String>,
}
