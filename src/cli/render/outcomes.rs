//! What has become of the lists of models, beside what their evaluations promised.

use super::table;
use crate::artefact::Artefact;
use crate::monitoring::track_record::{digits, signed, Realised, TrackRecord, TrackRecords};
use crate::registry::Champion;
use std::fmt::Write;

/// Of so many models it is told one by one why nothing is known of their lists.
const MOST_REASONS: usize = 2;

/// How a value is written.
type Shown = fn(f64) -> String;

/// Below the table of all models: a row for each whose lists have matured.
pub fn of_models(models: &[Artefact], promotions: &Champion, records: Result<&TrackRecords, &String>) -> String {
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
        match records.of(model, promotions.first_promoted(&model.version)) {
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
            "\nWhat became of their matured lists since promotion, known before {}; of the newest, on customers left \
             alone:\n{list}",
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
    for line in record.lines() {
        list.add_row([line.name, &line.newest, &line.interval, &line.promised, &line.mean, line.verdict]);
    }
    format!("\n{}\n{list}\n", record.sentence())
}

fn row(model: &Artefact, record: &TrackRecord) -> [String; 8] {
    let with_interval = |realised: &Option<Realised>, shown: Shown| {
        realised.as_ref().map_or_else(|| "-".to_owned(), |it| format!("{} ({})", shown(it.value), it.interval(shown)))
    };
    let promised = |realised: &Option<Realised>, shown: Shown| {
        realised.as_ref().map_or_else(|| "-".to_owned(), |it| it.promised(shown))
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

/// Below a head that says the unit.
fn per_cent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
