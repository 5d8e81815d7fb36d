//! How long a read may take with all its logins and attempts, and how long to pause between attempts.

use crate::failure::Failure;
use std::collections::hash_map::RandomState;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;
use tokio::time::Instant;

/// The pause after the first attempt, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The end of one read's time.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    ends: Instant,
    whole: Duration,
}

impl Deadline {
    /// Begins now.
    pub fn after(whole: Duration) -> Self {
        Self { ends: Instant::now() + whole, whole }
    }

    /// What is left of it.
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Waits for something, not longer than this.
    pub async fn wait<T>(&self, what: &str, future: impl Future<Output = T>) -> Result<T, Failure> {
        let waited = tokio::time::timeout_at(self.ends, future).await;
        waited.map_err(|_| {
            let whole = self.whole.as_secs_f64();
            Failure::unavailable(format!("{what} took longer than the {whole} s that a read may take"))
        })
    }

    /// Makes attempts until one succeeds or fails for good, or until the time is up.
    pub async fn patiently<T, F, A>(&self, mut attempt: F) -> Result<T, Failure>
    where
        F: FnMut() -> A,
        A: Future<Output = Result<T, Failure>>,
    {
        let mut made = 0;
        let mut before: Option<Failure> = None;
        loop {
            let failure = match attempt().await {
                Ok(done) => return Ok(done),
                Err(failure) if !failure.is_transient() => return Err(failure),
                Err(failure) => failure,
            };
            made += 1;
            let failure = before.take().filter(|_| failure.is_cut).unwrap_or(failure);
            let pause = failure.wait.unwrap_or_default().max(pause(made));
            if pause >= self.left() {
                return Err(self.gave_up(failure, made));
            }
            tracing::debug!(attempt = made, "{}; once more in {} ms", failure.message, pause.as_millis());
            tokio::time::sleep(pause).await;
            before = Some(failure);
        }
    }

    fn gave_up(&self, mut failure: Failure, made: u32) -> Failure {
        let whole = self.whole.as_secs_f64();
        let asked = match failure.wait.filter(|wait| !wait.is_zero()) {
            Some(wait) => format!("; it asks to be left alone for {} s", wait.as_secs()),
            None => String::new(),
        };
        let attempts = if made == 1 { "1 attempt".to_owned() } else { format!("{made} attempts") };
        failure.message.push_str(&format!("{asked} (gave up after {attempts}; a read may take {whole} s)"));
        failure
    }
}

/// Grows with the attempts made; half of it is chance, so that many who failed together do not come back together.
fn pause(made: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << made.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    let chance = RandomState::new().build_hasher().finish() % 1000;
    longest / 2 + longest.mul_f64(chance as f64 / 2000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_the_longest() {
        for (made, longest) in [(1, 100), (2, 200), (4, 800), (7, 5000), (40, 5000)] {
            let pause = pause(made).as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{made}: {pause}");
        }
    }
}
