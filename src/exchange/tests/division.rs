//! Files that tasks read themselves: those that are gone, damaged, or others than those that were looked at, and files
//! of one table that are not alike.

use super::*;
use std::fs;

fn plan(folder: &Path) -> Plan {
    Plan::new(settings(folder, "UTC", false), &[Day(FIRST as i32 + 300)], 4).unwrap()
}

#[test]
fn a_file_that_is_gone_or_has_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (tables, plan) = (population(7, Written::Integers), plan(folder.path()));
    written(folder.path(), &tables);
    let Division { shares, tables: divided, .. } = divide(&plan, &["signals.logins".to_owned()], 3).unwrap();
    assert_eq!((divided.len(), &divided[0].columns), (1, &vec!["id".to_owned(), "ts".to_owned()]));
    assert!(divided[0].file.is_file());
    let pack = || shares.iter().try_for_each(|share| share.pack(&plan, None, |_| Ok(())));
    pack().unwrap();

    let path = folder.path().join("logins.parquet");
    let fewer = tables["logins"].slice(1, tables["logins"].num_rows() - 1);
    written(folder.path(), &BTreeMap::from([("logins", fewer)]));
    let error = pack().unwrap_err();
    assert!(error.exit_code() == 75 && error.to_string().contains("changes while it is read"), "{error}");
    fs::write(&path, "nothing of that kind").unwrap();
    let error = pack().unwrap_err();
    assert!(error.exit_code() == 3 && error.to_string().contains("not a readable Parquet file"), "{error}");
    fs::remove_file(&path).unwrap();
    let error = pack().unwrap_err();
    assert!(error.exit_code() == 75 && error.to_string().contains("is gone"), "{error}");

    let error = divide(&plan, &["signals.logins".to_owned()], 3).err().unwrap();
    assert!(error.exit_code() == 3 && error.to_string().contains("does not exist"), "{error}");
    assert_eq!(divide(&plan, &["signals.attic".to_owned()], 3).err().unwrap().exit_code(), 2);
}

#[test]
fn ids_of_two_kinds_are_told_whichever_tables_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path());
    let mut tables = population(7, Written::Integers);
    tables.insert("logins", population(7, Written::Numbered)["logins"].clone());
    written(folder.path(), &tables);
    for names in [["customers", "signals.logins"], ["signals.logins", "signals.visits"]] {
        let error = divide(&plan, &names.map(str::to_owned), 3).err().unwrap();
        assert!(error.exit_code() == 3 && error.to_string().contains("write both as one type"), "{error}");
    }
    // Whoever reads the others as integers is told when both are there.
    let Division { reports, .. } = divide(&plan, &["signals.logins".to_owned()], 3).unwrap();
    assert_eq!(reports[0].text_ids, Some(true));
}

#[test]
fn a_file_may_lack_a_column_that_another_has() {
    let folder = tempfile::tempdir().unwrap();
    let mut tables = population(7, Written::Scattered);
    let visits = tables.remove("visits").unwrap();
    written(folder.path(), &tables);
    let parts = folder.path().join("visits.parquet");
    fs::create_dir(&parts).unwrap();
    let half = visits.num_rows() / 2;
    let without_channel = visits.slice(half, visits.num_rows() - half).project(&[0, 1, 2]).unwrap();
    written(&parts, &BTreeMap::from([("a", visits.slice(0, half)), ("b", without_channel)]));

    let (settings, as_of) = (settings(folder.path(), "UTC", false), [Day(FIRST as i32 + 300)]);
    let how = How { buckets: 4, cut: 1, seed: 1, handed: Handed::Files, in_files: true };
    let (rows, _) = exchanged(&settings, &as_of, &tables, how).unwrap();
    let (data, _) = locally(&settings, &as_of);
    assert_eq!(by_row(&rows), by_row(&[publish::features::batch(&data, false).unwrap()]));
}
