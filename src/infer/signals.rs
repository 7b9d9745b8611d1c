//! What a table of dated rows is as a signal, and whether its rows are the customer's own doing.

use super::candidate::{Candidate, Column, Holds};
use super::customers::about_times;
use super::lives::Rows;
use super::names::{has_word, unit_of, words};
use crate::error::Result;
use crate::measures::{Instrument, SignalKind};
use crate::sources::plausibility;
use crate::sources::profile::Numbers;
use std::path::PathBuf;

/// Best first: the quantity of an event.
const QUANTITIES: &[&str] = &[
    "duration", "amount", "revenue", "price", "spend", "value", "total", "score", "clicks", "minutes", "seconds",
    "quantity", "qty", "pages", "cost",
];
const SCORES: &[&str] = &["score", "rating", "answer", "response", "value", "nps", "csat", "ces"];
const MOODS: &[&str] = &["sentiment", "polarity", "mood"];
/// Tables whose scores are moods.
const OPINIONS: &[&str] = &["mention", "sentiment", "social", "tweet"];
const CATEGORIES: &[&str] =
    &["channel", "category", "type", "kind", "device", "platform", "product", "page", "topic", "action", "event"];

/// What is done to customers, or for them.
const DONE_TO_THEM: &[&str] = &[
    "mail",
    "email",
    "newsletter",
    "message",
    "sms",
    "push",
    "notification",
    "campaign",
    "impression",
    "reminder",
    "sent",
    "received",
    "delivered",
    "delivery",
    "deliverie",
    "shipment",
    "return",
    "refund",
    "chargeback",
    "invoice",
    "bill",
    "billing",
    "statement",
    "renewal",
    "dunning",
    "outreach",
    "outbound",
    "bounce",
    "bounced",
];
/// What customers do with it.
const OPENED: &[&str] = &["open", "opened", "click", "clicked", "reply", "replie", "replied", "viewed", "visit"];
/// What may be done by either side.
const BY_EITHER: &[&str] = &[
    "ticket",
    "support",
    "case",
    "call",
    "contact",
    "complaint",
    "payment",
    "charge",
    "transaction",
    "subscription",
    "interaction",
    "chat",
    "note",
    "task",
    "appointment",
];
/// Columns that say who did it.
const WHO: &[&str] = &["direction", "sender", "initiator", "source", "actor", "author"];
/// Tables of what another table's rows consist of.
const LINES: &[&str] = &["line", "item", "lineitem", "detail", "position"];

/// Whether a row of a signal is the customer's own doing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doing {
    Own,
    /// It is not, and why.
    Not(String),
    /// Only a person can tell, and what is to be asked.
    Unsure(String),
}

/// A key of a section, with the reason for its value.
pub(super) struct Entry {
    pub key: &'static str,
    /// As TOML.
    pub value: String,
    pub reason: Option<String>,
}

/// A signal as it will be written.
pub(super) struct Signal {
    pub name: String,
    pub path: PathBuf,
    pub kind: SignalKind,
    pub why_kind: &'static str,
    pub entries: Vec<Entry>,
    pub doing: Doing,
    /// What a person should look at.
    pub doubts: Vec<String>,
    pub rows: Rows,
}

impl Signal {
    /// What a table is as a signal.
    ///
    /// # Errors
    /// A file that cannot be read or decoded.
    pub fn guess(table: &Candidate, id: &Column, time: &Column) -> Result<Signal> {
        let rows = Rows::read(table, id, Some(time))?;
        let mut signal = Signal {
            name: table.name.clone(),
            path: table.path.clone(),
            kind: SignalKind::Event,
            why_kind: "each row is something that happened",
            entries: Vec::new(),
            doing: doing(table),
            doubts: Vec::new(),
            rows,
        };

        signal.set("id", &id.name, None);
        let others = table.those(Column::is_time).filter(|column| column.name != time.name).count();
        let reason =
            (others > 0).then(|| format!("of {} columns of times, the one that says when it happened", others + 1));
        signal.set("time", &time.name, reason);
        if let Some(unit) = time.time_unit() {
            let reason = "as such numbers they are times of our age".to_owned();
            signal.set("time_unit", unit.word(), Some(reason));
        }

        signal.doubts.extend(about_times(time));

        let mood = table.called(Column::is_number, MOODS).or_else(|| {
            let is_opinion = has_word(&table.name, OPINIONS);
            table.called(|column| column.holds == Holds::Float, &["score"]).filter(|_| is_opinion)
        });
        if let Some(survey) = Survey::find(table, id) {
            signal.survey(table, &survey)?;
        } else if let Some(mood) = mood {
            signal.mood(mood);
        } else if let Some(quantity) =
            table.called(Column::is_number, QUANTITIES).filter(|column| column.name != id.name)
        {
            signal.amount(quantity);
        }

        signal.category(table, id);
        Ok(signal)
    }

    fn set(&mut self, key: &'static str, value: &str, reason: Option<String>) {
        self.entries.push(Entry { key, value: super::written::quoted(value), reason });
    }

    fn set_range(&mut self, range: [f64; 2], reason: String) {
        self.entries.push(Entry {
            key: "range",
            value: format!("[{:?}, {:?}]", range[0], range[1]),
            reason: Some(reason),
        });
    }

    fn amount(&mut self, quantity: &Column) {
        self.kind = SignalKind::Amount;
        self.why_kind = "each row has a quantity";
        self.set("value", &quantity.name, None);
        if let Some(unit) = unit_of(&quantity.name) {
            self.set("unit", unit, Some("from the name of the column".to_owned()));
        }
        self.doubts.extend(plausibility::placeholder(&quantity.name, &quantity.profile));
    }

    fn mood(&mut self, mood: &Column) {
        self.kind = SignalKind::Sentiment;
        self.why_kind = "each row has a mood";
        self.set("value", &mood.name, None);
        if let Some(scale) = plausibility::mood(&mood.name, &mood.profile) {
            self.set_range(scale.range, "from the values seen".to_owned());
            self.doubts.push(scale.text);
        }
    }

    fn survey(&mut self, table: &Candidate, survey: &Survey<'_>) -> Result<()> {
        self.kind = SignalKind::Survey;
        self.why_kind = "each row is an answer";
        self.set("value", &survey.score.name, None);

        let (instruments, numbers) = match &survey.instruments {
            Instruments::Column(column) => {
                self.set("instrument", &column.name, Some("its values are names of instruments".to_owned()));
                let numbers = plausibility::scores_by_instrument(&table.table, &column.name, &survey.score.name)?;
                (Instrument::ALL.to_vec(), numbers)
            }
            Instruments::Named(instrument, why) => {
                self.set("instrument_name", instrument.name(), Some((*why).to_owned()));
                (vec![*instrument], vec![survey.score.profile.numbers])
            }
            Instruments::Guessed(instrument) => {
                self.set("instrument_name", instrument.name(), Some("only from the values seen".to_owned()));
                self.doubts.push("nps, csat or ces?".to_owned());
                (vec![*instrument], vec![survey.score.profile.numbers])
            }
        };

        self.set_scales(&instruments, &numbers);
        Ok(())
    }

    /// The scales of the instruments whose scores lie beyond their usual ones.
    fn set_scales(&mut self, instruments: &[Instrument], numbers: &[Numbers]) {
        let answered: Vec<(Instrument, &Numbers)> =
            instruments.iter().copied().zip(numbers).filter(|(_, numbers)| numbers.count > 0).collect();
        let is_usual = |instrument: Instrument, numbers: &Numbers| {
            let [lowest, highest] = instrument.scale();
            numbers.lie_in(lowest, highest)
        };
        let in_words = |instrument: Instrument, numbers: &Numbers| {
            format!("{} from {} to {}", instrument.name(), numbers.lowest, numbers.highest)
        };

        // NPS has one scale, so there is only a range for it, which is of all instruments that have no scale.
        let odd_nps = answered.iter().find(|(instrument, numbers)| {
            let is_nps = *instrument == Instrument::Nps;
            is_nps && !is_usual(*instrument, numbers)
        });
        if let Some((instrument, numbers)) = odd_nps {
            let found = in_words(*instrument, numbers);
            self.doubts.push(format!(
                "NPS is defined on scores from 0 to 10, and there is {found}; convert these scores, or is this another \
                 instrument?"
            ));
            let range = plausibility::scale_around(numbers.lowest, numbers.highest);
            self.set_range(range, format!("there is {found}"));
        }

        let (mut scales, mut seen) = (Vec::new(), Vec::new());
        for (instrument, numbers) in answered.iter().filter(|(instrument, _)| *instrument != Instrument::Nps) {
            let mut scale = instrument.scale();
            if !is_usual(*instrument, numbers) {
                scale = plausibility::scale_around(numbers.lowest, numbers.highest);
                seen.push(in_words(*instrument, numbers));
                if *instrument == Instrument::Ces {
                    let question = "is a high CES score little effort? If it is much, add best = \"low\" to its scale";
                    self.doubts.push(question.to_owned());
                }
            } else if odd_nps.is_none() {
                continue;
            }
            scales.push(format!("{} = {{ from = {}, to = {} }}", instrument.name(), scale[0], scale[1]));
        }
        if scales.is_empty() {
            return;
        }

        let reason = match seen.as_slice() {
            [] => "their usual scales, as the range is of NPS".to_owned(),
            seen => format!("there is {}", seen.join(", and ")),
        };
        self.entries.push(Entry { key: "scales", value: format!("{{ {} }}", scales.join(", ")), reason: Some(reason) });
    }

    fn category(&mut self, table: &Candidate, id: &Column) {
        let used: Vec<String> = self.entries.iter().map(|entry| entry.value.clone()).collect();
        let is_category = |column: &&Column| {
            has_word(&column.name, CATEGORIES)
                && column.name != id.name
                && !used.contains(&super::written::quoted(&column.name))
                && column.levels().is_some_and(|levels| levels.len() > 1)
        };
        let Some(column) = table.those(Column::is_text).find(is_category) else { return };
        self.set("category", &column.name, Some("a text with few different values".to_owned()));

        let levels = column.levels().unwrap_or_default();
        let not_theirs: Vec<&str> = levels.iter().copied().filter(|level| is_done_to_them(level)).collect();
        if not_theirs.len() == levels.len() && self.doing == Doing::Own {
            self.doing = Doing::Not(format!("`{}` says that none of it is", column.name));
        } else if let Some(example) = not_theirs.first() {
            self.doubts.push(format!(
                "rows with {} = \"{example}\" are hardly the customer's own doing; write such rows to a table of their own",
                column.name
            ));
        }
    }
}

/// The scores of a survey.
struct Survey<'a> {
    score: &'a Column,
    instruments: Instruments<'a>,
}

/// What scores are answers to.
enum Instruments<'a> {
    /// A column says it.
    Column(&'a Column),
    /// Something else says it.
    Named(Instrument, &'static str),
    /// Only the values give it away.
    Guessed(Instrument),
}

impl<'a> Survey<'a> {
    fn find(table: &'a Candidate, id: &Column) -> Option<Survey<'a>> {
        let names_instruments = |column: &&Column| {
            let known = |level: &&str| Instrument::named(level).is_some();
            column.levels().is_some_and(|levels| !levels.is_empty() && levels.iter().all(known))
        };
        let column = table.those(Column::is_text).filter(|column| column.name != id.name).find(names_instruments);
        let folder =
            table.path.parent().and_then(|folder| folder.file_name()).map(|name| name.to_string_lossy().into_owned());
        let of_folder = folder.as_deref().and_then(instrument_in);
        let of_table = instrument_in(&table.name).map(|found| (found, "from the name of the table"));
        let of_column = table.those(Column::is_number).find_map(|column| instrument_in(&column.name));
        let named = of_table
            .or_else(|| of_column.map(|found| (found, "from the name of the column")))
            .or_else(|| of_folder.map(|found| (found, "from the name of the folder")));

        let is_survey = has_word(&table.name, &["survey", "feedback"]) || named.is_some() || column.is_some();
        let score = table.called(Column::is_number, SCORES).filter(|score| is_survey && score.name != id.name)?;
        let instruments = match (column, named) {
            (Some(column), _) => Instruments::Column(column),
            (None, Some((instrument, why))) => Instruments::Named(instrument, why),
            (None, None) => Instruments::Guessed(by_values(score.profile.numbers)),
        };
        Some(Survey { score, instruments })
    }
}

/// The instrument that a word of a name names.
fn instrument_in(name: &str) -> Option<Instrument> {
    words(name).iter().find_map(|word| Instrument::named(word))
}

fn by_values(numbers: Numbers) -> Instrument {
    let narrow = [Instrument::Csat, Instrument::Ces];
    let fits = |instrument: &Instrument| numbers.lie_in(instrument.scale()[0], instrument.scale()[1]);
    narrow.into_iter().find(fits).unwrap_or(Instrument::Nps)
}

/// A kind as the configuration has it.
pub(super) fn kind_name(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Event => "event",
        SignalKind::Amount => "amount",
        SignalKind::Sentiment => "sentiment",
        SignalKind::Survey => "survey",
    }
}

/// Whether a name is of something that is done to customers.
fn is_done_to_them(name: &str) -> bool {
    has_word(name, DONE_TO_THEM) && !has_word(name, OPENED)
}

/// Whether the rows of a table are the customer's own doing, as far as names tell.
fn doing(table: &Candidate) -> Doing {
    let by = table.columns.iter().find(|column| has_word(&column.name, WHO) && column.levels().is_some());
    if is_done_to_them(&table.name) {
        Doing::Not("its rows are what customers get rather than what they do".to_owned())
    } else if has_word(&table.name, LINES) {
        Doing::Not("its rows are parts of what another table has".to_owned())
    } else if has_word(&table.name, BY_EITHER) {
        Doing::Unsure("are its rows the customer's own doing, or the company's?".to_owned())
    } else if let Some(column) = by.filter(|column| is_of_both_sides(column)) {
        Doing::Unsure(format!("`{}` says who did it; is it always the customer?", column.name))
    } else {
        Doing::Own
    }
}

/// Whether a column tells the customer's side from the company's.
fn is_of_both_sides(column: &Column) -> bool {
    const SIDES: &[&str] = &["outbound", "agent", "staff", "system", "company", "out", "internal", "bot", "admin"];
    column.levels().unwrap_or_default().iter().any(|level| has_word(level, SIDES))
}
