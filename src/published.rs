//! The columns of the published tables: what each is called, what it holds and what it means. The writers, the names
//! that no pass-through column may have, and the tables of `docs/lists.md` all follow from these definitions.

/// A column of the at-risk list, of `scores.parquet` or of `latest/risk.parquet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    AsOf,
    Rank,
    CustomerId,
    ChurnProbability,
    /// To three digits, so that it changes when it says something else.
    RoundedProbability,
    LogOdds,
    RiskTier,
    Percentile,
    ValueAtRisk,
    Group,
    Listed,
    /// Of the reason with this number, from 1.
    Reason(usize, Part),
    Protective(Part),
    Status,
    PreviousRank,
    PreviousProbability,
    ProbabilityChange,
    ChangeReasonText,
    DaysListed,
    ModelVersion,
    ProbabilityChange28Days,
    DaysToContractEnd,
    Action,
    ActionOwner,
    ActionDue,
    ControlKey,
    ChangeData,
    ChangeModel,
    Improvement,
    ContactEffect,
    ExpectedSaving,
}

/// What is told of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Code,
    Text,
    Contribution,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A date as text, as in the name of the folder.
    FolderDay,
    Integer,
    Float,
    Text,
    /// Integers or texts, as in the customers table.
    Id,
    /// A date.
    Day,
    /// Yes or no.
    Flag,
}

/// The definition of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name, in which `{n}` stands for the number of a reason.
    pub name: &'static str,
    pub holds: Holds,
    pub meaning: &'static str,
}

impl Definition {
    /// Of a column.
    pub const fn new(name: &'static str, holds: Holds, meaning: &'static str) -> Definition {
        Definition { name, holds, meaning }
    }
}

/// Reasons that have columns, whether or not a customer has that many.
pub const REASONS: i64 = 4;

/// The columns of the at-risk list, in order; pass-through columns come after them.
pub const LIST: &[Column] = &[
    Column::AsOf,
    Column::Rank,
    Column::CustomerId,
    Column::ChurnProbability,
    Column::RiskTier,
    Column::Percentile,
    Column::ValueAtRisk,
    Column::Group,
    Column::Reason(1, Part::Code),
    Column::Reason(1, Part::Text),
    Column::Reason(1, Part::Contribution),
    Column::Reason(2, Part::Code),
    Column::Reason(2, Part::Text),
    Column::Reason(2, Part::Contribution),
    Column::Reason(3, Part::Code),
    Column::Reason(3, Part::Text),
    Column::Reason(3, Part::Contribution),
    Column::Reason(4, Part::Code),
    Column::Reason(4, Part::Text),
    Column::Reason(4, Part::Contribution),
    Column::Protective(Part::Code),
    Column::Protective(Part::Text),
    Column::Protective(Part::Contribution),
    Column::Status,
    Column::PreviousRank,
    Column::PreviousProbability,
    Column::ProbabilityChange,
    Column::ChangeReasonText,
    Column::DaysListed,
    Column::ModelVersion,
    Column::ProbabilityChange28Days,
    Column::DaysToContractEnd,
    Column::Action,
    Column::ActionOwner,
    Column::ActionDue,
    Column::ControlKey,
    Column::ChangeData,
    Column::ChangeModel,
    Column::Improvement,
    Column::ContactEffect,
    Column::ExpectedSaving,
];

/// The columns of `scores.parquet`, in order; the pass-through columns of a prepared table come after them.
pub const SCORES: &[Column] = &[
    Column::AsOf,
    Column::CustomerId,
    Column::ChurnProbability,
    Column::LogOdds,
    Column::Percentile,
    Column::RiskTier,
    Column::Rank,
    Column::Group,
    Column::ModelVersion,
    Column::ChangeData,
    Column::ChangeModel,
];

/// The columns of `latest/risk.parquet`, in order: the key, what stays while nothing has happened, and what changes
/// daily.
pub const LATEST: &[Column] = &[
    Column::CustomerId,
    Column::RoundedProbability,
    Column::RiskTier,
    Column::Listed,
    Column::Group,
    Column::Reason(1, Part::Code),
    Column::Reason(1, Part::Text),
    Column::Reason(2, Part::Code),
    Column::Reason(2, Part::Text),
    Column::Reason(3, Part::Code),
    Column::Reason(3, Part::Text),
    Column::Reason(4, Part::Code),
    Column::Reason(4, Part::Text),
    Column::Action,
    Column::ActionOwner,
    Column::ControlKey,
    Column::ActionDue,
    Column::Status,
    Column::ChangeReasonText,
    Column::AsOf,
    Column::Rank,
    Column::ModelVersion,
];

/// The columns of `kpis.parquet`, in order.
pub const KPIS: [Definition; 10] = [
    Definition::new("period_start", Holds::Day, "the first day of the period"),
    Definition::new("period_end", Holds::Day, "the first day after the period"),
    Definition::new("segment", Holds::Text, "what customers are told apart by: a column, or `all` for all customers"),
    Definition::new(
        "level",
        Holds::Text,
        "its level; `all` for all customers, `(missing)` for those whose column is null",
    ),
    Definition::new("measure", Holds::Text, "what is measured, see [measures](measures.md)"),
    Definition::new("value", Holds::Float, "the value, never null: what is not known has no row"),
    Definition::new("low", Holds::Float, "the lower end of the 95 % interval; null where there is none"),
    Definition::new("high", Holds::Float, "its upper end"),
    Definition::new("n", Holds::Integer, "the customers or answers that the value is of"),
    Definition::new(
        "running",
        Holds::Flag,
        "whether the period goes on after the as-of date, so that the value is that so far",
    ),
];

/// The columns of `contributions.parquet`, in order.
pub const CONTRIBUTIONS: [Definition; 5] = [
    Definition::new("as_of", Holds::FolderDay, "the date of the list, `YYYY-MM-DD` as in the folder's name"),
    Definition::new("customer_id", Holds::Id, "the customer"),
    Definition::new("rank", Holds::Integer, "1 is first"),
    Definition::new(
        "concept",
        Holds::Text,
        "what the codes of its reasons begin with, and which part of its signal it is about",
    ),
    Definition::new(
        "contribution",
        Holds::Float,
        "by how much the concept raises the log-odds above those of the mean of all eligible customers",
    ),
];

/// The key in the footer of a published file under which it says what it holds.
pub const MARK: &str = "churn-risk";

/// What a published table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    List,
    Scores,
    Latest,
    Features,
    Details,
    Drivers,
    Kpis,
    Figures,
    Contributions,
}

impl Content {
    /// Every content.
    pub const ALL: [Content; 9] = [
        Content::List,
        Content::Scores,
        Content::Latest,
        Content::Features,
        Content::Details,
        Content::Drivers,
        Content::Kpis,
        Content::Figures,
        Content::Contributions,
    ];

    /// As the file says it.
    pub fn name(self) -> &'static str {
        match self {
            Content::List => "list",
            Content::Scores => "scores",
            Content::Latest => "latest",
            Content::Features => "features",
            Content::Details => "details",
            Content::Drivers => "drivers",
            Content::Kpis => "kpis",
            Content::Figures => "figures",
            Content::Contributions => "contributions",
        }
    }

    pub fn named(name: &str) -> Option<Content> {
        Content::ALL.into_iter().find(|content| content.name() == name)
    }

    /// Its columns, as far as they are the same in every such table.
    pub fn columns(self) -> &'static [Column] {
        match self {
            Content::List => LIST,
            Content::Scores => SCORES,
            Content::Latest => LATEST,
            Content::Features
            | Content::Details
            | Content::Drivers
            | Content::Kpis
            | Content::Figures
            | Content::Contributions => &[],
        }
    }

    /// In words.
    pub fn meaning(self) -> &'static str {
        match self {
            Content::List => "a list of customers at risk",
            Content::Scores => "the scores of a run",
            Content::Latest => "the newest risk of every customer",
            Content::Features => "a feature table",
            Content::Details => "the details of a list",
            Content::Drivers => "the drivers of a model",
            Content::Kpis => "the measures of a run",
            Content::Figures => "figures of monitoring",
            Content::Contributions => "the contributions to the risks of a list",
        }
    }

    /// What a table with these columns is, as far as its columns tell.
    pub fn of_columns(names: &[&str]) -> Option<Content> {
        let has = |column: Column| names.contains(&column.name().as_str());
        let is_scored = [Column::ChurnProbability, Column::RiskTier, Column::ModelVersion].into_iter().all(has);
        let has_keys = names.starts_with(&["customer_id", "as_of"]);
        if is_scored && has(Column::Listed) {
            Some(Content::Latest)
        } else if is_scored && has(Column::Reason(1, Part::Code)) {
            Some(Content::List)
        } else if is_scored && has(Column::LogOdds) {
            Some(Content::Scores)
        } else if has_keys && names.iter().any(|name| name.ends_with("_days_since_last")) {
            Some(Content::Features)
        } else if KPIS.iter().all(|column| names.contains(&column.name)) {
            Some(Content::Kpis)
        } else {
            None
        }
    }
}

/// Whether one of the columns has this name, so that a pass-through column beside them must not.
pub fn has_column(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|column| column.name() == name)
}

impl Column {
    /// The name in the published files.
    pub fn name(self) -> String {
        let name = self.definition().name;
        match self {
            Column::Reason(number, _) => name.replace("{n}", &number.to_string()),
            _ => name.to_owned(),
        }
    }

    pub fn definition(self) -> Definition {
        let (name, holds, meaning) = match self {
            Column::AsOf => ("as_of", Holds::FolderDay, "the date of the list, `YYYY-MM-DD` as in the folder's name"),
            Column::Rank => ("rank", Holds::Integer, "1 is first"),
            Column::CustomerId => ("customer_id", Holds::Id, "the customer"),
            Column::ChurnProbability => (
                "churn_probability",
                Holds::Float,
                "calibrated probability of churn in `[as_of + gap, as_of + gap + horizon)`",
            ),
            Column::RoundedProbability => (
                "churn_probability",
                Holds::Float,
                "the calibrated probability of churn, to three digits; null for who is not scored any more",
            ),
            Column::LogOdds => ("log_odds", Holds::Float, "the score of the model, before calibration"),
            Column::RiskTier => (
                "risk_tier",
                Holds::Text,
                "`critical`: top 1 % of the eligible; `high`: top 5 %; `medium`: top 20 %; `low`: the others",
            ),
            Column::Percentile => (
                "percentile",
                Holds::Float,
                "share of the eligible, in per cent, that this customer ranks at or above: 100 for the first",
            ),
            Column::ValueAtRisk => {
                ("value_at_risk", Holds::Float, "the column `customers.value`, as given; null without one")
            }
            Column::Group => {
                ("group", Holds::Text, "`contact` or `control`; null for customers who are not on the list")
            }
            Column::Listed => ("listed", Holds::Flag, "whether the customer is on the newest list"),
            Column::Reason(_, Part::Code) => (
                "reason_{n}_code",
                Holds::Text,
                "the code of what raises the risk most, and second, third and fourth most; null when there is no such \
                 reason",
            ),
            Column::Reason(_, Part::Text) => {
                ("reason_{n}_text", Holds::Text, "the same as a sentence with the customer's own numbers")
            }
            Column::Reason(_, Part::Contribution) => {
                ("reason_{n}_contribution", Holds::Float, "by how much, in log-odds above the reference")
            }
            Column::Protective(Part::Code) => {
                ("protective_1_code", Holds::Text, "the code of what lowers the risk most")
            }
            Column::Protective(Part::Text) => ("protective_1_text", Holds::Text, "the same as a sentence"),
            Column::Protective(Part::Contribution) => {
                ("protective_1_contribution", Holds::Float, "by how much, in log-odds; negative")
            }
            Column::Status => (
                "status",
                Holds::Text,
                "how the customer stands to the lists before: `new`, `up`, `down`, `same` or `returned`; `left` of who is \
                 on the last one and not on this; see [below](#status)",
            ),
            Column::PreviousRank => {
                ("previous_rank", Holds::Integer, "the rank in the latest earlier run, listed there or not")
            }
            Column::PreviousProbability => {
                ("previous_probability", Holds::Float, "the probability in the latest earlier run, listed there or not")
            }
            Column::ProbabilityChange => ("probability_change", Holds::Float, "now minus then"),
            Column::ChangeReasonText => (
                "change_reason_text",
                Holds::Text,
                "what has moved the risk since the latest earlier run, in the customer's numbers; see [below](#what-changed)",
            ),
            Column::DaysListed => (
                "days_listed",
                Holds::Integer,
                "calendar days on the list without interruption, from the first of those lists; 1 for a new one",
            ),
            Column::ModelVersion => ("model_version", Holds::Text, "the model that the scores are from"),
            Column::ProbabilityChange28Days => (
                "probability_change_28d",
                Holds::Float,
                "the probability less that of the newest run 28 to 35 days before; null without one, or if it did not score \
                 the customer",
            ),
            Column::DaysToContractEnd => (
                "days_to_contract_end",
                Holds::Integer,
                "days from the date of the list to `customers.end`; null without one",
            ),
            Column::Action => (
                "action",
                Holds::Text,
                "what the [playbook](configuration.md#playbook) says to do; null for the control group, and where no reason \
                 has an entry",
            ),
            Column::ActionOwner => ("action_owner", Holds::Text, "who does it"),
            Column::ActionDue => ("action_due", Holds::Day, "until when, as a date"),
            Column::ControlKey => ("control_key", Holds::Text, "`list.control_key`; null if it is empty"),
            Column::ChangeData => (
                "change_data_log_odds",
                Holds::Float,
                "how far new data have moved the log-odds since the latest earlier run; null if that did not score the \
                 customer",
            ),
            Column::ChangeModel => (
                "change_model_log_odds",
                Holds::Float,
                "how far another model has; with the column before it sums to the change in `log_odds`",
            ),
            Column::Improvement => (
                "improvement_text",
                Holds::Text,
                "single changes with which the model would rank the customer below the list; see [below](#what-would-help)",
            ),
            Column::ContactEffect => (
                "contact_effect",
                Holds::Float,
                "by how much contact is expected to lower the probability to leave; null unless the list is ranked by \
                 `expected_saving`; see [below](#order)",
            ),
            Column::ExpectedSaving => (
                "expected_saving",
                Holds::Float,
                "what contact is expected to earn by `[economics]`; null unless the list is ranked by it, and without \
                 `customers.value`",
            ),
        };
        Definition { name, holds, meaning }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::{columns_of, hold_tables};

    #[test]
    fn the_tables_of_columns_are_written_from_their_definitions() {
        let rows = |columns: &[Column]| columns_of(columns.iter().map(|column| column.definition()));
        let tables = [
            ("columns of the list", rows(LIST)),
            ("columns of the scores", rows(SCORES)),
            ("columns of the newest risks", rows(LATEST)),
            ("columns of the measures", columns_of(KPIS)),
            ("columns of the contributions", columns_of(CONTRIBUTIONS)),
        ];
        hold_tables("docs/lists.md", &tables);
    }

    #[test]
    fn published_tables_are_known_by_their_columns() {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name()).collect::<Vec<_>>();
        let content = |names: &[String]| Content::of_columns(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(content(&names(LIST)), Some(Content::List));
        assert_eq!(content(&names(SCORES)), Some(Content::Scores));
        assert_eq!(content(&names(LATEST)), Some(Content::Latest));
        assert_eq!(
            content(&["customer_id", "as_of", "logins_days_since_last"].map(str::to_owned)),
            Some(Content::Features)
        );
        assert_eq!(content(&KPIS.map(|column| column.name.to_owned())), Some(Content::Kpis));
        assert_eq!(content(&["customer_id", "as_of", "tenure_days"].map(str::to_owned)), None);
        assert_eq!(content(&["customer_id", "ts", "churn_probability"].map(str::to_owned)), None);
        for content in Content::ALL {
            assert_eq!(Content::named(content.name()), Some(content));
        }
    }

    #[test]
    fn every_name_stands_once_in_a_table() {
        for columns in [LIST, SCORES, LATEST] {
            for (place, column) in columns.iter().enumerate() {
                assert!(!has_column(&columns[..place], &column.name()), "{column:?}");
            }
        }
        let reasons = LIST.iter().filter(|column| matches!(column, Column::Reason(..))).count();
        assert_eq!(reasons as i64, 3 * REASONS);
        assert!(has_column(LIST, "reason_4_text") && !has_column(LIST, "log_odds") && has_column(SCORES, "log_odds"));
    }
}
