//! What one output port carries, as a lazy frame over those of the input ports.

use crate::functions::Functions;
use polars::prelude::{
    Engine, Expr, LazyFrame, PlSmallStr, PolarsError, PolarsResult, Scalar, SchemaRef, Selector, UnpivotArgsDSL, all,
    by_name, col, lit,
};
use polars::sql::SQLContext;
use pypeline_schema::lowering::{Derived, Join, Operation, Operator, Pivot, Sample, Unpivot};
use std::sync::Arc;

/// Frames of the input ports, by port.
pub(crate) type Inputs = [(String, LazyFrame)];

/// Number of a row while a sample is taken.
const ROW_NUMBER: &str = "__pype_row_number";

/// The rows of one output port.
pub(crate) fn operate(inputs: &Inputs, operation: &Operation) -> PolarsResult<LazyFrame> {
    let operator = match operation {
        Operation::Select(sql) => return select(inputs, sql),
        Operation::Operator(operator) => operator,
    };
    if let Operator::Join(join) = operator {
        return joined(inputs, join);
    }
    let [(port, frame)] = inputs else {
        let text = format!("an operator has one input, and this one has {}", inputs.len());
        return Err(PolarsError::InvalidOperation(text.into()));
    };
    match operator {
        Operator::With(with) => {
            let schema = frame.clone().collect_schema()?;
            let columns: Vec<&str> = schema.iter_names().map(PlSmallStr::as_str).collect();
            select(inputs, &with.to_select(port, &columns))
        }
        Operator::Unpivot(options) => unpivot(frame.clone(), options),
        Operator::Sample(sample) => Ok(sampled(frame.clone(), sample)),
        Operator::Pivot(pivot) => pivoted(inputs, frame, pivot),
        Operator::Join(join) => joined(inputs, join),
    }
}

fn joined(inputs: &Inputs, join: &Join) -> PolarsResult<LazyFrame> {
    let schema = |port: &str| -> PolarsResult<SchemaRef> {
        let found = inputs.iter().find(|(name, _)| name == port);
        let (_, frame) =
            found.ok_or_else(|| PolarsError::InvalidOperation(format!("there is no input `{port}`").into()))?;
        frame.clone().collect_schema()
    };
    let (left, right) = (schema(&join.left)?, schema(&join.right)?);
    let left: Vec<&str> = left.iter_names().map(PlSmallStr::as_str).collect();
    let right: Vec<&str> = right.iter_names().map(PlSmallStr::as_str).collect();
    select(inputs, &join.to_select(&left, &right))
}

/// One SELECT over named inputs.
pub(crate) fn select(inputs: &Inputs, sql: &str) -> PolarsResult<LazyFrame> {
    let mut context = SQLContext::new().with_function_registry(Arc::new(Functions));
    for (name, frame) in inputs {
        context.register(name, frame.clone());
    }
    context.execute(sql)
}

fn unpivot(frame: LazyFrame, options: &Unpivot) -> PolarsResult<LazyFrame> {
    let schema = frame.clone().collect_schema()?;
    let named = |columns: &[String]| by_name(columns.iter().map(String::as_str), true, false);
    let others = |columns: &[String]| {
        let rest = schema.iter_names().filter(|name| !columns.iter().any(|column| *name == column));
        by_name(rest.cloned(), true, false)
    };
    let (on, index): (Selector, Selector) = match (options.columns.is_empty(), options.keep.is_empty()) {
        (false, false) => (named(&options.columns), named(&options.keep)),
        (false, true) => (named(&options.columns), others(&options.columns)),
        (true, false) => (others(&options.keep), named(&options.keep)),
        (true, true) => (all(), by_name(Vec::<PlSmallStr>::new(), true, false)),
    };
    Ok(frame.unpivot(UnpivotArgsDSL {
        on: Some(on),
        index,
        variable_name: Some(options.name_column.as_str().into()),
        value_name: Some(options.value_column.as_str().into()),
    }))
}

fn sampled(frame: LazyFrame, sample: &Sample) -> LazyFrame {
    let number = || col(ROW_NUMBER);
    let chosen = match sample {
        Sample::Share { per_million, seed } => {
            // The four seeds of Polars' hash; the first is ours, the others are digits of pi.
            let hash = number().hash(*seed, 0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0);
            (hash % lit(1_000_000_u64)).lt(lit(u64::from(*per_million)))
        }
        Sample::Every(step) => (number() % lit((*step).max(1))).eq(lit(0)),
    };
    let without_number = all().exclude_cols([ROW_NUMBER]);
    frame.with_row_index(ROW_NUMBER, None).filter(chosen).select([Expr::from(without_number)])
}

/// First each group and value by itself, then a column for each value. The values are read from the frame, which is a table
/// that was made before: the engine sees to that.
fn pivoted(inputs: &Inputs, frame: &LazyFrame, pivot: &Pivot) -> PolarsResult<LazyFrame> {
    let on = pivot.on.as_str();
    let limit = pivot.max_columns.saturating_add(1);
    let values = frame.clone().select([col(on)]).unique(None, polars::prelude::UniqueKeepStrategy::Any);
    let values = values.sort([on], polars::prelude::SortMultipleOptions::default().with_nulls_last(true)).limit(limit);
    let values = values.collect_with_engine(Engine::Streaming)?.unwrap_single();
    if values.height() > pivot.max_columns as usize {
        let text =
            format!("`{on}` has more than {} values: raise `max_columns`, or name the columns", pivot.max_columns);
        return Err(PolarsError::InvalidOperation(text.into()));
    }
    let values = values.column(on)?.as_materialized_series().clone();
    let texts = values.cast(&polars::prelude::DataType::String)?;
    let texts = texts.str()?;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut keys: Vec<String> = pivot.keys.iter().map(|key| quoted(key)).collect();
    keys.push(quoted(on));
    let item =
        |(number, derived): (usize, &Derived)| format!("({}\n) AS \"__pype_value_{number}\"", derived.expression);
    let items: Vec<String> = keys.iter().cloned().chain(pivot.values.iter().enumerate().map(item)).collect();
    let table = inputs.first().map_or("input", |(port, _)| port.as_str());
    let sql = format!("SELECT {} FROM {} GROUP BY {}", items.join(", "), quoted(table), keys.join(", "));
    let grouped = select(inputs, &sql)?;
    let mut columns = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let value = lit(Scalar::new(values.dtype().clone(), values.get(at)?.into_static()));
        for (number, derived) in pivot.values.iter().enumerate() {
            let text = text.unwrap_or("null");
            let name = if pivot.values.len() > 1 { format!("{text}_{}", derived.name) } else { text.to_owned() };
            let of_value = col(format!("__pype_value_{number}")).filter(col(on).eq_missing(value.clone()));
            columns.push(of_value.first().alias(name));
        }
    }
    let keys: Vec<Expr> = pivot.keys.iter().map(|key| col(key.as_str())).collect();
    if keys.is_empty() {
        return Ok(grouped.select(columns));
    }
    let sorted: Vec<&str> = pivot.keys.iter().map(String::as_str).collect();
    let wide = grouped.group_by(keys).agg(columns);
    Ok(wide.sort(sorted, polars::prelude::SortMultipleOptions::default()))
}
