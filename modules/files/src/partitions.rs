//! `partition_by` of the file sinks: what its columns may be named, and what it cannot be joined with.

use pypeline_sdk::lowering::WriteMode;
use pypeline_sdk::prelude::*;

/// The columns part rows into folders that are named after them.
pub(crate) fn check(columns: &[String], mode: WriteMode) -> Result<()> {
    let wrong = |text: String| Error::config(text).with("key", "partition_by");
    for (at, column) in columns.iter().enumerate() {
        // `/` would lead elsewhere, `=` would end the name, and a name of white space alone is a slip.
        if column.trim().is_empty() || column.contains(['/', '\\', '=', '\0']) {
            let error = wrong(format!("`{column}` cannot name a folder"));
            return Err(error.help("rename the column before, without `/`, `\\` and `=`"));
        }
        if columns.iter().take(at).any(|other| other == column) {
            return Err(wrong(format!("`{column}` is given twice")));
        }
    }
    if mode == WriteMode::Append && !columns.is_empty() {
        let error = Error::config("rows cannot be added to a folder of partitions").with("key", "mode");
        let help = "write it anew by `mode: overwrite`, or give each run a folder of its own in `output_path` and read all of them";
        return Err(error.help(help));
    }
    Ok(())
}
