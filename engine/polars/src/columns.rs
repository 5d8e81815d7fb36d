//! The columns that a node's ports will have: each node is planned by itself over its inputs' columns, and nothing but the heads of
//! files is read.

use crate::fault::{refusal, root, translate};
use crate::operate::operate;
use crate::{header_only, scan, types};
use polars::prelude::{DataFrame, Engine, IntoColumn, IntoLazy, LazyFrame, PolarsError, PolarsResult, Schema, Series};
use pypeline_engine::executor::{ColumnsFault, PortFields, Refusal, Work};
use pypeline_schema::fault::Fault;
use pypeline_schema::fields::{DataType, Field};
use pypeline_schema::lowering::{Operation, Operator};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// See [`Executor::columns`](pypeline_engine::executor::Executor::columns).
pub(crate) fn columns(work: &Work, inputs: &PortFields) -> Result<PortFields, ColumnsFault> {
    match work {
        Work::Scan(scan) => {
            let schema = scan::scan(scan).and_then(|mut frame| schema(&mut frame)).map_err(of_source)?;
            let mut fields = types::fields(&schema);
            if header_only::is_header_only(scan) {
                fields.iter_mut().for_each(|field| field.data_type = DataType::Unknown);
            }
            Ok(PortFields::from([("data".to_owned(), Arc::from(fields))]))
        }
        Work::Select(selects) => select(selects, inputs),
        Work::Write { .. } => Ok(PortFields::new()),
    }
}

fn select(selects: &BTreeMap<String, Operation>, inputs: &PortFields) -> Result<PortFields, ColumnsFault> {
    let is_open = inputs.values().flat_map(|fields| fields.iter()).any(|field| field.data_type.is_open());
    let names: Vec<String> = inputs.values().flat_map(|fields| fields.iter().map(|field| field.name.clone())).collect();
    let frames: Vec<(String, LazyFrame)> =
        inputs.iter().map(|(port, fields)| (port.clone(), one_row_of_nulls(&types::schema(fields)).lazy())).collect();
    let of = |operation: &Operation| {
        let mut frame = operate(&frames, operation)?;
        let schema = frame.collect_schema()?;
        // Types are reconciled by the optimiser alone.
        frame.clone().to_alp_optimized()?;
        if !is_open {
            tried(frame)?;
        }
        Ok(types::fields(&schema))
    };
    let mut outputs = PortFields::new();
    for (port, operation) in selects {
        // Its columns are those of values in the rows.
        if matches!(operation, Operation::Operator(Operator::Pivot(_))) {
            continue;
        }
        let mut fields = of(operation).map_err(|error| refusal(&error, &names))?;
        if is_open {
            fields.iter_mut().for_each(unknown_if_null);
        }
        outputs.insert(port.clone(), Arc::from(fields));
    }
    Ok(outputs)
}

/// Many functions look at the types of their arguments when rows come, and not before. What one says of a NULL itself is no finding,
/// and no panic is: the engine that is tried here, the one in memory, cannot do a few things that the streaming one does.
fn tried(frame: LazyFrame) -> PolarsResult<()> {
    match catch_unwind(AssertUnwindSafe(|| frame.collect_with_engine(Engine::InMemory))) {
        Ok(Err(error)) if is_about_types(&error) => Err(error),
        _ => Ok(()),
    }
}

fn is_about_types(error: &PolarsError) -> bool {
    match root(error) {
        PolarsError::SchemaMismatch(_) | PolarsError::InvalidOperation(_) => true,
        PolarsError::ComputeError(text) => {
            ["cannot compare", "dtype", "only be used on", "type `", "regex parse error"]
                .iter()
                .any(|sign| text.contains(sign))
        }
        _ => false,
    }
}

fn one_row_of_nulls(schema: &Schema) -> DataFrame {
    let columns = schema.iter().map(|(name, data_type)| Series::full_null(name.clone(), 1, data_type).into_column());
    DataFrame::new(1, columns.collect()).unwrap_or_else(|_| DataFrame::empty_with_schema(schema))
}

/// What came of a column whose type is not known.
fn unknown_if_null(field: &mut Field) {
    if field.data_type == DataType::Null {
        field.data_type = DataType::Unknown;
    }
}

fn of_source(fault: Box<Fault>) -> ColumnsFault {
    let is_header = fault.context.iter().any(|(key, _)| key == "declared");
    ColumnsFault { what: if is_header { Refusal::Header } else { Refusal::Other }, fault }
}

fn schema(frame: &mut LazyFrame) -> Result<polars::prelude::SchemaRef, Box<Fault>> {
    frame.collect_schema().map_err(|error| Box::new(translate(&error)))
}
