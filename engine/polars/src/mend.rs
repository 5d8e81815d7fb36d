//! Plans that Polars 0.55 cannot run, said in another way.

use polars::prelude::{DataType, Operator};
use polars_plan::plans::expr_ir::ExprIR;
use polars_plan::plans::{AExpr, IR, IRPlan};

/// The first rows by one decimal column: the engine panics, as its heap does not know numbers of 128 bits. By a second key, which is
/// the same for all rows that the first tells apart, it compares the rows' encoding instead.
pub(crate) fn mend(plan: &mut IRPlan) {
    let (mut left, mut found) = (vec![plan.lp_top], Vec::new());
    while let Some(node) = left.pop() {
        let ir = plan.lp_arena.get(node);
        left.extend(ir.get_inputs());
        let IR::Sort { input, by_column, slice: Some(_), .. } = ir else { continue };
        let schema = plan.lp_arena.get(*input).schema(&plan.lp_arena);
        if let [only] = by_column.as_slice()
            && matches!(only.dtype(&schema, &plan.expr_arena), Ok(DataType::Decimal(..) | DataType::Int128))
        {
            found.push((node, only.node()));
        }
    }
    for (node, key) in found {
        // Whether it is itself: true, or NULL where it is. A literal would not do: it has one row.
        let same = plan.expr_arena.add(AExpr::BinaryExpr { left: key, op: Operator::Eq, right: key });
        let same = ExprIR::from_node(same, &plan.expr_arena);
        if let IR::Sort { by_column, sort_options, .. } = plan.lp_arena.get_mut(node) {
            by_column.push(same);
            for flags in [&mut sort_options.descending, &mut sort_options.nulls_last] {
                let first = flags.first().copied().unwrap_or(false);
                flags.resize(by_column.len(), first);
            }
        }
    }
}
