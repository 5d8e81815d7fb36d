//! Tables that are whole in memory, sent in the pieces that travel best.

use arrow_array::RecordBatch;
use pypeline_sdk::prelude::*;

/// Rows per batch: what travels best across the plugin boundary.
pub const BATCH: usize = 65_536;

/// Sends all rows of `table`. The port is opened where there are none too: an empty table has its columns.
pub async fn send(output: &mut Output, table: &RecordBatch) -> Result<()> {
    output.open(&table.schema())?;
    for start in (0..table.num_rows()).step_by(BATCH) {
        output.send(table.slice(start, BATCH.min(table.num_rows() - start))).await?;
    }
    Ok(())
}
