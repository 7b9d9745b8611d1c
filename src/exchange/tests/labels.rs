//! Labels after an exchange are those of one machine, wherever the cancellations of all customers end.

use super::*;
use crate::coverage::{DataEnd, LabelsEnd, Outcomes};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn labels_are_those_of_one_machine(
        seed: u64,
        buckets in prop_oneof![Just(1u32), Just(64)],
        zone in prop_oneof![Just("UTC"), Just("Europe/Berlin")],
        inactivity: bool,
        handed in handed(),
        silent_from in 200i64..450,
        to_come in 380i32..430,
        dates in proptest::collection::vec(100i32..420, 1..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut tables = population(seed, Written::Integers);
        // Somebody leaves every other day, up to a day.
        let days: Vec<i64> = (0..silent_from).step_by(2).collect();
        let who: Vec<Option<i64>> = days.iter().map(|day| Some(3 * (day % 60))).collect();
        let left = days.iter().map(|day| 1_000_000 * DAY_SECONDS * (FIRST + day));
        let churn: Vec<(&str, ArrayRef)> = vec![
            ("id", ids(Written::Integers, &who)),
            ("left", Arc::new(TimestampMicrosecondArray::from_iter_values(left))),
        ];
        tables.insert("churn", RecordBatch::try_from_iter(churn).unwrap());
        written(folder.path(), &tables);
        let settings = settings(folder.path(), zone, inactivity);
        let as_of: Vec<Day> = dates.iter().map(|day| Day(FIRST as i32 + day)).collect();
        let to_come = Day(FIRST as i32 + to_come);

        let (rows_plan, memory) = (dataset::RowsPlan::from_settings(&settings), Memory::unlimited());
        let local = Tables::open(&rows_plan, &memory, &Silent).unwrap();
        let before = local.zone.midnight(to_come);
        let newest = local.sources.newest(&settings.signals, before, &local.zone).unwrap();
        let end = sources::data_end(&newest, &local.zone).unwrap();
        let newest: Vec<Option<Day>> =
            newest.iter().map(|newest| newest.map(|instant| local.zone.day_of(instant))).collect();
        let outcomes = Outcomes::of(&local.cancellations, end, settings.gates.max_label_silence);
        let data = DataEnd { signals: &settings.signals, newest: &newest, day: end };
        let end = LabelsEnd::new(&data, &settings.churn, settings.gates.max_staleness_days, outcomes);
        let data = dataset::build(&rows_plan, &local, &as_of, Some(end.day), &Silent).unwrap();

        let plan = Plan::with_labels(settings.clone(), &as_of, buckets, to_come).unwrap();
        let how = How { buckets, cut: 50, seed, handed, in_files: seed % 2 == 0 };
        let (rows, summary) = concluded(shuffled(plan, &tables, how).unwrap()).unwrap();
        let labels = summary.labels.unwrap();
        prop_assert_eq!((labels.end, labels.why), (end.day, end.why));

        let mut found = by_row(&rows);
        for ((day, _), cells) in &mut found {
            if labels.unmatured.contains(&Day(*day)) {
                *cells.last_mut().unwrap() = "null".to_owned();
            }
        }
        prop_assert_eq!(found, by_row(&[publish::features::batch(&data, true).unwrap()]));
        prop_assert_eq!(summary.rows, data.rows() as u64);
    }
}
