//! Which way risk is known to move with a feature: the one place that says so.

use super::{Catalogue, Feature, Measure};
use crate::config::{Direction, Instrument, Settings, SignalKind};
use crate::error::{Error, Result};

/// The direction of each numeric feature of a catalogue, in its order; none where it is not known or not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directions(Vec<Option<Direction>>);

impl Directions {
    /// What the settings ask for: `model.rises_with`, `model.falls_with` and `model.unconstrained` by a feature's own name
    /// first, then by that of its signal, and then what is [known](known) of it if `model.monotone`.
    ///
    /// # Errors
    /// [`Error::Config`] when a name is no numeric feature and no signal, or is in two of the lists.
    pub fn of(settings: &Settings, catalogue: &Catalogue) -> Result<Directions> {
        let model = &settings.model;
        let lists = [
            ("model.rises_with", &model.rises_with, Some(Direction::Rises)),
            ("model.falls_with", &model.falls_with, Some(Direction::Falls)),
            ("model.unconstrained", &model.unconstrained, None),
        ];
        let mut named: Vec<(&str, Option<Direction>)> = Vec::new();
        for (key, names, direction) in lists {
            for name in names {
                check(key, name, settings, catalogue)?;
                if named.iter().any(|&(known, other)| known == name && other != direction) {
                    return Err(Error::Config(format!(
                        "`{name}` is in two of model.rises_with, model.falls_with and model.unconstrained; keep one"
                    )));
                }
                named.push((name, direction));
            }
        }
        let find = |name: &str| named.iter().find(|(known, _)| *known == name).map(|(_, direction)| *direction);
        let of_feature = |feature: &Feature| {
            if let Some(direction) = find(&feature.name) {
                return direction;
            }
            match feature.signal.as_deref().and_then(find) {
                None if model.monotone => known(settings, feature),
                None | Some(None) => None,
                Some(Some(direction)) => activity(feature.measure)
                    .map(|more| if more { direction } else { direction.opposite() })
                    .or_else(|| known(settings, feature).filter(|_| model.monotone)),
            }
        };
        Ok(Directions(catalogue.numeric.iter().map(of_feature).collect()))
    }

    /// These.
    pub fn given(directions: Vec<Option<Direction>>) -> Directions {
        Directions(directions)
    }

    /// That of the numeric feature at a place of the catalogue.
    pub fn of_numeric(&self, place: usize) -> Option<Direction> {
        self.0.get(place).copied().flatten()
    }
}

/// Fails unless the name is that of a numeric feature or of a signal.
fn check(key: &str, name: &str, settings: &Settings, catalogue: &Catalogue) -> Result<()> {
    if catalogue.position(name).is_some() || settings.signals.contains_key(name) {
        return Ok(());
    }
    if catalogue.categorical.iter().any(|categorical| categorical == name) {
        return Err(Error::Config(format!(
            "{key} names `{name}`, whose values are categories and have no order; take it out, or give its levels as numbers"
        )));
    }
    let known = catalogue
        .numeric
        .iter()
        .map(|feature| feature.name.as_str())
        .chain(settings.signals.keys().map(String::as_str));
    let nearest = known.max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    let nearest = nearest.map_or_else(String::new, |known| format!("; the nearest known one is `{known}`"));
    Err(Error::Config(format!("{key} names `{name}`, which is no numeric feature and no signal{nearest}")))
}

/// What is known of a feature without being told. Events and amounts count as engagement: more of them, more lately and
/// more evenly, is less risk. Better moods and better scores are less risk too. Nothing is known of the size of one amount,
/// of how many mentions or answers there are (a storm of complaints is many), of effort scores (on some scales a high one is
/// good, on others bad), of tenure, and of the customers table's own columns.
pub fn known(settings: &Settings, feature: &Feature) -> Option<Direction> {
    let kind = settings.signals.get(feature.signal.as_deref()?)?.kind;
    match (kind, feature.measure) {
        (SignalKind::Sentiment, Measure::Mean) => Some(Direction::Falls),
        (SignalKind::Sentiment, Measure::NegativeShare) => Some(Direction::Rises),
        (SignalKind::Survey, Measure::SurveyLast | Measure::SurveyMean | Measure::SurveyChange) => {
            (feature.instrument != Some(Instrument::Ces)).then_some(Direction::Falls)
        }
        (SignalKind::Event | SignalKind::Amount, measure) => {
            activity(measure).map(|more| if more { Direction::Falls } else { Direction::Rises })
        }
        _ => None,
    }
}

/// Whether a larger value means that a signal has more rows, and more lately (true) or less (false); none for what
/// measures something else.
fn activity(measure: Measure) -> Option<bool> {
    match measure {
        Measure::Count | Measure::ActiveDays | Measure::Trend | Measure::Sum | Measure::Categories => Some(true),
        Measure::DaysSinceLast | Measure::MeanGap => Some(false),
        Measure::Mean
        | Measure::NegativeShare
        | Measure::SurveyLast
        | Measure::SurveyMean
        | Measure::SurveyChange
        | Measure::SurveyDaysSinceLast
        | Measure::Tenure
        | Measure::Numeric => None,
    }
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

    fn directions(sets: &[&str]) -> Result<Vec<(String, Option<Direction>)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("churn.toml");
        std::fs::write(&path, CONFIG).unwrap();
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let settings = crate::config::load(Some(&path), &sets, []).unwrap().settings;
        let catalogue = Catalogue::of(&settings);
        let directions = Directions::of(&settings, &catalogue)?;
        let of = |(place, feature): (usize, &Feature)| (feature.name.clone(), directions.of_numeric(place));
        Ok(catalogue.numeric.iter().enumerate().map(of).collect())
    }

    fn of(found: &[(String, Option<Direction>)], name: &str) -> Option<Direction> {
        found.iter().find(|(known, _)| known == name).unwrap().1
    }

    #[test]
    fn nothing_is_asked_by_default() {
        assert!(directions(&[]).unwrap().iter().all(|(_, direction)| direction.is_none()));
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
            assert_eq!(of(&found, name), direction, "{name}");
        }
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
            assert_eq!(of(&found, name), direction, "{name}");
        }
    }

    #[test]
    fn names_that_are_wrong_are_told() {
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
