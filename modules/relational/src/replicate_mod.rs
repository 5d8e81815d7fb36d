//! `replicate_mod`: the same rows for several readers.

use pypeline_sdk::lowering::select;
use pypeline_sdk::prelude::*;

/// There is nothing to say: link its output as often as it is needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplicateConfig {}

pub struct Replicate;

impl Module for Replicate {
    type Config = ReplicateConfig;
    const MANIFEST: Manifest = Manifest::transform("replicate_mod")
        .category("Rows")
        .description("Hands on its rows as they are, to as many readers as its output is linked to; any other output port may be linked so too")
        .globals(&["row_count"])
        .lowers();

    fn lower(_: &ReplicateConfig, _: &Ports) -> Result<Lowering> {
        Ok(select("output", "SELECT * FROM input"))
    }
}
