//! What no module can block: a thread that waits for the end, for signals, and for what takes too long.

use super::Shared;
use super::cancel::Signals;
use super::core::{Task, Turn};
use super::pass::{Attempt, Pass, lock};
use super::watch::Due;
use crate::run::report::Ended;
use pypeline_schema::event::{Event, StopReason};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::run_result::{RunResult, State};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Pause between two looks at what is to be written down.
const TICK: Duration = Duration::from_millis(200);

/// Share of the grace period after which a module that could be dropped is: the rest is for its teardown.
pub(super) const DROP_SHARE: f64 = 0.6;

/// Pause between two looks at teardowns that are going on.
const LOOK: Duration = Duration::from_millis(2);

/// How long after the grace period the run waits for its own bookkeeping, at most.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Share of the grace period that this is at most: a job within a job has to be quick about it.
const LAST_SHARE: f64 = 0.1;

/// Runs to the end; whatever happens is in the result.
pub(in crate::run) async fn conduct(shared: &Arc<Shared>, record: Option<String>) -> RunResult {
    let flow = lock(&shared.core).frame(crate::scheduling::FLOW);
    shared.journal.tell(&flow, shared.values.identity().started(&shared.job));
    let mut signals = if shared.depth == 0 { Signals::listen() } else { Signals::none() };
    let far = Duration::from_secs(u64::from(u32::MAX));
    let limit = shared.job.metadata.settings.timeout.map(|seconds| Duration::from_secs(seconds).min(far));
    let timeout = tokio::time::sleep(limit.unwrap_or(far));
    let patience = tokio::time::sleep(far);
    tokio::pin!(timeout, patience);
    let mut tick = tokio::time::interval(TICK);
    let (mut fault, mut stopped_by, mut is_stopping) = (None, None, false);
    let turn = lock(&shared.core).turn(shared, |scheduler, commands| scheduler.begin(commands));
    shared.perform(turn);
    loop {
        tokio::select! {
            () = shared.finished.notified() => break,
            () = &mut patience, if is_stopping => break,
            code = signals.next(), if !is_stopping => {
                stopped_by = Some(code);
                shared.cancel(if code == 130 { StopReason::Interrupted } else { StopReason::Terminated });
                is_stopping = true;
                patience.as_mut().reset(last_time(shared));
                let seconds = shared.grace.as_secs_f64();
                tracing::warn!("stopping: what runs has {seconds} s to end; a second signal ends at once");
            }
            () = shared.caller_stops(), if !is_stopping => {
                stopped_by = Some(143);
                shared.cancel(StopReason::Caller);
                is_stopping = true;
                patience.as_mut().reset(last_time(shared));
            }
            () = &mut timeout, if limit.is_some() && !is_stopping => {
                let seconds = limit.unwrap_or_default().as_secs_f64();
                let name = shared.job.dag.flow.name.clone();
                shared.journal.tell(&flow, Event::Timeout { what: "run".to_owned(), name, seconds });
                if fault.is_none() {
                    let text = format!("the run took longer than its timeout of {seconds} s");
                    fault = Some(Fault::new(FaultKind::Timeout, text));
                    shared.halt();
                    // What `error` and `always` links open has as long again.
                    timeout.as_mut().reset(tokio::time::Instant::now() + limit.unwrap_or_default());
                } else {
                    shared.cancel(StopReason::Timeout);
                    is_stopping = true;
                    patience.as_mut().reset(last_time(shared));
                }
            }
            () = shared.watch.wait() => {
                shared.look_at_the_clock();
                if shared.is_lost.load(Ordering::Acquire) && !is_stopping {
                    is_stopping = true;
                    patience.as_mut().reset(last_time(shared));
                }
            }
            _ = tick.tick() => shared.journal.flush(),
        }
    }
    shared.watch.clear();
    // A run that was asked to stop keeps to its grace period here, too.
    let left_of_grace = patience.deadline().saturating_duration_since(tokio::time::Instant::now()).max(LAST_WORDS);
    let limit = if is_stopping { left_of_grace.min(shared.grace) } else { shared.grace };
    let last = Instant::now() + limit;
    // Scopes in the background may have kept instances after their loop had ended.
    let left = shared.instances.take_all(None);
    shared.tearing.fetch_add(left.len(), Ordering::AcqRel);
    // What has not ended by then goes with the process.
    let _ = tokio::time::timeout(limit, shared.tear_down(left)).await;
    while shared.tearing.load(Ordering::Acquire) > 0 && Instant::now() < last {
        tokio::time::sleep(LOOK).await;
    }
    let failed = fault.is_some() || shared.is_lost.load(Ordering::Acquire) || shared.ledger.failures().is_fatal();
    let (state, exit_code) = match (stopped_by, failed) {
        (Some(code), _) => (State::Cancelled, code),
        (None, true) => (State::Failed, 1),
        (None, false) => (State::Succeeded, 0),
    };
    let (mut state, mut exit_code) = (state, exit_code);
    if let Err(broken) = shared.checkpoints.finish(state.as_str()) {
        tracing::error!("{broken}");
        if state == State::Succeeded {
            (state, exit_code) = (State::Failed, 1);
            fault.get_or_insert(*broken);
        }
    }
    let seconds = shared.journal.elapsed();
    shared.journal.tell(&flow, Event::RunFinished { state, exit_code, seconds });
    shared.journal.flush();
    let ended = Ended { state, exit_code, seconds, fault, record };
    shared.ledger.result(&shared.job, &shared.links, shared.values.run_id(), ended)
}

/// When a run that is stopping ends whatever is still there.
fn last_time(shared: &Shared) -> tokio::time::Instant {
    tokio::time::Instant::now() + shared.grace + LAST_WORDS.min(shared.grace.mul_f64(LAST_SHARE).max(LOOK))
}

impl Shared {
    async fn caller_stops(&self) {
        match &self.caller {
            Some(caller) => caller.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Nothing more begins, and what runs is asked to stop.
    fn cancel(self: &Arc<Self>, reason: StopReason) {
        let mut core = lock(&self.core);
        core.stop_reason = reason;
        let turn = core.turn(self, |scheduler, commands| scheduler.cancel(commands));
        drop(core);
        self.perform(turn);
    }

    /// What runs is asked to stop; only `error` and `always` links open from now on.
    fn halt(self: &Arc<Self>) {
        let mut core = lock(&self.core);
        core.stop_reason = StopReason::Timeout;
        let turn = core.turn(self, |scheduler, commands| scheduler.halt(commands));
        core.stop_reason = StopReason::Failure;
        drop(core);
        self.perform(turn);
    }

    /// Asks a sub flow to stop, with all attempts to come.
    pub(super) fn stop_pass(&self, pass: &Pass) {
        pass.stop.cancel();
        let attempt = lock(&pass.current).clone();
        if let Some(attempt) = attempt {
            self.stop(&attempt);
        }
    }

    /// Asks an attempt to stop; if it does not within the grace period, it is given up.
    pub(super) fn stop(&self, attempt: &Arc<Attempt>) {
        if !attempt.cancel.is_cancelled() {
            attempt.cancel.cancel();
            let entry = self.watch.add(self.grace, Due::Abandon(Arc::clone(attempt)));
            *lock(&attempt.last_time) = entry;
            // It may have ended in between.
            if attempt.has_ended() {
                attempt.close();
            }
        }
    }

    fn look_at_the_clock(self: &Arc<Self>) {
        for due in self.watch.due() {
            match due {
                Due::Attempt(attempt, seconds) => {
                    let name = self.sub_flow_name(attempt.pass.sub_flow).to_owned();
                    self.timed_out(&attempt, "sub flow", name, None, seconds);
                }
                Due::Node(attempt, node, seconds) => {
                    let name = self.node_id(node).to_owned();
                    self.timed_out(&attempt, "node", name, Some(node), seconds);
                }
                Due::Abandon(attempt) => self.abandon(attempt),
            }
        }
    }

    fn timed_out(&self, attempt: &Arc<Attempt>, what: &str, name: String, node: Option<usize>, seconds: f64) {
        let text = format!("{what} `{name}` took longer than its timeout of {seconds} s");
        let fault = Fault::new(FaultKind::Timeout, text).transient();
        lock(&attempt.timed_out).get_or_insert((node, fault));
        self.journal.tell(&attempt.pass.frame, Event::Timeout { what: what.to_owned(), name, seconds });
        self.stop(attempt);
    }

    /// The grace is over: somebody else goes on in the attempt's place, and nothing that it does later counts.
    fn abandon(self: &Arc<Self>, attempt: Arc<Attempt>) {
        if attempt.is_publishing() {
            // It is about to end, one way or the other.
            self.watch.add(TICK, Due::Abandon(attempt));
            return;
        }
        if !attempt.abandon() {
            return;
        }
        let goes_on = self.workers.lose(attempt.generation);
        let sub_flow = self.sub_flow_name(attempt.pass.sub_flow).to_owned();
        tracing::warn!("sub flow {sub_flow} was asked to stop, did not end in time, and is given up");
        self.journal.tell(&attempt.pass.frame, Event::Abandoned { sub_flow });
        let text = "it was asked to stop, and did not end in time";
        let running = lock(&attempt.nodes).iter().find(|node| node.state == State::Running).map(|node| node.node);
        let node = running.or_else(|| self.nodes(attempt.pass.sub_flow).first().copied()).unwrap_or_default();
        let faults = vec![(node, Box::new(Fault::new(FaultKind::Timeout, text)))];
        let pass = Arc::clone(&attempt.pass);
        self.perform(Turn::of(Task::GoOn(pass, (attempt, faults))));
        if !goes_on {
            tracing::error!(
                "too many modules have been given up that never let go of their workers: the run is stopped"
            );
            self.cancel(StopReason::Failure);
            self.is_lost.store(true, Ordering::Release);
        }
    }
}
