//! `cache_source`: the rows that a `cache_sink` kept, or a job returned, earlier in the run.

use crate::names;
use pypeline_sdk::prelude::*;

/// Where the rows are kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheSourceConfig {
    /// Name under which the rows are kept
    cache: String,
}

pub struct CacheSource;

impl Module for CacheSource {
    type Config = CacheSourceConfig;
    const MANIFEST: Manifest = Manifest::source("cache_source")
        .category("Caches")
        .description("Gives the rows that are kept under a name")
        .globals(&["row_count"])
        .lowers()
        .service();

    fn lower(config: &CacheSourceConfig, _: &Ports) -> Result<Lowering> {
        names::cache("cache", &config.cache)?;
        Ok(Lowering::Service(Service::CacheRead { cache: config.cache.clone() }))
    }
}
