//! The commented `churn.toml` for what was found.

use super::cancellations::Cancellations;
use super::customers::{Attributes, Customers};
use super::plan::Plan;
use super::rhythm;
use super::signals::{kind_name, Doing, Signal};
use super::written::{list, one_line, quoted};

use crate::config::{ChurnDefinition, Set};
use std::fmt::Write;
use std::path::Path;

/// The longest line of a comment.
const WIDTH: usize = 118;

/// The sections for the tables that were found, and for what follows from them.
pub(super) fn written(plan: &Plan, data: &Path, folder: &Path) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        &format!(
            "Written by `churn init` for {} from names, types and a look at the values. What is marked as guessed may \
             be wrong, and what is marked as not certain asks you something; `churn check` then holds the data against \
             it.",
            data.display()
        ),
    );
    text.push('\n');

    if let Some(prepared) = plan.prepared() {
        prepared.write(&mut text);
        left_out(&mut text, plan, Some(&prepared.table().path));
        return text;
    }

    match &plan.customers {
        Some(found) => customers(&mut text, found, folder),
        None => {
            text += "# Missing: a table of customers, one row for each, with an id that does not repeat.\n\
                     #[customers]\n#path = \"customers.parquet\"\n#id = \"customer_id\"\n"
        }
    }
    for found in &plan.signals {
        signal(&mut text, found, plan, folder);
    }
    if plan.signals.is_empty() {
        text += "\n# Missing: a signal, which is a table with the customer's id and a time in each row.\n\
                 #[signals.logins]\n#kind = \"event\"\n#path = \"logins\"\n#id = \"customer_id\"\n#time = \"ts\"\n";
    }

    left_out(&mut text, plan, None);
    churn(&mut text, plan, folder);
    text
}

fn left_out(text: &mut String, plan: &Plan, used: Option<&Path>) {
    for found in plan.left_out.iter().filter(|found| Some(found.path.as_path()) != used) {
        let reason = found.left_out.as_deref().unwrap_or_default();
        text.push('\n');
        comment(text, &format!("Left out: {} ({reason}).", found.name));
    }
}

fn customers(text: &mut String, found: &Customers, folder: &Path) {
    let Customers { table, id, repeated, signup, contract } = found;
    text.push_str("[customers]\n");
    let mut path_reason = "from its name, and its ids hardly ever repeat".to_owned();
    if *repeated == 0 {
        path_reason = "from its name, and its ids never repeat".to_owned();
    }
    entry(text, "path", &path(&table.path, folder), Some(&path_reason));
    entry(text, "id", &quoted(&id.column), None);
    if *repeated > 0 {
        comment(text, &format!("{repeated} rows repeat an id: one row of each customer counts."));
    }

    if let Some(signup) = signup {
        entry(text, "signup", &quoted(signup), Some("from its name"));
    }
    if let Some((start, end)) = contract {
        comment(text, "The contract; one that runs out is no churn.");
        entry(text, "start", &quoted(start), Some("from its name"));
        entry(text, "end", &quoted(end), Some("from its name, and most customers have such a date"));
    }
    let times = [signup.as_ref(), contract.as_ref().map(|(start, _)| start), contract.as_ref().map(|(_, end)| end)];
    let unit = times.into_iter().flatten().find_map(|name| table.column(name)?.time_unit());
    if let Some(unit) = unit {
        entry(text, "time_unit", &quoted(unit.word()), Some("as such numbers they are times of our age"));
    }
    let attributes = Attributes::new(found);
    if let Some(value) = &attributes.value {
        comment(text, "Money a month at stake.");
        entry(text, "value", &quoted(value), Some("from its name"));
    }
    comment(text, "Only what was already true on the as-of date: take out what the source goes on changing.");
    entry(text, "numeric", &list(&attributes.numeric), Some("from types and values"));
    entry(text, "categorical", &list(&attributes.categorical), Some("from types and values"));
    for advice in found.advice(&attributes) {
        comment(text, &format!("not certain: {advice}."));
    }
    comment(text, "Copied to the list for the people who work with it.");
    entry(text, "passthrough", &list(&attributes.passthrough), Some("from their names"));

    let unused: Vec<String> = attributes
        .unused
        .iter()
        .map(|(name, reason)| reason.as_ref().map_or_else(|| name.clone(), |reason| format!("{name} ({reason})")))
        .collect();
    if !unused.is_empty() {
        comment(text, &format!("Not used: {}.", unused.join("; ")));
    }
}

fn signal(text: &mut String, found: &Signal, plan: &Plan, folder: &Path) {
    let _ = writeln!(text, "\n[signals.{}]", found.name);
    entry(text, "kind", &quoted(kind_name(found.kind)), Some(found.why_kind));
    entry(text, "path", &path(&found.path, folder), None);
    for line in &found.entries {
        entry(text, line.key, &line.value, line.reason.as_deref());
    }
    if let Some((_, days)) = plan.staleness.iter().find(|(name, _)| *name == found.name) {
        let reason = "there are days without a row, or the newest row is older than those of other signals";
        entry(text, "max_staleness_days", &days.to_string(), Some(reason));
    }
    for doubt in &found.doubts {
        comment(text, &format!("not certain: {doubt}."));
    }
}

fn churn(text: &mut String, plan: &Plan, folder: &Path) {
    text.push_str("\n[churn]\n");
    match &plan.churn {
        Some(found) => cancellations(text, found, folder),
        None => silence(text, plan),
    }
    let Some(proposal) = &plan.proposal else {
        *text +=
            "# Days between the as-of date and the label window: the time in which the team can act.\n#gap_days = 7\n\
                  # Days of the label window.\n#horizon_days = 30\n";
        return;
    };

    if let Some(pauses) = proposal.pauses {
        comment(
            text,
            &format!(
                "Half of a customer's pauses between two days with a row last {} or less, nine in ten {} or less ({} \
                 of {} customers came back, in {} days).",
                days(pauses.half),
                days(pauses.nine_in_ten),
                pauses.returned,
                pauses.customers,
                proposal.days
            ),
        );
    }
    comment(
        text,
        &format!("With these settings about {:.1} % of the customers churn.", 100.0 * proposal.count.share()),
    );
    for doubt in &proposal.doubts {
        comment(text, &format!("not certain: {doubt}."));
    }
    comment(text, "Days between the as-of date and the label window: the time in which the team can act.");
    entry(text, "gap_days", &proposal.gap_days.to_string(), Some("from the horizon"));
    comment(text, "Days of the label window.");
    let reason = match plan.definition() {
        ChurnDefinition::Inactivity => {
            "a silence that is longer than usual pauses, as far as the history has room for it"
        }
        ChurnDefinition::Event => "the shortest in which enough customers leave",
    };
    entry(text, "horizon_days", &proposal.horizon_days.to_string(), Some(reason));
}

fn cancellations(text: &mut String, found: &Cancellations, folder: &Path) {
    for doubt in &found.doubts {
        comment(text, &format!("not certain: {doubt}."));
    }
    if found.of_customers {
        comment(text, "The customers table says who left; those without a date have not.");
    }
    entry(text, "definition", "\"event\"", Some("there are dates on which customers left"));
    entry(text, "path", &path(&found.path, folder), None);
    entry(text, "id", &quoted(&found.id), None);
    entry(text, "time", &quoted(&found.time), Some("from its name"));
    if let Some(unit) = found.time_unit {
        entry(text, "time_unit", &quoted(unit.word()), Some("as such numbers they are times of our age"));
    }
}

fn silence(text: &mut String, plan: &Plan) {
    comment(
        text,
        "No table of cancellations was found, so churn is silence: no row of these signals in the label window. Only \
         what customers do by themselves counts.",
    );
    entry(text, "definition", "\"inactivity\"", None);
    entry(text, "signals", &list(&plan.silent), Some("from names and kinds"));

    for signal in &plan.signals {
        let is_counted = plan.silent.contains(&signal.name);
        match &signal.doing {
            Doing::Not(reason) => comment(text, &format!("`{}` does not count: {reason}.", signal.name)),
            Doing::Unsure(question) => {
                let next = if is_counted { "If not, take it out." } else { "If so, add it." };
                comment(text, &format!("not certain: `{}`: {question} {next}", signal.name));
            }
            Doing::Own => {}
        }
    }
}

/// The general settings that are to be something else than by default.
pub(super) fn general(plan: &Plan) -> Vec<Set> {
    let Some(proposal) = &plan.proposal else { return Vec::new() };
    let mut set = Vec::new();
    let mut add = |section: &'static str, key: &'static str, value: String, reason: &str| {
        let mut line = String::new();
        entry(&mut line, key, &value, Some(reason));
        set.push(Set { section, key, line: line.trim_end().to_owned() });
    };

    let reason = match proposal.active_within_days {
        0 => "many customers who stay are silent for very long",
        _ => "few customers who stay are silent for longer",
    };
    // Under inactivity it follows from gap and horizon, also when somebody changes these.
    if plan.definition() == ChurnDefinition::Event {
        add("eligibility", "active_within_days", proposal.active_within_days.to_string(), reason);
    }
    if proposal.min_tenure_days != rhythm::DEFAULT_MIN_TENURE {
        let reason = "with the default, most customers would have no row";
        add("eligibility", "min_tenure_days", proposal.min_tenure_days.to_string(), reason);
    }

    let windows = proposal.windows_days.map(|days| days.to_string()).join(", ");
    let reason = format!("short, middle and long beside usual pauses, in a history of {} days", proposal.days);
    add("features", "windows_days", format!("[{windows}]"), &reason);

    if proposal.lifetime {
        let reason = "who falls silent is told best by the own rhythm, and the history is long enough on all dates";
        add("features", "lifetime", "true".to_owned(), reason);
    }

    if let Some(dates) = &proposal.as_of {
        let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
        add("training", "as_of", list(&dates), "dates on which there are customers to learn from");
    } else {
        let reason = "as many as the history has room for, and as are needed before the one kept for evaluation";
        add("training", "snapshots", proposal.snapshots.to_string(), reason);
        add("training", "step_days", proposal.step_days.to_string(), "as far apart as the history has room for");
    }
    set
}

fn days(days: u32) -> String {
    format!("{days} {}", if days == 1 { "day" } else { "days" })
}

/// A key, its value, and why it was guessed.
fn entry(text: &mut String, key: &str, value: &str, reason: Option<&str>) {
    let _ = match reason {
        Some(reason) => writeln!(text, "{key} = {value}  # guessed: {}", one_line(reason)),
        None => writeln!(text, "{key} = {value}"),
    };
}

/// A comment in lines that are short enough to read.
fn comment(text: &mut String, words: &str) {
    let mut line = "#".to_owned();
    for word in one_line(words).split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line = "#".to_owned();
        }
        line = format!("{line} {word}");
    }
    let _ = writeln!(text, "{line}");
}

/// A path for a file in `folder`, quoted: relative if it lies below.
fn path(path: &Path, folder: &Path) -> String {
    // Of a pattern, the part before its first wildcard exists.
    let is_plain = |part: &&Path| !part.to_string_lossy().contains(['*', '?', '[']);
    let fixed = path.ancestors().find(|part| is_plain(part)).unwrap_or(path);
    let rest = path.strip_prefix(fixed).unwrap_or(Path::new(""));
    let whole = |path: &Path| {
        // A folder named by an empty path is the current one.
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let absolute = || std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        path.canonicalize().unwrap_or_else(|_| absolute())
    };

    let (fixed, folder) = (whole(fixed), whole(folder));
    let fixed = fixed.strip_prefix(&folder).unwrap_or(&fixed);
    let whole = if rest.as_os_str().is_empty() { fixed.to_path_buf() } else { fixed.join(rest) };
    let whole = if whole.as_os_str().is_empty() { Path::new(".").to_path_buf() } else { whole };
    quoted(&whole.to_string_lossy())
}
