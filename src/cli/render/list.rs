//! A published list, in the language of its texts.

use super::deliver::delivered;
use super::{id, silent_shares, table, unbroken, Table};
use crate::dataset::silence::Silence;
use crate::eligibility::Exclusion;
use crate::jobs::score::{ListedCustomer, Published};
use crate::language::{Numbers, Texts, Value};
use crate::publish::list::Status;
use std::fmt::Write;

/// How many lines of the list are shown.
const TOP: usize = 10;

/// After `score`.
pub fn published(run: &Published) -> String {
    let texts = run.texts();
    let summary = Summary { run, texts, numbers: texts.language().numbers_in_sentences() };
    let mut text = summary.title() + "\n\n";
    for fact in summary.facts() {
        let _ = writeln!(text, "  {fact}");
    }

    let _ = writeln!(text, "\n{}\n", summary.top());
    for sentence in run.manifest.control_power.sentences(texts) {
        let _ = writeln!(text, "{}", unbroken(&sentence));
    }

    let _ = writeln!(text, "\n{}", summary.files());
    text += &delivered(&run.deliveries, texts);
    text
}

/// Writes a run in a language.
struct Summary<'a> {
    run: &'a Published,
    texts: &'a Texts,
    numbers: Numbers,
}

impl Summary<'_> {
    /// What was made of what.
    fn title(&self) -> String {
        let manifest = &self.run.manifest;
        let read: u64 = manifest.sources.values().map(|source| source.rows_read).sum();
        let quarantine: u64 = manifest.quarantine.values().map(|quarantine| quarantine.total()).sum();
        let title = [
            ("date", self.texts.language().date(manifest.as_of).into()),
            ("model", manifest.model_version.as_str().into()),
            ("rows", read.into()),
            ("quarantine", quarantine.into()),
            ("seconds", self.numbers.decimals(manifest.seconds, 1).into()),
        ];
        self.texts.with("summary-title", &title)
    }

    /// Who was scored, who is listed, and what is known of them: a line each.
    fn facts(&self) -> Vec<String> {
        let (run, texts) = (self.run, self.texts);
        let manifest = &run.manifest;
        let date = |day| Value::from(texts.language().date(day));

        let population = [
            ("date", date(manifest.as_of)),
            ("eligible", manifest.eligible.into()),
            ("excluded", self.excluded().into()),
        ];
        let listed = [
            ("listed", manifest.listed.into()),
            ("control", manifest.control.into()),
            ("risk", self.numbers.risk(manifest.mean_probability).into()),
        ];
        let mut facts = vec![texts.with("summary-population", &population), texts.with("summary-listed", &listed)];

        if let Some(before) = manifest.compared_with {
            let count = |status: Status| run.scored.details.iter().filter(|details| details.status == status).count();
            let since = [
                ("date", date(before)),
                ("new", count(Status::New).into()),
                ("returned", count(Status::Returned).into()),
                ("left", manifest.left.into()),
            ];
            facts.push(texts.with("summary-since", &since));
        }

        facts.extend(manifest.silence.as_ref().map(|of_listed| self.silence(of_listed)));
        let good = &run.scored.model.evaluation.metrics;
        let quality =
            [("auc", self.figure(good.roc_auc, 3).into()), ("lift", self.figure(good.top_decile_lift, 1).into())];
        facts.push(texts.with("summary-quality", &quality));
        facts
    }

    /// A figure of the model, if it is known.
    fn figure(&self, value: Option<f64>, decimals: usize) -> String {
        value.map_or_else(|| "-".to_owned(), |value| self.numbers.decimals(value, decimals))
    }

    /// "12 too new, 3 churned before"
    fn excluded(&self) -> String {
        let counts = self.run.manifest.excluded.counts();
        if counts.is_empty() {
            return self.texts.text("summary-nobody");
        }

        let reason = |(reason, count): (Exclusion, u64)| {
            let word = self.texts.word("exclusion", reason.name()).unwrap_or_else(|| reason.words().to_owned());
            self.texts.with("summary-excluded", &[("count", count.into()), ("reason", word.into())])
        };
        counts.into_iter().map(reason).collect::<Vec<_>>().join(&self.texts.text("comma"))
    }

    /// "of the listed silent, without a row of any signal: 12.0 % for 7 days or longer"
    fn silence(&self, silence: &Silence) -> String {
        let shares = ("shares", Value::from(silent_shares(silence, self.texts)));
        if silence.signals.is_empty() {
            return self.texts.with("summary-silent-any", &[shares]);
        }
        let signals: Vec<String> = silence.signals.iter().map(|name| format!("`{name}`")).collect();
        self.texts.with("summary-silent", &[("signals", signals.join(&self.texts.text("or")).into()), shares])
    }

    /// The first lines of the list.
    fn top(&self) -> Table {
        let money = self.run.value_column.is_some();
        let mut columns = vec!["rank", "customer", "risk"];
        if money {
            columns.push("value");
        }
        columns.extend(["group", "status", "reasons"]);

        let header: Vec<String> = columns.iter().map(|column| self.texts.text(&format!("summary-{column}"))).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let mut list = table(&header, if money { &[0, 2, 3] } else { &[0, 2] });
        for customer in self.run.list().take(TOP) {
            self.customer_rows(&mut list, &customer, money);
        }
        list
    }

    /// A customer's row, with the first reason, and a row for each further reason, for what has changed and for what to
    /// do.
    fn customer_rows(&self, list: &mut Table, customer: &ListedCustomer<'_>, money: bool) {
        let texts = self.texts;
        let risk = self.numbers.risk(customer.churn_probability);
        let mut row = vec![customer.rank.to_string(), id(&customer.customer_id).into_owned(), risk];
        if money {
            row.push(self.figure(customer.value_at_risk, 2));
        }
        let word = |kind: &str, word: &str| texts.word(kind, word).unwrap_or_else(|| word.to_owned());
        row.extend([word("group", customer.group.name()), word("status", customer.status)]);

        let mut reasons = customer.explanation.reasons.iter().map(|reason| unbroken(&reason.text));
        row.push(reasons.next().unwrap_or_else(|| texts.text("summary-no-reason")));
        let before = row.len() - 1;
        list.add_row(row);
        let change = customer.details.change_text.as_deref().map(unbroken);
        let action = customer.details.action.as_ref().map(|action| format!("→ {}", unbroken(&action.action)));
        for more in reasons.chain(change).chain(action) {
            let mut row = vec![String::new(); before];
            row.push(more);
            list.add_row(row);
        }
    }

    /// What was written.
    fn files(&self) -> String {
        let (run, texts) = (self.run, self.texts);
        let folder = run.folder.display().to_string();
        let mut lines = vec![texts.with("summary-files", &[("folder", folder.into())])];
        // Of the lists by value there may be hundreds.
        let (by_value, files): (Vec<_>, Vec<_>) = run.manifest.files.iter().partition(|file| file.name.contains('/'));
        for file in files {
            lines.push(format!("  {:<18} {}", file.name, texts.with("summary-rows", &[("rows", file.rows.into())])));
        }
        if let Some((folder, _)) = by_value.first().and_then(|file| file.name.split_once('/')) {
            let files = texts.with("summary-file-count", &[("files", (by_value.len() as u64).into())]);
            lines.push(format!("  {:<18} {files}", format!("{folder}/")));
        }
        lines.push(format!("  {:<18} {}", "manifest.json", texts.text("summary-manifest")));
        lines.push(texts.text("summary-latest"));
        lines.join("\n")
    }
}
