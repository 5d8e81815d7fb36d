//! Rows as Arrow record batches, on the author's side of the boundary.

use crate::error::{Error, Result};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use pypeline_abi::arrow_rs::{
    export_batch, export_reader, export_schema, import_host_batch, import_reader, import_schema,
};
use pypeline_abi::rows::{InputPortBox, OutputPortBox};

/// Rows coming in. Text columns are `Utf8View`, as the engine holds them.
pub struct Input {
    port: InputPortBox,
    schema: Option<SchemaRef>,
}

impl Input {
    pub(crate) fn new(port: InputPortBox) -> Self {
        Self { port, schema: None }
    }

    /// The columns.
    pub fn schema(&mut self) -> Result<SchemaRef> {
        if let Some(schema) = &self.schema {
            return Ok(schema.clone());
        }
        let schema = import_schema(Error::from_abi(self.port.schema())?)?;
        Ok(self.schema.insert(schema).clone())
    }

    /// The next rows; none at the end.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let schema = self.schema()?;
        let next = Error::from_abi(self.port.next().await)?;
        Ok(next.into_option().map(|array| import_host_batch(array, &schema)).transpose()?)
    }

    /// All remaining rows as a blocking reader, for use inside `RunContext::run_blocking`.
    pub fn into_reader(self) -> Result<impl RecordBatchReader + Send> {
        Ok(import_reader(Error::from_abi(self.port.stream())?)?)
    }
}

/// Rows going out.
pub struct Output {
    port: OutputPortBox,
    schema: Option<SchemaRef>,
}

impl Output {
    pub(crate) fn new(port: OutputPortBox) -> Self {
        Self { port, schema: None }
    }

    /// Somebody reads this port.
    pub fn is_linked(&self) -> bool {
        self.port.is_linked()
    }

    /// Declares the columns. Needed only where there may be no rows at all: `send` declares them too.
    pub fn open(&mut self, schema: &SchemaRef) -> Result<()> {
        match &self.schema {
            None => {
                Error::from_abi(self.port.open(export_schema(schema)?))?;
                self.schema = Some(schema.clone());
                Ok(())
            }
            Some(declared) if declared == schema => Ok(()),
            Some(declared) => Err(Error::data("the columns changed between two batches of one port")
                .with("declared", declared)
                .with("sent", schema)),
        }
    }

    /// Hands over rows; waits while the reader has no room. Batches of 65,536 rows travel best.
    pub async fn send(&mut self, batch: RecordBatch) -> Result<()> {
        self.open(&batch.schema())?;
        Error::from_abi(self.port.send(export_batch(batch)).await)
    }

    /// Hands over everything that a blocking reader gives, pulled on the host's pool; the number of rows.
    pub async fn send_reader(self, reader: Box<dyn RecordBatchReader + Send>) -> Result<u64> {
        Error::from_abi(self.port.send_stream(export_reader(reader)).await)
    }
}
