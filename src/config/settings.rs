//! The settings: what every other room works from, and the one definition of each key of the configuration. A key's
//! comment is its sentence in `default.toml` and in `docs/configuration.md`; `section!` says how the rest is read.

use super::choices::{
    Alpha, BaseRate, CalibrationChoice, ChurnDefinition, Complexity, Contacted, DeliveryKind, DriftGate, EpochUnit,
    EvaluationChoice, Folds, Format, KpiPeriod, Mapping, Penalty, Profile, RankBy, Reference, Sample,
};
use super::key::{section, Key, Kind::*, LONGEST_STRETCH, LONGEST_WINDOW, MOST, WHOLE_HISTORY};
use crate::calendar::{Day, Zone};
use crate::error::{Error, Result};
use crate::language::Language;
use crate::measures::{Instrument, Scale, Scales, SignalKind, Subject};
use crate::published;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// All settings of a run. Relative paths have been resolved against the folder of the file that named them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where results and models go.
    pub paths: Paths,
    /// The calendar of the run.
    pub time: Time,
    /// The customers table; absent when a prepared feature table is used instead.
    pub customers: Option<Customers>,
    /// The engagement signals by name, in name order.
    #[serde(default)]
    pub signals: BTreeMap<String, Signal>,
    /// A prepared feature table, instead of customers, signals and churn.
    #[serde(default)]
    pub table: Option<Table>,
    /// What churn means and the windows around it.
    pub churn: Churn,
    /// Which (customer, as-of) rows exist.
    pub eligibility: Eligibility,
    /// The feature windows.
    pub features: Features,
    /// Snapshots for training and evaluation.
    pub training: Training,
    /// The fit.
    pub model: Model,
    /// The at-risk list.
    pub list: List,
    /// What reasons may say.
    pub reasons: Reasons,
    /// What to do about which reason, by the code or the pattern of codes.
    #[serde(default)]
    pub playbook: BTreeMap<String, Play>,
    /// Where lists go besides their folder, by name.
    #[serde(default)]
    pub deliveries: BTreeMap<String, Delivery>,
    /// What keeping a customer costs and brings.
    pub economics: Economics,
    /// What is known beyond the lists of how they were acted on.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// What a run writes.
    pub publish: Publish,
    /// When a challenger becomes champion.
    pub promotion: Promotion,
    /// What the measures are taken over.
    pub kpi: Kpi,
    /// Thresholds that stop a run.
    pub gates: Gates,
}

section! {
    /// The customers table: one row for each customer.
    ["customers"]
    pub struct Customers {
        /// One row for each customer: a Parquet file, a directory or a glob.
        path: PathBuf, needed "data/demo/customers.parquet" => Path;
        /// The column of the customer's id, integer or text; every other table names customers by the same ids.
        id: String, needed "customer_id" => Column;
        /// The column of the date of sign-up; it gives `tenure_days` and lets eligibility ask for a shortest tenure.
        signup: Option<String>, like "signup_date" => Column;
        /// The column of a contract's first day; only together with `end`. Customers outside their contract are not
        /// scored.
        start: Option<String>, like "start_date" => Column;
        /// The column of the first day after the contract. A contract that runs out is no churn.
        end: Option<String>, like "end_date" => Column;
        /// What `signup`, `start` and `end` count from 1970-01-01 UTC, if they are numbers.
        time_unit: Option<EpochUnit>, like "seconds" => Choice(EpochUnit::WORDS);
        /// The column of the money at stake each month; needed to rank by expected loss.
        value: Option<String>, like "monthly_revenue" => Column;
        /// Numbers that the model may use as they are. Only what was already known on the as-of date.
        numeric: Vec<String> = [], like ["monthly_revenue"] => Columns;
        /// Attributes with few levels that the model may use.
        categorical: Vec<String> = [], like ["plan", "region"] => Columns;
        /// Columns copied to the list untouched, for the people who work with it.
        passthrough: Vec<String> = [], like ["account_owner"] => Columns;
        /// The share of this table's rows that may be in quarantine, instead of `gates.max_quarantine_share`.
        max_quarantine_share: Option<f64>, like 0.2 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
    }
}

section! {
    /// One engagement signal.
    ["signals.*"]
    pub struct Signal {
        /// What a row is: event (it happened), amount (with a quantity), sentiment (with a mood), survey (with a
        /// score).
        kind: SignalKind, needed "event" => Choice(&["event", "amount", "sentiment", "survey"]);
        /// A file, a directory (hive-partitioned or not) or a glob.
        path: PathBuf, needed "data/demo/logins" => Path;
        /// The column of the customer's id.
        id: String, needed "customer_id" => Column;
        /// When it happened: a timestamp of any unit, or a date.
        time: String, needed "ts" => Column;
        /// What it counts from 1970-01-01 UTC, if it is a number.
        time_unit: Option<EpochUnit>, like "milliseconds" => Choice(EpochUnit::WORDS);
        /// The column of the quantity, mood or score; every kind but `event` needs it.
        value: Option<String> => Column;
        /// The column of the channel, page or product; it gives the number of distinct ones.
        category: Option<String> => Column;
        /// The column that names the instrument of each answer: nps, csat or ces. A survey needs this ...
        instrument: Option<String> => Column;
        /// ... or the one instrument of the whole table.
        instrument_name: Option<Instrument> => Choice(&["nps", "csat", "ces"]);
        /// Whether rows that are equal in every column read count once. Off, because equal rows are often legitimate.
        deduplicate: bool = false => Flag;
        /// What its rows are called in reasons, in the plural; the signal's name if left out.
        label: Option<String>, like "log-ins" => Text;
        /// The unit of the value in reasons: seconds, EUR, pages.
        unit: Option<String> => Text;
        /// Lowest and highest valid value; rows outside go to quarantine. Unless this says otherwise, moods are -1 to
        /// 1, NPS 0 to 10, CSAT 1 to 5, CES 1 to 7, and amounts unlimited.
        range: Option<[f64; 2]> => Range;
        /// The scales of a survey's instruments where they are others than the usual ones: the lowest and the highest
        /// score, and which end is best, "high" (as it is if nothing is said) or "low" (1 is very satisfied, or the
        /// score counts effort). They go before `range`.
        scales: Option<Scales> => Scales;
        /// How many days old the newest row of this source may be, instead of `gates.max_staleness_days`.
        max_staleness_days: Option<u32>, like 7 => Whole(0, LONGEST_STRETCH);
        /// The share of its usual rows that its last day needs, instead of `gates.min_day_share`.
        min_day_share: Option<f64>, like 0.1 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
        /// The share of this source's rows that may be in quarantine, instead of `gates.max_quarantine_share`.
        max_quarantine_share: Option<f64>, like 0.2 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
    }
}

section! {
    /// The label.
    ["churn"]
    pub struct Churn {
        /// event: a table of cancellations. inactivity: silence of the signals named below through the whole label
        /// window.
        definition: ChurnDefinition = "event" => Choice(ChurnDefinition::WORDS);
        /// The table of cancellations; `event` needs it.
        path: Option<PathBuf>, like "data/demo/churn.parquet" => Path;
        /// Its column of the customer's id.
        id: String = "customer_id" => Column;
        /// Its column of the date on which the customer left; empty for one who has not.
        time: String = "churned_on" => Column;
        /// Its column of the date on which the cancellation became known. Who gave notice before the as-of date is
        /// neither scored nor learned from.
        known: Option<String>, like "recorded_on" => Column;
        /// What both dates count from 1970-01-01 UTC, if they are numbers.
        time_unit: Option<EpochUnit>, like "seconds" => Choice(EpochUnit::WORDS);
        /// For inactivity: a customer churned if none of these signals has a row in the label window.
        signals: Vec<String> = [], like ["logins"] => Texts;
        /// Days between the as-of date and the label window: the time in which the team can act.
        gap_days: u32 = 7 => Whole(0, LONGEST_WINDOW);
        /// Days of the label window. Label 1: churned in `[as_of + gap, as_of + gap + horizon)`.
        horizon_days: u32 = 30 => Whole(1, LONGEST_WINDOW);
        /// The share of the table's rows that may be in quarantine, instead of `gates.max_quarantine_share`.
        max_quarantine_share: Option<f64>, like 0.2 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
    }
}

section! {
    /// A prepared feature table: one row for each customer, or for each customer and as-of date. Every column that has
    /// no role here and is not ignored is a feature: numbers and booleans numeric, strings categorical.
    ["table"]
    pub struct Table {
        /// The column of the customer's id, integer or text.
        id: String = "customer_id" => Column;
        /// The column of the label, 0/1 or boolean, null where it is not known yet; training needs it, scoring ignores
        /// it.
        label: String = "churned" => Column;
        /// The column of the as-of date, for a table with several; `as_of` if there is such a column.
        as_of: Option<String>, like "as_of" => Column;
        /// What the as-of date counts from 1970-01-01 UTC, if it is a number.
        time_unit: Option<EpochUnit>, like "seconds" => Choice(EpochUnit::WORDS);
        /// The column of the folds to evaluate on when there is no as-of date; `fold` if there is such a column.
        fold: Option<String>, like "fold" => Column;
        /// The column of the money at stake each month, for the order by expected loss and for what a list is worth. It
        /// may be a feature too.
        value: Option<String>, like "monthly_charges" => Column;
        /// Columns copied to the list and to the scores untouched; no features unless they are listed.
        passthrough: Vec<String> = [], like ["account_owner"] => Columns;
        /// Columns that the model must not see; `*` stands for any characters. All others are features: numbers and
        /// booleans numeric, texts categorical.
        ignore: Vec<String> = [], like ["account_owner", "raw_*"] => Columns;
        /// Numeric features whatever `ignore` says: with `ignore = ["*"]`, only listed columns are features.
        numeric: Vec<String> = [], like ["tenure"] => Columns;
        /// Categorical features although their type is a number, such as codes.
        categorical: Vec<String> = [], like ["area_code"] => Columns;
        /// Columns that look as if they leaked the label and do not.
        accept: Vec<String> = [] => Columns;
        /// The most columns that one model learns from. A wider table is screened: of the columns that say more by
        /// themselves about the training rows than chance would, the strongest are kept.
        max_features: u32 = 500 => Whole(1, 2_000);
        /// The share of the table's rows that may be in quarantine, instead of `gates.max_quarantine_share`.
        max_quarantine_share: Option<f64>, like 0.2 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
    }
}

section! {
    /// Which rows, each of a customer and an as-of date, exist.
    ["eligibility"]
    pub struct Eligibility {
        /// Days since sign-up that a customer needs.
        min_tenure_days: u32 = 28 => Whole(0, LONGEST_STRETCH);
        /// Days before the as-of date in which a customer must have a row of a signal that counts as activity; 0
        /// switches it off. Under inactivity it is gap and horizon unless it is set: who has been silent for longer has
        /// left already, and is no news on a list.
        active_within_days: u32 = 90 => Whole(0, LONGEST_STRETCH);
        /// The signals whose rows count as activity; with an empty list, all of them. Unless it is set they all do, and
        /// under inactivity those of `churn.signals`.
        signals: Option<Vec<String>>, like ["logins"] => Texts;
    }
}

section! {
    /// Feature windows.
    ["features"]
    pub struct Features {
        /// Windows in days over which activity is counted; twice the longest one is read. "all" beside them is the
        /// whole history: it sets `lifetime`.
        windows_days: Vec<u32> = [7, 28, 84] => WholesAnd(1, LONGEST_WINDOW, WHOLE_HISTORY);
        /// Whether the whole history is read too, for what a customer has done in all and how regularly: rows, days,
        /// sums, means, gaps between rows, and how long the last silence is beside them.
        lifetime: bool = false => Flag;
    }
}

section! {
    /// Snapshots for training and evaluation.
    ["training"]
    pub struct Training {
        /// How many as-of dates to learn from, the newest with a matured label first.
        snapshots: u32 = 6 => Whole(1, LONGEST_WINDOW);
        /// Days between them.
        step_days: u32 = 30 => Whole(1, LONGEST_WINDOW);
        /// The dates themselves, instead of the two settings above.
        as_of: Option<Vec<Day>>, like ["2026-01-01", "2026-02-01"] => Dates;
        /// How many of the newest ones are kept for evaluation, or a list of dates.
        evaluation: EvaluationChoice = 1 => CountOrDates;
        /// Whether the published model is fitted on all of them after the evaluation.
        refit: bool = true => Flag;
        /// Which rows of customers who stayed are learned from: auto (all, or as many as --memory-limit has room for),
        /// never (all), or a share such as 0.1. Churners are all kept, and probabilities are corrected for it exactly.
        sample: Sample = "auto" =>
            WordOr(Sample::WORDS, "a share between 0 and 1, for example 0.1", |x| x > 0.0 && x < 1.0);
        /// What becomes of rows of customers whom lists named for contact, where a saved one looks like one who never
        /// meant to leave. reweight: they are dropped, and those of the control group stand for them. keep: they count
        /// like all others. auto: reweights where outreach is known to have an effect and the control group is large
        /// enough, and says what it did.
        contacted: Contacted = "auto" => Choice(Contacted::WORDS);
    }
}

section! {
    /// The fit.
    ["model"]
    pub struct Model {
        /// How rich the model is. linear: a coefficient for each column. curves: a curve for each feature.
        /// interactions: curves, and those pairs of features that lower the cross-validated log-loss, in broad shapes
        /// or cell by cell. auto: whichever of these has the lowest.
        complexity: Complexity = "auto" => Choice(Complexity::WORDS);
        /// Penalty strength per row: "auto" (chosen by cross-validated log-loss) or a number such as 0.001.
        alpha: Alpha = "auto" => WordOr(Alpha::WORDS, "a number of 0 or more, for example 0.001", |x| x >= 0.0);
        /// What is penalised. l2: the squares of the coefficients. group: also a norm of the coefficients of each
        /// feature, so that features which do not help are dropped whole.
        penalty: Penalty = "l2" => Choice(Penalty::WORDS);
        /// Whether to take the simplest choice (of penalty and complexity) within one standard error of the best, not
        /// the best.
        one_standard_error: bool = false => Flag;
        /// What rows the penalty and the complexity are judged on. time: those of other customers at later dates, by
        /// models that knew only labels which had matured by then. customer: those of other customers, of all training
        /// dates.
        folds: Folds = "time" => Choice(Folds::WORDS);
        /// Whether effects must have the direction that is known of a feature: risk never rises with logins, visits,
        /// mood or survey scores, and never falls with the days since the last of them.
        monotone: bool = false => Flag;
        /// Features, or signals by their activity, with which risk never falls. Support calls, returns and complaints
        /// belong here; otherwise every event counts as a sign of engagement.
        rises_with: Vec<String> = [] => Texts;
        /// Features, or signals by their activity, with which risk never rises.
        falls_with: Vec<String> = [] => Texts;
        /// Features or signals that are free of a direction with `monotone = true`.
        unconstrained: Vec<String> = [] => Texts;
        /// How probabilities are calibrated: none, platt, beta, isotonic, or auto (the best on rows it has not seen;
        /// isotonic, which gives many customers the same risk, only if it is clearly better).
        calibration: CalibrationChoice = "auto" => Choice(CalibrationChoice::WORDS);
        /// The share of churners that probabilities add up to: "training" (that of the training rows), or a number such
        /// as 0.02 if it is known to be another one now.
        base_rate: BaseRate = "training" =>
            WordOr(BaseRate::WORDS, "a share between 0 and 1, for example 0.02", |x| x > 0.0 && x < 1.0);
        /// The seed of every random choice; the same seed gives the same bytes.
        seed: u64 = 7 => Whole(0, i64::MAX);
    }
}

section! {
    /// The at-risk list.
    ["list"]
    pub struct List {
        /// probability; expected_loss: the probability times the value at stake; or expected_saving: what contact is
        /// expected to change, once `churn monitor` has shown that customers respond differently.
        rank_by: RankBy = "probability" => Choice(RankBy::WORDS);
        /// Customers on the list: as many as the team can call.
        capacity: u32 = 500 => Whole(1, MOST);
        /// The share of listed customers kept out of outreach, to measure whether outreach helps; 0 switches it off.
        control_fraction: f64 = 0.1 => Number("of 0 or more and less than 1", |x| (0.0..1.0).contains(&x));
        /// Another key draws another control group, for example "2026Q4"; list and manifest name it. Empty: the first
        /// draw.
        control_key: String = "" => Word;
        /// The most reasons that a customer has.
        reasons: u32 = 4 => Whole(0, published::REASONS);
        /// What reasons compare with: population (the mean of all eligible customers) or cut_off (the last
        /// tenth of the list, at least 50).
        reference: Reference = "population" => Choice(Reference::WORDS);
        /// The language of reasons, summary, report, workbook and messages: en, ja, de, fr or es. Codes, names of
        /// columns and what is in the data stay as they are.
        language: Language = "en" => Choice(Language::TAGS);
        /// A pass-through or categorical column: the listed customers of each of its values also become a list of their
        /// own under `by_{column}/`, as csv and xlsx where `publish.formats` names them.
        split_by: Option<String>, like "account_owner" => Column;
    }
}

section! {
    /// What reasons may say.
    ["reasons"]
    pub struct Reasons {
        /// Columns that the model may use and that nothing tells: no reason, no change, no segment of the report.
        /// `churn check` names those that look like a protected attribute.
        untold: Vec<String> = [] => Texts;
    }
}

section! {
    /// What to do about a reason.
    ["playbook.*"]
    pub struct Play {
        /// What to do, as the person who does it reads it.
        action: String, needed "Call and offer a walk-through" => Text;
        /// Who does it: a role, a team, a name.
        owner: Option<String>, like "customer success" => Text;
        /// Calendar days from the date of the list until it should be done; without this there is no due date.
        due_days: Option<u32>, like 2 => Whole(0, LONGEST_STRETCH);
    }
}

section! {
    /// Where a list goes besides its folder.
    ["deliveries.*"]
    pub struct Delivery {
        /// csv (files that another system loads) or webhook (a digest that is posted).
        kind: DeliveryKind, needed "csv" => Choice(DeliveryKind::WORDS);
        /// Who receives it: salesforce, hubspot or plain of kind csv; slack, teams or json of kind webhook.
        profile: Profile, needed "salesforce" => Choice(Profile::WORDS);
        /// csv: the folder of the files, one for each delivery.
        path: Option<PathBuf>, like "out/deliveries/crm" => Path;
        /// csv: the list column by which the other system knows customers.
        key: String = "customer_id" => Column;
        /// csv: the columns of the files, each with the list column that it holds. One that holds the key names the
        /// key.
        columns: Mapping = {}, like { Churn_Risk__c = "churn_probability", Churn_Reason__c = "reason_1_text" } => NamedColumns;
        /// csv: whether customers are left out whose values are those of the delivery before.
        changed_only: bool = false => Flag;
        /// Whether customers of the control group are delivered too. Nobody is to act on them.
        control: bool = false => Flag;
        /// webhook: the variable of the environment that holds the address, which is a secret.
        url_env: Option<String>, like "CHURN_TEAM_URL" => Variable;
        /// webhook: the list columns told of the first five customers; with an empty list, nothing is told of single
        /// ones.
        fields: Vec<String> = ["rank", "churn_probability", "reason_1_code"] => Columns;
        /// webhook: an address to put under the digest, such as that of the report; `{as_of}` stands for the date.
        link: Option<String>, like "https://example.com/churn/{as_of}/report.html" => Link;
    }
}

section! {
    /// What keeping a customer costs and brings, in the money of `customers.value` or `table.value`.
    ["economics"]
    pub struct Economics {
        /// The cost of contacting a customer, in the money of `customers.value`. These five settings judge lists, and
        /// change those alone that are ranked by expected_saving.
        contact_cost: f64 = 1.0 => Number("of 0 or more", |x| x >= 0.0);
        /// The cost of what a customer is offered to stay. Those who would have stayed anyway take it too.
        offer_cost: f64 = 10.0 => Number("of 0 or more", |x| x >= 0.0);
        /// The share of the contacted churners who stay because of it; the control group will tell.
        save_rate: f64 = 0.3 => Number("above 0 and below 1", |x| x > 0.0 && x < 1.0);
        /// The value of a customer who stays, where `customers.value` says nothing.
        customer_value: f64 = 200.0 => Number("above 0", |x| x > 0.0);
        /// Months of `customers.value` that a customer who stays is worth.
        value_months: u32 = 12 => Whole(1, 600);
    }
}

section! {
    /// What is known beyond the lists of how they were acted on.
    ["monitoring"]
    pub struct Monitoring {
        /// A Parquet file of who was contacted, a row for each contact: `customer_id`, and `contacted_on` if it is
        /// known when. Without it, everybody in the group `contact` is taken to have been.
        contacted: Option<PathBuf>, like "data/contacted.parquet" => Path;
    }
}

section! {
    /// What a run writes.
    ["publish"]
    pub struct Publish {
        /// Formats of the list: parquet, csv (for spreadsheets), csv_plain (for programs), xlsx (a workbook), html (a
        /// report). Keep parquet: later runs take the days on the list from it, and the last two, which are made from
        /// it, bring it along.
        formats: Vec<Format> = ["parquet", "csv"] => Choices(Format::WORDS);
        /// Whether `at_risk.csv` begins with a byte order mark, from which spreadsheets know that it is UTF-8.
        csv_bom: bool = true => Flag;
    }
}

section! {
    /// What the measures of `kpis.parquet` are taken over.
    ["kpi"]
    pub struct Kpi {
        /// The periods of the measures: month, week (from Monday) or quarter, 13 of them, the one that holds the day
        /// before the as-of date last. off: no measures, and no reading of rows beyond the look-back.
        period: KpiPeriod = "month" => Choice(KpiPeriod::WORDS);
        /// The columns of `customers.categorical` whose levels are measured by themselves; all of these columns unless
        /// some are named, and none if the list is empty.
        segments: Option<Vec<String>>, like ["plan", "region"] => Columns;
    }
}

section! {
    /// When a challenger becomes champion.
    ["promotion"]
    pub struct Promotion {
        /// The difference in AUC that counts when `train` compares its model with the champion on the same held-out
        /// rows. It promotes a model that is better by more than this, or one that is fresher and not worse by more
        /// than this.
        margin: f64 = 0.01 => Number("from 0 to 0.5", |x| (0.0..=0.5).contains(&x));
    }
}

section! {
    /// Thresholds that stop a run.
    ["gates"]
    pub struct Gates {
        /// Days between the newest row of a signal and the day before the as-of date (exit code 4).
        max_staleness_days: u32 = 3 => Whole(0, LONGEST_STRETCH);
        /// The share of the rows that its weekday usually has, below which the last day of a signal is not whole (exit
        /// code 4); 0 switches this off, as for a day that ends hours before it usually does.
        min_day_share: f64 = 0.25 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
        /// How many times the longest silence between cancellations the silence since the last one may last. After a
        /// longer one, labels are known only up to the last cancellation; 0 switches this off.
        max_label_silence: f64 = 2.0 => Number("0, or 1 or more", |x| x == 0.0 || x >= 1.0);
        /// The share of a signal's rows, ten times those of any other customer, from which one customer is named as a
        /// likely placeholder. This only warns; 0 switches it off.
        max_id_share: f64 = 0.1 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
        /// Eligible customers that a run needs (exit code 5).
        min_customers: u32 = 500 => Whole(0, MOST);
        /// Churners that training needs, and customers who stayed (exit code 5).
        min_churners: u32 = 100 => Whole(0, MOST);
        /// What becomes of a run whose rows differ from those that its model was trained on. off: nothing is
        /// measured; warn: it is told; stop: it is told, and nothing is published from broken data (exit code 6):
        /// values that are missing, too few customers, unknown levels, a signal that stopped or began. A population
        /// that has changed only ever warns.
        drift: DriftGate = "warn" => Choice(DriftGate::WORDS);
        /// The distance of a feature's distribution from that of the nearest training snapshot (population stability
        /// index) from which it is told as changed, unless chance explains it or snapshots have differed by half as
        /// much.
        max_psi: f64 = 0.25 => Number("above 0", |x| x > 0.0);
        /// The share of a source's rows that may be in quarantine (exit code 3), unless its own section says otherwise.
        max_quarantine_share: f64 = 0.05 => Number("from 0 to 1", |x| (0.0..=1.0).contains(&x));
    }
}

section! {
    /// Output folders.
    ["paths"]
    pub struct Paths {
        /// The folder that holds the folders `as_of=YYYY-MM-DD`.
        lists: PathBuf = "out/lists" => Path;
        /// The model registry.
        models: PathBuf = "models" => Path;
        /// What `churn monitor` writes: outcomes of earlier lists, the effect of outreach, and their report.
        monitor: PathBuf = "out/monitor" => Path;
    }
}

section! {
    /// The calendar.
    ["time"]
    pub struct Time {
        /// The zone in which days begin and timestamps without a zone are read: UTC, Europe/Berlin.
        zone: String = "UTC" => Zone;
    }
}

impl Settings {
    /// The configured zone. The name has been checked when the settings were resolved.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.time.zone).unwrap_or_else(|_| Zone::utc())
    }

    /// The settings as one line of JSON, always in the same order: for digests, manifests and artefacts.
    pub fn canonical_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Internal(format!("settings: {error}")))
    }
}

impl Economics {
    /// What keeping a customer is worth: some months of the monthly value where it is known, and the stated value
    /// elsewhere.
    pub fn value_of(&self, monthly: Option<f64>) -> f64 {
        monthly.map_or(self.customer_value, |value| value * f64::from(self.value_months))
    }
}

/// The signals whose rows are activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity<'a> {
    /// All of them.
    Any,
    /// These.
    Of(&'a [String]),
}

impl Activity<'_> {
    /// Whether the rows of a signal are activity.
    pub fn counts(self, signal: &str) -> bool {
        match self {
            Activity::Any => true,
            Activity::Of(names) => names.iter().any(|name| name == signal),
        }
    }
}

/// In words that follow "a row of" and "no row of": "any signal", or "`orders` or `visits`".
impl fmt::Display for Activity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Activity::Of(names) = self else { return f.write_str("any signal") };
        for (at, name) in names.iter().enumerate() {
            write!(f, "{}`{name}`", if at > 0 { " or " } else { "" })?;
        }
        Ok(())
    }
}

impl Eligibility {
    /// What a customer must have a row of within [`Eligibility::active_within_days`].
    pub fn activity(&self) -> Activity<'_> {
        self.signals.as_deref().filter(|names| !names.is_empty()).map_or(Activity::Any, Activity::Of)
    }
}

impl Features {
    /// Days of history that features may look at: twice the longest window.
    pub fn look_back_days(&self) -> u32 {
        2 * self.windows_days.iter().copied().max().unwrap_or(0)
    }

    /// Whether measures of a subject are asked for: those of the whole history are not unless it is read.
    pub fn ask_for(&self, subject: Subject) -> bool {
        self.lifetime || !subject.is_lifetime()
    }
}

impl Signal {
    /// The survey instruments whose scores this signal holds; none unless it is a survey.
    pub fn instruments(&self) -> Vec<Instrument> {
        match (self.kind, self.instrument_name) {
            (SignalKind::Survey, Some(one)) => vec![one],
            (SignalKind::Survey, None) => Instrument::ALL.to_vec(),
            _ => Vec::new(),
        }
    }

    /// The scale of an instrument's answers.
    pub fn scale(&self, instrument: Instrument) -> Scale {
        let given = self.scales.and_then(|scales| scales.get(instrument));
        given.unwrap_or_else(|| Scale::new(self.range.unwrap_or(instrument.scale())))
    }

    /// Whether the settings say which end of an instrument's scale is the good one.
    pub fn says_what_is_best(&self, instrument: Instrument) -> bool {
        self.scales.is_some_and(|scales| scales.get(instrument).is_some())
    }

    /// The scales of its instruments, in words: "nps 0 to 10, csat 1 to 5". None unless it is a survey.
    pub fn scales_in_words(&self) -> Option<String> {
        let written = |instrument: Instrument| {
            let Scale { from, to, .. } = self.scale(instrument);
            format!("{} {from} to {to}", instrument.name())
        };
        let all: Vec<String> = self.instruments().into_iter().map(written).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl Default for Table {
    /// As an empty section `[table]`.
    fn default() -> Table {
        Table {
            id: "customer_id".to_owned(),
            label: "churned".to_owned(),
            as_of: None,
            time_unit: None,
            fold: None,
            value: None,
            passthrough: Vec::new(),
            ignore: Vec::new(),
            numeric: Vec::new(),
            categorical: Vec::new(),
            accept: Vec::new(),
            max_features: 500,
            max_quarantine_share: None,
        }
    }
}

impl Default for Monitoring {
    /// As without a section `[monitoring]`.
    fn default() -> Monitoring {
        Monitoring { contacted: None }
    }
}

impl Table {
    /// Whether a column is listed as a feature.
    pub fn lists(&self, column: &str) -> bool {
        self.numeric.iter().chain(&self.categorical).any(|listed| listed == column)
    }

    /// Whether the model must not see a column. One that is listed as a feature by name is never ignored.
    pub fn ignores(&self, column: &str) -> bool {
        !self.lists(column) && self.ignore.iter().any(|pattern| matches(pattern, column))
    }
}

/// Whether a name is a pattern's, in which `*` stands for any characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, holds) in [
            ("raw_*", "raw_total", true),
            ("raw_*", "total_raw", false),
            ("*_id", "account_id", true),
            ("*", "anything", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("plain", "plain", true),
            ("plain", "plainer", false),
        ] {
            assert_eq!(matches(pattern, name), holds, "{pattern} {name}");
        }
        let table = Table { ignore: vec!["*".into()], numeric: vec!["tenure".into()], ..Table::default() };
        assert!(table.ignores("plan") && !table.ignores("tenure"));
    }
}
