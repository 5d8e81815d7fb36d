//! Progress: lines that move on a terminal, a line of the log now and then elsewhere, nothing with `--quiet`.

use super::lines;
use crate::support::Project;

const SLOW: &str = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 2000000, columns: [{name: n, kind: sequence}, {name: x, kind: float}]}}
  - {id: out, name: parquet_sink, configs: {output_path: out.parquet}}
  - {id: items, name: loop_source, configs: {from: 1, to: 4}}
  - {id: pause, name: sleep_solo, configs: {seconds: 0.4}}
connections:
  data: ["src.data - out.input"]
  control: ["src (1|) items", "items (1|iterate) pause"]
"#;

fn built() -> Project {
    let project = Project::new();
    project.build("slow", SLOW);
    project
}

#[test]
fn off_a_terminal_the_log_says_now_and_then_how_far_it_is() {
    let project = built();
    let output = project.pype(&["run", "jobs/slow", "--progress-every", "0.3"]).expect_code(0);
    let lines = lines(&output.stderr);
    let told: Vec<&str> = lines
        .iter()
        .filter(|line| line["target"] == "pype::progress")
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert!(told.iter().any(|text| text.contains("items") && text.contains("/s") && text.contains('%')), "{told:?}");
    let never = project.pype(&["run", "jobs/slow", "--progress-every", "0"]).expect_code(0);
    assert!(!never.stderr.contains("pype::progress"), "{}", never.stderr);
}

#[test]
fn quiet_says_nothing_but_failures() {
    let project = built();
    let output = project.pype(&["run", "jobs/slow", "--quiet", "--progress-every", "0.2"]).expect_code(0);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    project.build("bad", "modules: [{id: stop, name: die_solo, configs: {message: no rate for today}}]\n");
    let output = project.pype(&["run", "jobs/bad", "--quiet"]).expect_code(1);
    assert!(output.stderr.contains("no rate for today") && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn on_a_terminal_lines_move_and_leave_nothing_behind() {
    let project = built();
    // `script` gives the command a terminal of its own.
    let shown = project.path("shown");
    let command = project.command(&["run", "jobs/slow"]);
    let line = format!("stty cols 120 rows 40; {} run jobs/slow", command.get_program().display());
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line]).arg(&shown).current_dir(project.path("")).env("TERM", "xterm");
    script.env("TMPDIR", project.path("tmp")).stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    match script.status() {
        Ok(status) => assert!(status.success()),
        // A machine without it has other terminals to look at.
        Err(error) => return println!("skipped: no `script`: {error}"),
    }
    let text = project.read("shown");
    assert!(text.contains("items => pause") && text.contains("items/s"), "{text:?}");
    assert!(text.contains("src.data -> out.input") || text.contains("src  "), "{text:?}");
    let report = text.rsplit("\u{1b}[2K").next().unwrap();
    assert!(report.contains("slow") && report.contains("succeeded") && !report.contains("items/s"), "{report:?}");
}
