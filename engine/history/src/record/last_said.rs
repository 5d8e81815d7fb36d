//! When a run last said something: the newest line of its log. A long sub flow tells no event for hours, but its modules talk.

use crate::time;
use pypeline_engine::run::observe::logging::RUN_LOG;
use serde::Deserialize;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes at a log's end in which a whole line is: one has at most 65,536.
const END: u64 = 2 * 65_536 + 2;

#[derive(Deserialize)]
struct Line {
    time: String,
}

/// Seconds since 1970 of the newest line of the log in a record's folder; none where there is no such line.
pub(super) fn last_said(folder: &Path) -> Option<f64> {
    // A log that has just been rotated is empty.
    [RUN_LOG.to_owned(), format!("{RUN_LOG}.1")].iter().find_map(|name| newest(&folder.join(name)))
}

fn newest(path: &Path) -> Option<f64> {
    let mut file = File::open(path).ok()?;
    let length = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(length.saturating_sub(END))).ok()?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).ok()?;
    // The last line may have been cut off, as the run was; one that cannot be read counts for nothing.
    let time = |line: &[u8]| time::exact(&serde_json::from_slice::<Line>(line).ok()?.time);
    end.rsplit(|byte| *byte == b'\n').find_map(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_line_counts() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(last_said(folder.path()), None);
        put(RUN_LOG, "");
        put("log.jsonl.1", "{\"time\":\"1970-01-01T00:00:07.500000Z\"}\n");
        assert_eq!(last_said(folder.path()), Some(7.5));
        let long = format!("{{\"time\":\"1970-01-01T00:01:00Z\",\"message\":\"{}\"}}\n", "x".repeat(60_000));
        put(RUN_LOG, &format!("{}no line\n{{\"time\":\"1970-01-01T00:02:00Z\",\"mess", long.repeat(9)));
        assert_eq!(last_said(folder.path()), Some(60.0));
    }
}
