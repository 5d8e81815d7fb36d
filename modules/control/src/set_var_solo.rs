//! `set_var_solo`: values under names, for the templates and conditions of later steps.

use crate::names;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The variables.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVarConfig {
    /// Names and values; each is a global of the node, `{{ node__name }}`
    vars: BTreeMap<String, Value>,
}

pub struct SetVar(SetVarConfig);

impl Module for SetVar {
    type Config = SetVarConfig;
    const MANIFEST: Manifest = Manifest::solo("set_var_solo")
        .category("Control")
        .description("Sets variables that later steps use")
        .globals_of("vars");

    fn create(config: SetVarConfig) -> Result<Self> {
        let mut seen = BTreeSet::new();
        for name in config.vars.keys() {
            names::variable("vars", name)?;
            // Globals are found whatever the case: the second would silently take the place of the first.
            if !seen.insert(name.to_lowercase()) {
                return Err(Error::config(format!("`{name}` is given twice: case makes no difference"))
                    .with("key", "vars")
                    .help("choose another name for one of them"));
            }
        }
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        for (name, value) in &self.0.vars {
            io.context.set_global(name, value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> Result<SetVar> {
        SetVar::create(SetVarConfig { vars: names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect() })
    }

    #[test]
    fn names_are_checked_before_anything_is_set() {
        assert!(with(&["a", "b_2"]).is_ok());
        for bad in [&["a", "b c"][..], &["last_id", "Last_Id"]] {
            let fault = with(bad).err().expect("refused").into_fault();
            assert_eq!(fault.context, [("key".to_owned(), "vars".to_owned())]);
        }
    }
}
