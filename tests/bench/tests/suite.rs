//! The suite is itself tested: every work at a tiny size, every contender, and all their answers compared. Nothing is timed.

#![allow(clippy::disallowed_methods)] // Data of a test.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn all_contenders_give_the_same_answers_to_all_works() {
    // The folder is kept from test to test: it has the Python environment.
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    let file = work.join("report.json");
    std::fs::create_dir_all(&work).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--check", "--gb", "0.001", "--files", "20", "--sf", "0.01", "--work"]).arg(&work);
    let output = command.arg("--json").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {said}"));
    let report: Value = serde_json::from_str(&text).unwrap();

    let mut missing = Vec::new();
    let mut races = Vec::new();
    for work in list(&report, "works") {
        missing.extend(work.get("not_available").map(|why| format!("{}: {why}", work["name"])));
        for race in list(work, "races") {
            let contenders = list(race, "contenders");
            races.push(format!("{} {}", race["name"].as_str().unwrap(), contenders.len()));
            let out = contenders.iter().filter(|contender| contender.get("not_available").is_some());
            missing.extend(out.map(|contender| format!("{}: {contender}", race["name"])));
        }
    }
    assert!(missing.is_empty(), "{}\n{said}", missing.join("\n"));
    let mut wanted = vec!["filter 5", "report 5", "files 6", "module 3", "sort 5", "aggregate 5", "join 5"];
    let queries: Vec<String> = (1..=22).map(|query| format!("q{query:02} 4")).collect();
    wanted.extend(queries.iter().map(String::as_str));
    assert_eq!(races, wanted);
    assert!(output.status.success(), "{said}");
}
