//! Rows between Polars' Arrow and arrow-rs, by the C data interface: the same structs, moved, nothing copied.

// Both libraries define the interface's C structs; taking one for the other cannot be said in safe code.
#![allow(unsafe_code)]

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::{Array, ArrayRef, NullArray, RecordBatch, RecordBatchOptions, make_array};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use polars::prelude::{CompatLevel, DataFrame, IntoColumn, PolarsError, PolarsResult, Schema, Series};
use polars_arrow::array::Array as PolarsArray;
use polars_arrow::ffi::{self, ArrowArray, ArrowSchema};
use std::mem::transmute;
use std::sync::Arc;

const _: () = assert!(size_of::<FFI_ArrowArray>() == size_of::<ArrowArray>());
const _: () = assert!(size_of::<FFI_ArrowSchema>() == size_of::<ArrowSchema>());

fn arrow_error(error: &ArrowError) -> PolarsError {
    PolarsError::ComputeError(error.to_string().into())
}

/// The columns of a frame as arrow-rs' schema. Text is `Utf8View`, as Polars holds it.
pub(crate) fn schema(schema: &Schema) -> Result<SchemaRef, ArrowError> {
    let fields = schema.iter().map(|(name, data_type)| {
        let field = data_type.to_arrow_field(name.clone(), CompatLevel::newest());
        // SAFETY: both are the `ArrowSchema` of the C data interface; ownership moves with the bytes.
        let field = unsafe { transmute::<ArrowSchema, FFI_ArrowSchema>(ffi::export_field_to_c(&field)) };
        Field::try_from(&field)
    });
    Ok(Arc::new(arrow_schema::Schema::new(fields.collect::<Result<Vec<Field>, _>>()?)))
}

/// The rows of a frame as record batches of that schema.
pub(crate) fn batches(mut frame: DataFrame, schema: &SchemaRef) -> PolarsResult<Vec<RecordBatch>> {
    frame.align_chunks();
    let mut out = Vec::new();
    for chunk in frame.iter_chunks(CompatLevel::newest(), false) {
        let options = RecordBatchOptions::new().with_row_count(Some(chunk.len()));
        let arrays = chunk.into_arrays().into_iter().zip(schema.fields());
        let columns = arrays.map(|(array, field)| export(array, field)).collect::<Result<Vec<ArrayRef>, _>>();
        let batch =
            columns.and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options));
        out.push(batch.map_err(|error| arrow_error(&error))?);
    }
    Ok(out)
}

fn export(array: Box<dyn PolarsArray>, field: &Field) -> Result<ArrayRef, ArrowError> {
    // Polars gives it a buffer, which the interface does not have for it.
    if matches!(field.data_type(), DataType::Null) {
        return Ok(Arc::new(NullArray::new(array.len())));
    }
    // SAFETY: both are the `ArrowArray` of the C data interface; ownership moves with the bytes.
    let array = unsafe { transmute::<ArrowArray, FFI_ArrowArray>(ffi::export_array_to_c(array)) };
    // SAFETY: the array was exported just above from the type that `schema` gives for this column.
    let data = unsafe { from_ffi_and_data_type(array, field.data_type().clone()) }?;
    Ok(make_array(data))
}

/// Record batches as a frame.
pub(crate) fn frame(schema: &SchemaRef, batches: &[RecordBatch]) -> PolarsResult<DataFrame> {
    let empty = [RecordBatch::new_empty(Arc::clone(schema))];
    let batches = if batches.is_empty() { &empty } else { batches };
    let height = batches.iter().map(RecordBatch::num_rows).sum();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let chunks = batches.iter().map(|batch| import(batch.column(at), field)).collect::<PolarsResult<Vec<_>>>()?;
        Ok(Series::from_arrow_chunks(field.name().as_str().into(), chunks)?.into_column())
    });
    DataFrame::new(height, columns.collect::<PolarsResult<Vec<_>>>()?)
}

fn import(array: &ArrayRef, field: &Field) -> PolarsResult<Box<dyn PolarsArray>> {
    let declared = FFI_ArrowSchema::try_from(field).map_err(|error| arrow_error(&error))?;
    let array = FFI_ArrowArray::new(&array.to_data());
    // SAFETY: both pairs are the structs of the C data interface; ownership moves with the bytes.
    let (array, declared) = unsafe {
        (transmute::<FFI_ArrowArray, ArrowArray>(array), transmute::<FFI_ArrowSchema, ArrowSchema>(declared))
    };
    // SAFETY: the schema was exported just above by arrow-rs.
    let field = unsafe { ffi::import_field_from_c(&declared) }?;
    // SAFETY: the array was exported just above, from a column of this very type.
    unsafe { ffi::import_array_from_c(array, field.dtype) }
}
