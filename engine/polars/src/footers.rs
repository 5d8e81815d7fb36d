//! Links whose rows need no counting: those of whole Parquet files, whose footers say how many there are. A counter would keep filters
//! from the scan, and so have rows read that nobody wants.

use polars::prelude::{Engine, LazyFrame, PolarsResult, len};
use polars_plan::plans::IR;
use pypeline_engine::executor::{LinkTarget, Stage, StageLink, Work};
use pypeline_schema::lowering::{Operation, Operator, Scan, ScanFormat};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A link, and the files whose rows it carries.
pub(crate) type Footer = (Arc<AtomicU64>, LazyFrame);

/// The rows of a link are all those of the scan's files, and go where filters come from.
pub(crate) fn says_count(stage: &Stage, scan: &Scan, link: &StageLink) -> bool {
    let is_whole = matches!(scan.format, ScanFormat::Parquet) && scan.limit.is_none();
    let LinkTarget::Port(to, _) = &link.to else { return false };
    let selects = matches!(stage.nodes.get(*to).map(|node| &node.work), Some(Work::Select(_)));
    is_whole && selects && !stage.nodes.iter().any(|node| may_end_early(&node.work))
}

/// Who takes only the first rows leaves the others unread: then those that were read are counted.
fn may_end_early(work: &Work) -> bool {
    let Work::Select(operations) = work else { return false };
    operations.values().any(|operation| match operation {
        Operation::Select(text) => {
            let text = text.to_ascii_lowercase();
            let limits = ["limit", "offset", "fetch"].iter().any(|word| text.contains(word));
            limits && !text.contains("order by")
        }
        Operation::Operator(operator) => matches!(operator, Operator::Sample(_)),
    })
}

/// Rows of the only file, whose footer was read when the scan was planned.
fn of_one_file(frame: &LazyFrame) -> PolarsResult<Option<u64>> {
    let plan = frame.clone().to_alp()?;
    Ok(match plan.lp_arena.get(plan.lp_top) {
        IR::Scan { sources, file_info, .. } if sources.len() == 1 => file_info.row_estimation.0.map(|rows| rows as u64),
        _ => None,
    })
}

/// Writes down what the footers say, once the stage has ended.
pub(crate) fn count(footers: Vec<Footer>) -> PolarsResult<()> {
    for (rows, frame) in footers {
        if let Some(n_rows) = of_one_file(&frame)? {
            rows.store(n_rows, Ordering::Relaxed);
            continue;
        }
        let counted = frame.select([len()]).collect_with_engine(Engine::Streaming)?.unwrap_single();
        let n_rows = counted.columns().first().map(|column| column.get(0)).transpose()?;
        rows.store(n_rows.and_then(|n_rows| n_rows.extract::<u64>()).unwrap_or(0), Ordering::Relaxed);
    }
    Ok(())
}
