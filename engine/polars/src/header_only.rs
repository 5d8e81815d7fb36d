//! Files with a header and no rows: nothing to infer types from, which explains the type errors that follow.

use pypeline_engine::executor::{Stage, Work};
use pypeline_schema::fault::Fault;
use pypeline_schema::lowering::{Scan, ScanFormat};
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
        let text = std::fs::read(path).ok()?;
        // Gzip, zlib and zstd are unpacked by the reader: their bytes tell nothing of lines.
        if text.starts_with(&[0x1f, 0x8b])
            || (text.starts_with(b"x") && text.get(1).is_some_and(|byte| [0x01, 0x5e, 0x9c, 0xda].contains(byte)))
            || text.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        {
            return Some(false);
        }
        let comment = csv.comment_prefix.as_deref().map(str::as_bytes);
        let is_row =
            |line: &&[u8]| !line.trim_ascii().is_empty() && !comment.is_some_and(|prefix| line.starts_with(prefix));
        let lines = text.split(|byte| *byte == b'\n').filter(is_row).count();
        Some(u64::try_from(lines).ok()? <= csv.skip_rows + 1)
    };
    head().unwrap_or(false)
}
