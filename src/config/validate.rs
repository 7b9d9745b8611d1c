//! What no key can check alone: that the settings fit together.

use super::choices::{ChurnDefinition, EvaluationChoice, KpiPeriod, RankBy};
use super::deliveries;
use super::layers::Layers;
use super::settings::{Customers, Features, Settings, Signal, Table};
use crate::measures::{self, Instrument, SignalKind};
use crate::published::{self, has_column, Column};
use crate::spelling;
use std::collections::BTreeSet;

/// Every problem, in the order of the sections. Sections that are known to be broken are not judged again.
pub(super) fn problems(settings: &Settings, layers: &Layers) -> Vec<String> {
    let mut check = Check { settings, layers, problems: Vec::new() };
    check.tables();
    if let Some(customers) = &settings.customers {
        check.customers(customers);
    }
    for (name, signal) in &settings.signals {
        check.signal(name, signal);
    }
    check.churn();
    check.activity();
    if let Some(table) = &settings.table {
        check.prepared_table(table);
    }
    check.training();
    check.list();
    check.reasons();
    check.kpi();
    check.problems.extend(deliveries::problems(settings, layers));
    check.problems
}

struct Check<'a> {
    settings: &'a Settings,
    layers: &'a Layers,
    problems: Vec<String>,
}

/// The columns of a table that a model may learn from, and those that have another role.
struct FeatureColumns<'a> {
    section: &'a str,
    roles: [Option<&'a String>; 4],
    numeric: &'a [String],
    categorical: &'a [String],
}

impl Check<'_> {
    /// Adds a problem with a key, which is named with the layer that set it.
    fn add(&mut self, key: &str, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.layers.named(key)));
    }

    fn tables(&mut self) {
        let layers = self.layers;
        if layers.has_section("table") {
            return;
        }
        let advice = "`churn init --from DATA_DIR` writes one from the Parquet files it finds";
        if !layers.has_section("customers") && !layers.is_rejected("customers") {
            let lacking = "there is no section [customers], which names the table of customers";
            self.problems.push(format!("{lacking}; {advice}"));
        }
        if layers.signal_names().next().is_none() && !layers.is_rejected("signals") {
            let lacking = "there is no section [signals.NAME], which names a table of dated events";
            self.problems.push(format!("{lacking}; {advice}"));
        }
    }

    fn customers(&mut self, customers: &Customers) {
        match (&customers.start, &customers.end) {
            (Some(_), None) => self.add("customers.start", "a contract needs both its ends; add `customers.end`"),
            (None, Some(_)) => self.add("customers.end", "a contract needs both its ends; add `customers.start`"),
            _ => {}
        }

        self.feature_columns(&FeatureColumns {
            section: "customers",
            roles: [Some(&customers.id), customers.signup.as_ref(), customers.start.as_ref(), customers.end.as_ref()],
            numeric: &customers.numeric,
            categorical: &customers.categorical,
        });
        for (key, columns) in
            [("customers.numeric", &customers.numeric), ("customers.categorical", &customers.categorical)]
        {
            for column in columns.iter().filter(|column| is_feature_name(self.settings, column)) {
                self.add(key, &format!("`{column}` is the name of a computed column; rename it in the data"));
            }
        }

        self.passthrough("customers.passthrough", &customers.passthrough, published::LIST);
    }

    fn signal(&mut self, name: &str, signal: &Signal) {
        let key = |key: &str| format!("signals.{name}.{key}");
        if signal.value.is_none() && signal.kind != SignalKind::Event {
            self.add(&key("kind"), "this kind needs `value`, the column of the quantity, mood or score");
        }

        let is_survey = signal.kind == SignalKind::Survey;
        match (signal.instrument.is_some(), signal.instrument_name.is_some()) {
            (true, true) if is_survey => {
                self.add(&key("instrument"), "the column, or the one `instrument_name` of the table, but not both");
            }
            (false, false) if is_survey => self.add(
                &key("kind"),
                "a survey needs `instrument`, the column that says nps, csat or ces, or one `instrument_name`",
            ),
            (true, _) if !is_survey => {
                self.add(&key("instrument"), "only a signal of kind \"survey\" has an instrument");
            }
            (_, true) if !is_survey => {
                self.add(&key("instrument_name"), "only a signal of kind \"survey\" has an instrument");
            }
            _ => {}
        }

        // Both a survey `a` and a signal `a_nps` would have a column `a_nps_days_since_last`.
        let has_my_name = |(survey, other): (&String, &Signal)| {
            other.instruments().iter().any(|instrument| name == format!("{survey}_{}", instrument.name()))
        };
        if self.settings.signals.iter().any(has_my_name) {
            let clash = "its features would be called like those of another signal's survey; rename the signal";
            self.add(&key("kind"), clash);
        }
    }

    fn churn(&mut self) {
        if self.settings.customers.is_none() && self.layers.has_section("table") {
            return;
        }
        match self.settings.churn.definition {
            ChurnDefinition::Event => self.cancellations(),
            ChurnDefinition::Inactivity => self.silence(),
        }
    }

    fn cancellations(&mut self) {
        if self.settings.churn.path.is_none() && !self.layers.is_rejected("churn.path") {
            self.problems.push(
                "`churn.path` is missing: the table of cancellations; without one, define churn as silence with \
                 `churn.definition` = \"inactivity\" and `churn.signals`"
                    .to_owned(),
            );
        }
    }

    fn silence(&mut self) {
        const KEY: &str = "churn.signals";
        let names = &self.settings.churn.signals;
        if names.is_empty() && !self.layers.is_rejected(KEY) {
            let known: Vec<&str> = self.layers.signal_names().collect();
            let there_are = known.join(", ");
            self.add(KEY, &format!("inactivity needs the signals whose silence is churn; there are: {there_are}"));
        }
        self.signals(KEY, names);
    }

    /// The signals that count as activity. Those that follow from the definition of churn have been checked there.
    fn activity(&mut self) {
        const KEY: &str = "eligibility.signals";
        let has_signals = self.settings.customers.is_some() || !self.layers.has_section("table");
        if has_signals && !self.layers.is_following(KEY) {
            self.signals(KEY, self.settings.eligibility.signals.as_deref().unwrap_or_default());
        }
    }

    /// Checks a list of signals: each is there, and named once.
    fn signals(&mut self, key: &str, names: &[String]) {
        let known: Vec<&str> = self.layers.signal_names().collect();
        for name in repeated(names) {
            self.add(key, &format!("{} is listed twice", spelling::named(name)));
        }
        for name in names.iter().filter(|name| !known.contains(&name.as_str())) {
            let there_are = || format!("there are: {}", known.join(", "));
            let advice = spelling::did_you_mean(name, &known).unwrap_or_else(there_are);
            self.add(key, &format!("there is no signal {}; {advice}", spelling::named(name)));
        }
    }

    fn prepared_table(&mut self, table: &Table) {
        let roles = [Some(&table.id), Some(&table.label), table.as_of.as_ref(), table.fold.as_ref()];
        self.feature_columns(&FeatureColumns {
            section: "table",
            roles,
            numeric: &table.numeric,
            categorical: &table.categorical,
        });
        for column in table.ignore.iter().filter(|column| table.lists(column)) {
            self.add("table.ignore", &format!("`{column}` is also listed as a feature; choose one"));
        }
        if let Some(value) = table.value.as_ref().filter(|&value| roles.contains(&Some(value))) {
            self.add("table.value", &format!("`{value}` already has another role in [table]"));
        }

        // The scores carry them too.
        let columns = [published::LIST, published::SCORES].concat();
        self.passthrough("table.passthrough", &table.passthrough, &columns);
    }

    fn training(&mut self) {
        const KEY: &str = "training.evaluation";
        let training = &self.settings.training;
        let snapshots = match &training.as_of {
            Some(dates) => u32::try_from(dates.len()).unwrap_or(u32::MAX),
            None => training.snapshots,
        };

        match (&training.evaluation, &training.as_of) {
            (EvaluationChoice::Newest(count), _) if *count >= snapshots => self.add(
                KEY,
                &format!(
                    "{count} of {snapshots} snapshots for evaluation leave none to learn from; keep fewer, or raise \
                     `training.snapshots`"
                ),
            ),
            (EvaluationChoice::Dates(kept), Some(dates)) if dates.iter().all(|date| kept.contains(date)) => {
                self.add(KEY, "every date of `training.as_of` is kept for evaluation; none is left to learn from")
            }
            _ => {}
        }
    }

    fn list(&mut self) {
        let settings = self.settings;
        let table_has_value = settings.table.as_ref().is_some_and(|table| table.value.is_some());
        let customers_have_value = match &settings.customers {
            Some(customers) => customers.value.is_some(),
            // One that is written and broken may have it.
            None => self.layers.has_section("customers"),
        };
        if settings.list.rank_by == RankBy::ExpectedLoss && !table_has_value && !customers_have_value {
            self.add(
                "list.rank_by",
                "expected_loss needs `customers.value` (or `table.value`), the money a month at stake",
            );
        }
    }

    fn reasons(&mut self) {
        let Some(customers) = &self.settings.customers else { return };
        // A prepared table has columns of its own.
        if self.settings.table.is_some() {
            return;
        }
        let known: Vec<&str> = customers.numeric.iter().chain(&customers.categorical).map(String::as_str).collect();
        for name in self.settings.reasons.untold.iter().filter(|name| !known.contains(&name.as_str())) {
            let nearest = spelling::did_you_mean(name, &known).unwrap_or_else(|| "leave it out".to_owned());
            let problem = format!("`{name}` is not among customers.numeric and customers.categorical; {nearest}");
            self.add("reasons.untold", &problem);
        }
    }

    fn kpi(&mut self) {
        const KEY: &str = "kpi.segments";
        let Some(customers) = &self.settings.customers else { return };
        let known = &customers.categorical;
        let segments = self.settings.kpi.segments.as_deref();
        for name in repeated(segments.unwrap_or_default()) {
            self.add(KEY, &format!("`{name}` is listed twice"));
        }
        // A prepared table has columns of its own.
        if self.settings.table.is_none() {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            for name in segments.unwrap_or_default().iter().filter(|name| !known.contains(name)) {
                let nearest = spelling::did_you_mean(name, &names).unwrap_or_else(|| match names.as_slice() {
                    [] => "that list is empty.".to_owned(),
                    names => format!("there are: {}.", names.join(", ")),
                });
                self.add(KEY, &format!("`{name}` is not among customers.categorical; {nearest} List it there first"));
            }
        }
        if self.settings.kpi.period != KpiPeriod::Off && segments.unwrap_or(known).iter().any(|name| name == "all") {
            let what =
                "a column cannot be called `all` here, which is what the measures call all customers; rename it \
                        in the data, or name the other columns alone";
            self.add(KEY, what);
        }
    }

    /// Checks two lists of feature columns against each other and against the columns that have another role.
    fn feature_columns(&mut self, columns: &FeatureColumns<'_>) {
        let FeatureColumns { section, roles, numeric, categorical } = *columns;
        for (key, columns) in [("numeric", numeric), ("categorical", categorical)] {
            let key = format!("{section}.{key}");
            for column in repeated(columns) {
                self.add(&key, &format!("`{column}` is listed twice"));
            }
            for column in columns.iter().filter(|column| roles.contains(&Some(column))) {
                self.add(&key, &format!("`{column}` already has another role in [{section}]; a model must not see it"));
            }
        }
        for column in numeric.iter().filter(|column| categorical.contains(column)) {
            self.add(&format!("{section}.numeric"), &format!("`{column}` is also listed as categorical; choose one"));
        }
    }

    /// Checks the columns that are copied to the results, which must not be called like the results' own.
    fn passthrough(&mut self, key: &str, columns: &[String], own: &[Column]) {
        for column in repeated(columns) {
            self.add(key, &format!("`{column}` is listed twice"));
        }
        for (at, column) in columns.iter().enumerate() {
            let in_small = column.to_lowercase();
            if has_column(own, column) {
                self.add(key, &format!("`{column}` is a column of the list itself; rename it in the data"));
            } else if let Some(same) = own.iter().map(|own| own.name()).find(|own| *own == in_small) {
                self.add(key, &differ_in_case_alone(column, &format!("`{same}` of the list itself")));
            } else if let Some(other) =
                columns[..at].iter().find(|other| *other != column && other.to_lowercase() == in_small)
            {
                self.add(key, &differ_in_case_alone(column, &format!("`{other}`")));
            }
        }
    }
}

fn differ_in_case_alone(column: &str, other: &str) -> String {
    format!(
        "`{column}` differs from the column {other} in capitals alone, which Spark, Hive and Athena do not tell apart; \
         rename it in the data"
    )
}

fn repeated(names: &[String]) -> BTreeSet<&String> {
    names.iter().enumerate().filter(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name).collect()
}

/// Whether the feature table has a computed column of this name, so that no column of the customers table may carry it.
/// All measures of a signal are reserved, whatever its kind: changing a kind should not break the names.
fn is_feature_name(settings: &Settings, column: &str) -> bool {
    let is_fixed = measures::DEFINITIONS.iter().any(|definition| definition.name == column);
    measures::KEYS.contains(&column)
        || is_fixed
        || settings.signals.iter().any(|(name, signal)| is_measure_of(name, signal, &settings.features, column))
}

fn is_measure_of(name: &str, signal: &Signal, features: &Features, column: &str) -> bool {
    let instruments: Vec<Option<Instrument>> =
        std::iter::once(None).chain(signal.instruments().into_iter().map(Some)).collect();
    measures::DEFINITIONS.iter().filter(|definition| features.ask_for(definition.subject)).any(|definition| {
        definition
            .windows(&features.windows_days)
            .into_iter()
            .any(|window| instruments.iter().any(|&i| definition.column(name, window, i) == column))
    })
}
