//! Which table is which in a folder of Parquet files, for `churn init --from`: guessed from names, types and a look at
//! the values. The written `churn.toml` says what was guessed and what was left out, and why.

use super::decode::{self, NULL_ID};
use super::table::{self, Table};
use crate::config;
use crate::error::{Error, Result};
use arrow_schema::DataType;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most levels of a column that is offered as a category.
const MOST_LEVELS: usize = 50;
/// Rows of an event table that are looked at to see its categories.
const LOOK_ROWS: usize = 100_000;
const BATCH_ROWS: usize = 16_384;

/// Words for the people whose ids and tables are looked for.
const PEOPLE: &[&str] = &["customer", "cust", "client", "account", "subscriber", "member", "user"];
const ID_ENDINGS: &[&str] = &["id", "key", "number", "no", "uuid"];
const SIGNUP: &[&str] = &["signup", "signed", "sign", "registered", "registration", "joined", "onboarded", "since"];
/// Best first: the time at which something happened.
const TIMES: &[&str] = &["ts", "timestamp", "datetime", "time", "occurred", "date", "day", "at", "on"];
/// Times at which a row was handled rather than happened.
const HANDLING: &[&str] = &["updated", "modified", "ingested", "loaded", "inserted", "processed", "exported"];
const GONE: &[&str] = &["churn", "cancel", "attrition", "terminat", "unsubscri"];
const ANSWERS: &[&str] = &["truth", "label", "labels", "target", "prediction", "predictions"];
/// Columns of the customers table that tend to be filled in after someone has left.
const GIVEAWAYS: &[&str] = &["status", "active", "closed", "left", "label", "target", "reason", "tenure"];
/// Columns for the people who call, not for the model.
const CONTACTS: &[&str] = &["owner", "manager", "agent", "rep", "name", "email", "phone", "contact"];
const MONTHLY: &[&str] = &["mrr", "arpu", "revenue", "charges", "fee"];
/// Best first: the quantity of an event.
const QUANTITIES: &[&str] = &[
    "duration", "amount", "revenue", "price", "spend", "value", "score", "clicks", "minutes", "seconds", "quantity",
    "pages",
];
const SCORES: &[&str] = &["score", "rating", "answer", "response", "value"];
const MOODS: &[&str] = &["sentiment", "polarity"];
const CATEGORIES: &[&str] = &["channel", "category", "type", "kind", "device", "platform", "product", "page", "topic"];
const INSTRUMENTS: &[&str] = &["nps", "csat", "ces"];

/// Writes a commented `churn.toml` for the Parquet files in `data`. `folder` is where the file will stand: paths below
/// it are written relative to it, others absolute.
///
/// # Errors
/// [`Error::Contract`] when no file below `data` is Parquet, or a column cannot be decoded. Tables that cannot be
/// opened or placed are no error; the text names them.
pub fn infer(data: &Path, folder: &Path) -> Result<String> {
    let mut skipped = Vec::new();
    let mut tables = Vec::new();
    let candidates = candidates(data)?;
    if candidates.is_empty() {
        let data = data.display();
        return Err(Error::Contract(format!("{data} holds no Parquet file; name the folder with the tables' files")));
    }
    for (name, path) in candidates {
        if words(&name).iter().any(|word| ANSWERS.contains(&word.as_str())) {
            skipped.push((name, "it is named like an answer, not like something known at the time".to_owned()));
            continue;
        }
        let mut problems = Vec::new();
        match table::open(&format!("table `{name}`"), &path, &[], None, &mut problems) {
            Some(table) => tables.push(Candidate::new(name, path, table)),
            None => skipped.push((name, problems.join("; ").replace('\n', " "))),
        }
    }
    let mut plan = Plan::new(tables, skipped)?;
    let mut text = format!(
        "# Written by `churn init` for {}: guessed from names, types and a look at the values.\n# Check each guess; \
         `churn check` then holds the data against it.\n\n",
        one_line(&data.display().to_string())
    );
    if !plan.prepared(&mut text) {
        plan.write(&mut text, folder)?;
    }
    Ok(config::starter(&text))
}

/// A table, and the columns that all its files have together.
struct Candidate {
    name: String,
    path: PathBuf,
    table: Table,
    columns: Vec<(String, DataType)>,
}

impl Candidate {
    fn new(name: String, path: PathBuf, table: Table) -> Candidate {
        let mut columns: Vec<(String, DataType)> = Vec::new();
        for field in table.files.iter().flat_map(|file| file.metadata.schema().fields()) {
            if !columns.iter().any(|(known, _)| known == field.name()) {
                columns.push((field.name().clone(), field.data_type().clone()));
            }
        }
        Candidate { name, path, table, columns }
    }

    /// The names of the columns of a type.
    fn of_type(&self, is_type: fn(&DataType) -> bool) -> impl Iterator<Item = &String> {
        self.columns.iter().filter(move |(_, data_type)| is_type(data_type)).map(|(name, _)| name)
    }

    /// The first column of a type whose name holds the best of the words.
    fn called(&self, is_type: fn(&DataType) -> bool, wanted: &[&str]) -> Option<String> {
        wanted.iter().find_map(|word| self.of_type(is_type).find(|name| has_word(name, &[*word])).cloned())
    }

    /// The column that says when a row happened.
    fn time(&self) -> Option<String> {
        let badness = |name: &&String| {
            let best = TIMES.iter().position(|word| has_word(name, &[*word])).unwrap_or(TIMES.len());
            (has_word(name, HANDLING), best)
        };
        self.of_type(is_time).min_by_key(badness).cloned()
    }

    /// The column of the customer's id: the one called as in the customers table, or else one called like an id of
    /// people. Integers and texts are never the same ids.
    fn id(&self, of_customers: Option<&CustomersId>) -> Option<String> {
        let is_alike = |name: &&String| of_customers.is_none_or(|id| id.is_text == self.is_text_column(name));
        let is_same = |name: &&String| of_customers.is_some_and(|id| id.column == **name);
        let mut alike = self.of_type(is_id).filter(is_alike);
        self.of_type(is_id).filter(is_alike).find(is_same).or_else(|| alike.find(|name| is_person_id(name))).cloned()
    }

    fn is_text_column(&self, column: &str) -> bool {
        self.of_type(is_text).any(|name| name == column)
    }

    /// The different values of a column in its first `rows` rows; none if there are more than [`MOST_LEVELS`].
    fn levels(&self, column: &str, rows: usize) -> Result<Option<BTreeSet<String>>> {
        let mut levels = BTreeSet::new();
        let mut seen = 0;
        for file in &self.table.files {
            for batch in file.read(&[column], None, BATCH_ROWS)? {
                let batch = batch.map_err(|error| table::damaged(&file.file.path, &error))?;
                let Some(array) = batch.column_by_name(column) else { continue };
                levels.extend(decode::texts(array).values);
                seen += batch.num_rows();
                if levels.len() > MOST_LEVELS {
                    return Ok(None);
                }
                if seen >= rows {
                    return Ok(Some(levels));
                }
            }
        }
        Ok(Some(levels))
    }

    /// Whether no value of an id column repeats.
    fn is_unique(&self, column: &str) -> Result<bool> {
        let is_text = self.is_text_column(column);
        let (mut numbers, mut texts) = (hashbrown::HashSet::new(), hashbrown::HashSet::new());
        let mut ids = Vec::new();
        for file in &self.table.files {
            for batch in file.read(&[column], None, BATCH_ROWS)? {
                let batch = batch.map_err(|error| table::damaged(&file.file.path, &error))?;
                let Some(array) = batch.column_by_name(column) else { continue };
                if is_text {
                    let found = decode::texts(array);
                    let rows = found.positions.iter().flatten().count();
                    if found.values.len() < rows || !found.values.into_iter().all(|id| texts.insert(id)) {
                        return Ok(false);
                    }
                } else {
                    decode::integers(array, &mut ids);
                    if !ids.iter().filter(|id| **id != NULL_ID).all(|id| numbers.insert(*id)) {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

/// The id column of the customers table.
struct CustomersId {
    column: String,
    is_text: bool,
}

/// What each table is.
struct Plan {
    customers: Option<(Candidate, CustomersId)>,
    churn: Option<(Candidate, String, String)>,
    signals: Vec<Signal>,
    /// Tables that have no place, and why.
    skipped: Vec<(String, String)>,
    unplaced: Vec<Candidate>,
}

/// A signal as it will be written.
struct Signal {
    name: String,
    path: PathBuf,
    kind: &'static str,
    /// Key, value and comment.
    lines: Vec<(&'static str, String, Option<&'static str>)>,
}

impl Plan {
    fn new(mut tables: Vec<Candidate>, mut skipped: Vec<(String, String)>) -> Result<Plan> {
        let customers = find_customers(&tables)?.map(|(at, id)| (tables.remove(at), id));
        let customers_id = customers.as_ref().map(|(_, id)| id);
        let churn = tables
            .iter()
            .position(|table| is_gone(&table.name) && is_dated(table, customers_id))
            .or_else(|| {
                let has_date = |table: &Candidate| table.of_type(is_time).any(|name| is_gone(name));
                tables.iter().position(|table| has_date(table) && is_dated(table, customers_id))
            })
            .map(|at| tables.remove(at))
            .and_then(|table| {
                let id = table.id(customers_id)?;
                let time = table.of_type(is_time).find(|name| is_gone(name)).cloned().or_else(|| table.time())?;
                Some((table, id, time))
            });
        let (mut signals, mut unplaced) = (Vec::new(), Vec::new());
        for table in tables {
            match (table.id(customers_id), table.time()) {
                (Some(id), Some(time)) => signals.push(Signal::of(&table, id, time)?),
                (id, _) => {
                    let lacking = match id {
                        None => "the customer's id, of the type that it has in the table of customers",
                        Some(_) => "a date or a timestamp",
                    };
                    skipped.push((table.name.clone(), format!("it has no column with {lacking}")));
                    unplaced.push(table);
                }
            }
        }
        Ok(Plan { customers, churn, signals, skipped, unplaced })
    }

    /// Writes a section for a prepared feature table, if there is nothing but one.
    fn prepared(&mut self, text: &mut String) -> bool {
        if !self.signals.is_empty() || self.customers.is_some() {
            return false;
        }
        let [table] = self.unplaced.as_slice() else { return false };
        let label = table.columns.iter().find(|(name, t)| is_gone(name) && (t.is_integer() || *t == DataType::Boolean));
        let (Some(id), Some((label, _))) = (table.id(None), label) else { return false };
        let path = one_line(&table.path.display().to_string());
        *text += &format!("# A prepared feature table: `churn train --features {path}`\n[table]\n");
        *text += &format!("id = {}\nlabel = {}\n", quoted(&id), quoted(label));
        if let Some(as_of) = table.of_type(is_time).find(|name| words(name) == ["as", "of"]) {
            *text += &format!("as_of = {}\n", quoted(as_of));
        }
        if let Some((fold, _)) = table.columns.iter().find(|(name, _)| name == "fold") {
            *text += &format!("fold = {}\n", quoted(fold));
        }
        *text += "# Columns that the model must not see, because they are known only afterwards.\n#ignore = []\n";
        true
    }

    fn write(&self, text: &mut String, folder: &Path) -> Result<()> {
        match &self.customers {
            Some((table, id)) => write_customers(text, table, &id.column, folder)?,
            None => {
                *text += "# No table of customers was found: one row a customer, with an id that never repeats.\n\
                          #[customers]\n#path = \"customers.parquet\"\n#id = \"customer_id\"\n"
            }
        }
        for signal in &self.signals {
            *text += &format!("\n[signals.{}]\nkind = \"{}\"\n", signal.name, signal.kind);
            *text += &format!("path = {}\n", written(&signal.path, folder));
            for (key, value, comment) in &signal.lines {
                *text += &comment.map_or(String::new(), |comment| format!("# {comment}\n"));
                *text += &format!("{key} = {}\n", quoted(value));
            }
        }
        if self.signals.is_empty() {
            *text += "\n# No signal was found: a table with the customer's id and a time in each row.\n\
                      #[signals.logins]\n#kind = \"event\"\n#path = \"logins\"\n#id = \"customer_id\"\n#time = \"ts\"\n";
        }
        for (name, reason) in &self.skipped {
            *text += &format!("\n# Left out: {} ({}).\n", one_line(name), one_line(reason));
        }
        *text += "\n[churn]\n";
        match &self.churn {
            Some((table, id, time)) => {
                let path = written(&table.path, folder);
                *text +=
                    &format!("definition = \"event\"\npath = {path}\nid = {}\ntime = {}\n", quoted(id), quoted(time));
            }
            None => {
                let of_customers = self.customers.iter().flat_map(|(table, _)| table.of_type(is_time));
                for column in of_customers.filter(|name| is_gone(name)) {
                    *text += &format!(
                        "# The customers' column `{}` may say when they left: write id and date of those who did to a \
                         table of\n# their own, and name it here with definition = \"event\" and path.\n",
                        one_line(column)
                    );
                }
                let signals = self.inactivity_signals();
                *text += "# No table of cancellations was found, so churn is silence: no row of these signals in the \
                          label window.\ndefinition = \"inactivity\"\n";
                *text += &format!("signals = {}\n", list(&signals));
            }
        }
        *text +=
            "# Days between the as-of date and the label window: the time in which the team can act.\n#gap_days = 7\n\
                  # Days of the label window.\n#horizon_days = 30\n";
        Ok(())
    }

    /// The signals that customers give by themselves: silence of a survey says little.
    fn inactivity_signals(&self) -> Vec<String> {
        let own = |signal: &&Signal| ["event", "amount"].contains(&signal.kind);
        let names: Vec<String> = self.signals.iter().filter(own).map(|signal| signal.name.clone()).collect();
        if names.is_empty() {
            self.signals.iter().map(|signal| signal.name.clone()).collect()
        } else {
            names
        }
    }
}

impl Signal {
    fn of(table: &Candidate, id: String, time: String) -> Result<Signal> {
        let mut lines = vec![("id", id.clone(), None), ("time", time, None)];
        let mut instrument = None;
        let mut category = None;
        for column in table.of_type(is_text).filter(|name| **name != id) {
            let levels = table.levels(column, LOOK_ROWS)?;
            let Some(levels) = levels.filter(|levels| levels.len() > 1) else { continue };
            if levels.iter().all(|level| INSTRUMENTS.contains(&level.to_lowercase().as_str())) {
                instrument = Some(column.clone());
            } else if category.is_none() && has_word(column, CATEGORIES) {
                category = Some(column.clone());
            }
        }
        let named_instrument = INSTRUMENTS.iter().find(|name| has_word(&table.name, &[**name]));
        let is_survey = has_word(&table.name, &["survey"]) || named_instrument.is_some() || instrument.is_some();
        let mood = table.called(is_float, MOODS);
        let score = table.called(is_number, SCORES).filter(|name| is_survey && *name != id);
        let quantity = table.called(is_number, QUANTITIES).filter(|name| *name != id);
        let kind = match (mood, score, quantity) {
            (_, Some(score), _) => {
                lines.push(("value", score, None));
                match (instrument, named_instrument) {
                    (Some(column), _) => lines.push(("instrument", column, None)),
                    (None, Some(name)) => lines.push(("instrument_name", (*name).to_owned(), None)),
                    (None, None) => {
                        lines.push(("instrument_name", "nps".to_owned(), Some("Not certain: nps, csat or ces?")));
                    }
                }
                "survey"
            }
            (Some(mood), None, _) => {
                lines.push(("value", mood, None));
                "sentiment"
            }
            (None, None, Some(quantity)) => {
                let unit = unit_of(&quantity);
                lines.push(("value", quantity, None));
                lines.extend(unit.map(|unit| ("unit", unit.to_owned(), None)));
                "amount"
            }
            (None, None, None) => "event",
        };
        lines.extend(category.map(|column| ("category", column, None)));
        Ok(Signal { name: table.name.clone(), path: table.path.clone(), kind, lines })
    }
}

/// The table with one row a customer, and its id column: called like people or with a sign-up date, and with ids that
/// never repeat.
fn find_customers(tables: &[Candidate]) -> Result<Option<(usize, CustomersId)>> {
    let score = |table: &Candidate| {
        let named = words(&table.name);
        let is_called_so = named.iter().any(|word| PEOPLE.contains(&singular(word)));
        let has_signup = table.of_type(is_time).any(|name| has_word(name, SIGNUP));
        2 * u8::from(is_called_so) + u8::from(is_called_so && named.len() == 1) + u8::from(has_signup)
    };
    let mut order: Vec<usize> = (0..tables.len()).filter(|&at| !is_gone(&tables[at].name)).collect();
    order.retain(|&at| score(&tables[at]) > 0);
    order.sort_by_key(|&at| std::cmp::Reverse(score(&tables[at])));
    for at in order {
        let shared = |name: &String| {
            tables
                .iter()
                .enumerate()
                .filter(|(other, table)| *other != at && table.of_type(is_id).any(|n| n == name))
                .count()
        };
        let mut columns: Vec<&String> = tables[at]
            .of_type(is_id)
            .filter(|name| is_person_id(name) || words(name) == ["id"] || shared(name) > 0)
            .collect();
        columns.sort_by_key(|name| std::cmp::Reverse((is_person_id(name), shared(name))));
        for column in columns {
            if tables[at].is_unique(column)? {
                return Ok(Some((
                    at,
                    CustomersId { column: column.clone(), is_text: tables[at].is_text_column(column) },
                )));
            }
        }
    }
    Ok(None)
}

fn write_customers(text: &mut String, table: &Candidate, id: &str, folder: &Path) -> Result<()> {
    *text += &format!("[customers]\npath = {}\nid = {}\n", written(&table.path, folder), quoted(id));
    let end = |words: &[&str]| table.of_type(is_time).find(|name| has_word(name, words)).cloned();
    let contract = end(&["start", "begin", "from"]).zip(end(&["end", "until", "expiry", "expires"]));
    let start_alone = end(&["start", "created", "opened"]).filter(|_| contract.is_none());
    if let Some(signup) = table.called(is_time, SIGNUP).or(start_alone) {
        *text += &format!("signup = {}\n", quoted(&signup));
    }
    if let Some((start, end)) = contract {
        let (start, end) = (quoted(&start), quoted(&end));
        *text += &format!("# The contract; one that runs out is no churn.\nstart = {start}\nend = {end}\n");
    }
    if let Some(value) = table.called(is_number, MONTHLY) {
        *text += &format!("# Money a month at stake.\nvalue = {}\n", quoted(&value));
    }
    let (mut numeric, mut categorical, mut passthrough, mut unused) = (vec![], vec![], vec![], vec![]);
    for (name, data_type) in table.columns.iter().filter(|(name, t)| name != id && !is_time(t)) {
        if is_gone(name) || has_word(name, GIVEAWAYS) {
            unused.push(format!("{name} (it may tell who has left)"));
        } else if is_number(data_type) && !is_key(name) {
            numeric.push(name.clone());
        } else if is_text(data_type) && has_word(name, CONTACTS) {
            match config::LIST_COLUMNS.contains(&name.as_str()) {
                true => unused.push(format!("{name} (the list has a column of this name)")),
                false => passthrough.push(name.clone()),
            }
        } else if is_text(data_type) || *data_type == DataType::Boolean {
            match table.levels(name, usize::MAX)? {
                Some(levels) if levels.len() > 1 => categorical.push(name.clone()),
                Some(_) => unused.push(format!("{name} (always the same)")),
                None => unused.push(format!("{name} (more than {MOST_LEVELS} different values)")),
            }
        } else {
            unused.push(name.clone());
        }
    }
    *text += "# Only what was already true on the as-of date: take out what the source goes on changing.\n";
    *text += &format!("numeric = {}\ncategorical = {}\n", list(&numeric), list(&categorical));
    *text += &format!("# Copied to the list for the people who work with it.\npassthrough = {}\n", list(&passthrough));
    if !unused.is_empty() {
        *text += &format!("# Not used: {}.\n", one_line(&unused.join(", ")));
    }
    Ok(())
}

/// The tables of a folder by name, in name order. A file or folder whose name holds a digit or `=` (a week, a date, a
/// part number, a hive partition) is a piece of the table that its folder is; any other is a table of its own.
fn candidates(data: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut paths = Vec::new();
    if data.is_file() {
        paths.push(data.to_path_buf());
    } else {
        for child in children(data)? {
            gather(&child, &mut paths)?;
        }
    }
    let stem = |path: &Path| path.file_stem().map_or(String::new(), |stem| signal_name(&stem.to_string_lossy()));
    let is_taken = |path: &PathBuf| paths.iter().any(|other| other != path && stem(other) == stem(path));
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for path in &paths {
        // Two tables of one name are told apart by the folders that lead to them.
        let below = path.strip_prefix(data).unwrap_or(path).with_extension("");
        let name = if is_taken(path) { signal_name(&below.to_string_lossy()) } else { stem(path) };
        let number = named.iter().filter(|(other, _)| *other == name).count();
        named.push((if number == 0 { name } else { format!("{name}_{}", number + 1) }, path.clone()));
    }
    Ok(named)
}

fn gather(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        found.push(path.to_path_buf());
        return Ok(());
    }
    let children = children(path)?;
    let is_piece = |path: &PathBuf| {
        let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
        name.is_some_and(|name| name.to_string_lossy().contains(|c: char| c == '=' || c.is_ascii_digit()))
    };
    let is_one_file = matches!(children.as_slice(), [only] if only.is_file());
    if is_one_file || children.iter().any(is_piece) {
        found.push(path.to_path_buf());
        return Ok(());
    }
    children.iter().try_for_each(|child| gather(child, found))
}

/// The Parquet files and the folders with any below them, in name order.
fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| Error::reading(folder, &error);
    let mut children = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with(['_', '.'])) {
            let extension = path.extension().map_or(String::new(), |e| e.to_string_lossy().to_lowercase());
            let is_parquet = path.is_file() && ["parquet", "parq", "pq"].contains(&extension.as_str());
            if is_parquet || (path.is_dir() && !self::children(&path)?.is_empty()) {
                children.push(path);
            }
        }
    }
    children.sort();
    Ok(children)
}

/// The words of a name, in lower case: `MonthlyCharges`, `monthly_charges` and `monthly-charges` are the same two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has_word(name: &str, wanted: &[&str]) -> bool {
    words(name).iter().any(|word| wanted.contains(&word.as_str()) || wanted.contains(&singular(word)))
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

/// `customer_id`, `UserKey`, `account`; not `account_owner`.
fn is_person_id(name: &str) -> bool {
    match words(name).as_slice() {
        [one] => PEOPLE.iter().any(|p| one == p || one.strip_prefix(p).is_some_and(|rest| ID_ENDINGS.contains(&rest))),
        [first, .., last] => PEOPLE.contains(&first.as_str()) && ID_ENDINGS.contains(&last.as_str()),
        [] => false,
    }
}

/// `plan_id`: a number that counts nothing.
fn is_key(name: &str) -> bool {
    words(name).last().is_some_and(|word| ["id", "key", "uuid"].contains(&word.as_str()))
}

fn is_gone(name: &str) -> bool {
    words(name).iter().any(|word| GONE.iter().any(|stem| word.starts_with(stem)))
}

fn is_dated(table: &Candidate, customers_id: Option<&CustomersId>) -> bool {
    table.time().is_some() && table.id(customers_id).is_some()
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64)
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_text(value),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float16 | DataType::Float32 | DataType::Float64)
}

fn is_number(data_type: &DataType) -> bool {
    let decimal = matches!(data_type, DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..));
    data_type.is_integer() || is_float(data_type) || decimal
}

fn is_id(data_type: &DataType) -> bool {
    data_type.is_integer() || is_text(data_type)
}

/// The unit that a quantity's name gives away.
fn unit_of(column: &str) -> Option<&'static str> {
    let units: [(&[&str], &str); 4] = [
        (&["s", "sec", "secs", "second", "seconds"], "seconds"),
        (&["min", "mins", "minute", "minutes"], "minutes"),
        (&["clicks"], "clicks"),
        (&["pages"], "pages"),
    ];
    units.into_iter().find(|(names, _)| words(column).iter().any(|w| names.contains(&w.as_str()))).map(|(_, unit)| unit)
}

/// A name as the configuration wants it: letters, digits, `_` and `-`, beginning with a letter.
fn signal_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    match plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => plain,
        false => format!("signal_{plain}"),
    }
}

/// A path for a file in `folder`, quoted: relative if it lies below.
fn written(path: &Path, folder: &Path) -> String {
    let whole = |path: &Path| {
        let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        path.canonicalize().unwrap_or_else(|_| absolute())
    };
    // A folder named by an empty path is the current one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (path, folder) = (whole(path), whole(folder));
    quoted(&path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy())
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    toml::Value::from(texts.to_vec()).to_string()
}

/// Text that cannot end the comment it stands in.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ChurnDefinition, Settings, SignalKind};
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    };
    use parquet::arrow::ArrowWriter;
    use std::sync::Arc;

    fn write(path: &Path, columns: &[(&str, ArrayRef)]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
        let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    const ROWS: i64 = 60;

    /// Every customer once.
    fn ids() -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(0..ROWS))
    }

    /// Customers again and again.
    fn repeated() -> ArrayRef {
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(|i| i % 7)))
    }

    fn dates() -> ArrayRef {
        Arc::new(Date32Array::from_iter_values((0..60).map(|i| 20_000 + i)))
    }

    fn times() -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS))
    }

    fn floats() -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..60).map(f64::from)))
    }

    fn texts(levels: &[&str]) -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..60).map(|i| levels[i % levels.len()])))
    }

    /// The text for a folder, and the settings that it gives.
    fn inferred(data: &Path) -> (String, Settings) {
        let text = infer(data, data).unwrap();
        let settings = Settings::from_toml_str(&text, data).unwrap_or_else(|error| panic!("{error}\n{text}"));
        (text, settings)
    }

    fn simulated(data: &Path) {
        let names: Vec<String> = (0..60).map(|i| format!("note {i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        write(
            &data.join("customers.parquet"),
            &[
                ("customer_id", ids()),
                ("signup_date", dates()),
                ("plan", texts(&["basic", "pro"])),
                ("region", texts(&["north", "south", "east"])),
                ("monthly_revenue", floats()),
                ("account_owner", texts(&["Ada", "Ben"])),
                ("notes", texts(&names)),
                ("status", texts(&["gone", "here"])),
                ("is_business", Arc::new(BooleanArray::from_iter((0..60).map(|i| Some(i % 2 == 0))))),
            ],
        );
        write(&data.join("churn.parquet"), &[("customer_id", ids()), ("churned_on", dates())]);
        write(&data.join("truth.parquet"), &[("customer_id", ids()), ("cause", texts(&["price"])), ("since", dates())]);
        for week in ["2026-01-05", "2026-01-12"] {
            let file = |table: &str| data.join(table).join(format!("{week}.parquet"));
            write(&file("logins"), &[("customer_id", repeated()), ("ts", times())]);
            write(
                &file("visits"),
                &[
                    ("customer_id", repeated()),
                    ("ts", times()),
                    ("channel", texts(&["app", "web"])),
                    ("duration_s", floats()),
                ],
            );
            write(&file("mentions"), &[("customer_id", repeated()), ("ts", times()), ("sentiment", floats())]);
            write(
                &file("surveys"),
                &[
                    ("customer_id", repeated()),
                    ("ts", times()),
                    ("kind", texts(&["nps", "csat", "ces"])),
                    ("score", floats()),
                ],
            );
        }
    }

    #[test]
    fn the_simulated_population_is_understood() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        simulated(data);
        let (text, settings) = inferred(data);
        let customers = settings.customers.unwrap();
        assert_eq!((customers.path, customers.id.as_str()), (data.join("customers.parquet"), "customer_id"));
        assert_eq!(customers.signup.as_deref(), Some("signup_date"));
        assert_eq!(customers.value.as_deref(), Some("monthly_revenue"));
        assert_eq!(customers.numeric, ["monthly_revenue"]);
        assert_eq!(customers.categorical, ["plan", "region", "is_business"]);
        assert_eq!(customers.passthrough, ["account_owner"]);
        assert_eq!(settings.churn.definition, ChurnDefinition::Event);
        assert_eq!(settings.churn.path, Some(data.join("churn.parquet")));
        assert_eq!(settings.churn.time, "churned_on");
        let of = |name: &str| &settings.signals[name];
        assert_eq!(settings.signals.keys().collect::<Vec<_>>(), ["logins", "mentions", "surveys", "visits"]);
        assert_eq!((of("logins").kind, of("logins").time.as_str()), (SignalKind::Event, "ts"));
        assert_eq!(of("logins").path, data.join("logins"));
        assert_eq!((of("visits").kind, of("visits").value.as_deref()), (SignalKind::Amount, Some("duration_s")));
        assert_eq!(
            (of("visits").category.as_deref(), of("visits").unit.as_deref()),
            (Some("channel"), Some("seconds"))
        );
        assert_eq!((of("mentions").kind, of("mentions").value.as_deref()), (SignalKind::Sentiment, Some("sentiment")));
        assert_eq!((of("surveys").kind, of("surveys").instrument.as_deref()), (SignalKind::Survey, Some("kind")));
        for part in ["path = \"customers.parquet\"", "Left out: truth", "notes (more than 50", "status (it may tell"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }

    #[test]
    fn without_cancellations_churn_is_silence() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        simulated(data);
        std::fs::remove_file(data.join("churn.parquet")).unwrap();
        write(&data.join("customers.parquet"), &[("customer_id", ids()), ("cancelled_at", dates())]);
        write(&data.join("calls.parquet"), &[("customer_id", texts(&["a", "b"])), ("ts", times())]);
        let (text, settings) = inferred(data);
        assert!(text.contains("`cancelled_at` may say when they left"), "{text}");
        assert!(text.contains("Left out: calls"), "texts are not the ids of customers with integers:\n{text}");
        assert_eq!(settings.churn.definition, ChurnDefinition::Inactivity);
        assert_eq!(settings.churn.signals, ["logins", "visits"]);
    }

    #[test]
    fn foreign_names_and_nested_folders_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let id = "accountID";
        write(
            &data.join("crm/dim_accounts.parquet"),
            &[
                (id, ids()),
                ("createdAt", dates()),
                ("contract_start", dates()),
                ("contract_end", dates()),
                ("MonthlyCharges", floats()),
            ],
        );
        write(&data.join("crm/cancellations.parquet"), &[(id, ids()), ("updated_at", dates()), ("day", dates())]);
        write(
            &data.join("web/events/country=de/part-0.parquet"),
            &[(id, repeated()), ("loaded_at", times()), ("event_time", times())],
        );
        write(&data.join("app/events/year=2026/month=01/a.parquet"), &[(id, repeated()), ("ts", times())]);
        write(&data.join("app/csat/all.parquet"), &[(id, repeated()), ("answered_on", dates()), ("rating", floats())]);
        write(&data.join("account_activity.parquet"), &[(id, repeated()), ("at", times())]);
        let (_, settings) = inferred(data);
        let customers = settings.customers.unwrap();
        assert_eq!((customers.path, customers.id.as_str()), (data.join("crm/dim_accounts.parquet"), id));
        assert_eq!(
            (customers.start.as_deref(), customers.end.as_deref()),
            (Some("contract_start"), Some("contract_end"))
        );
        assert_eq!(customers.value.as_deref(), Some("MonthlyCharges"));
        assert_eq!(
            (settings.churn.path, settings.churn.time),
            (Some(data.join("crm/cancellations.parquet")), "day".into())
        );
        let names: Vec<&String> = settings.signals.keys().collect();
        assert_eq!(names, ["account_activity", "app_events", "csat", "web_events"]);
        assert_eq!(settings.signals["web_events"].time, "event_time");
        assert_eq!(settings.signals["app_events"].path, data.join("app/events"));
        assert_eq!(settings.signals["csat"].instrument_name.unwrap().name(), "csat");
    }

    #[test]
    fn one_labelled_table_is_a_prepared_one() {
        let folder = tempfile::tempdir().unwrap();
        let columns = [("customerID", ids()), ("fold", repeated()), ("Churn", repeated()), ("tenure", floats())];
        write(&folder.path().join("snapshot.parquet"), &columns);
        let (_, settings) = inferred(folder.path());
        let table = settings.table.unwrap();
        assert_eq!(
            (table.id.as_str(), Some(table.label.as_str()), table.fold.as_deref()),
            ("customerID", Some("Churn"), Some("fold"))
        );
    }

    #[test]
    fn what_is_missing_or_broken_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert_eq!(infer(data, data).unwrap_err().exit_code(), 3);
        assert_eq!(infer(&data.join("none"), data).unwrap_err().exit_code(), 3);
        std::fs::write(data.join("broken.parquet"), "id,ts\n1,2\n").unwrap();
        write(&data.join("labels/asof=2026-01-01.parquet"), &[("customer_id", ids()), ("churned", ids())]);
        write(&data.join("weather.parquet"), &[("ts", times()), ("degrees", floats())]);
        write(&data.join("calls.parquet"), &[("caller", texts(&["a", "b"])), ("ts", times())]);
        let text = infer(data, Path::new("/elsewhere")).unwrap();
        for part in
            ["No table of customers", "No signal", "Left out: broken (", "Left out: labels (", "Left out: weather ("]
        {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        write(&data.join("logins.parquet"), &[("customer_id", repeated()), ("ts", times())]);
        let text = infer(data, Path::new("/elsewhere")).unwrap();
        let path = quoted(&data.canonicalize().unwrap().join("logins.parquet").to_string_lossy());
        assert!(text.contains(&format!("path = {path}")), "a path elsewhere is absolute:\n{text}");
        assert!(text.contains("definition = \"inactivity\""));
    }

    #[test]
    fn names_are_read_word_by_word() {
        assert_eq!(words("MonthlyCharges"), ["monthly", "charges"]);
        assert_eq!(words("customer_ID-2"), ["customer", "id", "2"]);
        for id in ["customer_id", "UserKey", "CUSTOMER_NO", "account", "customerid", "client-uuid"] {
            assert!(is_person_id(id), "{id}");
        }
        for other in ["account_owner", "id", "userland", "order_id", "plan"] {
            assert!(!is_person_id(other), "{other}");
        }
        assert_eq!(signal_name("2026 calls"), "signal_2026_calls");
    }
}
