//! What monitoring has found.

use super::{count, counted};
use crate::jobs::monitor::Monitored;
use crate::monitoring::page::FILE;
use crate::monitoring::performance::HEADLINES;
use std::fmt::Write;

/// After `monitor`: verdicts, and what to do.
pub fn monitored(found: &Monitored) -> String {
    let Monitored { advice, folder, known_until, .. } = found;
    let mut text = format!(
        "Monitored {}, {} of them judged now; known is what happened before {known_until}\n\n",
        counted(found.runs as u64, "matured list"),
        count(found.judged_now as u64),
    );

    // Writing to a string cannot fail.
    let _ = writeln!(text, "The model, by the list of {}: {}", advice.as_of, advice.verdict);
    let _ = writeln!(text, "  {}.", found.advice_text);
    if let Some(difference) = &found.difference {
        let _ = writeln!(text, "  {difference}.");
    }
    text.push_str(&figures(found));

    if let (Some(drift), Some(advice)) = (&found.drift, &found.drift_advice) {
        let _ = writeln!(text, "\nDrift, by the list of {}: {}", drift.as_of, drift.told.verdict);
        let _ = writeln!(text, "  {advice}.");
        drift.sentences().for_each(|sentence| {
            let _ = writeln!(text, "  {sentence}.");
        });
    }

    if found.effect.is_empty() {
        text.push_str("\nThe effect of outreach: no matured list says how large its control group was\n");
    }
    for study in found.effect.iter().rev() {
        let key = match study.study.control_key.as_str() {
            "" => String::new(),
            key => format!(", under the key {key}"),
        };
        let _ = writeln!(text, "\nThe effect of outreach{key}: {}", study.verdict);
        for sentence in &study.sentences {
            let _ = writeln!(text, "  {sentence}.");
        }
    }

    text.push_str("\nWho responds to outreach\n");
    for sentence in &found.response.sentences {
        let _ = writeln!(text, "  {sentence}.");
    }

    let listed: u64 = found.last_reasons.iter().map(|reason| reason.customers).sum();
    let _ = writeln!(
        text,
        "\nThose who left: {} had been on a list, {} on none",
        count(listed),
        count(found.left_unlisted)
    );
    for reason in found.last_reasons.iter().take(5) {
        let code = reason.code.as_deref().unwrap_or("no reason");
        let _ = writeln!(text, "  {:>6}  {code}", count(reason.customers));
    }
    let _ = writeln!(text, "\n{} tells more", folder.join(FILE).display());
    text
}

/// The figures of the newest run, on customers left alone and on everybody.
fn figures(found: &Monitored) -> String {
    let mut text =
        format!("\n  {:<26} {:>10} {:>20} {:>10} {:>10}\n", "", "left alone", "95 % interval", "everybody", "verdict");
    for headline in &HEADLINES {
        let Some(figure) = headline.of(&found.figures, found.advice.as_of) else { continue };
        let number = |value: f64| format!("{:.3}", value + 0.0);
        let interval =
            figure.interval().map_or(String::new(), |it| format!("{} to {}", number(it.lower), number(it.upper)));
        let naive = headline.naive_of(&found.figures, found.advice.as_of);
        let naive = naive.map_or(String::new(), |figure| number(figure.value));
        let verdict = figure.verdict.map_or("", |verdict| verdict.name());
        let value = number(figure.value);
        let measure = headline.measure;
        let _ = writeln!(text, "  {measure:<26} {value:>10} {interval:>20} {naive:>10} {verdict:>10}");
    }
    text
}
