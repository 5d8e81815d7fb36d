//! A run whose process died said nothing at its end. Whoever takes the job next says it, so that every event log has an end.

use crate::job_folder::JobFolder;
use pypeline_disk::AppendFile;
use pypeline_schema::event::{Event, EventLine};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes at the end of a log in which its last line is looked for.
const TAIL: u64 = 1 << 20;

/// Ends the event log of the run that held the job last, if it has no end, and takes away what it was writing in its record. The
/// job is held: it is dead.
pub(super) fn tell_of_death(job: &JobFolder, last_run: Option<&str>) {
    let is_id = |id: &&str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let Some(run_id) = last_run.filter(is_id) else { return };
    let record = job.runs().join(run_id);
    pypeline_disk::sweep(&record);
    let log = record.join("events.jsonl");
    if log.is_file()
        && !record.join("result.json").exists()
        && let Err(error) = end(&log)
    {
        tracing::debug!("the event log of a run that died cannot be ended: {error}");
    }
}

fn end(log: &Path) -> std::io::Result<()> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    // A line that was torn is taken off.
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = tail.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    let last = lines.filter_map(|line| serde_json::from_slice::<EventLine>(line).ok()).next_back();
    if last.as_ref().is_some_and(|last| matches!(last.event, Event::RunFinished { .. } | Event::RunDied)) {
        return Ok(());
    }
    let (seq, t) = last.map_or((1, 0.0), |last| (last.seq + 1, last.t));
    let mut line = serde_json::to_vec(&EventLine { seq, t, iter: Vec::new(), event: Event::RunDied })?;
    line.push(b'\n');
    let mut out = AppendFile::open(log)?;
    if from + (whole as u64) < length {
        out.truncate(from + whole as u64)?;
    }
    out.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_without_an_end_gets_one_and_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let job = JobFolder::new(folder.path(), "load");
        let record = job.runs().join("20261121T101010-000001");
        std::fs::create_dir_all(&record).unwrap();
        let log = record.join("events.jsonl");
        let first = "{\"seq\":7,\"t\":0.5,\"event\":\"stopping\",\"reason\":\"failure\"}\n";
        std::fs::write(&log, format!("{first}{{\"seq\":8,\"t")).unwrap();
        let leftover = record.join(".result.json.12-0.pype-tmp");
        std::fs::write(&leftover, "{").unwrap();
        let run = Some("20261121T101010-000001");
        tell_of_death(&job, run);
        assert!(!leftover.exists());
        let expected = format!("{first}{{\"seq\":8,\"t\":0.5,\"event\":\"run_died\"}}\n");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), expected);
        tell_of_death(&job, run);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), expected);
        std::fs::write(&log, first).unwrap();
        std::fs::write(record.join("result.json"), "{}").unwrap();
        tell_of_death(&job, run);
        tell_of_death(&job, Some("../x"));
        tell_of_death(&job, Some(""));
        tell_of_death(&job, None);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), first);
    }
}
