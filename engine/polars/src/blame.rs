//! Which node's SELECT it was that failed over its rows. The engine's error does not say: nodes are one plan. So each SELECT is run
//! once more by itself, with all that leads to it, as far as the stage had come.

use crate::fault::CANCELLED;
use crate::plan::plan;
use crate::sink;
use polars::prelude::{Engine, LazyFrame};
use pypeline_engine::executor::{LinkSource, Stage, StageLink, Work};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// It is only for the message: nobody waits longer for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Batches are worked on at the same time: the one that failed may be as many rows behind the last that was counted.
const MARGIN: u64 = 2_000_000;

/// The node, if it is found in time.
pub(crate) fn search(stage: &Stage) -> Option<String> {
    if stage.links.iter().any(|link| !can_be_read_again(&link.from)) {
        return None;
    }
    let due = Instant::now() + PATIENCE;
    let again = copy(stage)?;
    let selects = plan(&again).ok()?.selects;
    let read: Vec<u64> = stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed)).collect();
    for (at, frame) in selects {
        match fails(&again, frame, &read, due) {
            Some(true) => return again.nodes.get(at).map(|node| node.id.clone()),
            Some(false) => {}
            None => return None,
        }
    }
    None
}

fn can_be_read_again(from: &LinkSource) -> bool {
    matches!(from, LinkSource::Port(..) | LinkSource::Table(_))
}

/// The same stage with counters of its own, which nothing stops from outside; none if there is no choice of SELECTs.
fn copy(stage: &Stage) -> Option<Stage> {
    let n_selects = stage.nodes.iter().filter(|node| matches!(node.work, Work::Select(_))).count();
    if n_selects < 2 {
        return None;
    }
    let link = |link: &StageLink| StageLink {
        name: link.name.clone(),
        from: link.from.clone(),
        to: link.to.clone(),
        rows: Arc::default(),
    };
    Some(Stage {
        nodes: stage.nodes.clone(),
        links: stage.links.iter().map(link).collect(),
        cancelled: Arc::default(),
        memory: None,
    })
}

/// Whether the plan fails over the rows that were read; none where that takes too long.
fn fails(stage: &Stage, frame: LazyFrame, read: &[u64], due: Instant) -> Option<bool> {
    stage.cancelled.store(false, Ordering::Relaxed);
    stage.links.iter().for_each(|link| link.rows.store(0, Ordering::Relaxed));
    let frame = sink::discard(frame).ok()?;
    let over = AtomicBool::new(false);
    let failed = std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let counts = stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed));
                let has_read_more = counts.zip(read).any(|(now, then)| now > then.saturating_add(MARGIN));
                if has_read_more || Instant::now() > due {
                    stage.cancelled.store(true, Ordering::Relaxed);
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        let ran = catch_unwind(AssertUnwindSafe(|| frame.collect_with_engine(Engine::Streaming)));
        over.store(true, Ordering::Relaxed);
        match ran {
            Err(_) => true,
            Ok(Err(error)) => !error.to_string().contains(CANCELLED),
            Ok(Ok(_)) => false,
        }
    });
    (failed || Instant::now() < due).then_some(failed)
}
