//! What a configuration says in vain. Whatever is accepted either does something or is named here, and every job
//! repeats it in its notes.

use super::choices::{ChurnDefinition, DeliveryKind, DriftGate, Format};
use super::key::Key;
use super::settings::{Delivery, Eligibility, Gates, Settings, Signal};
use crate::language::Message;
use crate::measures::{Instrument, SignalKind};

impl Settings {
    /// The keys that are set and have no effect, a message for each.
    pub fn without_effect(&self) -> Vec<Message> {
        let mut notes = Vec::new();
        for (name, signal) in &self.signals {
            notes.extend(of_signal(name, signal));
        }

        let churn = &self.churn;
        match churn.definition {
            ChurnDefinition::Event if !churn.signals.is_empty() => {
                notes.push(of_definition("unused-unless", "churn.signals"));
            }
            ChurnDefinition::Inactivity if churn.path.is_some() => {
                notes.push(of_definition("unused-while", "churn.path"));
            }
            ChurnDefinition::Inactivity if churn.known.is_some() => {
                notes.push(of_definition("unused-while", "churn.known"));
            }
            _ => {}
        }

        if !self.publish.csv_bom && !self.publish.formats.contains(&Format::Csv) {
            notes.push(of_key("unused-without-format", "publish.csv_bom").text("formats", "\"csv\""));
        }
        let formats = &self.publish.formats;
        if self.list.split_by.is_some() && !formats.contains(&Format::Csv) && !formats.contains(&Format::Xlsx) {
            let formats = ["\"csv\"", "\"xlsx\""];
            let message = of_key("unused-without-format", "list.split_by");
            notes.push(message.joined("formats", formats, "or", usize::MAX));
        }
        self.deliveries.iter().for_each(|(name, delivery)| notes.extend(of_delivery(name, delivery)));
        if self.gates.drift == DriftGate::Off && is_changed(Gates::KEYS, "gates.max_psi", self.gates.max_psi) {
            notes.push(of_key("unused-while", "gates.max_psi").text("other", "gates.drift").text("value", "\"off\""));
        }

        let has_signup = self.customers.as_ref().is_none_or(|customers| customers.signup.is_some());
        let min_tenure = f64::from(self.eligibility.min_tenure_days);
        if !has_signup && min_tenure > 0.0 && is_changed(Eligibility::KEYS, "eligibility.min_tenure_days", min_tenure) {
            notes.push(of_key("unused-without", "eligibility.min_tenure_days").text("other", "customers.signup"));
        }
        notes
    }
}

/// What is said of a key.
fn of_key(message: &'static str, key: &str) -> Message {
    Message::new(message).text("key", key)
}

/// What is said of a key that the definition of churn decides on.
fn of_definition(message: &'static str, key: &str) -> Message {
    of_key(message, key).text("other", "churn.definition").text("value", "\"inactivity\"")
}

fn of_delivery(name: &str, delivery: &Delivery) -> Vec<Message> {
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
    let told = |(key, _): &(&str, bool)| {
        of_key("unused-by-kind", &format!("deliveries.{name}.{key}")).text("kind", format!("\"{kind}\""))
    };
    set.map(told).collect()
}

fn of_signal(name: &str, signal: &Signal) -> Vec<Message> {
    let mut notes = Vec::new();
    if signal.kind == SignalKind::Event {
        for (key, is_set) in [("value", signal.value.is_some()), ("range", signal.range.is_some())] {
            if is_set {
                notes.push(of_key("unused-of-event", &format!("signals.{name}.{key}")));
            }
        }
    }
    if signal.kind != SignalKind::Survey && signal.scales.is_some() {
        notes.push(of_key("unused-scales", &format!("signals.{name}.scales")));
    }
    if let (Some(scales), Some(one)) = (signal.scales, signal.instrument_name) {
        for other in Instrument::ALL.into_iter().filter(|other| *other != one && scales.get(*other).is_some()) {
            let key = format!("signals.{name}.scales.{}", other.name());
            notes.push(of_key("unused-scale", &key).text("instrument", one.name()));
        }
    }
    if signal.kind != SignalKind::Amount && signal.unit.is_some() {
        notes.push(of_key("unused-unit", &format!("signals.{name}.unit")));
    }
    notes
}

/// Whether somebody has set a number to another than its default.
fn is_changed(keys: &[Key], path: &str, value: f64) -> bool {
    let default = keys.iter().find(|key| key.path == path).and_then(|key| key.default);
    default.and_then(|default| default.parse().ok()) != Some(value)
}
