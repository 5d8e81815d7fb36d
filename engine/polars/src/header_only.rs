//! Files with a header and no rows: nothing to infer types from, which explains the type errors that follow.

use pypeline_engine::executor::{Stage, Work};
use pypeline_schema::fault::Fault;
use pypeline_schema::lowering::{Scan, ScanFormat};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Adds the reason to a fault of a stage that reads such a file.
pub(crate) fn explain(stage: &Stage, fault: &mut Fault) {
    let header_only = stage.nodes.iter().any(|node| matches!(&node.work, Work::Scan(scan) if is_header_only(scan)));
    if header_only && fault.help.is_none() {
        let help = "the input file has a header and no rows, so its columns are taken for text: declare `columns`";
        fault.help = Some(help.to_owned());
    }
}

/// The file holds a header and not one row: its columns' types cannot be inferred.
pub(crate) fn is_header_only(scan: &Scan) -> bool {
    let (ScanFormat::Csv(csv), Some(path), None) = (&scan.format, scan.paths.first(), &scan.columns) else {
        return false;
    };
    let head = || -> Option<bool> {
        if !csv.header || std::fs::metadata(Path::new(path)).ok()?.len() > 1 << 20 {
            return Some(false);
        }
        let mut text = BufReader::new(File::open(path).ok()?);
        let begin = text.fill_buf().ok()?;
        // Gzip, zlib and zstd are unpacked by the reader: their bytes tell nothing of lines.
        if begin.starts_with(&[0x1f, 0x8b])
            || (begin.starts_with(b"x") && begin.get(1).is_some_and(|byte| [0x01, 0x5e, 0x9c, 0xda].contains(byte)))
            || begin.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        {
            return Some(false);
        }
        let comment = csv.comment_prefix.as_deref().map(str::as_bytes);
        let is_row =
            |line: &[u8]| !line.trim_ascii().is_empty() && !comment.is_some_and(|prefix| line.starts_with(prefix));
        // A few lines tell.
        let mut before = csv.skip_rows.saturating_add(1);
        for line in text.split(b'\n') {
            if is_row(&line.ok()?) {
                if before == 0 {
                    return Some(false);
                }
                before -= 1;
            }
        }
        Some(true)
    };
    head().unwrap_or(false)
}
