//! Which node's SELECT it was that failed over its rows, or holds too many of them. The engine's error does not say: nodes are one plan. So after an error each SELECT is run
//! once more by itself, with all that leads to it, as far as the stage had come and within the same memory.

use crate::fault::{CANCELLED, OUTGROWN};
use crate::footers::Footer;
use crate::plan::{Planned, plan};
use crate::{bounded, held, sink};
use polars::prelude::{LazyFrame, PolarsError};
use pypeline_engine::artifacts::{Artifact, Held};
use pypeline_engine::executor::{LinkSource, LinkTarget, Memory, Stage, StageLink, Work};
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
    let due = Instant::now() + PATIENCE;
    let is_stopping = || stage.cancelled.load(Ordering::Relaxed);
    let again = copy(stage)?;
    let Planned { selects, footers, .. } = plan(&again).ok()?;
    let read: Vec<u64> = stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed)).collect();
    for (at, frame) in selects {
        match fails(&again, &frame, &footers, &read, &|| Instant::now() > due || is_stopping()) {
            Some(true) => return again.nodes.get(at).map(|node| node.id.clone()),
            Some(false) => {}
            None => return None,
        }
    }
    None
}

/// The node that holds rows and gives none yet, where a stage wants too much memory; else the first that holds some.
pub(crate) fn holder(stage: &Stage) -> Option<String> {
    let selects = plan(stage).ok()?.selects;
    let holds = |frame: LazyFrame| frame.to_alp_optimized().is_ok_and(|plan| held::holds_rows(&plan));
    let holders: Vec<usize> = selects.into_iter().filter(|(_, frame)| holds(frame.clone())).map(|(at, _)| at).collect();
    let rows = |is_of: &dyn Fn(&StageLink) -> bool| -> u64 {
        stage.links.iter().filter(|link| is_of(link)).map(|link| link.rows.load(Ordering::Relaxed)).sum()
    };
    let is_at_work = |node: &&usize| {
        rows(&|link| matches!(&link.to, LinkTarget::Port(to, _) if to == *node)) > 0
            && rows(&|link| matches!(&link.from, LinkSource::Port(from, _) if from == *node)) == 0
    };
    let node = holders.iter().find(is_at_work).or(holders.first())?;
    stage.nodes.get(*node).map(|node| node.id.clone())
}

/// The same stage with counters of its own, which nothing stops from outside, and of what has streamed into it the rows that it took last; none if
/// there is no choice of SELECTs.
fn copy(stage: &Stage) -> Option<Stage> {
    let n_selects = stage.nodes.iter().filter(|node| matches!(node.work, Work::Select(_))).count();
    if n_selects < 2 {
        return None;
    }
    let from = |link: &StageLink| match &link.from {
        LinkSource::Stream(stream) => {
            let rows = Artifact::Memory { schema: stream.schema()?, batches: stream.recent(), held: Held::default() };
            Some(LinkSource::Table(Arc::new(rows)))
        }
        other => Some(other.clone()),
    };
    // Its rows go nowhere; the stage's own tables and streams are not touched.
    let to = |link: &StageLink| match (&link.to, &stage.memory) {
        (LinkTarget::Table(_) | LinkTarget::Stream(_), Some(memory)) => {
            LinkTarget::Table(Arc::new(memory.store.writer()))
        }
        (other, _) => other.clone(),
    };
    let link = |link: &StageLink| {
        Some(StageLink { name: link.name.clone(), from: from(link)?, to: to(link), rows: Arc::default() })
    };
    Some(Stage {
        nodes: stage.nodes.clone(),
        links: stage.links.iter().map(link).collect::<Option<_>>()?,
        cancelled: Arc::default(),
        memory: stage.memory.as_ref().map(|memory| Memory { outgrown: Arc::default(), ..memory.clone() }),
    })
}

/// Whether the plan fails over the rows that were read; none where it is given up before.
fn fails(
    stage: &Stage,
    frame: &LazyFrame,
    footers: &[Footer],
    read: &[u64],
    is_given_up: &(dyn Fn() -> bool + Sync),
) -> Option<bool> {
    stage.cancelled.store(false, Ordering::Relaxed);
    stage.links.iter().for_each(|link| link.rows.store(0, Ordering::Relaxed));
    let plan = || bounded::optimized(vec![sink::discard(frame.clone())?], stage, footers);
    let over = AtomicBool::new(false);
    let failed = std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // Those with footers count what a filter has let through, which is another number in another plan.
                let is_counted = |link: &&StageLink| !footers.iter().any(|(rows, _)| Arc::ptr_eq(rows, &link.rows));
                let links = stage.links.iter().zip(read).filter(|(link, _)| is_counted(link));
                let has_read_more = links
                    .map(|(link, then)| (link.rows.load(Ordering::Relaxed), then))
                    .any(|(now, then)| now > then.saturating_add(MARGIN));
                if has_read_more || is_given_up() {
                    stage.cancelled.store(true, Ordering::Relaxed);
                }
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        // What it does to keep within its memory is not what the run does.
        let silent = tracing::subscriber::NoSubscriber::new();
        let run = || bounded::run::<PolarsError>(plan()?, plan, stage);
        let ran = catch_unwind(AssertUnwindSafe(|| tracing::subscriber::with_default(silent, run)));
        over.store(true, Ordering::Relaxed);
        match ran {
            Err(_) => true,
            Ok(Err(error)) => ![CANCELLED, OUTGROWN].iter().any(|why| error.to_string().contains(why)),
            Ok(Ok(())) => false,
        }
    });
    (failed || !is_given_up()).then_some(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, RecordBatch};
    use arrow_schema::{DataType, Field, Schema};
    use pypeline_engine::executor::StageNode;
    use pypeline_schema::lowering::Operation;

    /// A table, and SELECTs one behind another.
    fn chain(selects: &[(&str, &str)]) -> Stage {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![3, 1]))]).unwrap();
        let table = Arc::new(Artifact::Memory { schema, batches: vec![rows], held: Held::default() });
        let link = |from, to: usize| StageLink {
            name: String::new(),
            from,
            to: LinkTarget::Port(to, "input".to_owned()),
            rows: Arc::default(),
        };
        let node = |(id, select): &(&str, &str)| StageNode {
            id: (*id).to_owned(),
            work: Work::Select([("output".to_owned(), Operation::Select((*select).to_owned()))].into()),
        };
        let mut links = vec![link(LinkSource::Table(table), 0)];
        links.extend((1..selects.len()).map(|at| link(LinkSource::Port(at - 1, "output".to_owned()), at)));
        Stage { nodes: selects.iter().map(node).collect(), links, cancelled: Arc::default(), memory: None }
    }

    #[test]
    fn the_node_that_holds_rows_is_named() {
        let stage = chain(&[
            ("filter", "SELECT n FROM input WHERE n > 0"),
            ("rank", "SELECT n, rank() OVER (ORDER BY n) AS r FROM input"),
            ("derive", "SELECT n, r + 1 AS r FROM input"),
            ("sort", "SELECT n, r FROM input ORDER BY r"),
            ("last", "SELECT n FROM input"),
        ]);
        assert_eq!(holder(&stage).as_deref(), Some("rank"), "nothing has run: the first");
        let passed = |links: &[usize]| links.iter().for_each(|at| stage.links[*at].rows.store(9, Ordering::Relaxed));
        passed(&[0, 1]);
        assert_eq!(holder(&stage).as_deref(), Some("rank"));
        passed(&[2, 3]);
        assert_eq!(holder(&stage).as_deref(), Some("sort"), "rows have come in, and none has gone out");
        let totals = [("total", "SELECT sum(n) + 1 AS n, count(*) AS c FROM input"), ("two", "SELECT n FROM input")];
        assert_eq!(holder(&chain(&totals)), None, "a total holds nothing");
        let middle = [("middle", "SELECT median(n) AS n FROM input"), ("two", "SELECT n FROM input")];
        assert_eq!(holder(&chain(&middle)).as_deref(), Some("middle"));
        assert_eq!(holder(&chain(&[("one", "SELECT n FROM input"), ("two", "SELECT n FROM input")])), None);
    }
}
