//! Which way risk is held to move with a feature: what the settings ask for, and what is known of its measure.

use super::catalogue::{Catalogue, Feature};
use crate::config::{Best, Direction, Instrument, Model, Signal, SignalKind};
use crate::error::{Error, Result};
use crate::measures::{Definition, Effect};
use std::collections::BTreeMap;

/// The direction of each numeric feature of a catalogue, in its order; none where it is not known or not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directions(Vec<Option<Direction>>);

impl Directions {
    /// The directions that the settings ask for. `model.rises_with`, `model.falls_with` and `model.unconstrained`
    /// decide, by a feature's own name first and then by that of its signal. Where they name neither, what the program
    /// knows of the feature decides if `model.monotone` is on.
    ///
    /// # Errors
    /// [`Error::Config`] when a name belongs to no numeric feature and to no signal, or stands in two of the lists.
    pub fn new(model: &Model, signals: &BTreeMap<String, Signal>, catalogue: &Catalogue) -> Result<Directions> {
        let named = named_directions(model, signals, catalogue)?;

        let mut directions = Vec::with_capacity(catalogue.numeric.len());
        for feature in &catalogue.numeric {
            let known = if model.monotone { known_direction(signals, feature) } else { None };
            let of_signal = feature.signal.as_deref().and_then(|signal| named.get(signal));

            directions.push(match (named.get(feature.name.as_str()), of_signal) {
                (Some(&direction), _) => direction,
                (None, None) => known,
                (None, Some(None)) => None,
                (None, Some(Some(direction))) => match effect(signals, feature) {
                    Some(Effect::MoreActivity) => Some(*direction),
                    Some(Effect::LessActivity) => Some(direction.opposite()),
                    _ => known,
                },
            });
        }
        Ok(Directions(directions))
    }

    /// The direction of the numeric feature at a position of the catalogue.
    pub fn get(&self, position: usize) -> Option<Direction> {
        self.0.get(position).copied().flatten()
    }
}

impl From<Vec<Option<Direction>>> for Directions {
    fn from(directions: Vec<Option<Direction>>) -> Directions {
        Directions(directions)
    }
}

/// The directions that the settings give to names of features and of signals; none for what is to be unconstrained.
fn named_directions<'a>(
    model: &'a Model,
    signals: &BTreeMap<String, Signal>,
    catalogue: &Catalogue,
) -> Result<BTreeMap<&'a str, Option<Direction>>> {
    let lists = [
        ("model.rises_with", &model.rises_with, Some(Direction::Rises)),
        ("model.falls_with", &model.falls_with, Some(Direction::Falls)),
        ("model.unconstrained", &model.unconstrained, None),
    ];

    let mut named = BTreeMap::new();
    for (key, names, direction) in lists {
        for name in names {
            require_known(key, name, signals, catalogue)?;
            let earlier = named.insert(name.as_str(), direction);
            if earlier.is_some_and(|earlier| earlier != direction) {
                return Err(Error::Config(format!(
                    "`{name}` is in two of model.rises_with, model.falls_with and model.unconstrained; keep one"
                )));
            }
        }
    }
    Ok(named)
}

/// Fails unless the name belongs to a numeric feature or to a signal.
fn require_known(key: &str, name: &str, signals: &BTreeMap<String, Signal>, catalogue: &Catalogue) -> Result<()> {
    if catalogue.position(name).is_some() || signals.contains_key(name) {
        return Ok(());
    }

    if catalogue.categorical.iter().any(|categorical| categorical == name) {
        return Err(Error::Config(format!(
            "{key} names `{name}`, whose values are categories and have no order; take it out, or give its levels as \
             numbers"
        )));
    }

    let features = catalogue.numeric.iter().map(|feature| feature.name.as_str());
    let known = features.chain(signals.keys().map(String::as_str));
    let nearest = known.max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    let advice = nearest.map_or_else(String::new, |nearest| format!("; the nearest known one is `{nearest}`"));
    Err(Error::Config(format!("{key} names `{name}`, which is no numeric feature and no signal{advice}")))
}

/// What the program knows of a feature by itself. Events and amounts count as engagement: the more of them there are,
/// the more recent and the more even they are, the lower the risk. Better moods and better scores mean a lower risk
/// too.
fn known_direction(signals: &BTreeMap<String, Signal>, feature: &Feature) -> Option<Direction> {
    let kind = kind(signals, feature)?;
    let is_engagement = matches!(kind, SignalKind::Event | SignalKind::Amount);
    match effect(signals, feature)? {
        Effect::MoreActivity => is_engagement.then_some(Direction::Falls),
        Effect::LessActivity => is_engagement.then_some(Direction::Rises),
        Effect::Better => better(signals, feature),
        Effect::Worse => better(signals, feature).map(Direction::opposite),
        Effect::Unknown => None,
    }
}

/// How risk moves with what is better the greater it is: it falls, unless the greater score of an instrument is the
/// worse one. On some scales a high effort score is good, on others bad, so nothing is known of one that the settings
/// do not describe.
fn better(signals: &BTreeMap<String, Signal>, feature: &Feature) -> Option<Direction> {
    let Some(instrument) = feature.instrument else { return Some(Direction::Falls) };
    let signal = signals.get(feature.signal.as_deref()?)?;
    if instrument == Instrument::Ces && !signal.says_what_is_best(instrument) {
        return None;
    }
    match signal.scale(instrument).best {
        Best::High => Some(Direction::Falls),
        Best::Low => Some(Direction::Rises),
    }
}

fn effect(signals: &BTreeMap<String, Signal>, feature: &Feature) -> Option<Effect> {
    let definition = Definition::find(feature.measure, kind(signals, feature))?;
    Some(definition.effect)
}

fn kind(signals: &BTreeMap<String, Signal>, feature: &Feature) -> Option<SignalKind> {
    Some(signals.get(feature.signal.as_deref()?)?.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"
        [customers]
        path = "c.parquet"
        id = "id"
        numeric = ["revenue"]
        categorical = ["plan"]
        [signals.logins]
        kind = "event"
        path = "l"
        id = "id"
        time = "ts"
        [signals.support]
        kind = "event"
        path = "s"
        id = "id"
        time = "ts"
        [signals.surveys]
        kind = "survey"
        path = "v"
        id = "id"
        time = "ts"
        value = "score"
        instrument = "kind"
        [churn]
        path = "x.parquet"
        id = "id"
        time = "on"
    "#;

    /// The directions of all features by their names.
    fn directions(overrides: &[&str]) -> Result<BTreeMap<String, Option<Direction>>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let overrides: Vec<String> = overrides.iter().map(|set| (*set).to_owned()).collect();
        let settings = crate::config::load(Some(&path), &overrides, []).unwrap().settings;

        let catalogue = Catalogue::new(&settings.signals, &settings.features, settings.customers.as_ref());
        let directions = Directions::new(&settings.model, &settings.signals, &catalogue)?;
        let names = catalogue.numeric.iter().map(|feature| feature.name.clone());
        Ok(names.zip(directions.0).collect())
    }

    #[test]
    fn nothing_is_asked_by_default() {
        assert!(directions(&[]).unwrap().values().all(Option::is_none));
    }

    #[test]
    fn the_catalogue_knows_engagement_and_scores() {
        let found = directions(&["model.monotone=true"]).unwrap();

        for (name, direction) in [
            ("logins_count_28d", Some(Direction::Falls)),
            ("logins_trend_7d", Some(Direction::Falls)),
            ("logins_days_since_last", Some(Direction::Rises)),
            ("logins_mean_gap_84d", Some(Direction::Rises)),
            ("surveys_nps_last", Some(Direction::Falls)),
            ("surveys_ces_last", None),
            ("surveys_nps_days_since_last", None),
            ("surveys_count_28d", None),
            ("revenue", None),
        ] {
            assert_eq!(found[name], direction, "{name}");
        }
    }

    #[test]
    fn the_good_end_of_a_scale_turns_the_direction() {
        let low = r#"signals.surveys.scales={ ces = { from = 1, to = 5, best = "low" }, csat = { best = "low" } }"#;
        let found = directions(&["model.monotone=true", low]).unwrap();
        for (name, direction) in [
            ("surveys_ces_last", Some(Direction::Rises)),
            ("surveys_ces_change", Some(Direction::Rises)),
            ("surveys_csat_mean", Some(Direction::Rises)),
            ("surveys_nps_last", Some(Direction::Falls)),
            ("surveys_ces_days_since_last", None),
        ] {
            assert_eq!(found[name], direction, "{name}");
        }

        let high = "signals.surveys.scales={ ces = { from = 1, to = 5 } }";
        assert_eq!(directions(&["model.monotone=true", high]).unwrap()["surveys_ces_mean"], Some(Direction::Falls));
    }

    #[test]
    fn a_feature_is_named_before_its_signal_and_that_before_the_catalogue() {
        let found = directions(&[
            "model.monotone=true",
            r#"model.rises_with=["support", "revenue"]"#,
            r#"model.falls_with=["support_count_7d"]"#,
            r#"model.unconstrained=["logins"]"#,
        ])
        .unwrap();

        for (name, direction) in [
            ("support_count_28d", Some(Direction::Rises)),
            ("support_days_since_last", Some(Direction::Falls)),
            ("support_count_7d", Some(Direction::Falls)),
            ("logins_count_28d", None),
            ("revenue", Some(Direction::Rises)),
            ("surveys_csat_mean", Some(Direction::Falls)),
        ] {
            assert_eq!(found[name], direction, "{name}");
        }
    }

    #[test]
    fn a_wrong_name_is_an_error_that_says_so() {
        for (set, expected) in [
            (r#"model.falls_with=["login_count_28d"]"#, "the nearest known one is `logins_count_28d`"),
            (r#"model.rises_with=["plan"]"#, "whose values are categories"),
        ] {
            let error = directions(&[set]).unwrap_err();
            assert!(matches!(&error, Error::Config(text) if text.contains(expected)), "{error}");
        }

        let twice = [r#"model.falls_with=["revenue"]"#, r#"model.rises_with=["revenue"]"#];
        assert!(directions(&twice).unwrap_err().to_string().contains("in two of"));
    }
}
