//! The measures: what each is called, what it is counted in, and what it means. The rows of `kpis.parquet` and the
//! table of `docs/measures.md` follow from these definitions.

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// The share of customers who left.
    ChurnRate,
    /// The share of customers who are still there at the end.
    RetentionRate,
    /// Customers at the end by customers at the start.
    CustomersEndToStart,
    /// The net promoter score.
    Nps,
    /// The mean satisfaction, on its scale.
    CsatMean,
    /// The share of satisfied answers.
    CsatSatisfiedShare,
    /// The mean effort score, on its scale.
    CesMean,
    /// How easy customers found it, from 0 to 100.
    CesEase,
    /// The share of customers with a row of any signal.
    ActiveShare,
    /// Rows of the signal of this name, per customer.
    PerCustomer(String),
    /// The mean risk of the newest run.
    MeanRisk,
    /// The churners that the newest run expects.
    ExpectedChurners,
    /// The money a month that the newest run expects to leave.
    ValueAtRisk,
}

/// What a measure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From 0 to 1.
    Share,
    /// A share that may be above 1.
    Ratio,
    /// From -100 to 100.
    Points,
    /// A score, on the scale of its survey.
    Score,
    /// From 0 to 100.
    Percent,
    /// Rows for each customer.
    Rows,
    /// Customers.
    Customers,
    /// Money a month.
    Money,
}

/// The definition of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name, in which `{s}` stands for a signal.
    pub name: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What it is.
    pub meaning: &'static str,
    /// What `n` counts.
    pub n: &'static str,
    /// What `low` and `high` are.
    pub interval: &'static str,
}

impl Measure {
    /// Every measure, in the order of the rows; with the signals of these names.
    pub fn all<'a>(signals: impl IntoIterator<Item = &'a str>) -> Vec<Measure> {
        use Measure::{
            ActiveShare, CesEase, CesMean, ChurnRate, CsatMean, CsatSatisfiedShare, CustomersEndToStart,
            ExpectedChurners, MeanRisk, Nps, RetentionRate, ValueAtRisk,
        };
        let mut all = vec![ChurnRate, RetentionRate, CustomersEndToStart, Nps, CsatMean, CsatSatisfiedShare, CesMean];
        all.extend([CesEase, ActiveShare]);
        all.extend(signals.into_iter().map(|signal| Measure::PerCustomer(signal.to_owned())));
        all.extend([MeanRisk, ExpectedChurners, ValueAtRisk]);
        all
    }

    /// The name in `kpis.parquet`.
    pub fn name(&self) -> String {
        let name = self.definition().name;
        match self {
            Measure::PerCustomer(signal) => name.replace("{s}", signal),
            _ => name.to_owned(),
        }
    }

    /// What it is.
    pub fn definition(&self) -> Definition {
        const WILSON: &str = "Wilson";
        const NORMAL: &str = "normal, from the variance";
        const NONE: &str = "none";
        const CUSTOMERS: &str = "customers at the start";
        const ANSWERS: &str = "answers";
        let (name, unit, meaning, n, interval) = match self {
            Measure::ChurnRate => (
                "churn_rate",
                Unit::Share,
                "of the customers who are there at the first instant of the period, the share who left in it",
                CUSTOMERS,
                WILSON,
            ),
            Measure::RetentionRate => (
                "retention_rate",
                Unit::Share,
                "of the customers who are there at the first instant, the share who are still there at the end",
                CUSTOMERS,
                WILSON,
            ),
            Measure::CustomersEndToStart => (
                "customers_end_to_start",
                Unit::Ratio,
                "customers at the end, new ones among them, by customers at the first instant: the textbook's short \
                 formula for retention",
                CUSTOMERS,
                NONE,
            ),
            Measure::Nps => (
                "nps",
                Unit::Points,
                "net promoter score: 100 times (the share of answers of 9 and 10 less the share of answers of 0 to 6)",
                ANSWERS,
                NORMAL,
            ),
            Measure::CsatMean => {
                ("csat_mean", Unit::Score, "mean satisfaction score, on its scale as it is given", ANSWERS, NORMAL)
            }
            Measure::CsatSatisfiedShare => (
                "csat_satisfied_share",
                Unit::Share,
                "the share of satisfaction scores at or above 70 % of the way from the bad end of the scale to the \
                 good one",
                ANSWERS,
                WILSON,
            ),
            Measure::CesMean => {
                ("ces_mean", Unit::Score, "mean effort score, on its scale as it is given", ANSWERS, NORMAL)
            }
            Measure::CesEase => (
                "ces_ease",
                Unit::Percent,
                "mean effort score as ease: 0 at the end of the scale that means most effort, 100 at the one that \
                 means least",
                ANSWERS,
                NORMAL,
            ),
            Measure::ActiveShare => (
                "active_share",
                Unit::Share,
                "of the customers who are there at the first instant, the share with a row of any signal in the period",
                CUSTOMERS,
                WILSON,
            ),
            Measure::PerCustomer(_) => (
                "{s}_per_customer",
                Unit::Rows,
                "rows of the signal in the period, of the customers who are there at the first instant, by the number of \
                 these",
                CUSTOMERS,
                NORMAL,
            ),
            Measure::MeanRisk => (
                "mean_risk",
                Unit::Share,
                "mean `churn_probability` of this run, in the newest period alone",
                "eligible customers",
                NONE,
            ),
            Measure::ExpectedChurners => (
                "expected_churners",
                Unit::Customers,
                "the sum of `churn_probability` of this run: how many of the eligible will leave in the label window",
                "eligible customers",
                NONE,
            ),
            Measure::ValueAtRisk => (
                "value_at_risk",
                Unit::Money,
                "the sum of `churn_probability` times `customers.value` (or `table.value`): the money a month that will \
                 leave with them",
                "eligible customers whose value is known",
                NONE,
            ),
        };
        Definition { name, unit, meaning, n, interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation::{hold_tables, Rows};

    #[test]
    fn the_table_of_measures_is_written_from_their_definitions() {
        let mut rows: Rows = vec![["measure", "meaning", "`n`", "interval"].map(str::to_owned).to_vec()];
        for measure in Measure::all(["{s}"]) {
            let Definition { name, meaning, n, interval, .. } = measure.definition();
            rows.push([&format!("`{name}`"), meaning, n, interval].map(str::to_owned).to_vec());
        }
        hold_tables("docs/measures.md", &[("measures", rows)]);
    }

    #[test]
    fn every_name_stands_once() {
        let names: Vec<String> = Measure::all(["logins", "nps"]).iter().map(Measure::name).collect();
        assert!(names.iter().enumerate().all(|(place, name)| !names[..place].contains(name)), "{names:?}");
        assert!(names.contains(&"logins_per_customer".to_owned()));
    }
}
