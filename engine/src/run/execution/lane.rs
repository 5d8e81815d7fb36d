//! Lanes: what follows one another without a branch between runs in one task, so that no step costs a change of threads.

use super::Shared;
use super::core::{Task, Turn};
use super::pass::{Pass, lock};
use super::sub_flow;
use crate::run::prepare::NodeFault;
use crate::scheduling::Outcome;
use std::future::Future;
use std::sync::Arc;

/// Passes after which a lane lets others have the thread.
const PASSES_PER_TURN: u32 = 64;

impl Shared {
    /// Performs what a turn of the scheduler has led to, in lanes of its own.
    pub(super) fn perform(self: &Arc<Self>, turn: Turn) {
        if !turn.is_empty() {
            let shared = Arc::clone(self);
            self.spawn(async move { shared.follow(turn).await });
        }
    }

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static) {
        // Boxed: a lane spawns lanes, and its type must not contain itself.
        self.workers.begin(Box::pin(lane));
    }

    /// The first task goes on in this lane, every other in one of its own.
    async fn follow(self: &Arc<Self>, mut turn: Turn) {
        let mut passes = 0_u32;
        loop {
            let mut tasks = std::mem::take(&mut turn.tasks).into_iter();
            let next = tasks.next();
            let mut has_others = false;
            for task in tasks {
                self.perform(Turn::of(task));
                has_others = true;
            }
            if has_others || turn.has_stopped {
                // A worker keeps what it has spawned or woken last to itself, for when its task waits. This one may never: let it
                // keep nothing of worth, so that the other lanes can be taken by other workers.
                self.workers.begin_nothing();
            }
            if !turn.instances.is_empty() {
                self.tear_down(std::mem::take(&mut turn.instances)).await;
            }
            if turn.is_finished {
                self.finished.notify_one();
            }
            turn = match next {
                Some(Task::Pass(pass)) => match sub_flow::run(self, &pass, None).await {
                    Some((outcome, faults)) => self.ended(&pass, outcome, faults),
                    None => return,
                },
                Some(Task::GoOn(pass, end)) => match sub_flow::run(self, &pass, Some(end)).await {
                    Some((outcome, faults)) => self.ended(&pass, outcome, faults),
                    None => return,
                },
                Some(Task::Restored(run, outcome)) => {
                    lock(&self.core).turn(self, |scheduler, commands| scheduler.ended(run, outcome, commands))
                }
                None => return,
            };
            passes += 1;
            if passes.is_multiple_of(PASSES_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Tells the scheduler of the end of a pass.
    fn ended(self: &Arc<Self>, pass: &Pass, outcome: Outcome, faults: Vec<NodeFault>) -> Turn {
        // Each holds the other: together they would stay for ever.
        *lock(&pass.current) = None;
        let mut core = lock(&self.core);
        core.passes.remove(&pass.run);
        if outcome == Outcome::Failed {
            core.faults.insert(pass.run, faults);
        }
        core.turn(self, |scheduler, commands| scheduler.ended(pass.run, outcome, commands))
    }
}
