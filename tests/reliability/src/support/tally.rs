//! What the loops have counted: one line each, for people on stdout, for programs in `target/reliability.jsonl`, and as a
//! table in `target/reliability.txt`, which `cargo xtask nightly` shows at its end.

use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// Tests of one process write one after another.
static WRITING: Mutex<()> = Mutex::new(());

/// What one loop counts.
pub struct Tally {
    name: String,
    counts: Map<String, Value>,
    begun: Instant,
}

impl Tally {
    /// Begins to count, and to take the time.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), counts: Map::new(), begun: Instant::now() }
    }

    /// Notes a number.
    pub fn count(&mut self, what: &str, n: impl Into<Value>) {
        self.counts.insert(what.to_owned(), n.into());
    }

    /// Tells what was counted.
    pub fn tell(self) {
        let seconds = (self.begun.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        let line = json!({"name": self.name, "counts": self.counts, "seconds": seconds});
        println!("{}", row(&line));
        let _one_at_a_time = WRITING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let folder = target();
        std::fs::create_dir_all(&folder).unwrap();
        let lines = folder.join("reliability.jsonl");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&lines).unwrap();
        writeln!(file, "{line}").unwrap();
        let all = std::fs::read_to_string(&lines).unwrap();
        let rows: Vec<String> = all.lines().filter_map(|line| Some(row(&serde_json::from_str(line).ok()?))).collect();
        std::fs::write(folder.join("reliability.txt"), rows.join("\n") + "\n").unwrap();
    }
}

fn row(line: &Value) -> String {
    let counts = line["counts"].as_object().into_iter().flatten();
    let counts: Vec<String> = counts.map(|(what, n)| format!("{n} {what}")).collect();
    format!("{:<52} {:>8} s  {}", line["name"].as_str().unwrap_or_default(), line["seconds"], counts.join(", "))
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|value| !value.is_empty()) {
        Some(named) => PathBuf::from(named),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
    }
}
