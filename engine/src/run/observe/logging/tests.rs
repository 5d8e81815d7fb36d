//! Lines from the macro to the file, through a logger of the test's own.

use super::*;
use pypeline_schema::log_line::{LogLevel, LogLine};
use pypeline_schema::secret::Secret;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tracing::level_filters::LevelFilter;

/// Somewhere to write to.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Text {
    fn get(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(levels: &str) -> Settings {
    let levels = LogLevels::parse(levels).unwrap();
    Settings { format: LogFormat::Json, colour: false, levels, file: None, runs: Some(RunSettings::default()) }
}

/// What is said meanwhile goes to the logger.
fn with(settings: Settings, say: impl FnOnce(&Arc<Logger>)) -> String {
    let stderr = Text::default();
    let to = stderr.clone();
    let logger = Logger::new(settings, move || to.clone());
    let subscriber = tracing_subscriber::registry().with(ToLogger(Arc::clone(&logger)));
    tracing::subscriber::with_default(subscriber, || say(&logger));
    logger.settle();
    stderr.get()
}

fn parsed(text: &str) -> Vec<LogLine> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn log_of(folder: &Path) -> Vec<LogLine> {
    parsed(&std::fs::read_to_string(folder.join(RUN_LOG)).unwrap())
}

macro_rules! say {
    ($level:ident, $run:expr, $module:expr, $node:expr, $fields:expr, $message:expr) => {
        tracing::event!(
            target: MODULE_TARGET, Level::$level, run = $run, sub_flow = "load", node_id = $node, iter = ?vec![2_u64, 0],
            module = $module, fields = $fields, "{}", $message
        )
    };
}

#[test]
fn a_line_of_a_module_has_all_its_keys_and_fits_the_schema() {
    let text = with(settings("trace"), |_| {
        say!(
            INFO,
            "r1",
            "csv_source",
            "people",
            r#"{"rows": 5, "path": "a\u001bb", "deep": {"x": [1, null]}}"#,
            "read \"x\""
        );
        say!(WARN, "", "csv_source", "people", "[1, 2]", "a list");
        say!(WARN, "", "csv_source", "people", "{not json", "no json");
        say!(DEBUG, "", "csv_source", "people", r#"{"n": 1e999}"#, "no number");
        tracing::error!(node_id = "b", n = 5_u64, nan = f64::NAN, path = ?Path::new("/x"), yes = true, "{}", "m\n\u{1b}\u{2028}");
        tracing::trace!("bare");
    });
    let lines = parsed(&text);
    let schema: Value = serde_json::to_value(schemars::schema_for!(LogLine)).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(schema.is_valid(&line), "{line}");
    }
    assert_eq!(lines.len(), 6);
    let first = json!({
        "time": lines[0].time, "level": "INFO", "run": "r1", "sub_flow": "load", "node_id": "people", "iter": [2, 0],
        "target": "csv_source", "message": "read \"x\"", "fields": {"rows": 5, "path": "a\u{1b}b", "deep": {"x": [1, null]}}
    });
    assert_eq!(serde_json::to_value(&lines[0]).unwrap(), first);
    assert_eq!(Value::Object(lines[1].fields.clone()), json!({"fields": [1, 2]}));
    assert_eq!(Value::Object(lines[2].fields.clone()), json!({"fields": "{not json"}));
    assert_eq!(Value::Object(lines[3].fields.clone()), json!({"fields": "{\"n\": 1e999}"}));
    assert_eq!(Value::Object(lines[4].fields.clone()), json!({"n": 5, "nan": "NaN", "path": "\"/x\"", "yes": true}));
    assert_eq!((lines[4].node_id.as_str(), lines[4].message.as_str()), ("b", "m\n\u{1b}\u{2028}"));
    assert_eq!(lines[5].target, module_path!());
    let mut keys: Vec<String> = serde_json::from_str::<Value>(text.lines().last().unwrap())
        .unwrap()
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    keys.sort();
    assert_eq!(keys, ["level", "message", "target", "time"]);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{2028}'));
}

#[test]
fn dynamic_targets_and_nodes_have_levels() {
    let text = with(settings("warn,csv_source=debug,loud.one=trace"), |logger| {
        for (module, node) in [("csv_source", "a"), ("csv_sink", "a"), ("csv_sink", "loud.one.b"), ("csv_sink", "loud")]
        {
            say!(INFO, "", module, node, "", format!("{module} {node}"));
            say!(TRACE, "", module, node, "", format!("{module} {node} trace"));
        }
        tracing::info!("engine");
        assert!(tracing::enabled!(target: MODULE_TARGET, Level::TRACE));
        // The log of a run, too, may want it.
        assert!(logger.wants(Level::INFO, "csv_sink", "a") && !logger.wants(Level::DEBUG, "csv_sink", "a"));
        assert!(logger.wants(Level::DEBUG, "csv_source", "a") && !logger.wants(Level::TRACE, "csv_source", "a"));
    });
    let said: Vec<String> = parsed(&text).into_iter().map(|line| line.message).collect();
    assert_eq!(said, ["csv_source a", "csv_sink loud.one.b", "csv_sink loud.one.b trace"]);
}

#[test]
fn lines_go_to_the_log_of_their_run() {
    let folder = tempfile::tempdir().unwrap();
    let (outer, inner) = (folder.path().join("outer"), folder.path().join("inner"));
    std::fs::create_dir(&outer).unwrap();
    std::fs::create_dir(&inner).unwrap();
    let stderr = with(settings("off"), |logger| {
        tracing::info!("before");
        let of_outer = logger.open_run_log("r1", &outer).unwrap();
        let of_inner = logger.open_run_log("r2", &inner).unwrap();
        tracing::info!("of nobody");
        say!(INFO, "r1", "m", "n", "", "one");
        say!(INFO, "r2", "m", "n", "", "two");
        say!(DEBUG, "r2", "m", "n", "", "too fine");
        say!(INFO, "r3", "m", "n", "", "of a run without a log");
        drop(of_inner);
        say!(INFO, "r2", "m", "n", "", "too late");
        drop(of_outer);
        assert!(logger.open_run_log("r4", &folder.path().join("nowhere")).is_err());
    });
    let said = |folder: &Path| log_of(folder).into_iter().map(|line| (line.run, line.message)).collect::<Vec<_>>();
    let pair = |run: &str, message: &str| (run.to_owned(), message.to_owned());
    assert_eq!(said(&outer), [pair("r1", "of nobody"), pair("r1", "one")]);
    assert_eq!(said(&inner), [pair("r2", "two")]);
    assert_eq!(stderr, "");
}

#[test]
fn a_log_that_cannot_be_written_costs_a_warning_and_a_count() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    let file = folder.path().join("nowhere/log.jsonl");
    let files = LogFiles::default();
    let file = Some(FileSettings { path: file, levels: LogLevels::all(LevelFilter::INFO), files });
    let text = with(Settings { file, ..settings("warn") }, |logger| {
        let log = logger.open_run_log("r1", &run).unwrap();
        std::fs::remove_dir_all(&run).unwrap();
        for n in 0..10 {
            tracing::info!("line {n}");
        }
        drop(log);
    });
    let said: Vec<(String, String)> = parsed(&text).into_iter().map(|line| (line.run, line.message)).collect();
    let n_said = |run: &str, words: &str| said.iter().filter(|(of, text)| of == run && text.contains(words)).count();
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!((n_said("", "nowhere/log.jsonl` cannot be written, and has gaps"), n_said("", "10 log lines")), (1, 1));
    assert_eq!((n_said("r1", "run/log.jsonl` cannot be written"), n_said("r1", "10 log lines could not")), (1, 1));
}

#[test]
fn no_secret_is_written_in_whatever_form() {
    let secret = "Tr0ub4dor&3-\u{202e}\"quoted\"-K";
    crate::secrets::net::add([&Secret::new(secret)]);
    let folder = tempfile::tempdir().unwrap();
    let fields = json!({"url": format!("https://u:{secret}@host"), secret: 1, "list": [secret]}).to_string();
    let escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let long = format!("{}{secret}{}", "x".repeat(40_960 - 60), "y".repeat(80_000));
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let text = with(Settings { format, ..settings("trace") }, |logger| {
            let _log = logger.open_run_log("r1", folder.path()).unwrap();
            say!(WARN, "r1", "m", "n", &fields, format!("password {secret}"));
            say!(WARN, "r1", "m", "n", &format!("{{\"a\": \"{escaped}\"}}"), "escaped");
            tracing::warn!(value = secret, debug = ?secret, "{long}");
        });
        let log = std::fs::read_to_string(folder.path().join(RUN_LOG)).unwrap();
        for text in [text, log] {
            assert!(!text.contains("Tr0ub") && !text.contains("quoted"), "{}", &text[..500]);
            assert!(text.contains("password ***") && text.contains("u:***@host"), "{}", &text[..500]);
        }
    }
}

#[test]
fn a_line_is_cut_where_it_is_too_long() {
    let text = with(settings("trace"), |_| {
        let fields = json!({"a": "b", "big": "\u{1b}".repeat(50_000), "list": vec!["x"; 50_000], "z": 1}).to_string();
        say!(INFO, "r1", "m", "n", &fields, "\u{1}".repeat(100_000));
        say!(INFO, &"r".repeat(100_000), "m", "n", "", "short");
        say!(INFO, "r1", "m", "n", "", "\u{e4}".repeat(32_600));
    });
    let lines = parsed(&text);
    assert!(
        text.lines().all(|line| line.len() < json::LONGEST),
        "{:?}",
        text.lines().map(str::len).collect::<Vec<_>>()
    );
    assert!(lines[0].message.ends_with("\u{1}[cut, 100000 bytes in all]"));
    assert_eq!(lines[0].fields["a"], "b");
    assert!(lines[0].fields["big"].as_str().unwrap().ends_with("[cut, 50000 bytes in all]"));
    assert!(lines[0].fields["cut"].as_str().unwrap().starts_with("[cut, "));
    assert!(lines[1].run.ends_with("bytes in all]") && lines[1].message == "short");
    assert_eq!(lines[2].message.chars().count(), 32_600);
}

#[test]
fn many_lines_are_rotated_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let files = LogFiles { max_bytes: 100_000, keep: 100 };
    let runs = Some(RunSettings { levels: LogLevels::all(LevelFilter::INFO), files });
    with(Settings { runs, ..settings("off") }, |logger| {
        let log = logger.open_run_log("r1", folder.path()).unwrap();
        for n in 0..10_000_u64 {
            tracing::info!(n, "said");
        }
        drop(log);
    });
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let age = |path: &PathBuf| path.extension().unwrap().to_str().unwrap().parse().unwrap_or(0_usize);
    paths.sort_by_key(|path| std::cmp::Reverse(age(path)));
    assert!(paths.len() > 5);
    let mut said = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.len() <= 100_000);
        said.extend(parsed(&text).into_iter().map(|line| line.fields["n"].as_u64().unwrap()));
    }
    assert_eq!(said, (0..10_000).collect::<Vec<_>>());
    assert_eq!(LogLevel::Info.as_str(), "INFO");
}

/// Seconds that this process has worked, on all its threads.
fn cpu() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let of = |path: PathBuf| -> Option<f64> {
        std::fs::read_to_string(path.join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    threads.filter_map(|thread| of(thread.path())).sum::<f64>() / 1e9
}

/// `cargo test --release -p pypeline-engine --lib -- --ignored --nocapture cost_of_lines`
#[test]
#[ignore = "a measurement of 15 seconds, to be run alone"]
fn cost_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let message = "x".repeat(100);
    for (name, fields, secrets) in [
        ("plain", "", 0),
        ("with fields", r#"{"rows": 12345, "path": "in/orders_2026.csv"}"#, 0),
        ("with 20 secrets known", "", 20),
    ] {
        let secrets: Vec<Secret> = (0..secrets).map(|n| Secret::new(format!("kX9-{n}-vQ2mZ7pLw4Tr"))).collect();
        crate::secrets::net::add(&secrets);
        with(settings("off"), |logger| {
            let log = logger.open_run_log("20261121T094201-e38459", folder.path()).unwrap();
            let (began, before) = (std::time::Instant::now(), cpu());
            for block in 1..=500_u32 {
                for _ in 0..100 {
                    say!(INFO, "20261121T094201-e38459", "csv_source", "orders", fields, message);
                }
                let next = std::time::Duration::from_millis(10) * block;
                std::thread::sleep(next.saturating_sub(began.elapsed()));
            }
            let share = 100.0 * (cpu() - before) / began.elapsed().as_secs_f64();
            println!("{name}: {share:.2} % of a core at 10,000 lines a second");
            drop(log);
        });
    }
}
