//! What no key can check alone: that the settings fit together.

use super::choices::{ChurnDefinition, EvaluationChoice, RankBy};
use super::layers::Layers;
use super::settings::{Settings, Signal};
use crate::measures::{self, Instrument, SignalKind};
use crate::published::{self, has_column, Column};
use std::collections::BTreeSet;

/// Every problem, in the order of the sections. Sections that are known to be broken are not judged again.
pub(super) fn problems(settings: &Settings, layers: &Layers) -> Vec<String> {
    let mut problems = Vec::new();
    tables(layers, &mut problems);
    customers(settings, layers, &mut problems);
    signals(settings, layers, &mut problems);
    churn(settings, layers, &mut problems);
    prepared_table(settings, layers, &mut problems);
    training(settings, layers, &mut problems);
    list(settings, layers, &mut problems);
    problems
}

fn tables(layers: &Layers, problems: &mut Vec<String>) {
    if layers.has_section("table") {
        return;
    }
    let advice = "`churn init --from DATA_DIR` writes one from the Parquet files it finds";
    if !layers.has_section("customers") && !layers.is_rejected("customers") {
        problems.push(format!("there is no section [customers], which names the table of customers; {advice}"));
    }
    if layers.signal_names().next().is_none() && !layers.is_rejected("signals") {
        problems.push(format!("there is no section [signals.NAME], which names a table of dated events; {advice}"));
    }
}

fn customers(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    let Some(customers) = &settings.customers else { return };
    if customers.start.is_some() != customers.end.is_some() {
        let (given, lacking) = if customers.start.is_some() { ("start", "end") } else { ("end", "start") };
        let key = layers.named(&format!("customers.{given}"));
        problems.push(format!("{key}: a contract needs both its ends; add `customers.{lacking}`"));
    }
    let roles = [Some(&customers.id), customers.signup.as_ref(), customers.start.as_ref(), customers.end.as_ref()];
    feature_columns("customers", roles, &customers.numeric, &customers.categorical, layers, problems);
    for (key, columns) in [("numeric", &customers.numeric), ("categorical", &customers.categorical)] {
        for column in columns.iter().filter(|column| is_feature_name(settings, column)) {
            let key = layers.named(&format!("customers.{key}"));
            problems.push(format!("{key}: `{column}` is the name of a computed column; rename it in the data"));
        }
    }
    passthrough("customers", &customers.passthrough, published::LIST, layers, problems);
}

/// Checks of the columns that are copied to the results, which must not be called like the results' own.
fn passthrough(section: &str, columns: &[String], own: &[Column], layers: &Layers, problems: &mut Vec<String>) {
    let key = || layers.named(&format!("{section}.passthrough"));
    for column in repeated(columns) {
        problems.push(format!("{}: `{column}` is listed twice", key()));
    }
    for column in columns.iter().filter(|column| has_column(own, column)) {
        problems.push(format!("{}: `{column}` is a column of the list itself; rename it in the data", key()));
    }
}

fn signals(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    for (name, signal) in &settings.signals {
        let mut problem = |key: &str, text: &str| {
            problems.push(format!("{}: {text}", layers.named(&format!("signals.{name}.{key}"))));
        };
        if signal.value.is_none() && signal.kind != SignalKind::Event {
            problem("kind", "this kind needs `value`, the column of the quantity, mood or score");
        }
        match (signal.kind, signal.instrument.is_some(), signal.instrument_name.is_some()) {
            (SignalKind::Survey, true, false) | (SignalKind::Survey, false, true) => {}
            (SignalKind::Survey, true, true) => {
                problem("instrument", "the column, or the one `instrument_name` of the table, but not both");
            }
            (SignalKind::Survey, false, false) => problem(
                "kind",
                "a survey needs `instrument`, the column that says nps, csat or ces, or one `instrument_name`",
            ),
            (_, true, _) => problem("instrument", "only a signal of kind \"survey\" has an instrument"),
            (_, _, true) => problem("instrument_name", "only a signal of kind \"survey\" has an instrument"),
            _ => {}
        }
        // Both a survey `a` and a signal `a_nps` would have a column `a_nps_days_since_last`.
        let is_mine = |(other, o): (&String, &Signal)| {
            o.instruments().iter().any(|instrument| *name == format!("{other}_{}", instrument.name()))
        };
        if settings.signals.iter().any(is_mine) {
            problem("kind", "its features would be called like those of another signal's survey; rename the signal");
        }
    }
}

fn churn(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    if settings.customers.is_none() && layers.has_section("table") {
        return;
    }
    let churn = &settings.churn;
    match churn.definition {
        ChurnDefinition::Event => {
            if churn.path.is_none() && !layers.is_rejected("churn.path") {
                problems.push(
                    "`churn.path` is missing: the table of cancellations; without one, define churn as silence with \
                     `churn.definition` = \"inactivity\" and `churn.signals`"
                        .to_owned(),
                );
            }
        }
        ChurnDefinition::Inactivity => {
            let key = layers.named("churn.signals");
            let known: Vec<&str> = layers.signal_names().collect();
            if churn.signals.is_empty() && !layers.is_rejected("churn.signals") {
                let known = known.join(", ");
                problems
                    .push(format!("{key}: inactivity needs the signals whose silence is churn; there are: {known}"));
            }
            for name in repeated(&churn.signals) {
                problems.push(format!("{key}: `{name}` is listed twice"));
            }
            for name in churn.signals.iter().filter(|name| !known.contains(&name.as_str())) {
                problems.push(format!("{key}: there is no signal `{name}`; there are: {}", known.join(", ")));
            }
        }
    }
}

fn prepared_table(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    let Some(table) = &settings.table else { return };
    let roles = [Some(&table.id), Some(&table.label), table.as_of.as_ref(), table.fold.as_ref()];
    feature_columns("table", roles, &table.numeric, &table.categorical, layers, problems);
    for column in table.ignore.iter().filter(|c| table.numeric.contains(c) || table.categorical.contains(c)) {
        let key = layers.named("table.ignore");
        problems.push(format!("{key}: `{column}` is also listed as a feature; choose one"));
    }
    if let Some(value) = table.value.as_ref().filter(|&value| roles.contains(&Some(value))) {
        let key = layers.named("table.value");
        problems.push(format!("{key}: `{value}` already has another role in [table]"));
    }
    // The scores carry them too.
    let columns = [published::LIST, published::SCORES].concat();
    passthrough("table", &table.passthrough, &columns, layers, problems);
}

fn training(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    let training = &settings.training;
    let key = layers.named("training.evaluation");
    let snapshots = match &training.as_of {
        Some(dates) => u32::try_from(dates.len()).unwrap_or(u32::MAX),
        None => training.snapshots,
    };

    match (&training.evaluation, &training.as_of) {
        (EvaluationChoice::Newest(count), _) if *count >= snapshots => {
            problems.push(format!(
                "{key}: {count} of {snapshots} snapshots for evaluation leave none to learn from; keep fewer, or raise \
                 `training.snapshots`"
            ));
        }
        (EvaluationChoice::Dates(kept), Some(dates)) if dates.iter().all(|date| kept.contains(date)) => {
            problems.push(format!(
                "{key}: every date of `training.as_of` is kept for evaluation; none is left to learn from"
            ));
        }
        _ => {}
    }
}

fn list(settings: &Settings, layers: &Layers, problems: &mut Vec<String>) {
    let of_table = settings.table.as_ref().is_some_and(|table| table.value.is_some());
    let has_no_value = !of_table
        && match &settings.customers {
            Some(customers) => customers.value.is_none(),
            None => !layers.has_section("customers"),
        };
    if settings.list.rank_by == RankBy::ExpectedLoss && has_no_value {
        let key = layers.named("list.rank_by");
        problems.push(format!(
            "{key}: expected_loss needs `customers.value` (or `table.value`), the money a month at stake"
        ));
    }
}

/// Checks of two lists of feature columns against each other and against the columns that have another role.
fn feature_columns(
    section: &str,
    roles: [Option<&String>; 4],
    numeric: &[String],
    categorical: &[String],
    layers: &Layers,
    problems: &mut Vec<String>,
) {
    for (key, columns) in [("numeric", numeric), ("categorical", categorical)] {
        let key = layers.named(&format!("{section}.{key}"));
        for column in repeated(columns) {
            problems.push(format!("{key}: `{column}` is listed twice"));
        }
        for column in columns.iter().filter(|column| roles.contains(&Some(column))) {
            problems
                .push(format!("{key}: `{column}` already has another role in [{section}]; a model must not see it"));
        }
    }
    for column in numeric.iter().filter(|column| categorical.contains(column)) {
        let key = layers.named(&format!("{section}.numeric"));
        problems.push(format!("{key}: `{column}` is also listed as categorical; choose one"));
    }
}

fn repeated(names: &[String]) -> BTreeSet<&String> {
    names.iter().enumerate().filter(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name).collect()
}

/// Whether the feature table has a computed column of this name, so that no column of the customers table may carry it.
/// All measures of a signal are reserved, whatever its kind: changing a kind should not break the names.
fn is_feature_name(settings: &Settings, column: &str) -> bool {
    let of_signal = |(name, signal): (&String, &Signal)| {
        let instruments: Vec<Option<Instrument>> =
            std::iter::once(None).chain(signal.instruments().into_iter().map(Some)).collect();
        measures::DEFINITIONS.iter().any(|definition| {
            let has_name = |window| instruments.iter().any(|&i| definition.column(name, window, i) == column);
            definition.windows(&settings.features.windows_days).into_iter().any(has_name)
        })
    };
    let of_customer = || measures::DEFINITIONS.iter().any(|definition| definition.name == column);

    measures::KEYS.contains(&column) || of_customer() || settings.signals.iter().any(of_signal)
}
