//! Units at the same time, and the streams between them: opened before the units begin, finished, left or broken off as each ends.

use super::pass::{Attempt, Work, lock};
use super::sub_flow::run_unit;
use crate::run::prepare::{NodeFault, Unit};
use crate::streams::Stream;
use pypeline_schema::fault::{Fault, FaultKind};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Runs the units of a wave; all are waited for.
pub(super) async fn run(work: &Work, wave: &[(u32, Unit)]) -> Result<(), Vec<NodeFault>> {
    if let [(number, unit)] = wave {
        return run_unit(work, *number, unit).await;
    }
    let attempt = &work.attempt;
    let streams = open(work, wave);
    let mut running = JoinSet::new();
    for (number, unit) in wave {
        let (work, number, unit) = (work.clone(), *number, unit.clone());
        running.spawn(async move { run_beside_others(&work, number, &unit).await });
    }
    let (mut faults, mut is_stopping) = (Vec::new(), false);
    loop {
        let ended = tokio::select! {
            ended = running.join_next() => ended,
            () = attempt.cancel.cancelled(), if !is_stopping => {
                is_stopping = true;
                streams.iter().for_each(|stream| stream.break_off());
                continue;
            }
        };
        match ended {
            None => break,
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(mut found))) => faults.append(&mut found),
            Some(Err(error)) => {
                streams.iter().for_each(|stream| stream.break_off());
                let fault = Fault::new(FaultKind::Panic, format!("the engine panicked: {error}"));
                let blame = wave.first().and_then(|(_, unit)| unit.nodes().first()).copied().unwrap_or_default();
                faults.push((blame, Box::new(fault)));
            }
        }
    }
    let is_broken = streams.iter().any(|stream| stream.is_broken());
    lock(&attempt.streams).clear();
    faults.sort_by_key(|(node, _)| *node);
    // Broken off without a fault of anybody: all is to stop.
    if faults.is_empty() && !is_broken { Ok(()) } else { Err(faults) }
}

/// The streams between the units of a wave.
fn open(work: &Work, wave: &[(u32, Unit)]) -> Vec<Arc<Stream>> {
    if work.plan.streams.is_empty() {
        return Vec::new();
    }
    let pairs = &work.attempt.shared.job.index.pairs;
    let is_here = |node: usize| wave.iter().any(|(_, unit)| unit.nodes().contains(&node));
    let mut streams = lock(&work.attempt.streams);
    for link in &work.plan.streams {
        if pairs.get(*link).is_some_and(|(from, to)| is_here(*from) && is_here(*to)) {
            streams.insert(*link, Arc::default());
        }
    }
    streams.values().cloned().collect()
}

/// The streams of a unit.
struct Ends {
    reads: Vec<Arc<Stream>>,
    writes: Vec<(usize, Arc<Stream>)>,
}

impl Ends {
    fn of(attempt: &Attempt, unit: &Unit) -> Self {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        let pairs = &attempt.shared.job.index.pairs;
        for (link, stream) in lock(&attempt.streams).iter() {
            let Some((from, to)) = pairs.get(*link) else { continue };
            if unit.nodes().contains(to) {
                reads.push(Arc::clone(stream));
            }
            if unit.nodes().contains(from) {
                writes.push((*from, Arc::clone(stream)));
            }
        }
        Self { reads, writes }
    }

    fn are_broken(&self) -> bool {
        self.reads.iter().chain(self.writes.iter().map(|(_, stream)| stream)).any(|stream| stream.is_broken())
    }

    fn break_off(&self) {
        self.reads.iter().chain(self.writes.iter().map(|(_, stream)| stream)).for_each(|stream| stream.break_off());
    }
}

/// A unit whose rows may come from others, and go to others, that run now. It begins when the columns of its streams are known. What
/// is only the echo of another's failure is no fault.
async fn run_beside_others(work: &Work, number: u32, unit: &Unit) -> Result<(), Vec<NodeFault>> {
    let attempt: &Attempt = &work.attempt;
    let ends = Ends::of(attempt, unit);
    for stream in &ends.reads {
        if stream.opened().await.is_none() {
            ends.break_off();
            return Err(Vec::new());
        }
    }
    let ended = match run_unit(work, number, unit).await {
        Err(_) if ends.are_broken() => Err(Vec::new()),
        Ok(()) => finish(&ends),
        failed => failed,
    };
    match &ended {
        Ok(()) => ends.reads.iter().for_each(|stream| stream.leave()),
        Err(_) => ends.break_off(),
    }
    ended
}

/// All rows are sent.
fn finish(ends: &Ends) -> Result<(), Vec<NodeFault>> {
    for (node, stream) in &ends.writes {
        stream.finish().map_err(|fault| vec![(*node, fault)])?;
    }
    Ok(())
}
