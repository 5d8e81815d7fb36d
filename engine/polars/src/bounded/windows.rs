//! Windows over keys, which can be worked off part by part: every window of a node is over the same columns, and all else that the
//! node does looks at one row at a time.

use super::scatter::ORDER;
use polars::prelude::{PlSmallStr, Schema, SchemaRef};
use polars_plan::plans::expr_ir::{ExprIR, OutputName};
use polars_plan::plans::{AExpr, IR};
use polars_utils::arena::{Arena, Node};
use std::sync::Arc;

/// The columns that all windows of some expressions are over; none where there is no window, or another way is needed.
pub(super) fn keys(expressions: &[ExprIR], arena: &Arena<AExpr>) -> Option<Vec<PlSmallStr>> {
    let mut found: Option<Vec<PlSmallStr>> = None;
    let mut left: Vec<Node> = expressions.iter().map(ExprIR::node).collect();
    while let Some(node) = left.pop() {
        match arena.get(node) {
            AExpr::Over { partition_by, .. } => {
                let mut keys: Vec<PlSmallStr> = Vec::new();
                for key in partition_by {
                    let AExpr::Column(name) = arena.get(*key) else { return None };
                    keys.push(name.clone());
                }
                keys.sort_unstable();
                if keys.is_empty() || found.as_ref().is_some_and(|found| *found != keys) {
                    return None;
                }
                found = Some(keys);
            }
            each if looks_at_one_row(each) => each.inputs_rev(&mut left),
            _ => return None,
        }
    }
    found
}

fn looks_at_one_row(expression: &AExpr) -> bool {
    match expression {
        AExpr::Column(_)
        | AExpr::Literal(_)
        | AExpr::BinaryExpr { .. }
        | AExpr::Cast { .. }
        | AExpr::Ternary { .. } => true,
        AExpr::Function { options, .. } | AExpr::AnonymousFunction { options, .. } => options.is_elementwise(),
        _ => false,
    }
}

/// The node over inputs that have a number for each row beside their columns: it hands the numbers on.
pub(super) fn numbered(operator: &IR, input: &SchemaRef, expressions: &mut Arena<AExpr>) -> IR {
    let mut operator = operator.clone();
    match &mut operator {
        IR::HStack { schema, .. } => {
            let mut with: Schema = (**input).clone();
            schema.iter().for_each(|(name, data_type)| drop(with.insert(name.clone(), data_type.clone())));
            *schema = Arc::new(with);
        }
        IR::Select { expr, schema, .. } => {
            let mut with: Schema = (**schema).clone();
            with.insert(ORDER.into(), polars::prelude::DataType::UInt64);
            *schema = Arc::new(with);
            let node = expressions.add(AExpr::Column(ORDER.into()));
            expr.push(ExprIR::new(node, OutputName::ColumnLhs(ORDER.into())));
        }
        // Of all columns, those that were there.
        IR::Distinct { options, .. } if options.subset.is_none() => {
            let columns = input.iter_names().filter(|name| name.as_str() != ORDER).cloned();
            options.subset = Some(columns.collect());
        }
        _ => {}
    }
    operator
}
