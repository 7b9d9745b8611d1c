//! The embedded defaults: `default.toml`, which is written from the definitions of the keys, and the `churn.toml` that
//! `churn init` starts from.

/// The embedded defaults, commented; the keys without a default are examples that are switched off. A valid
/// `churn.toml` as it stands.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// The first section of [`DEFAULT_TOML`] that says nothing about the tables.
const FIRST_GENERAL_SECTION: &str = "# ---- Who is scored";

/// A key of a general section that a `churn.toml` sets.
pub struct Set {
    /// The section's name.
    pub section: &'static str,
    /// The key's name.
    pub key: &'static str,
    /// The line, with the key, its value and, it may be, a comment.
    pub line: String,
}

/// A `churn.toml` from sections of its own: `own` names the tables, and every general setting follows with its comment,
/// switched off, so that it keeps to the defaults until someone changes it. Only those in `set` are set, each in its
/// place.
pub fn starter(own: &str, set: &[Set]) -> String {
    let general = DEFAULT_TOML.find(FIRST_GENERAL_SECTION).map_or("", |at| &DEFAULT_TOML[at..]);
    let mut text = format!("{}\n\n", own.trim_end());
    let mut section = "";

    for line in general.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let key = line.trim_start_matches('#').split(" = ").next().unwrap_or_default();
        if let Some(set) = set.iter().find(|set| set.section == section && set.key == key) {
            text.push_str(&set.line);
        } else {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                text.push('#');
            }
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::keys::SECTIONS;
    use crate::documentation::{hold, hold_tables, Rows};

    const HEAD: &str = "\
# The settings of churn-risk and their defaults.
#
# A line that starts with `#` and a key is switched off; delete the `#` to use it. Values come, strongest first, from
# --set key.path=value, the environment (CHURN_LIST__CAPACITY=100), this file, and these defaults.
# Relative paths start at the folder of this file. `churn config show` prints every value and where it came from.
";

    /// The titles above the sections, of which each is about those up to the next.
    const TITLES: &[(&str, &str)] = &[
        ("customers", "Your tables"),
        ("churn", "What churn is"),
        ("table", "A prepared table, instead of customers, signals and churn (--features FILE)"),
        ("eligibility", "Who is scored, and from what"),
        ("training", "Training"),
        ("list", "The list"),
        ("promotion", "When a new model takes over"),
        ("gates", "When to stop rather than publish"),
        ("paths", "Where and when"),
    ];

    /// The sections that are switched off, since only their owner can fill them in.
    const OFF: &[&str] = &["customers", "signals.*", "table", "playbook.*", "deliveries.*"];

    const SIGNALS: &str = "\
# A section for each signal, under any name: letters, digits, `_` and `-`. Its features are called after it.
";

    const PLAYBOOK: &str = "\
# What to do about a reason: a section for each code, or for a pattern in which `*` stands for any characters. The first
# reason of a customer that has one decides; of several for one code, the code itself and then the longest pattern. The
# control group gets none. `churn check` names what matches no reason.
";

    const DELIVERIES: &str = "\
# Where lists go besides their folder: a section for each delivery, under any name of letters, digits, `_` and `-`. Keys
# of the other kind have no effect. docs/deliveries.md has recipes.
";

    /// Signals of the other kinds. The first that has a key shows its sentence.
    const MORE_SIGNALS: &str = r#"
[signals.visits]
kind = "amount"
path = "data/demo/visits"
id = "customer_id"
time = "ts"
value = "duration_s"
unit = "seconds"
category = "channel"

[signals.mentions]
kind = "sentiment"
path = "data/demo/mentions"
id = "customer_id"
time = "ts"
value = "sentiment"
range = [-1.0, 1.0]

[signals.surveys]
kind = "survey"
path = "data/demo/surveys"
id = "customer_id"
time = "ts"
value = "score"
instrument = "kind"
scales = { csat = { from = 1, to = 10 }, ces = { from = 1, to = 5, best = "low" } }

[signals.exit_survey]
kind = "survey"
path = "data/demo/exit_survey.parquet"
id = "customer_id"
time = "ts"
value = "score"
instrument_name = "ces"
"#;

    fn comment(key: &Key) -> String {
        key.sentence.iter().map(|line| format!("#{line}\n")).collect()
    }

    /// A section as the file shows it.
    fn header(section: &str) -> String {
        let name = match section.split_once('.') {
            Some(("playbook", _)) => "\"LOGINS_*\"",
            Some(("deliveries", _)) => "crm",
            _ => "logins",
        };
        section.replace('*', name)
    }

    fn section(keys: &[Key]) -> String {
        let section = keys[0].section();
        let is_off = OFF.contains(&section);
        let mut text = String::new();
        if let Some((_, title)) = TITLES.iter().find(|(first, _)| *first == section) {
            text += &format!("{:-<117}\n\n", format!("# ---- {title} "));
        }
        if section == "signals.*" {
            text += SIGNALS;
        } else if section == "playbook.*" {
            text += PLAYBOOK;
        } else if section == "deliveries.*" {
            text += DELIVERIES;
        }

        text += &format!("{}[{}]\n", if is_off { "#" } else { "" }, header(section));
        for key in keys {
            if let Some(value) = key.example.or(key.default) {
                let mark = if is_off || key.example.is_some() { "#" } else { "" };
                text += &format!("{}{mark}{} = {value}\n", comment(key), key.name());
            }
        }
        if section == "signals.*" {
            text += &more_signals(keys);
        }
        text
    }

    fn more_signals(keys: &[Key]) -> String {
        let mut untold: Vec<&Key> = keys.iter().filter(|key| key.example.is_none() && key.default.is_none()).collect();
        let mut text = String::new();
        for line in MORE_SIGNALS.lines() {
            let name = line.split(" = ").next().unwrap_or_default();
            if let Some(place) = untold.iter().position(|key| key.name() == name) {
                text += &comment(untold.remove(place));
            }
            text += &if line.is_empty() { "\n".to_owned() } else { format!("#{line}\n") };
        }
        assert!(untold.is_empty(), "no signal of default.toml shows {}", untold[0].path);
        text
    }

    #[test]
    fn the_default_file_is_written_from_the_keys() {
        let sections: Vec<String> = SECTIONS.iter().map(|keys| section(keys)).collect();
        hold("src/config/default.toml", &format!("{HEAD}\n{}", sections.join("\n")));
    }

    /// The table of a section in the documentation.
    fn rows(keys: &[Key]) -> Rows {
        let mut rows = vec![["key", "takes", "default", "meaning"].map(str::to_owned).to_vec()];
        for key in keys {
            let default = match key.default {
                Some(default) => format!("`{default}`"),
                None if key.is_required => "required".to_owned(),
                None => String::new(),
            };
            rows.push(vec![format!("`{}`", key.name()), key.kind.expected(), default, key.meaning()]);
        }
        rows
    }

    #[test]
    fn the_tables_of_keys_are_written_from_their_definitions() {
        let tables: Vec<(String, Rows)> = SECTIONS
            .iter()
            .map(|keys| (format!("keys of [{}]", keys[0].section().replace('*', "NAME")), rows(keys)))
            .collect();
        let tables: Vec<(&str, Rows)> = tables.iter().map(|(marker, rows)| (marker.as_str(), rows.clone())).collect();
        hold_tables("docs/configuration.md", &tables);
    }
}
