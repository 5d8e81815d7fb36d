//! `return_sink`: the rows that a job gives to the job which runs it.

use crate::names;
use pypeline_sdk::prelude::*;

/// Under which name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnSinkConfig {
    /// Name of the caller's cache that takes the rows, where the caller does not choose another
    #[serde(default = "rows")]
    name: String,
}

fn rows() -> String {
    "rows".to_owned()
}

pub struct ReturnSink;

impl Module for ReturnSink {
    type Config = ReturnSinkConfig;
    const MANIFEST: Manifest = Manifest::sink("return_sink")
        .category("Control")
        .description("Gives rows to the flow that runs this one by `run_flow_solo`")
        .globals(&["row_count"])
        .lowers()
        .service();

    fn lower(config: &ReturnSinkConfig, _: &Ports) -> Result<Lowering> {
        names::cache("name", &config.name)?;
        Ok(Lowering::Service(Service::ReturnRows { name: config.name.clone() }))
    }
}
