//! A step that logs what it sees around it: the item of its loop, and a global of another node.

use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;

/// Whose global to look at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AroundConfig {
    /// Id of a node
    node: String,
    /// Name of its global
    name: String,
}

pub struct Around(AroundConfig);

impl Module for Around {
    type Config = AroundConfig;
    const MANIFEST: Manifest =
        Manifest::solo("around_solo").category("Demo").description("Logs its item and a global of another node");

    fn create(config: AroundConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let context = &io.context;
        let global: Option<Value> = context.get_global(&self.0.node, &self.0.name)?;
        let item: Option<Value> = context.iter_item()?;
        let shown = |value: Option<Value>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        let index = context.iter_index().map_or_else(|| "none".to_owned(), |index| index.to_string());
        context.info(format!("global {}, item {}, index {index}", shown(global), shown(item)));
        Ok(())
    }
}
