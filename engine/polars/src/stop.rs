//! Why rows stop coming: the run is stopping, or the stage has outgrown its memory. Whoever makes rows asks before each batch.

use crate::fault::{CANCELLED, OUTGROWN};
use polars::prelude::{PolarsError, PolarsResult};
use pypeline_engine::executor::Stage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What may stop a stage.
#[derive(Clone)]
pub(crate) struct Stop {
    cancelled: Arc<AtomicBool>,
    outgrown: Option<Arc<AtomicBool>>,
}

impl Stop {
    pub(crate) fn of(stage: &Stage) -> Self {
        let outgrown = stage.memory.as_ref().map(|memory| Arc::clone(&memory.outgrown));
        Self { cancelled: Arc::clone(&stage.cancelled), outgrown }
    }

    /// An error once the stage is to stop.
    pub(crate) fn ask(&self) -> PolarsResult<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(PolarsError::ComputeError(CANCELLED.into()));
        }
        match &self.outgrown {
            Some(outgrown) if outgrown.load(Ordering::Relaxed) => Err(PolarsError::ComputeError(OUTGROWN.into())),
            _ => Ok(()),
        }
    }
}
