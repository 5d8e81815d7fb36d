//! Stages that work in parts do so one after another: each takes what the run may hold, and two at once would hold twice as much. No stage that
//! waits here is waited for, as rows never stream into a stage that works in parts, nor out of it.

use crate::stop::Stop;
use polars::prelude::PolarsResult;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks at what may stop whoever waits.
const PERIOD: Duration = Duration::from_millis(20);

static IS_TAKEN: Mutex<bool> = Mutex::new(false);
static GIVEN_BACK: Condvar = Condvar::new();

/// The right to work in parts, until this is dropped.
pub(super) struct Turn(());

impl Turn {
    /// Waits for it; an error if the stage is stopped before.
    pub(super) fn take(stop: &Stop) -> PolarsResult<Self> {
        let mut is_taken = IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        while *is_taken {
            stop.ask()?;
            let waited = GIVEN_BACK.wait_timeout(is_taken, PERIOD);
            (is_taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *is_taken = true;
        Ok(Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *IS_TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        GIVEN_BACK.notify_one();
    }
}
