//! `context_load_sink`: context variables out of rows, for what is known only when the run goes on.

use pypeline_sdk::lowering::{ContextLoad, OnUnknown};
use pypeline_sdk::prelude::*;

/// Which columns have names and values.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextLoadConfig {
    /// Column of the names
    #[serde(default = "key")]
    key_column: String,
    /// Column of the values
    #[serde(default = "value")]
    value_column: String,
    /// What to do with a name that the flow does not declare: `warn` takes it and says so, `fail` or `ignore`
    #[serde(default)]
    on_unknown: OnUnknown,
}

fn key() -> String {
    "key".to_owned()
}

fn value() -> String {
    "value".to_owned()
}

pub struct ContextLoadSink;

impl Module for ContextLoadSink {
    type Config = ContextLoadConfig;
    const MANIFEST: Manifest = Manifest::sink("context_load_sink")
        .category("Control")
        .description("Sets context variables from rows of names and values")
        .globals(&["row_count"])
        .lowers()
        .service();

    fn lower(config: &ContextLoadConfig, _: &Ports) -> Result<Lowering> {
        if config.key_column == config.value_column {
            return Err(Error::config(format!("`{}` cannot be both the names and the values", config.key_column))
                .with("key", "value_column"));
        }
        Ok(Lowering::Service(Service::ContextLoad(ContextLoad {
            key_column: config.key_column.clone(),
            value_column: config.value_column.clone(),
            on_unknown: config.on_unknown,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_sdk::serde_json::{from_value, json};

    #[test]
    fn names_and_values_are_two_columns() {
        let lower = |config| ContextLoadSink::lower(&from_value(config).unwrap(), &Ports::default());
        let expected = ContextLoad { key_column: key(), value_column: value(), on_unknown: OnUnknown::Warn };
        assert_eq!(lower(json!({})).unwrap(), Lowering::Service(Service::ContextLoad(expected)));
        assert!(lower(json!({"key_column": "value"})).is_err());
    }
}
