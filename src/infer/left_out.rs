//! Why a table is no source: its rows are answers, or it lacks what a signal has.

use super::candidate::{Candidate, Column, MOST_NULL_TIMES};
use super::names::{has_word, is_gone, is_key, words};

const ANSWERS: &[&str] = &["truth", "label", "labels", "target", "prediction", "predictions"];

/// Why the rows of a table are no source: they are answers, or the program's own results.
pub(super) fn not_known_at_the_time(table: &Candidate) -> Option<String> {
    let has = |name: &str| table.column(name).is_some();
    let is_feature =
        |column: &Column| column.name.contains("_active_days_") || column.name.ends_with("_days_since_last");
    if has("churn_probability") && has("customer_id") && (has("model_version") || has("risk_tier")) {
        return Some("it is a list or a table of scores that this program published".to_owned());
    }
    if has("customer_id") && has("as_of") && table.columns.iter().any(is_feature) {
        return Some("it is a feature table that this program wrote; `churn train --features` takes it".to_owned());
    }
    let is_answer = words(&table.name).iter().any(|word| ANSWERS.contains(&word.as_str()));
    is_answer.then(|| "it is named like an answer, not like something known at the time".to_owned())
}

/// Keys other than the customer's by which the rows of tables may be joined.
pub(super) fn keys(table: &Candidate) -> Vec<String> {
    table.those(Column::is_id).filter(|column| is_key(&column.name)).map(|column| column.name.clone()).collect()
}

/// What a table lacks to be a signal.
pub(super) fn lacking(table: &Candidate, has_customers: bool, lacks_id: bool, all: &[(String, Vec<String>)]) -> String {
    if is_gone(&table.name) {
        return "it may say who has left, but not when: an answer without a date is no record of cancellations"
            .to_owned();
    }
    if !lacks_id {
        let date_text = table.those(Column::is_text).find(|column| column.profile.are_days());
        if let Some(column) = date_text {
            return format!(
                "`{0}` holds times as texts: write them as such, for example CAST({0} AS TIMESTAMP)",
                column.name
            );
        }
        let date_like = table.those(Column::is_number).find(|column| {
            column.profile.numbers.are_whole() && column.profile.numbers.lie_in(19_000_101.0, 21_001_231.0)
        });
        return match date_like {
            Some(column) => format!("`{}` holds dates as numbers such as 20260501: write them as dates", column.name),
            None => "it has no column with a date or a timestamp".to_owned(),
        };
    }

    let own = keys(table);
    let joined = all.iter().find_map(|(other, theirs)| {
        let key = own.iter().find(|key| theirs.contains(key))?;
        (*other != table.name).then_some((other, key))
    });
    match joined {
        Some((other, key)) => format!(
            "its rows are joined to customers only through `{key}` of `{other}`, whose rows are the activity; to use it, add \
             the customer's id to it"
        ),
        None if has_customers => {
            "it has no column with the customer's id, of the type that it has in the table of customers".to_owned()
        }
        None => "it has no column with the customer's id".to_owned(),
    }
}

/// Why a table that is called like one of cancellations is an answer for every customer instead: it has a date for
/// those who stayed as well, and a column that tells them apart.
pub(super) fn answer_for_all(table: &Candidate, time: &Column) -> Option<String> {
    let has_both =
        |column: &&Column| is_gone(&column.name) && column.profile.levels(2).is_some_and(|levels| levels.len() == 2);
    let flag = table.columns.iter().filter(|column| !column.is_time()).find(has_both)?;
    let is_for_all =
        time.profile.null_share() < MOST_NULL_TIMES && !is_gone(&time.name) || has_word(&time.name, &["last"]);
    is_for_all.then(|| {
        format!(
            "`{}` says of every customer whether they left, but `{}` does not say when: it is an answer, and no record of \
             cancellations",
            flag.name, time.name
        )
    })
}
