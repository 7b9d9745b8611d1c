//! `churn exchange`: the kernels of an engine on many machines, which starts them as children of its tasks.
//!
//! A plan is JSON, rows are streams of Arrow record batches, reports are lines of JSON. These commands are for the
//! Python package, not for people, and change with it.

use super::args::Exchange;
use super::Session;
use crate::error::Error;
use crate::exchange::{conclude, settle, stream, Plan, Source, PACKED_DDL};
use crate::jobs::exchange::{self, Request};
use serde_json::{json, Value};
use std::io::{stdin, stdout};
use std::path::Path;

pub fn run(session: &Session, action: Exchange) -> anyhow::Result<()> {
    match action {
        Exchange::Plan { as_of, buckets } => {
            let settings = session.settings()?;
            let plan = session.job(&settings, |context| exchange::plan(context, &Request { as_of, buckets }))?;
            let table = |source: &Source| -> Value {
                let columns: Vec<&str> = source.columns().collect();
                json!({ "name": source.name, "path": source.path, "id": source.id_column(), "columns": columns })
            };
            let tables: Vec<Value> = plan.sources()?.iter().map(table).collect();
            session.print_json(&json!({
                "plan": plan.to_json()?,
                "buckets": plan.buckets,
                "tables": tables,
                "columns": PACKED_DDL,
            }))
        }
        Exchange::Pack { plan, table } => Ok(stream::pack(&read(&plan)?, &table, stdin().lock(), stdout().lock())?),
        Exchange::Settle { plan } => {
            let plan = settle(read(&plan)?, &stream::pack_reports(stdin().lock())?)?;
            session.print_json(&json!({ "plan": plan.to_json()?, "columns": stream::reduced_ddl(&plan)? }))
        }
        Exchange::Reduce { plan } => Ok(stream::reduce(&read(&plan)?, stdin().lock(), stdout().lock())?),
        Exchange::Conclude { plan } => {
            session.print_json(&conclude(&read(&plan)?, &stream::bucket_reports(stdin().lock())?)?)
        }
    }
}

fn read(path: &Path) -> crate::Result<Plan> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::Config(format!("cannot read the plan of the exchange, {}: {e}", path.display())))?;
    Plan::from_json(&text)
}
