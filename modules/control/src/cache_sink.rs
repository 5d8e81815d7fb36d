//! `cache_sink`: rows that a later sub flow of the run reads, kept by the engine.

use crate::names;
use pypeline_sdk::lowering::{CacheMode, CacheWrite};
use pypeline_sdk::prelude::*;

/// Where the rows are kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheSinkConfig {
    /// Name under which the rows are kept
    cache: String,
    /// What to do with rows that are kept there: `overwrite` or `append`
    #[serde(default)]
    mode: CacheMode,
}

pub struct CacheSink;

impl Module for CacheSink {
    type Config = CacheSinkConfig;
    const MANIFEST: Manifest = Manifest::sink("cache_sink")
        .category("Caches")
        .description("Keeps rows under a name for later sub flows of the run")
        .globals(&["row_count"])
        .lowers()
        .service();

    fn lower(config: &CacheSinkConfig, _: &Ports) -> Result<Lowering> {
        names::cache("cache", &config.cache)?;
        Ok(Lowering::Service(Service::CacheWrite(CacheWrite { cache: config.cache.clone(), mode: config.mode })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_sdk::serde_json::{from_value, json};

    #[test]
    fn rows_replace_what_is_kept_unless_they_are_to_follow_it() {
        let lower = |config| CacheSink::lower(&from_value(config).unwrap(), &Ports::default());
        let expected = |mode| Lowering::Service(Service::CacheWrite(CacheWrite { cache: "new".to_owned(), mode }));
        assert_eq!(lower(json!({"cache": "new"})).unwrap(), expected(CacheMode::Overwrite));
        assert_eq!(lower(json!({"cache": "new", "mode": "append"})).unwrap(), expected(CacheMode::Append));
        assert!(lower(json!({"cache": "../new"})).is_err());
    }
}
