//! What a configuration says in vain. Whatever is accepted either does something or is named here, and every job
//! repeats it in its notes.

use super::choices::{ChurnDefinition, DeliveryKind, DriftGate, Format};
use super::key::Key;
use super::settings::{Delivery, Eligibility, Gates, Settings, Signal};
use crate::measures::{Instrument, SignalKind};

impl Settings {
    /// The keys that are set and have no effect, a sentence for each.
    pub fn without_effect(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (name, signal) in &self.signals {
            notes.extend(of_signal(name, signal));
        }

        let churn = &self.churn;
        match churn.definition {
            ChurnDefinition::Event if !churn.signals.is_empty() => {
                notes.push("churn.signals has no effect unless churn.definition is \"inactivity\"".to_owned());
            }
            ChurnDefinition::Inactivity if churn.path.is_some() => {
                notes.push("churn.path has no effect while churn.definition is \"inactivity\"".to_owned());
            }
            ChurnDefinition::Inactivity if churn.known.is_some() => {
                notes.push("churn.known has no effect while churn.definition is \"inactivity\"".to_owned());
            }
            _ => {}
        }

        if !self.publish.csv_bom && !self.publish.formats.contains(&Format::Csv) {
            notes.push("publish.csv_bom has no effect without \"csv\" in publish.formats".to_owned());
        }
        let formats = &self.publish.formats;
        if self.list.split_by.is_some() && !formats.contains(&Format::Csv) && !formats.contains(&Format::Xlsx) {
            notes.push("list.split_by has no effect without \"csv\" or \"xlsx\" in publish.formats".to_owned());
        }
        self.deliveries.iter().for_each(|(name, delivery)| notes.extend(of_delivery(name, delivery)));
        if self.gates.drift == DriftGate::Off && is_changed(Gates::KEYS, "gates.max_psi", self.gates.max_psi) {
            notes.push("gates.max_psi has no effect while gates.drift is \"off\"".to_owned());
        }

        let has_signup = self.customers.as_ref().is_none_or(|customers| customers.signup.is_some());
        let min_tenure = f64::from(self.eligibility.min_tenure_days);
        if !has_signup && min_tenure > 0.0 && is_changed(Eligibility::KEYS, "eligibility.min_tenure_days", min_tenure) {
            notes.push("eligibility.min_tenure_days has no effect without customers.signup".to_owned());
        }
        notes
    }
}

fn of_delivery(name: &str, delivery: &Delivery) -> Vec<String> {
    let fields_default = Delivery::KEYS.iter().find(|key| key.name() == "fields").and_then(|key| key.default);
    let are_fields_set = fields_default.is_some_and(|default| format!("{:?}", delivery.fields) != default);
    let of_other_kind: &[(&str, bool)] = match delivery.kind {
        DeliveryKind::Csv => {
            &[("url_env", delivery.url_env.is_some()), ("fields", are_fields_set), ("link", delivery.link.is_some())]
        }
        DeliveryKind::Webhook => &[
            ("path", delivery.path.is_some()),
            ("key", delivery.key != "customer_id"),
            ("columns", !delivery.columns.0.is_empty()),
            ("changed_only", delivery.changed_only),
        ],
    };
    let kind = delivery.kind.word();
    let set = of_other_kind.iter().filter(|(_, is_set)| *is_set);
    set.map(|(key, _)| format!("deliveries.{name}.{key} has no effect: this delivery is of kind \"{kind}\"")).collect()
}

fn of_signal(name: &str, signal: &Signal) -> Vec<String> {
    let mut notes = Vec::new();
    if signal.kind == SignalKind::Event {
        for (key, is_set) in [("value", signal.value.is_some()), ("range", signal.range.is_some())] {
            if is_set {
                notes.push(format!(
                    "signals.{name}.{key} gives no feature: a signal of kind \"event\" has no values; make it an \
                     \"amount\""
                ));
            }
        }
    }
    if signal.kind != SignalKind::Survey && signal.scales.is_some() {
        notes.push(format!("signals.{name}.scales has no effect: only a signal of kind \"survey\" has instruments"));
    }
    if let (Some(scales), Some(one)) = (signal.scales, signal.instrument_name) {
        for other in Instrument::ALL.into_iter().filter(|other| *other != one && scales.get(*other).is_some()) {
            notes.push(format!(
                "signals.{name}.scales.{} has no effect: instrument_name says that all answers are {}",
                other.name(),
                one.name()
            ));
        }
    }
    if signal.kind != SignalKind::Amount && signal.unit.is_some() {
        notes
            .push(format!("signals.{name}.unit has no effect: only a signal of kind \"amount\" has a unit in reasons"));
    }
    notes
}

/// Whether somebody has set a number to another than its default.
fn is_changed(keys: &[Key], path: &str, value: f64) -> bool {
    let default = keys.iter().find(|key| key.path == path).and_then(|key| key.default);
    default.and_then(|default| default.parse().ok()) != Some(value)
}
