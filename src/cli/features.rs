//! `churn features`

use super::{train, Session};
use crate::calendar::Day;
use crate::dataset::{self, Tables};
use crate::error::Error;
use crate::{files, publish};
use std::path::Path;

pub fn run(session: &Session, as_of: &[Day], out: &Path, labels: bool) -> anyhow::Result<()> {
    let settings = session.settings()?;
    // Whether labels have matured is a matter of the newest rows, so then no file may be skipped for its folder.
    let days = (!labels).then(|| dataset::scan_days(&settings, as_of, labels));
    let tables = Tables::open(&settings, days)?;
    let labels_end = match labels {
        true => Some(train::data_end(&settings, &tables, None)?),
        false => None,
    };
    let data = super::score::built(session, &settings, &tables, as_of, labels_end)?;
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    files::create_folder(folder)?;
    let staged = files::scratch_folder(folder, ".tmp-")?;
    let file = staged.path().join("features.parquet");
    let rows = publish::features::write(&file, &data, &tables.customers, labels)?;
    std::fs::rename(&file, out).map_err(|e| Error::writing(out, &e))?;
    if session.json() {
        let dates: Vec<_> = (0..data.as_of.len())
            .map(|i| serde_json::json!({"as_of": data.as_of[i], "rows": data.counts(i).0, "excluded": data.exclusions[i]}))
            .collect();
        return session.print_json(&serde_json::json!({"file": out, "rows": rows, "as_of": dates}));
    }
    let mut text = format!(
        "Wrote {} rows of {} features to {}\n",
        super::summary::count(rows as u64),
        data.catalogue.names().count(),
        out.display()
    );
    for (index, day) in data.as_of.iter().enumerate() {
        text += &super::summary::population_line(*day, data.counts(index).0, &data.exclusions[index]);
    }
    session.print(&text)
}
