//! One run of a program: its wall time, its CPU time and its peak memory.

use crate::Result;
use crate::process::{name, tail};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Time between two looks at the process. A look costs some microseconds, so the contenders hardly feel it.
const INTERVAL: Duration = Duration::from_millis(2);
/// Nobody takes so long: a program that hangs must not hold up the others.
const LIMIT: Duration = Duration::from_secs(900);
/// `/proc/<pid>/stat` counts in ticks of 1/100 s (`USER_HZ`, the same on all architectures that matter here).
const TICKS_PER_SECOND: f64 = 100.0;

/// What one run cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Seconds from the start of the process to its end.
    pub wall_s: f64,
    /// Seconds of all its threads.
    pub cpu_s: f64,
    /// Most memory that it had at once, in MB (1,000,000 bytes). Pages of mapped files count.
    pub rss_mb: f64,
    /// The same without pages of files: what the kernel cannot simply drop.
    pub anon_mb: f64,
}

/// Runs a command to its end. Its stderr goes to `log`, because a pipe would have to be read meanwhile.
pub fn measure(command: &mut Command, log: &Path) -> Result<Sample> {
    let name = name(command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
    let start = Instant::now();
    let mut child = command.spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
    let pid = child.id();
    let ended = AtomicBool::new(false);
    let (status, wall, usage) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(pid, &ended));
        let status = child.wait();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        (status, wall, watcher.join())
    });
    let status = status?;
    if !status.success() {
        let words = tail(&String::from_utf8_lossy(&std::fs::read(log)?));
        return Err(format!("{name}: {status}: {words}").into());
    }
    let usage = usage.map_err(|_| "the thread that reads /proc ended in a panic")?;
    let megabytes = |kib: u64| kib as f64 * 1024.0 / 1e6;
    Ok(Sample {
        wall_s: wall.as_secs_f64(),
        cpu_s: usage.ticks as f64 / TICKS_PER_SECOND,
        rss_mb: megabytes(usage.rss_kib),
        anon_mb: megabytes(usage.anon_kib),
    })
}

/// The highest values seen.
#[derive(Default)]
struct Usage {
    rss_kib: u64,
    anon_kib: u64,
    ticks: u64,
}

fn watch(pid: u32, ended: &AtomicBool) -> Usage {
    let (status, stat) = (format!("/proc/{pid}/status"), format!("/proc/{pid}/stat"));
    let mut usage = Usage::default();
    let start = Instant::now();
    // A process that has ended has no memory lines any more: the highest of all looks stands.
    while !ended.load(Ordering::Relaxed) {
        if let Ok(text) = std::fs::read_to_string(&status) {
            usage.rss_kib = usage.rss_kib.max(kib(&text, "VmHWM:"));
            usage.anon_kib = usage.anon_kib.max(kib(&text, "RssAnon:"));
        }
        if let Some(ticks) = std::fs::read_to_string(&stat).ok().and_then(|text| ticks(&text)) {
            usage.ticks = usage.ticks.max(ticks);
        }
        if start.elapsed() > LIMIT {
            // Its end is a failure like others. That it has ended meanwhile is none.
            let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
        std::thread::sleep(INTERVAL);
    }
    usage
}

/// A memory line of `/proc/<pid>/status`.
fn kib(status: &str, key: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(key));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// CPU time in `/proc/<pid>/stat`: fields 14 and 15, and 16 and 17 for children that have ended. The program's name,
/// field 2, stands in parentheses and may hold blanks, so fields are counted from behind it.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().skip(11).take(4).map(|field| field.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let status = "Name:\tx\nVmHWM:\t  123456 kB\nVmRSS:\t    99 kB\nRssAnon:\t     42 kB\n";
        assert_eq!((kib(status, "VmHWM:"), kib(status, "RssAnon:"), kib("", "VmHWM:")), (123_456, 42, 0));
        let stat = "77 (a ) b) R 1 77 77 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 1 0 5";
        assert_eq!(ticks(stat), Some(307));
        assert_eq!(ticks(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_measured_and_a_failure_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let sample = measure(Command::new("sleep").arg("0.1"), &log).unwrap();
        assert!(sample.wall_s >= 0.1 && sample.rss_mb > 0.0, "{sample:?}");
        let error = measure(Command::new("sh").args(["-c", "echo why >&2; exit 3"]), &log).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
    }
}
