//! Monitoring: what has become of those on earlier lists, how good the risks turned out to be, and whether outreach
//! helps.
//!
//! | file | holds |
//! |---|---|
//! | `lists` | whom the published runs named |
//! | `history` | what has become of customers, by the same definition as a label |
//! | `left_alone` | who was left alone, and for how many customers each of them stands |
//! | `outcomes` | a run with its outcomes, `outcomes.parquet` |
//! | `weighted` | figures about predictions on customers who stand for others |
//! | `performance` | how good a run turned out to be, and what is to be done about its model |
//! | `effect`, `effect_table` | the effect of outreach, `effect.parquet` |
//! | `strata`, `sequence` | its statistics: pooled differences, and an interval that is valid at every look |
//! | `worth` | what contact changes for one customer, as far as one outcome can tell |
//! | `response/` | whether customers respond differently, and to what: `response.json` |
//! | `leavers` | the last reasons of those who left, `leavers.parquet` |
//! | `drift/` | how the rows of a run differ from those of its model's training |
//! | `figures` | the tidy table of all of them, `metrics.parquet` |
//! | `verdict` | what a figure asks for, by rules |
//! | `words` | the effect in sentences |
//! | `state` | what need not be found again, `manifest.json` |
//! | `track_record` | what has become of a model's lists, for the registry's tables |
//! | `page` | `monitor.html` |
//!
//! The trap of the trade: acting on a list makes its model look worse. So a run is judged on customers who were left
//! alone.

pub mod drift;
pub mod effect;
pub mod effect_table;
pub mod figures;
pub mod history;
pub mod leavers;
pub mod left_alone;
pub mod lists;
pub mod outcomes;
pub mod page;
pub mod performance;
pub mod response;
pub mod sequence;
pub mod state;
pub mod strata;
pub mod track_record;
pub mod verdict;
pub mod weighted;
pub mod words;
pub mod worth;

#[cfg(test)]
mod tests {
    use super::{effect_table, figures, leavers, outcomes};
    use crate::documentation::{columns_of, hold_tables};

    #[test]
    fn the_tables_of_columns_are_written_from_their_definitions() {
        let tables = [
            ("columns of the outcomes", columns_of(outcomes::columns())),
            ("columns of the figures", columns_of(figures::COLUMNS)),
            ("columns of the effect", columns_of(effect_table::COLUMNS)),
            ("columns of those who left", columns_of(leavers::columns())),
        ];
        hold_tables("docs/monitoring.md", &tables);
    }
}
