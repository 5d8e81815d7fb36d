//! What checks configurations once their templates have values. It takes longer to make than to use, and each item of a loop needs it:
//! it is made once for each module.

use crate::config;
use crate::config::leaves::{Pattern, patterns};
use crate::json_schema::Checker;
use pypeline_schema::manifest::ModuleManifest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What checks the configurations of one module.
pub(in crate::run) struct Check {
    /// Its schema.
    pub checker: Checker,
    /// Where expressions and queries stand.
    pub patterns: Vec<Pattern>,
}

/// Those that were needed so far, by the place of the module's metadata, which nodes of one module share.
#[derive(Default)]
pub(in crate::run) struct Checks(Mutex<HashMap<usize, Arc<Check>>>);

impl Checks {
    /// That of a module; the error says why its schema is none.
    pub(in crate::run) fn of(&self, module: &Arc<ModuleManifest>) -> Result<Arc<Check>, String> {
        let place = Arc::as_ptr(module).addr();
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = known().get(&place) {
            return Ok(Arc::clone(check));
        }
        let check = Arc::new(Check { checker: config::checker(module)?, patterns: patterns(module) });
        known().insert(place, Arc::clone(&check));
        Ok(check)
    }
}
