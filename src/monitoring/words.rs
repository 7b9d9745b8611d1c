//! The effect of outreach in sentences. Where the interval for every look holds zero, they claim nothing.

use super::effect::{Effect, Study};
use crate::metrics::interval::Interval;
use crate::power::ASKED;
use crate::written::p_value;

/// What is known of the effect under a key, the most important sentence first.
pub fn of_study(study: &Study) -> Vec<String> {
    let mut sentences = vec![claim(study)];
    let groups = &study.overall.groups;
    if let (Some(contact), Some(control)) = (groups.contact.rate(), groups.control.rate()) {
        sentences.push(format!(
            "Of {} customers to be contacted {} left by the end of the label window, of {} left alone {}",
            groups.contact.customers,
            percent(contact),
            groups.control.customers,
            percent(control),
        ));
    }
    sentences.extend(study.overall.difference.map(|found| {
        let p_value = study.overall.p_value.map_or(String::new(), |p| match p_value(p).as_str() {
            least if least.starts_with('<') => format!("; p {least}"),
            p => format!("; p = {p}"),
        });
        format!(
            "At one look: {} points fewer leave ({} to {}, Mantel-Haenszel, 95 %{p_value}). A nightly look at this one \
             would be wrong three times in ten within a month",
            points(found.estimate),
            points(found.lower),
            points(found.upper),
        )
    }));
    sentences.extend(power(study));
    sentences.extend(money(study));
    sentences.extend(caveats(study));
    sentences
}

/// What may be claimed.
fn claim(study: &Study) -> String {
    let key = key(&study.control_key);
    if study.overall.groups.control.customers == 0 {
        return format!(
            "Whether outreach helps cannot be told{key}: nobody on the lists was left alone. Set list.control_fraction above 0"
        );
    }
    if let Some(p_value) = study.allocation_p_value.filter(|_| study.allocation_is_broken()) {
        return format!(
            "No claim{key}: the groups are not as large as the draw makes them (p = {p_value:.1e}), so they cannot be \
             compared. Find out why customers of one group are missing: deliveries, filters, or lists that were \
             changed by hand"
        );
    }
    let Some(found) = study.at_every_look else {
        return format!(
            "Nothing has been shown{key} yet: too few first listings have matured, or too few of them left"
        );
    };
    let Interval { estimate, lower, upper } = found;
    if found.covers(0.0) {
        return format!(
            "Nothing has been shown{key}: outreach may keep {} points of customers or drive away {} ({} to {} points \
             fewer leave, valid at every look)",
            points(upper.max(0.0)),
            points((-lower).max(0.0)),
            points(lower),
            points(upper),
        );
    }
    let verb = if lower > 0.0 { "Outreach keeps customers" } else { "Outreach drives customers away" };
    format!(
        "{verb}{key}: {} points fewer leave ({} to {}, valid at every look)",
        points(estimate),
        points(lower),
        points(upper)
    )
}

/// What could be shown, by now and later.
fn power(study: &Study) -> Option<String> {
    if study.overall.groups.control.customers == 0 {
        return None;
    }
    let now = match study.smallest_effect {
        Some(effect) => format!("The smallest effect that can be shown by now is {} points", points(effect)),
        None => "By now not even an outreach that keeps everybody could be told from chance".to_owned(),
    };
    let rate = study.overall.groups.control.rate().unwrap_or(0.0);
    let asked = match study.days_to_show_5_points {
        _ if rate <= ASKED => format!("no outreach saves 5 points where {} leave when left alone", percent(rate)),
        Some(days) => format!("an effect of 5 points {}", takes(days, study.days)),
        None => "an effect of 5 points cannot be shown in three years; raise list.control_fraction or list.capacity"
            .to_owned(),
    };
    let estimated = study
        .days_to_show_estimate
        .map_or(String::new(), |days| format!("; one as large as is estimated {}", takes(days, study.days)));
    Some(format!("{now} (four times in five); {asked}{estimated}"))
}

/// How long it takes, of which so many days are over.
fn takes(days: u32, over: u32) -> String {
    if days <= over {
        "can be shown by now".to_owned()
    } else {
        format!("takes {days} days from the first list, of which {over} are over")
    }
}

fn money(study: &Study) -> Option<String> {
    let Interval { estimate, lower, upper } = study.money.filter(|_| !study.allocation_is_broken())?;
    let what = if study.is_shown() {
        "Outreach has earned"
    } else {
        "What outreach has earned is not known either: it may be"
    };
    Some(format!("{what} {} ({} to {}) by the settings in [economics]", whole(estimate), whole(lower), whole(upper)))
}

fn caveats(study: &Study) -> Vec<String> {
    let mut caveats = Vec::new();
    if let [first, .., last] = study.control_fractions.as_slice() {
        caveats.push(format!(
            "The control share has changed, from {} to {}: each customer counts by the share of the first list, and \
             the two are compared only within one share",
            percent(*first),
            percent(*last),
        ));
    }
    if study.contacted_control > 0 {
        caveats.push(format!(
            "{} customers of the control group were contacted all the same; they stay in their group, which makes the \
             effect look smaller",
            study.contacted_control
        ));
    }
    if let Some(share) = study.contacted_share {
        caveats.push(format!(
            "{} of those to be contacted were; the slice `contacted` compares those alone, and is no experiment: who \
             can be reached differs from who cannot",
            percent(share)
        ));
    }
    if study.pending > 0 {
        caveats.push(format!("{} first listings have not matured yet", study.pending));
    }
    if study.unknown > 0 {
        caveats.push(format!("{} are left out because their contracts ran out", study.unknown));
    }
    caveats
}

/// What has to be said above some slices.
pub fn of_comparisons(slices: &[&Effect]) -> String {
    let comparisons = slices.first().map_or(0, |slice| slice.comparisons);
    format!(
        "{comparisons} comparisons at 95 % each, for one look: without any effect one in twenty is off by chance, so a \
         slice suggests what to test next and shows nothing by itself"
    )
}

fn key(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!(" under the key {}", crate::spelling::named(key))
    }
}

/// A share in percentage points.
pub fn points(share: f64) -> String {
    // Not "-0.0".
    format!("{:.1}", (1_000.0 * share).round() / 10.0 + 0.0)
}

/// A share in per cent.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn whole(value: f64) -> String {
    format!("{:.0}", value.round() + 0.0)
}
