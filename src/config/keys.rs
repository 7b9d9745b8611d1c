//! Every section of the configuration, in the order in which it is shown. The list reads the layers, names the nearest
//! key after a typing error, orders `churn config show`, and is what `default.toml` and the tables of
//! `docs/configuration.md` are written from.

use super::key::Key;
use super::settings::{
    Churn, Customers, Delivery, Economics, Eligibility, Features, Gates, Kpi, List, Model, Monitoring, Paths, Play,
    Promotion, Publish, Reasons, Signal, Table, Time, Training,
};
use crate::spelling;
use std::collections::BTreeSet;

/// The keys of each section.
pub(super) const SECTIONS: &[&[Key]] = &[
    Customers::KEYS,
    Signal::KEYS,
    Churn::KEYS,
    Table::KEYS,
    Eligibility::KEYS,
    Features::KEYS,
    Training::KEYS,
    Model::KEYS,
    List::KEYS,
    Reasons::KEYS,
    Play::KEYS,
    Delivery::KEYS,
    Economics::KEYS,
    Monitoring::KEYS,
    Publish::KEYS,
    Kpi::KEYS,
    Promotion::KEYS,
    Gates::KEYS,
    Paths::KEYS,
    Time::KEYS,
];

/// All keys, section by section.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    SECTIONS.iter().copied().flatten()
}

/// The key at a path, if there is one, and its place among all.
pub(super) fn find(path: &[&str]) -> Option<(usize, &'static Key)> {
    all().enumerate().find(|(_, key)| key.path.split('.').count() == path.len() && begins_with(key, path))
}

/// Whether keys or signals stand below a path.
pub(super) fn is_section(path: &[&str]) -> bool {
    all().any(|key| key.path.split('.').count() > path.len() && begins_with(key, path))
}

fn begins_with(key: &Key, path: &[&str]) -> bool {
    key.path.split('.').zip(path).all(|(known, given)| known == "*" || known == *given)
}

/// The keys of a section, which for signals, the playbook and deliveries is the section of one of them.
pub(super) fn in_section(section: &str) -> impl Iterator<Item = &'static Key> + '_ {
    all().filter(move |key| match key.section().strip_suffix('*') {
        Some(head) => section.len() > head.len() && section.starts_with(head),
        None => key.section() == section,
    })
}

/// The top-level sections.
pub(super) fn sections() -> BTreeSet<&'static str> {
    all().filter_map(|key| key.path.split('.').next()).collect()
}

/// The known key closest to an unknown one, or the known section if a whole section is unknown. A key that was put
/// into the wrong section is found by its own name.
pub(super) fn nearest(path: &[&str], is_table: bool) -> String {
    // Of three levels, the second is a signal's name, however the first is spelt.
    let is_signals = path[0] == "signals" || path.len() == 3;
    let signal = if is_signals && path.len() > 1 { path[1] } else { "NAME" };
    let given = path.join(".");
    let similarity = |candidate: &str| {
        let likeness = |a: &str, b: &str| spelling::likeness(a, b, strsim::normalized_damerau_levenshtein);
        likeness(&given, candidate).max(0.8 * likeness(last(&given), last(candidate)))
    };

    let candidates: Vec<String> = if is_table && path.len() == 1 {
        sections().into_iter().map(str::to_owned).collect()
    } else {
        all().map(|key| key.path.replace('*', signal)).collect()
    };
    candidates.into_iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).unwrap_or_default()
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}
