//! The response to outreach in sentences.

use super::found::{Part, Ranked, Response, TwoWays};
use super::listings::{LEAST_LEFT, LEAST_LISTINGS};
use crate::metrics::interval::Interval;
use crate::monitoring::words::{percent, points};

/// What is known of the response, the most important sentence first.
pub fn of_response(response: &Response) -> Vec<String> {
    let mut sentences = vec![claim(response)];
    if let Some(ranked) = &response.ranked {
        sentences.extend(needed(response));
        sentences.push(evidence(ranked));
        sentences.push(against_risk(ranked));
        sentences.extend(parts(&ranked.parts));
    }
    sentences.extend(caveats(response));
    sentences
}

/// Why a list cannot be ranked by it.
pub fn of_refusal(response: &Response) -> Vec<String> {
    let mut sentences = vec![claim(response)];
    if let Some(ranked) = &response.ranked {
        sentences.extend(needed(response));
        sentences.push(evidence(ranked));
    }
    sentences
}

fn claim(response: &Response) -> String {
    let Response { contact, control, without_contributions, without_control, .. } = response;
    if response.listings() == 0 && *without_control > 0 && *without_contributions == 0 {
        return "Whether customers respond differently cannot be told: nobody on the lists was left alone. Set \
                list.control_fraction above 0"
            .to_owned();
    }
    if response.allocation_is_broken() {
        return format!(
            "No claim: the groups are not as large as the draw makes them (p = {:.1e}), so they cannot be compared",
            response.allocation_p_value.unwrap_or(0.0)
        );
    }
    if response.is_too_little() {
        return format!(
            "Whether customers respond differently is not known yet: {} first listings have matured, and {} of those \
             to be contacted and {} of those left alone have left; it takes {LEAST_LISTINGS}, and {LEAST_LEFT} of \
             either group",
            response.listings(),
            contact.left,
            control.left,
        );
    }
    match &response.ranked {
        None => "Whether customers respond differently cannot be told: the listed customers do not differ".to_owned(),
        Some(_) if response.is_shown() => {
            "Customers respond differently to outreach, beyond what their risk says: lists can be ranked by what \
             contact changes (list.rank_by = \"expected_saving\")"
                .to_owned()
        }
        Some(_) => "There is no evidence that customers respond differently to outreach, beyond what their risk says"
            .to_owned(),
    }
}

/// How many more listings it takes.
fn needed(response: &Response) -> Option<String> {
    if response.is_shown() || response.allocation_is_broken() {
        return None;
    }
    let known = response.listings();
    Some(match response.listings_needed() {
        Some(needed) => format!(
            "If the response is as strong as it seems, it takes about {} more first listings than the {known} so far \
             (an estimate: intervals shrink with the root of the number)",
            rounded(needed)
        ),
        None => format!(
            "Nothing in the {known} first listings so far hints at a response, so nobody can say how many more it \
             would take"
        ),
    })
}

/// The coefficients, in customers kept of a hundred listed.
fn evidence(ranked: &Ranked) -> String {
    let found = |TwoWays { at_every_look: Interval { estimate, lower, upper }, .. }: &TwoWays| {
        format!("{} ({} to {})", hundredths(*estimate), hundredths(*lower), hundredths(*upper))
    };
    format!(
        "Ranked by the predicted effect, lists of every length keep {} more of 100 customers than by chance, on \
         average; ranked by the predicted share of would-be leavers who are kept, {} more than if that share were the \
         same for all. Both are of customers whom the prediction had not seen, valid at every look, and both have to \
         be above 0",
        found(&ranked.qini),
        found(&ranked.at_equal_risk),
    )
}

fn against_risk(ranked: &Ranked) -> String {
    let Interval { estimate, lower, upper } = ranked.over_risk;
    let verdict = if lower > 0.0 {
        "it ranks better than the risk does"
    } else if upper < 0.0 {
        "it ranks worse than the risk does"
    } else {
        "whether it ranks better than the risk is not known"
    };
    format!(
        "Ranked by the risk it is {}; the difference is {} ({} to {}, for one look): {verdict}",
        hundredths(ranked.of_risk.estimate),
        hundredths(estimate),
        hundredths(lower),
        hundredths(upper),
    )
}

fn parts(parts: &[Part]) -> Option<String> {
    let (first, last) = (parts.first()?, parts.last()?);
    let told = |part: &Part| {
        let Interval { estimate, lower, upper } = part.effect;
        format!(
            "{} points fewer leave ({} to {}; predicted {})",
            points(estimate),
            points(lower),
            points(upper),
            points(part.predicted)
        )
    };
    Some(format!(
        "In the third with the greatest predicted effect {}, in the last third {}, for one look",
        told(first),
        told(last)
    ))
}

fn caveats(response: &Response) -> Vec<String> {
    let mut caveats = Vec::new();
    if response.without_contributions > 0 {
        caveats.push(format!(
            "{} matured first listings are left out, because their runs do not say what their risks are made of \
             (contributions.parquet): an older version made them",
            response.without_contributions
        ));
    }
    if response.without_control > 0 && response.listings() > 0 {
        caveats
            .push(format!("{} are left out, because nobody on their lists was left alone", response.without_control));
    }
    if response.listings() > 0 && response.control.customers > 0 {
        let share = response.control.customers as f64 / response.listings() as f64;
        caveats.push(format!("Of {} first listings {} were left alone", response.listings(), percent(share)));
    }
    caveats
}

/// A share as customers of a hundred.
fn hundredths(share: f64) -> String {
    format!("{:.2}", (10_000.0 * share).round() / 100.0 + 0.0)
}

/// To two digits: it is an estimate.
fn rounded(count: u64) -> u64 {
    let mut unit = 1;
    while count / unit >= 100 {
        unit *= 10;
    }
    count.div_ceil(unit) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_have_two_digits() {
        assert_eq!([0, 7, 99, 100, 101, 12_345].map(rounded), [0, 7, 99, 100, 110, 13_000]);
    }
}
