//! What has become of the lists of models, beside what their evaluations promised.

use super::{counted, percent, table};
use crate::artefact::Artefact;
use crate::monitoring::track_record::{Realised, TrackRecord, TrackRecords};
use std::fmt::Write;

/// Of so many models it is told one by one why nothing is known of their lists.
const MOST_REASONS: usize = 2;

/// How a value is written.
type Shown = fn(f64) -> String;

/// Below the table of all models: a row for each whose lists have matured.
pub fn of_models(models: &[Artefact], records: Result<&TrackRecords, &String>) -> String {
    if models.is_empty() {
        return String::new();
    }
    let records = match records {
        Ok(records) => records,
        Err(why) => return format!("\n{why}.\n"),
    };

    let header = ["version", "lists", "newest", "AUC", "promised", "in the large", "left of the list, %", "promised"];
    let mut list = table(&header, &[1, 3, 4, 5, 6, 7]);
    let mut unknown = Vec::new();
    let mut has_rows = false;
    for model in models {
        match records.of(model) {
            Ok(record) => {
                has_rows = true;
                list.add_row(row(model, &record));
            }
            Err(why) => unknown.push(why),
        }
    }

    let mut text = String::new();
    if has_rows {
        let _ = writeln!(
            text,
            "\nWhat became of their matured lists, known before {}; of the newest, on customers left alone:\n{list}",
            records.known_until
        );
    }
    if unknown.len() > MOST_REASONS {
        let _ = writeln!(
            text,
            "\nOf the lists of {} other models nothing is known; `churn models show VERSION` says why.",
            unknown.len()
        );
    } else {
        unknown.iter().for_each(|why| {
            let _ = writeln!(text, "\n{why}.");
        });
    }
    text
}

/// Below a model.
pub fn of_model(record: Result<&TrackRecord, &String>) -> String {
    let record = match record {
        Ok(record) => record,
        Err(why) => return format!("\n{why}.\n"),
    };
    let mut list =
        table(&["", "newest list", "95 % interval", "promised", "mean of its lists", "verdict"], &[1, 2, 3, 4]);
    let lines: [(&str, &Option<Realised>, Shown); 3] = [
        ("AUC", &record.roc_auc, digits),
        ("calibration in the large", &record.calibration_in_the_large, signed),
        ("share of the list that left", &record.precision, percent),
    ];
    for (name, realised, shown) in lines {
        let Some(it) = realised else { continue };
        list.add_row([
            name.to_owned(),
            shown(it.value),
            interval(it, shown),
            it.promised.map_or_else(|| "-".to_owned(), shown),
            shown(it.mean),
            it.verdict.map_or("", |verdict| verdict.name()).to_owned(),
        ]);
    }
    format!(
        "\n{} of this model matured before {}, the newest that of {}. On customers left alone:\n{list}\n",
        counted(record.matured_lists as u64, "list"),
        record.known_until,
        record.newest,
    )
}

fn row(model: &Artefact, record: &TrackRecord) -> [String; 8] {
    let with_interval = |realised: &Option<Realised>, shown: Shown| {
        realised.as_ref().map_or_else(|| "-".to_owned(), |it| format!("{} ({})", shown(it.value), interval(it, shown)))
    };
    let promised = |realised: &Option<Realised>, shown: Shown| {
        realised.as_ref().and_then(|it| it.promised).map_or_else(|| "-".to_owned(), shown)
    };
    [
        model.version.clone(),
        record.matured_lists.to_string(),
        record.newest.to_string(),
        with_interval(&record.roc_auc, digits),
        promised(&record.roc_auc, digits),
        with_interval(&record.calibration_in_the_large, signed),
        with_interval(&record.precision, per_cent),
        promised(&record.precision, per_cent),
    ]
}

fn interval(realised: &Realised, shown: Shown) -> String {
    let both = realised.low.zip(realised.high);
    both.map_or_else(|| "-".to_owned(), |(low, high)| format!("{} to {}", shown(low), shown(high)))
}

fn digits(value: f64) -> String {
    format!("{value:.3}")
}

/// Below a head that says the unit.
fn per_cent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn signed(value: f64) -> String {
    format!("{:+.2}", value + 0.0)
}
