//! The cards of the models: what has become of the lists of each, beside what its evaluation promised.

use super::judge::World;
use crate::error::Result;
use crate::monitoring::track_record::TrackRecords;
use std::collections::BTreeSet;

/// Enters the outcomes that were written last into the card of every model that made a list. A registry that cannot be
/// written is told, and stops nothing: `churn models show` reads the same from where they were written.
pub(super) fn tell(world: &World<'_>) -> Result<()> {
    let Ok(records) = TrackRecords::read(world.settings())? else { return Ok(()) };
    let champion = match world.registry.champion() {
        Ok(champion) => champion,
        Err(error) => {
            world.job.warn(format!("the cards of the models lack what has become of their lists: {error}"));
            return Ok(());
        }
    };
    let versions: BTreeSet<&str> = world.lists.iter().map(|list| list.run.model_version.as_str()).collect();
    for version in versions {
        // A model that has been deleted since has no card.
        let Ok(model) = world.registry.load(version) else { continue };
        let Ok(record) = records.of(&model, champion.first_promoted(version)) else { continue };
        if let Err(error) = world.registry.tell_outcomes(&model, &record.markdown()) {
            world.job.warn(format!("the card of model {version} lacks what has become of its lists: {error}"));
        }
    }
    Ok(())
}
