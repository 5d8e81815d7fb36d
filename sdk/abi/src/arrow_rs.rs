//! Between the C structs that cross the boundary and arrow-rs, checked on the way in.
//!
//! Used by the SDK (feature `arrow`) and by the engine, each with its own copy of arrow-rs: only the C structs are shared.

use crate::arrow_c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{Array, RecordBatch, RecordBatchOptions, RecordBatchReader, StructArray};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};
use std::mem::transmute;
use std::panic::{AssertUnwindSafe, catch_unwind};

// The transmutes below move a value between two definitions of one C struct.
const _: () = assert!(size_of::<FFI_ArrowArray>() == size_of::<ArrowArray>());
const _: () = assert!(size_of::<FFI_ArrowSchema>() == size_of::<ArrowSchema>());
const _: () = assert!(size_of::<FFI_ArrowArrayStream>() == size_of::<ArrowArrayStream>());

/// The columns of a table as a C struct.
pub fn export_schema(schema: &Schema) -> Result<ArrowSchema, ArrowError> {
    let exported = FFI_ArrowSchema::try_from(schema)?;
    // SAFETY: both are the `ArrowSchema` of the C data interface; ownership moves with the bytes.
    Ok(unsafe { transmute::<FFI_ArrowSchema, ArrowSchema>(exported) })
}

/// The columns of a table from a C struct.
pub fn import_schema(schema: ArrowSchema) -> Result<SchemaRef, ArrowError> {
    if schema.release.is_none() || schema.format.is_null() {
        return Err(ArrowError::CDataInterface("a released schema".to_owned()));
    }
    // SAFETY: both are the `ArrowSchema` of the C data interface; ownership moves with the bytes.
    let imported = unsafe { transmute::<ArrowSchema, FFI_ArrowSchema>(schema) };
    caught(|| Schema::try_from(&imported)).map(SchemaRef::new)
}

/// Rows as a C struct array; nothing is copied.
pub fn export_batch(batch: RecordBatch) -> ArrowArray {
    let data = StructArray::from(batch).into_data();
    // SAFETY: both are the `ArrowArray` of the C data interface; ownership moves with the bytes.
    unsafe { transmute::<FFI_ArrowArray, ArrowArray>(FFI_ArrowArray::new(&data)) }
}

/// Rows from a C struct array of the columns of `schema`; nothing is copied.
///
/// Lengths, offsets and UTF-8 are checked, since the other side may be anybody's code.
pub fn import_batch(array: ArrowArray, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    import(array, schema, |column| column.validate_full())
}

/// The same beside columns that were handed over before: one of those that comes back as it was, buffer for buffer, was checked already.
pub fn import_batch_beside(
    array: ArrowArray,
    schema: &SchemaRef,
    known: &[ArrayData],
) -> Result<RecordBatch, ArrowError> {
    let check = |column: &ArrayData| match known.iter().any(|known| is_same(known, column)) {
        true => Ok(()),
        false => column.validate_full(),
    };
    import(array, schema, check)
}

/// The same for rows of the host, which a module trusts with everything else too: their values are not looked at.
pub fn import_host_batch(array: ArrowArray, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    import(array, schema, |_| Ok(()))
}

fn import(
    array: ArrowArray,
    schema: &SchemaRef,
    check: impl Fn(&ArrayData) -> Result<(), ArrowError>,
) -> Result<RecordBatch, ArrowError> {
    let n_columns = schema.fields().len();
    if array.release.is_none() {
        return Err(ArrowError::CDataInterface("a released array".to_owned()));
    }
    if array.length < 0 || array.offset < 0 || usize::try_from(array.n_children).ok() != Some(n_columns) {
        return Err(ArrowError::CDataInterface(format!(
            "an array of {} columns and {} rows where {n_columns} columns were declared",
            array.n_children, array.length
        )));
    }
    // SAFETY: both are the `ArrowArray` of the C data interface; ownership moves with the bytes.
    let imported = unsafe { transmute::<ArrowArray, FFI_ArrowArray>(array) };
    let data_type = DataType::Struct(schema.fields().clone());
    caught(|| {
        // SAFETY: the array is live (checked above) and was declared with this type; what it points to is checked next,
        // before anything else reads it, or comes from the host, whose arrays are valid.
        let data = unsafe { from_ffi_and_data_type(imported, data_type) }?;
        // Lengths; then, column by column, what is in them.
        data.validate()?;
        data.child_data().iter().try_for_each(check)?;
        let rows = StructArray::from(data);
        // Rows without columns are rows too.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let (_, columns, nulls) = rows.into_parts();
        if nulls.is_some_and(|nulls| nulls.null_count() > 0) {
            return Err(ArrowError::CDataInterface("a row that is null as a whole".to_owned()));
        }
        RecordBatch::try_new_with_options(schema.clone(), columns, &options)
    })
}

/// The buffers of a column are those of another: the same memory, and no more of it.
fn is_same(known: &ArrayData, column: &ArrayData) -> bool {
    let validity =
        |data: &ArrayData| data.nulls().map(|nulls| (nulls.validity().as_ptr(), nulls.offset(), nulls.len()));
    let buffers = known.buffers().iter().zip(column.buffers());
    known.data_type() == column.data_type()
        && (known.len(), known.offset()) == (column.len(), column.offset())
        && validity(known) == validity(column)
        && known.buffers().len() == column.buffers().len()
        && buffers.into_iter().all(|(known, buffer)| known.as_ptr() == buffer.as_ptr() && buffer.len() <= known.len())
        && known.child_data().len() == column.child_data().len()
        && known.child_data().iter().zip(column.child_data()).all(|(known, child)| is_same(known, child))
}

/// A reader in the blocking form. Its panics and NUL bytes become errors: neither may cross.
pub fn export_reader(reader: Box<dyn RecordBatchReader + Send>) -> ArrowArrayStream {
    let exported = FFI_ArrowArrayStream::new(Box::new(Guarded(reader)));
    // SAFETY: both are the `ArrowArrayStream` of the C stream interface; ownership moves with the bytes.
    unsafe { transmute::<FFI_ArrowArrayStream, ArrowArrayStream>(exported) }
}

/// A reader over a stream in the blocking form.
pub fn import_reader(stream: ArrowArrayStream) -> Result<impl RecordBatchReader + Send, ArrowError> {
    // SAFETY: both are the `ArrowArrayStream` of the C stream interface; ownership moves with the bytes.
    let imported = unsafe { transmute::<ArrowArrayStream, FFI_ArrowArrayStream>(stream) };
    caught(|| RecordBatchStreamReader::try_new(imported)).map(Checked)
}

/// Checks every batch that comes out of a foreign stream.
struct Checked(RecordBatchStreamReader);

impl Iterator for Checked {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match catch_unwind(AssertUnwindSafe(|| self.0.next())) {
            Ok(next) => next?,
            Err(_) => return Some(Err(panicked())),
        };
        Some(batch.and_then(|batch| {
            batch.columns().iter().try_for_each(|column| column.to_data().validate_full())?;
            Ok(batch)
        }))
    }
}

impl RecordBatchReader for Checked {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }
}

/// A reader whose panics become errors, before arrow-rs' callbacks would let them abort the process.
struct Guarded(Box<dyn RecordBatchReader + Send>);

impl Iterator for Guarded {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = catch_unwind(AssertUnwindSafe(|| self.0.next())).unwrap_or_else(|_| Some(Err(panicked())));
        next.map(|batch| batch.map_err(|error| ArrowError::ExternalError(error.to_string().replace('\0', "").into())))
    }
}

impl RecordBatchReader for Guarded {
    fn schema(&self) -> SchemaRef {
        catch_unwind(AssertUnwindSafe(|| self.0.schema())).unwrap_or_else(|_| SchemaRef::new(Schema::empty()))
    }
}

fn caught<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> ArrowError {
    ArrowError::CDataInterface("the rows are malformed: reading them panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_comes_back_is_known_and_another_is_not() {
        let batch = batch();
        let known: Vec<ArrayData> = batch.columns().iter().map(|column| column.to_data()).collect();
        let again = import_batch(export_batch(batch.clone()), &batch.schema()).unwrap();
        let is_known = |column: &dyn Array| known.iter().any(|known| is_same(known, &column.to_data()));
        assert!(again.columns().iter().all(|column| is_known(column)));
        let other = super::tests::batch();
        assert!(!other.columns().iter().any(|column| is_known(column)), "equal values in other memory");
        assert!(!is_known(&batch.column(1).slice(1, 1)), "a part is not the whole");
        // Known columns beside a new one: this one is looked at.
        let broken = StringArray::from(vec![Some("ok"), Some("bad")]).into_data();
        let bytes = arrow_array::builder::BufferBuilder::<u8>::new(0).finish();
        let broken = broken.into_builder().buffers(vec![known[1].buffers()[0].clone(), bytes]);
        // SAFETY: it is invalid on purpose, and nothing reads it but the check.
        let broken = unsafe { broken.build_unchecked() };
        assert!(!is_same(&known[1], &broken) && broken.validate_full().is_err());
        assert_eq!(import_batch_beside(export_batch(batch.clone()), &batch.schema(), &known).unwrap(), batch);
    }
    use arrow_array::{Int64Array, RecordBatchIterator, StringArray};
    use arrow_schema::Field;
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let schema =
            Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8, true)]);
        let columns: Vec<Arc<dyn Array>> =
            vec![Arc::new(Int64Array::from(vec![1, 2])), Arc::new(StringArray::from(vec![Some("a"), None]))];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    #[test]
    fn batches_and_schemas_come_back_whole() {
        let schema = import_schema(export_schema(&batch().schema()).unwrap()).unwrap();
        assert_eq!(import_batch(export_batch(batch()), &schema).unwrap(), batch());
    }

    #[test]
    fn another_schema_than_declared_is_refused() {
        let other = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
        assert!(import_batch(export_batch(batch()), &other).unwrap_err().to_string().contains("2 columns"));
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        let bytes = arrow_array::BinaryArray::from(vec![Some(&b"\xff\xfe"[..]), None]);
        let schema = Arc::new(Schema::new(vec![Field::new("name", DataType::Binary, true)]));
        let rows = RecordBatch::try_new(schema, vec![Arc::new(bytes)]).unwrap();
        let declared = Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, true)]));
        assert!(import_batch(export_batch(rows), &declared).is_err());
    }

    #[test]
    fn a_reader_that_panics_or_speaks_nul_ends_in_an_error() {
        let schema = batch().schema();
        let bad = [Ok(batch()), Err(ArrowError::ComputeError("nul \0 inside".to_owned()))];
        let stream = export_reader(Box::new(RecordBatchIterator::new(bad, schema.clone())));
        let read: Vec<_> = import_reader(stream).unwrap().collect();
        assert!(read[0].is_ok() && read[1].is_err());

        let mut calls = 0;
        let panicking = std::iter::from_fn(move || {
            calls += 1;
            assert!(calls < 2, "boom");
            Some(Ok(batch()))
        });
        let stream = export_reader(Box::new(RecordBatchIterator::new(panicking, schema)));
        let read: Vec<_> = import_reader(stream).unwrap().take(2).collect();
        assert!(read[0].is_ok() && read[1].is_err());
    }
}
