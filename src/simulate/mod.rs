//! The simulated population: customers whose engagement signals and churn follow known drivers, as Parquet. Some
//! customers drift away before they churn, each for a named cause; some leave without warning; some only seem to drift
//! away. A population can go on, with customers who answer outreach to published lists ([`Outreach`]).
//!
//! The folder of a plan holds
//!
//! | what | columns |
//! |---|---|
//! | `customers.parquet` | `customer_id`, `signup_date`, `plan`, `region`, `monthly_revenue`, `account_owner` |
//! | `churn.parquet` | `customer_id`, `churned_on` (the first day without the customer) |
//! | `truth.parquet` | `customer_id`, `churned_on`, `cause`, `onset` (first day of the decline), `signals` (that decline) |
//! | `logins/` | `customer_id`, `ts` |
//! | `visits/` | `customer_id`, `ts`, `channel`, `duration_s` |
//! | `mentions/` | `customer_id`, `ts`, `sentiment` (-1 to 1) |
//! | `surveys/` | `customer_id`, `ts`, `kind` (nps, csat, ces), `score` |
//! | `plan.json` | how the population was made, so that it can go on |
//!
//! Each signal has one file for each week, named for its Monday, whose rows are in time order as in a log.
//! `truth.parquet` also has the churn of the weeks after the history, so that a list made on its last day can be
//! checked, and the declines that recovered (`cause` is `recovered`, `churned_on` is null), and who was saved by
//! outreach (`cause` is `saved`).

mod activity;
mod chance;
mod customer;
mod decline;
mod outreach;
mod past;
mod plan;
mod rhythm;
mod signal;
mod writer;

pub use outreach::Outreach;
pub use plan::{Continued, Plan};
pub use signal::Signal;

use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::files::{self, Unfinished};
use crate::parallel;
use activity::Activity;
use customer::Customer;
use past::Past;
use std::path::Path;
use writer::Writer;

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Weeks that have been written.
    pub weeks_done: u64,
    /// Weeks to write in all.
    pub weeks: u64,
    /// Events that have been written.
    pub events: u64,
}

/// What was simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Customers in the population.
    pub customers: u64,
    /// Customers who churned within the history.
    pub churned: u64,
    /// Events of each signal, in the order of [`Signal::ALL`].
    pub events: [u64; 4],
    /// Weeks, which is also the number of files of each signal.
    pub weeks: u64,
    /// The first day of the history.
    pub start: Day,
    /// The day after the last one of the history.
    pub end: Day,
}

/// Simulates a population and writes it into [`Plan::out`], calling `progress` after every week. The result depends on
/// the plan alone, not on the number of threads; weeks that the population it goes on from has already are
/// copied. Memory grows with the number of customers and their busiest week (about half a kilobyte per customer), not with the length of the history.
///
/// The tables are written into a hidden folder within their destination and then moved to their places,
/// `customers.parquet` last: a folder that has it is complete.
///
/// # Errors
/// [`Error::Config`] if the plan makes no sense, or if the folder is not empty or cannot be written to;
/// [`Error::Temporary`] if the disk is full.
pub fn simulate(plan: &Plan, unfinished: &Unfinished, progress: &dyn Fn(Progress)) -> Result<Summary> {
    plan.check()?;
    claim(&plan.out)?;
    let staging = unfinished.folder(&plan.out, ".unfinished-")?;
    let writer = Writer::new(plan, staging.path())?;

    let customers = Customer::population(plan);
    let activity = Activity::new(plan, &customers);
    let mondays = activity.mondays();
    let mut events = [0; 4];
    let kept = kept_weeks(plan, &writer, &mondays)?;
    for week in &kept {
        events.iter_mut().zip(week).for_each(|(total, rows)| *total += rows);
    }

    let mut week = mondays.get(kept.len()).map(|&monday| activity.week(monday)).unwrap_or_default();
    for (index, &monday) in mondays.iter().enumerate().skip(kept.len()) {
        // The next week is simulated while this one is written.
        let next_monday = mondays.get(index + 1);
        let (written, next_week) =
            rayon::join(|| writer.week(monday, &week), || next_monday.map(|&monday| activity.week(monday)));
        written?;

        for (total, events) in events.iter_mut().zip(&week) {
            *total += events.len() as u64;
        }
        progress(Progress { weeks_done: index as u64 + 1, weeks: mondays.len() as u64, events: events.iter().sum() });
        week = next_week.unwrap_or_default();
    }

    let churned = writer.churn(&customers)?;
    writer.truth(&customers)?;
    writer.customers(&customers)?;
    writer.plan()?;
    move_tables(staging.path(), &plan.out)?;
    staging.close().map_err(|error| Error::writing(&plan.out, &error))?;

    Ok(Summary {
        customers: customers.len() as u64,
        churned,
        events,
        weeks: mondays.len() as u64,
        start: plan.start(),
        end: plan.until(),
    })
}

/// Takes over the first weeks, as many as stay as they were, and returns the rows of their signals.
fn kept_weeks(plan: &Plan, writer: &Writer<'_>, mondays: &[Day]) -> Result<Vec<[u64; 4]>> {
    let Some(past) = Past::new(plan) else { return Ok(Vec::new()) };
    let kept = mondays.partition_point(|&monday| past.has(monday));
    let rows: Vec<Option<[u64; 4]>> = parallel::map(&mondays[..kept], |&monday| writer.rows(past.folder, monday));
    // From a week on that is not there any more, all is simulated.
    let rows: Vec<[u64; 4]> = rows.into_iter().map_while(|rows| rows).collect();
    parallel::try_for_each(&mondays[..rows.len()], |&monday| writer.take_over(past.folder, monday))?;
    Ok(rows)
}

/// Creates the folder if it does not exist, and fails unless it is empty.
fn claim(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::writing(folder, &error))?;
    files::clear_abandoned(folder);
    let mut entries = std::fs::read_dir(folder).map_err(|error| Error::writing(folder, &error))?;
    if entries.next().is_some() {
        return Err(Error::Config(format!(
            "{} is not empty; name another folder, or empty this one first",
            folder.display()
        )));
    }
    Ok(())
}

/// Moves all tables from one folder to another, `customers.parquet` last.
fn move_tables(from: &Path, to: &Path) -> Result<()> {
    let tables = ["churn.parquet", "truth.parquet", plan::FILE, "customers.parquet"];
    for name in Signal::ALL.map(Signal::name).iter().chain(&tables) {
        let place = to.join(name);
        std::fs::rename(from.join(name), &place).map_err(|error| Error::writing(&place, &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::activity::Event;
    use super::customer::Fate;
    use super::decline::Cause;
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
    use arrow_array::{Array, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::collections::{BTreeMap, HashMap};
    use std::fs::File;
    use std::path::PathBuf;

    fn plan(customers: u32, days: u32, seed: u64, out: &Path) -> Plan {
        Plan {
            customers,
            days,
            seed,
            out: out.into(),
            string_ids: false,
            end: Plan::END,
            continued: Continued::default(),
            population: None,
        }
    }

    /// The folder of a small plan.
    fn simulated(customers: u32, days: u32, seed: u64) -> (tempfile::TempDir, Summary) {
        let folder = tempfile::tempdir().unwrap();
        let summary = simulate(&plan(customers, days, seed, folder.path()), &Unfinished::default(), &|_| ()).unwrap();
        (folder, summary)
    }

    /// Every file below a folder, by its path there.
    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = PathBuf::from(entry.file_name().unwrap());
            if entry.is_dir() {
                files.extend(self::files(&entry).into_iter().map(|(path, bytes)| (name.join(path), bytes)));
            } else {
                files.insert(name, std::fs::read(&entry).unwrap());
            }
        }
        files
    }

    fn batches(path: &Path) -> Vec<RecordBatch> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        reader.map(|batch| batch.unwrap()).collect()
    }

    /// Customer ids with a date column, null or not.
    fn dates(path: &Path, column: &str) -> HashMap<i64, Option<Day>> {
        let rows = batches(path).into_iter().flat_map(|batch| {
            let ids = batch["customer_id"].as_primitive::<Int64Type>().clone();
            let days = batch[column].as_primitive::<Date32Type>().clone();
            (0..batch.num_rows()).map(move |row| (ids.value(row), days.is_valid(row).then(|| Day(days.value(row)))))
        });
        rows.collect()
    }

    fn all_events(plan: &Plan, customers: &[Customer]) -> [Vec<Event>; 4] {
        let activity = Activity::new(plan, customers);
        let mut all: [Vec<Event>; 4] = Default::default();
        for monday in activity.mondays() {
            for (all, week) in all.iter_mut().zip(activity.week(monday)) {
                all.extend(week);
            }
        }
        all
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_whatever_the_number_of_threads() {
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (folder, _) = pool.install(|| simulated(5_000, 20, 1));
            files(folder.path())
        };

        let one = with_threads(1);
        assert!(one == with_threads(2), "one thread and two differ");

        let (folder, _) = simulated(5_000, 20, 2);
        let other = files(folder.path());
        assert!(one.keys().eq(other.keys()));
        assert!(one.iter().all(|(path, bytes)| other[path] != *bytes), "another seed gives other bytes");
    }

    #[test]
    fn files_are_weekly_and_in_time_order_and_hold_what_the_summary_says() {
        let (folder, summary) = simulated(600, 100, 3);
        let names: Vec<_> = files(folder.path()).into_keys().collect();
        assert_eq!(names.len() as u64, 4 + 4 * summary.weeks);
        let signups = dates(&folder.path().join("customers.parquet"), "signup_date");
        let churned = dates(&folder.path().join("churn.parquet"), "churned_on");
        assert_eq!((signups.len(), churned.len() as u64), (600, summary.churned));

        for signal in Signal::ALL {
            let mut last = summary.start.utc_midnight();
            let mut rows = 0;
            for name in names.iter().filter(|name| name.starts_with(signal.name())) {
                let stem = name.file_stem().unwrap().to_str().unwrap();
                let monday: Day = stem[stem.len() - 10..].parse().unwrap();
                for batch in batches(&folder.path().join(name)) {
                    let ids = batch["customer_id"].as_primitive::<Int64Type>();
                    let times = batch["ts"].as_primitive::<TimestampMicrosecondType>();
                    for (&id, &at) in ids.values().iter().zip(times.values()) {
                        assert!(last <= at && (monday.utc_midnight()..monday.plus(7).utc_midnight()).contains(&at));
                        assert!(at >= signups[&id].unwrap().utc_midnight(), "an event before sign-up");
                        let gone = churned.get(&id).copied().flatten().unwrap_or(summary.end);
                        assert!(at < gone.utc_midnight(), "an event after churn or after the history");
                        last = at;
                        rows += 1;
                    }
                }
            }
            assert_eq!(rows, summary.events[signal as usize], "{}", signal.name());
        }
    }

    #[test]
    fn the_truth_has_every_churner_and_a_third_as_many_false_declines() {
        let (folder, summary) = simulated(4_000, 365, 4);
        let churned = dates(&folder.path().join("churn.parquet"), "churned_on");
        let truth = dates(&folder.path().join("truth.parquet"), "churned_on");

        assert!(churned.iter().all(|(id, on)| truth[id] == *on));
        let within = truth.values().flatten().filter(|&&on| on < summary.end).count();
        assert_eq!(within as u64, summary.churned);

        let recovered = truth.values().filter(|on| on.is_none()).count() as f64;
        assert!((0.2..0.5).contains(&(recovered / within as f64)), "{recovered} recovered against {within} churned");

        for batch in batches(&folder.path().join("truth.parquet")) {
            let causes = batch["cause"].as_string::<i32>();
            for row in 0..batch.num_rows() {
                assert_eq!(batch["churned_on"].is_null(row), causes.value(row) == "recovered");
                assert_eq!(batch["onset"].is_null(row), causes.value(row) == "sudden");
                assert_eq!(batch["signals"].is_null(row), causes.value(row) == "sudden");
            }
        }
    }

    #[test]
    fn three_in_a_hundred_churn_a_month_and_a_customer_year_has_a_hundred_events() {
        let plan = plan(10_000, 365, 5, Path::new("nowhere"));
        let customers = Customer::population(&plan);

        let mut rates = Vec::new();
        for month in 0..12 {
            let (from, to) = (plan.start().plus(30 * month), plan.start().plus(30 * month + 30));
            let (mut there, mut left) = (0.0, 0.0);
            for customer in &customers {
                if customer.signup < from && customer.churned_on().is_none_or(|on| on >= from) {
                    there += 1.0;
                    left += f64::from(u8::from(customer.churned_on().is_some_and(|on| on < to)));
                }
            }
            rates.push(left / there);
        }
        let mean = rates.iter().sum::<f64>() / 12.0;
        assert!((0.027..0.033).contains(&mean) && rates.iter().all(|m| (0.02..0.04).contains(m)), "{rates:?}");

        let events = all_events(&plan, &customers).map(|events| events.len() as f64 / 10_000.0);
        let total: f64 = events.iter().sum();
        assert!((95.0..105.0).contains(&total), "{total} events: {events:?}");
    }

    /// What is left of a signal in the two weeks before a churn of some cause, against two weeks before any decline: of
    /// its volume where that is what falls, otherwise of its mean value.
    fn left_before_churn(signal: Signal, cause: Cause, plan: &Plan, customers: &[Customer], events: &[Event]) -> f64 {
        let (mut before, mut after) = ((0.0, 0.0), (0.0, 0.0));
        for event in events {
            let customer = &customers[event.customer as usize];
            let Fate::Churns { on, cause: found, .. } = customer.fate else { continue };
            let settled_in = customer.signup <= on.plus(-90) && plan.start() <= on.plus(-90);
            if found != cause || on > plan.end || !settled_in {
                continue;
            }

            let value = match signal {
                Signal::Surveys => f64::from(event.value) / signal::instrument(event.category).scale()[1],
                Signal::Mentions => f64::from(event.value),
                Signal::Logins | Signal::Visits => 1.0,
            };
            if event.at >= on.plus(-14).utc_midnight() {
                after = (after.0 + value, after.1 + 1.0);
            } else if (on.plus(-86).utc_midnight()..on.plus(-72).utc_midnight()).contains(&event.at) {
                before = (before.0 + value, before.1 + 1.0);
            }
        }

        match signal {
            Signal::Logins | Signal::Visits => after.0 / before.0,
            Signal::Mentions | Signal::Surveys => (after.0 / after.1) / (before.0 / before.1),
        }
    }

    #[test]
    fn a_named_cause_shows_in_its_own_signal_and_in_no_other() {
        let plan = plan(20_000, 300, 6, Path::new("nowhere"));
        let customers = Customer::population(&plan);
        let events = all_events(&plan, &customers);

        for cause in [Cause::Logins, Cause::Visits, Cause::Mentions, Cause::Surveys, Cause::Sudden] {
            for signal in Signal::ALL {
                let left = left_before_churn(signal, cause, &plan, &customers, &events[signal as usize]);
                let expected = if signal.name() == cause.name() { -3.0..0.5 } else { 0.7..1.3 };
                assert!(expected.contains(&left), "{left} of {} is left before churn for {cause:?}", signal.name());
            }
        }
    }

    #[test]
    fn ids_can_be_strings() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { string_ids: true, ..plan(20, 30, 8, &folder.path().join("a/b")) };
        simulate(&plan, &Unfinished::default(), &|_| ()).unwrap();

        let batch = &batches(&plan.out.join("customers.parquet"))[0];
        assert_eq!(batch["customer_id"].as_string::<i32>().value(19), "C00000020");
    }

    #[test]
    fn a_population_that_goes_on_keeps_its_past_however_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let first = plan(3_000, 140, 11, &folder.path().join("first"));
        simulate(&first, &Unfinished::default(), &|_| ()).unwrap();

        let go_on = |from: &str, days: u32, out: &str| {
            let mut plan = Plan::read(&folder.path().join(from), folder.path().join(out)).unwrap();
            plan.continued.days += days;
            let summary = simulate(&plan, &Unfinished::default(), &|_| ()).unwrap();
            (summary, files(&plan.out))
        };
        let (summary, in_one_step) = go_on("first", 84, "one");
        go_on("first", 28, "two");
        let (_, in_two_steps) = go_on("two", 56, "three");
        assert!(in_one_step == in_two_steps, "two steps end elsewhere than one");

        let signal = |path: &&PathBuf| path.components().count() > 1;
        let before = files(&folder.path().join("first"));
        assert!(before.keys().filter(signal).all(|path| in_one_step[path] == before[path]), "the past has changed");
        assert_eq!(in_one_step.keys().filter(signal).count(), before.keys().filter(signal).count() + 4 * 12);
        assert_eq!(summary.end, Plan::END.plus(84));

        // As many sign up and leave as before.
        assert!((3_600..3_750).contains(&summary.customers), "{}", summary.customers);
        let churned = dates(&folder.path().join("one/churn.parquet"), "churned_on");
        let later = churned.values().flatten().filter(|&&on| on >= Plan::END).count() as f64;
        assert!(
            (later / 84.0 * 140.0 / (churned.len() as f64 - later) - 1.15).abs() < 0.3,
            "{later} of {}",
            churned.len()
        );
    }

    #[test]
    fn weeks_that_are_taken_over_are_those_that_would_be_simulated() {
        let folder = tempfile::tempdir().unwrap();
        let first = plan(2_000, 140, 13, &folder.path().join("first"));
        simulate(&first, &Unfinished::default(), &|_| ()).unwrap();
        let leaving: Vec<(u32, Day)> = (0..2_000)
            .zip(Customer::population(&first))
            .filter_map(|(index, customer)| Some((index, customer.churned_on()?)))
            .filter(|(_, on)| *on >= Plan::END.plus(-20))
            .collect();
        assert!(leaving.len() > 100);
        let saved = |first: usize| {
            let saved = leaving.iter().skip(first).step_by(3).map(|&(index, on)| (index, on.plus(-14)));
            saved.collect::<BTreeMap<u32, Day>>()
        };

        // On with some saved, and on once more, by half a week, with others saved by the same lists.
        let mut second = Plan::read(&first.out, folder.path().join("second")).unwrap();
        second.continued.days += 17;
        second.continued.saved = saved(0);
        simulate(&second, &Unfinished::default(), &|_| ()).unwrap();
        let go_on = |out: &str| {
            let mut plan = Plan::read(&second.out, folder.path().join(out)).unwrap();
            plan.continued.days += 11;
            plan.continued.saved.extend(saved(1));
            plan
        };
        let taken_over = go_on("third");
        let kept = Past::new(&taken_over).unwrap();
        assert!(kept.has(Plan::END.plus(-42)) && !kept.has(Plan::END.plus(-14)));
        let summary = simulate(&taken_over, &Unfinished::default(), &|_| ()).unwrap();
        let anew = Plan { population: None, ..go_on("anew") };
        assert_eq!(simulate(&anew, &Unfinished::default(), &|_| ()).unwrap(), summary);
        assert!(files(&taken_over.out) == files(&anew.out), "another population");

        // Without a week, or with a damaged one, all from there on is simulated.
        let week = |signal: &str, monday: Day| second.out.join(format!("{signal}/{signal}-{monday}.parquet"));
        std::fs::remove_file(week("visits", Plan::END.plus(-42))).unwrap();
        std::fs::write(week("logins", Plan::END.plus(-70)), "no table").unwrap();
        let of_remains = go_on("fourth");
        assert_eq!(simulate(&of_remains, &Unfinished::default(), &|_| ()).unwrap(), summary);
        assert!(files(&of_remains.out) == files(&anew.out), "another population");

        // Nothing is taken over from a population of another origin.
        assert!(Past::new(&Plan { seed: 14, ..go_on("fifth") }).is_none());
    }

    #[test]
    fn outreach_saves_the_contacted_who_would_leave_soon_and_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let first = plan(20_000, 140, 12, &folder.path().join("first"));
        let customers = Customer::population(&first);
        let listed_on = Plan::END.plus(-60);

        // Every second customer is contacted, every fourth of them is in the control group.
        let lists = folder.path().join("lists");
        let run = lists.join(format!("as_of={listed_on}"));
        std::fs::create_dir_all(&run).unwrap();
        let group = |index: usize| match index % 8 {
            0 => Some("control"),
            2 | 4 | 6 => Some("contact"),
            _ => None,
        };
        let scores = |rows| {
            let mut table = crate::publish::columns::Columns::for_rows(rows);
            table.integers("customer_id", |row| Some(row as i64 + 1));
            table.texts("group", group);
            Ok(table)
        };
        let mut out = File::create(run.join("scores.parquet")).unwrap();
        crate::publish::columns::write_parquet(Path::new("scores"), &mut out, customers.len(), scores).unwrap();
        File::create(run.join("_SUCCESS")).unwrap();

        let outreach = |save_rate: f64| {
            let mut plan = first.clone();
            Outreach { lists: lists.clone(), save_rate, by_cause: BTreeMap::new(), within_days: 37 }
                .save(&mut plan)
                .map(|()| plan)
        };
        let some = outreach(0.4).unwrap();
        let is_soon = |on: Day| on >= customer::outreach_works_from(listed_on) && on < listed_on.plus(37);
        let leaving = (0..customers.len()).filter(|&index| customers[index].churned_on().is_some_and(is_soon));
        let (mut contacted, mut saved) = (0, 0);
        for index in leaving {
            let is_saved = some.continued.saved.contains_key(&(index as u32));
            assert!(!is_saved || group(index) == Some("contact"));
            contacted += u32::from(group(index) == Some("contact"));
            saved += u32::from(is_saved);
        }
        assert_eq!(saved as usize, some.continued.saved.len());
        let share = f64::from(saved) / f64::from(contacted);
        assert!((0.3..0.5).contains(&share), "{saved} of {contacted}");

        // More are saved at a higher rate, all of those before among them, and nobody leaves whom outreach has saved.
        let all = outreach(1.0).unwrap();
        assert_eq!(all.continued.saved.len(), contacted as usize);
        assert!(some.continued.saved.keys().all(|index| all.continued.saved.contains_key(index)));
        let after = Customer::population(&all);
        assert!(all.continued.saved.keys().all(|&index| after[index as usize].churned_on().is_none()));
        for (index, (before, after)) in customers.iter().zip(&after).enumerate() {
            let is_saved = all.continued.saved.contains_key(&(index as u32));
            assert!(is_saved || before.churned_on() == after.churned_on());
        }

        for broken in [outreach(1.5), outreach(f64::NAN)] {
            assert_eq!(broken.unwrap_err().exit_code(), 2);
        }
        // Of one cause all, of the others nobody.
        let of = |cause: &str, share: f64| {
            let mut plan = first.clone();
            let by_cause = BTreeMap::from([(cause.to_owned(), share)]);
            Outreach { lists: lists.clone(), save_rate: 0.0, by_cause, within_days: 37 }.save(&mut plan).map(|()| plan)
        };
        let saved = of("surveys", 1.0).unwrap().continued.saved;
        assert!(!saved.is_empty() && saved.len() < all.continued.saved.len() / 2);
        assert!(saved.keys().all(|&index| customers[index as usize].cause() == Some(Cause::Surveys)));
        for (broken, word) in [(of("surveys", 1.5), "1.5"), (of("boredom", 0.5), "logins, visits, mentions")] {
            let error = broken.unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains(word), "{error}");
        }

        let outreach = Outreach { lists: lists.clone(), save_rate: 0.5, by_cause: BTreeMap::new(), within_days: 37 };
        let few = plan(100, 140, 12, folder.path());
        let error = outreach.save(&mut few.clone()).unwrap_err();
        assert!(error.exit_code() == 3 && error.to_string().contains("there is no customer"), "{error}");
        let nowhere = Outreach { lists: folder.path().to_owned(), ..outreach };
        assert!(nowhere.save(&mut few.clone()).unwrap_err().to_string().contains("no published list"));
        assert_eq!(Plan::read(folder.path(), PathBuf::new()).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn progress_is_reported_for_every_week() {
        let folder = tempfile::tempdir().unwrap();
        let seen = std::cell::RefCell::new(Vec::new());
        let summary =
            simulate(&plan(50, 30, 9, folder.path()), &Unfinished::default(), &|p| seen.borrow_mut().push(p)).unwrap();
        let last = seen.borrow().last().copied();
        let events = summary.events.iter().sum();
        assert_eq!(last, Some(Progress { weeks_done: summary.weeks, weeks: summary.weeks, events }));
        assert_eq!(seen.borrow().len() as u64, summary.weeks);
    }

    #[test]
    fn an_impossible_plan_is_refused_and_a_full_folder_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (customers, days) in [(0, 30), (10, 0), (10, Plan::MAX_DAYS + 1)] {
            let error =
                simulate(&plan(customers, days, 1, folder.path()), &Unfinished::default(), &|_| ()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{error}");
        }

        std::fs::write(folder.path().join("mine"), "precious").unwrap();
        let error = simulate(&plan(10, 10, 1, folder.path()), &Unfinished::default(), &|_| ()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert_eq!(files(folder.path()).len(), 1);

        let error =
            simulate(&plan(10, 10, 1, &folder.path().join("mine")), &Unfinished::default(), &|_| ()).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
    }

    #[test]
    fn the_smallest_plan_works() {
        let (folder, summary) = simulated(1, 1, 1);
        assert_eq!((summary.customers, summary.weeks), (1, 1));
        assert_eq!(files(folder.path()).len(), 8);
    }
}
