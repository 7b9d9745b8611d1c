//! `churn exchange`: the kernels of an engine on many machines, which starts them as children of its tasks.
//!
//! A plan is JSON, rows are streams of Arrow record batches, reports are lines of JSON. These commands are for the
//! Python package, not for people, and change with it.

use super::args::Exchange;
use super::Session;
use crate::error::Error;
use crate::exchange::{conclude, settle, stream, Plan, Share, Source, PACKED_DDL, WRITTEN_DDL};
use crate::jobs::exchange::{self, Made, Request};
use crate::jobs::score::Published;
use crate::publish::manifest::Engine;
use crate::registry::Registry;
use serde_json::{json, Value};
use std::fs::File;
use std::io::{stdin, stdout};
use std::path::Path;

pub fn run(session: &Session, action: Exchange) -> anyhow::Result<()> {
    match action {
        Exchange::Plan { as_of, buckets, reduce_memory, list, labels, model } => {
            let settings = session.settings()?;
            let request = Request { as_of, buckets, reduce_memory, labels };
            let registry = Registry::at(&settings.paths.models);
            let plan = session.job(&settings, |context| match list {
                true => exchange::plan_list(context, &registry, &request, model.as_deref()),
                false => exchange::plan(context, &request),
            })?;
            let table = |source: &Source| -> Value {
                let columns: Vec<&str> = source.columns().collect();
                let days = source.days();
                json!({
                    "name": source.name,
                    "path": source.path,
                    "id": source.id_column(),
                    "columns": columns,
                    "time": days.map(|(time, _)| time),
                    "from": days.map(|(_, days)| days.start),
                    "to": days.map(|(_, days)| days.end),
                })
            };
            let tables: Vec<Value> = plan.sources()?.iter().map(table).collect();
            session.print_json(&json!({
                "plan": plan.to_json()?,
                "buckets": plan.buckets,
                "labels_before": plan.labels_before,
                "tables": tables,
                "columns": PACKED_DDL,
                "lists": settings.paths.lists,
                "copied": settings.customers.as_ref().map(|columns| &columns.passthrough),
            }))
        }
        Exchange::Pack { plan, table, left_out, into } => {
            let (plan, input, output) = (read(&plan)?, stdin().lock(), stdout().lock());
            Ok(match left_out {
                Some(rows) => stream::leave_out(&plan, &table, rows, input, output),
                None => stream::pack(&plan, &table, into.as_deref(), input, output),
            }?)
        }
        Exchange::Divide { plan, table, tasks } => {
            let plan = read(&plan)?;
            let division = session.job(&plan.settings, |context| exchange::divide(context, &plan, &table, tasks))?;
            let shares: Vec<String> = division.shares.iter().map(Share::to_json).collect::<Result<_, _>>()?;
            session.print_json(&json!({
                "shares": shares,
                "reports": division.reports,
                "tables": division.tables,
            }))
        }
        Exchange::Scan { plan, into } => {
            Ok(stream::scan(&read(&plan)?, into.as_deref(), stdin().lock(), stdout().lock())?)
        }
        Exchange::Settle { plan } => {
            let plan = settle(read(&plan)?, &stream::pack_reports(stdin().lock())?)?;
            session.print_json(&json!({
                "plan": plan.to_json()?,
                "columns": stream::reduced_ddl(&plan)?,
                "reports": WRITTEN_DDL,
            }))
        }
        Exchange::Reduce { plan, into } => {
            Ok(stream::reduce(&read(&plan)?, into.as_deref(), stdin().lock(), stdout().lock())?)
        }
        Exchange::Conclude { plan } => {
            session.print_json(&conclude(&read(&plan)?, &stream::bucket_reports(stdin().lock())?)?)
        }
        Exchange::Rank { plan, rows, model } => {
            let plan = read(&plan)?;
            let settings = plan.settings.clone();
            let registry = Registry::at(&settings.paths.models);
            let plan =
                session.job(&settings, |context| exchange::pick(context, &registry, plan, &rows, model.as_deref()))?;
            let picked = plan.picked.clone().unwrap_or_default();
            session.print_json(&json!({
                "plan": plan.to_json()?,
                "listed": picked.listed.len(),
                "detailed": picked.detailed.len(),
            }))
        }
        Exchange::Pick { plan, customers } => {
            let (plan, input, output) = (read(&plan)?, stdin().lock(), stdout().lock());
            let pick = if customers { stream::pick_customers } else { stream::pick_signals };
            Ok(pick(&plan, input, output)?)
        }
        Exchange::Publish { plan, rows, customers, signals, model, engine, partitions } => {
            let plan = read(&plan)?;
            let registry = Registry::at(&plan.settings.paths.models);
            let engine = Engine { name: engine, buckets: Some(plan.buckets), partitions: Some(partitions) };
            let made = Made { rows, customers, signals, engine };
            let published = session
                .job(&plan.settings, |context| exchange::publish(context, &registry, &plan, &made, model.as_deref()))?;
            tell(session, &published);
            Ok(())
        }
        Exchange::TableColumns { model } => {
            let settings = session.settings()?;
            let (registry, batches) = (Registry::at(&settings.paths.models), stream::all(stdin().lock())?);
            let columns = session
                .job(&settings, |context| exchange::table_columns(context, &registry, &batches, model.as_deref()))?;
            session.print_json(&columns)
        }
        Exchange::TableDates { as_of } => {
            let (settings, batches) = (session.settings()?, stream::all(stdin().lock())?);
            session.print_json(&session.job(&settings, |context| exchange::table_dates(context, &batches, as_of))?)
        }
        Exchange::PublishTable { rows, as_of, model, engine } => {
            let settings = session.settings()?;
            let registry = Registry::at(&settings.paths.models);
            let mut batches = Vec::new();
            for path in rows {
                batches.extend(stream::all(File::open(&path).map_err(|e| Error::reading(&path, &e))?)?);
            }
            let engine = Engine { name: engine, buckets: None, partitions: None };
            let published = session.job(&settings, |context| {
                exchange::publish_table(context, &registry, batches, as_of, model.as_deref(), engine)
            })?;
            tell(session, &published);
            Ok(())
        }
    }
}

/// Tells of a list that is published, which stays so where nobody can be told.
fn tell(session: &Session, published: &Published) {
    if let Err(error) = session.print_json(published) {
        tracing::warn!("{error:#}. The list is published; only what was said of it is lost");
    }
}

fn read(path: &Path) -> crate::Result<Plan> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Error::Config(format!("cannot read the plan of the exchange, {}: {e}", path.display())))?;
    Plan::from_json(&text)
}
