//! Whether a failed attempt is followed by another, and when.

use super::Shared;
use super::pass::History;
use crate::run::prepare::NodeFault;
use pypeline_schema::manifest::Effect;
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Attempts after the first where the flow does not say.
const DEFAULT_RETRIES: u64 = 1;

/// Seconds before the second attempt where the flow does not say.
const DEFAULT_DELAY: f64 = 1.0;

/// Longest pause between two attempts, in seconds.
const MAX_DELAY: f64 = 300.0;

/// Seconds until the next attempt; none if there is to be none. Doubled each time; of each pause one half is fixed and one is
/// left to chance ("equal jitter"; M. Brooker, "Exponential Backoff And Jitter", 2015), so that many that failed together do not
/// come back together.
pub(super) fn delay(shared: &Shared, sub_flow: usize, faults: &[NodeFault], history: &mut History) -> Option<f64> {
    let (at, _) = faults.first()?;
    if !faults.iter().all(|(_, fault)| fault.transient) {
        return None;
    }
    let node = shared.job.dag.nodes.get(*at)?;
    let settings = &shared.job.metadata.settings;
    let of_node = node.misc.get("retries").and_then(Value::as_u64);
    // What may repeat its effect is repeated only where the failing node says so.
    let repeats = |at: &usize| shared.job.dag.nodes.get(*at).is_some_and(|node| node.effect == Effect::AtLeastOnce);
    if of_node.is_none() && shared.nodes(sub_flow).iter().any(repeats) {
        return None;
    }
    let allowed = of_node.or(settings.retries.map(u64::from)).unwrap_or(DEFAULT_RETRIES);
    let count = history.failures.entry(*at).or_default();
    *count += 1;
    (*count <= allowed).then(|| pause(settings.retry_delay.unwrap_or(DEFAULT_DELAY), *count, chance()))
}

/// The pause before attempt `count + 1`; `chance` from 0 to 1.
fn pause(base: f64, count: u64, chance: f64) -> f64 {
    let doublings = i32::try_from(count.saturating_sub(1)).unwrap_or(30).min(30);
    let whole = (base.max(0.0) * 2_f64.powi(doublings)).min(MAX_DELAY);
    whole / 2.0 + whole / 2.0 * chance
}

/// A number from 0 to 1, another one each time: the standard library keys its hashers at random.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_are_spread() {
        assert_eq!([1, 2, 3].map(|count| pause(2.0, count, 1.0)), [2.0, 4.0, 8.0]);
        assert_eq!([1, 2, 3].map(|count| pause(2.0, count, 0.0)), [1.0, 2.0, 4.0]);
        assert_eq!((pause(2.0, 60, 1.0), pause(0.0, 3, 0.5)), (MAX_DELAY, 0.0));
        let draws: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        assert!(draws.iter().any(|draw| *draw < 0.5) && draws.iter().any(|draw| *draw > 0.5));
    }
}
