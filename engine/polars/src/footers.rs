//! Links whose rows need no counting: those of whole Parquet files, whose footers say how many there are. A counter would keep filters
//! from the scan, and so have rows read that nobody wants.

use polars::prelude::{Engine, LazyFrame, PolarsResult, len};
use polars_plan::plans::IR;
use pypeline_engine::executor::{LinkTarget, Stage, StageLink, Work};
use pypeline_schema::lowering::{Operation, Operator, Scan, ScanFormat};
use sqlparser::ast::{Expr, Function, FunctionArgumentClause, FunctionArguments, Query, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A link, and the files whose rows it carries.
pub(crate) type Footer = (Arc<AtomicU64>, LazyFrame);

/// Which links of a stage these are.
pub(crate) struct Uncounted<'a> {
    stage: &'a Stage,
    /// Nobody leaves off before the last row.
    reads_all: bool,
}

impl<'a> Uncounted<'a> {
    pub(crate) fn of(stage: &'a Stage) -> Self {
        let is_whole = |work: &Work| matches!(work, Work::Scan(scan) if is_whole(scan));
        let has_some = stage.nodes.iter().any(|node| is_whole(&node.work));
        Self { stage, reads_all: has_some && !stage.nodes.iter().any(|node| may_end_early(&node.work)) }
    }

    /// The rows of a scan's link are all those of its files, and go where filters come from.
    pub(crate) fn has(&self, scan: &Scan, link: &StageLink) -> bool {
        let LinkTarget::Port(to, _) = &link.to else { return false };
        let selects = || matches!(self.stage.nodes.get(*to).map(|node| &node.work), Some(Work::Select(_)));
        self.reads_all && is_whole(scan) && selects()
    }
}

fn is_whole(scan: &Scan) -> bool {
    matches!(scan.format, ScanFormat::Parquet) && scan.limit.is_none()
}

/// Who takes only the first rows leaves the others unread: then those that were read are counted.
fn may_end_early(work: &Work) -> bool {
    let Work::Select(operations) = work else { return false };
    operations.values().any(|operation| match operation {
        Operation::Select(text) => takes_first_rows(text),
        Operation::Operator(operator) => matches!(operator, Operator::Sample(_)),
    })
}

/// Some query in the text takes a number of rows, and any will do. To sort them first, all have to be read.
fn takes_first_rows(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if !["limit", "offset", "fetch"].iter().any(|word| lower.contains(word)) {
        return false;
    }
    Parser::parse_sql(&GenericDialect {}, text).map_or(true, |parsed| parsed.visit(&mut Any).is_break())
}

/// Stops at a query that takes any rows.
struct Any;

impl Visitor for Any {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let takes_some = query.limit_clause.is_some() || query.fetch.is_some();
        if takes_some && query.order_by.is_none() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = expression else {
            return ControlFlow::Continue(());
        };
        let is_limit = |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::Limit(_));
        if list.clauses.iter().any(is_limit) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
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

#[cfg(test)]
mod tests {
    use super::takes_first_rows;

    #[test]
    fn a_limit_behind_an_order_reads_all_rows() {
        let read_all = [
            "SELECT * FROM a",
            "SELECT a.limit FROM a",
            "SELECT 'no limit' AS t FROM a",
            "SELECT * FROM a ORDER BY x LIMIT 5",
            "SELECT * FROM (SELECT * FROM a ORDER BY x LIMIT 5) AS b JOIN c USING (x) ORDER BY y OFFSET 2",
        ];
        for text in read_all {
            assert!(!takes_first_rows(text), "{text}");
        }
        let leave_off = [
            "SELECT * FROM a LIMIT 5",
            "SELECT * FROM a OFFSET 5",
            "SELECT * FROM (SELECT * FROM a LIMIT 5) AS b ORDER BY x",
            "SELECT sum(x) OVER (ORDER BY y) FROM a LIMIT 5",
            "SELECT array_agg(x LIMIT 5) AS xs FROM a",
            "WITH b AS (SELECT * FROM a LIMIT 5) SELECT * FROM b ORDER BY x LIMIT 3",
            "limit of what nobody understands",
        ];
        for text in leave_off {
            assert!(takes_first_rows(text), "{text}");
        }
    }
}
