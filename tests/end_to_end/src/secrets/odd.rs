//! Secrets that are no plain line of many signs: short ones, digits, keys of several lines, documents, and those of the
//! environment that a command inherits.

use super::Scene;
use crate::support::Project;
use crate::support::canary::ENVIRONMENT;
use serde_json::{Value, json};

/// A flow whose steps say the secret in a log line, in the output of a command, and in an error.
const SAYS: &str = r#"
modules:
  - {id: warn, name: warn_solo, configs: {message: "warn: {{ context.password }}"}}
  - {id: echo, name: shell_solo, configs: {command: 'printf "%s\n" "$GIVEN"; printf "%s\n" "$GIVEN" >&2', env: {GIVEN: "{{ context.password }}"}}}
  - {id: die, name: die_solo, configs: {message: "died: {{ context.password }}"}}
connections: {control: [warn (1|) echo, echo (1|) die]}
"#;

fn says(secret: &str) -> (Scene, Value) {
    let scene = Scene::new();
    std::fs::write(scene.outside("key"), secret).unwrap();
    let context =
        format!("context: {{password: {{secret: true, default: \"file://{}\"}}}}\n", scene.outside("key").display());
    let result = scene.runs(&[], &format!("{SAYS}{context}"), 1);
    (scene, result)
}

#[test]
fn one_that_is_too_short_is_warned_of() {
    let (scene, _) = says("abc");
    let said = scene.pype(&["run", "jobs/job"]).expect_code(1).stderr;
    assert!(said.contains("too short") && said.contains("file://"), "{said}");
}

#[test]
fn a_short_one_is_masked_all_the_same() {
    for secret in ["q7x4", "8d-Kz", "p4ssw0r"] {
        let (scene, _) = says(secret);
        scene.project.assert_nowhere([secret]);
    }
}

/// Everything in the records of runs has the type that its readers expect.
#[track_caller]
fn has_whole_records(scene: &Scene) {
    let ids = scene.project.run_ids("job");
    assert_eq!(ids.len(), 5);
    for id in ids {
        let folder = format!("jobs/job/runs/{id}");
        for line in scene.project.read(&format!("{folder}/events.jsonl")).lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            assert!(event["seq"].is_u64() && event["t"].is_number(), "{event}");
            let numbers = ["seconds", "rows", "attempt", "attempts", "exit_code", "delay"].map(|key| &event[key]);
            assert!(numbers.iter().all(|value| value.is_null() || value.is_number()), "{event}");
        }
        let result: Value = serde_json::from_str(&scene.project.read(&format!("{folder}/result.json"))).unwrap();
        assert_eq!(result["run_id"], json!(id), "{result:#}");
        assert!(
            result["seconds"].is_number() && result["exit_code"].is_u64() && result["peak_rss_bytes"].is_u64(),
            "{result:#}"
        );
    }
}

#[test]
fn digits_are_masked_in_what_modules_say_and_nowhere_else() {
    // The year is in every id of a run, and nearly every small number somewhere among its times.
    for secret in ["0000", "1234", &this_year()] {
        let (scene, _) = says(secret);
        has_whole_records(&scene);
        let word = format!("died: {secret}");
        scene.project.assert_nowhere([word.as_str()]);
    }
}

fn this_year() -> String {
    let (scene, _) = says("no year at all");
    scene.project.run_ids("job")[0][..4].to_owned()
}

#[test]
fn a_count_that_equals_a_secret_stays_a_number() {
    let scene = Scene::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ context.pin }}", columns: [{name: n, kind: sequence}]}}
  - {id: show, name: log_rows_mod}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - show.input, show.output - out.input]}
context: {pin: {type: int, secret: true}}
"#;
    let result = scene.runs(&[("PYPE_CTX_PIN", "7654")], body, 0);
    assert_eq!(result["links"][0]["rows"], 7654);
    has_whole_records(&scene);
    let runs = scene.pype(&["runs"]).expect_code(0);
    assert!(!runs.stderr.contains("is not whole") && !runs.stderr.contains("cannot be read"), "{}", runs.stderr);
}

#[test]
fn words_of_the_record_itself_stay() {
    for secret in ["failed", "message", "node_finished", "job.yaml"] {
        let (scene, _) = says(secret);
        has_whole_records(&scene);
    }
}

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\nNMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n-----END PRIVATE KEY-----\n";

#[test]
fn no_line_of_a_key_is_shown() {
    let (scene, _) = says(PEM);
    scene.project.assert_nowhere(PEM.lines().filter(|line| !line.starts_with('-')));
}

#[test]
fn what_stands_in_a_document_is_secret_too() {
    let scene = Scene::new();
    let document = json!({"user": "etl", "password": "in-a-d0cument-8xK2", "hosts": ["db1.example.com", "db2.example.com"], "notes": "n".repeat(150)});
    std::fs::write(scene.outside("key"), document.to_string()).unwrap();
    let context = format!(
        "context: {{db: {{type: dict, secret: true, default: \"file://{}\"}}}}\n",
        scene.outside("key").display()
    );
    for (vars, said) in [
        ("\"{{ context.db.password }}\"", "set__v"),
        ("\"{{ context.db }}\"", "set__v.password"),
        ("{dsn: [\"{{ context.db.password }}\"]}", "set__v.dsn[0]"),
    ] {
        let body = format!(
            "modules:\n  - {{id: set, name: set_var_solo, configs: {{vars: {{v: {vars}}}}}}}\n  - {{id: warn, name: warn_solo, configs: {{message: \"{{{{ {said} }}}}\"}}}}\n  - {{id: die, name: die_solo, configs: {{message: \"{{{{ {said} }}}}\"}}}}\nconnections: {{control: [set (1|) warn, warn (1|) die]}}\n{context}"
        );
        println!("{vars}");
        scene.runs(&[], &body, 1);
        scene.project.assert_nowhere(["in-a-d0cument-8xK2"]);
    }
}

#[test]
fn what_a_command_inherits_is_masked_where_it_says_it() {
    let project = Project::new();
    let names: Vec<String> = ENVIRONMENT.iter().map(|(name, _)| format!("\"${name}\"")).collect();
    let command = format!("printf '%s\\n' {}; printf '%s\\n' {} >&2; exit 3", names.join(" "), names.join(" "));
    let body = format!("modules: [{{id: it, name: shell_solo, configs: {{command: {}}}}}]\n", json!(command));
    project.run_fails("job", &body, &["exit code 3", "***"]);
}

#[test]
fn what_is_no_text_is_told_and_not_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let scene = Scene::new();
    scene.build("job", &super::proof("context: {password: {secret: true, default: \"env://DB_PASSWORD\"}}\n"));
    for (name, is_named) in [("DB_PASSWORD", "env://DB_PASSWORD"), ("PYPE_CTX_PASSWORD", "PYPE_CTX_PASSWORD")] {
        let mut command = scene.command(&[], &["run", "jobs/job"]);
        let output = command.env(name, std::ffi::OsStr::from_bytes(b"s3cret-\xff\xfe")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(is_named) && !said.contains("s3cret-"), "{name}: {output:?}");
    }
}

/// Letters in which nothing repeats; another seed gives others.
fn letters(seed: u64, count: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64.wrapping_mul(2 * seed + 1);
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[(state % 64) as usize])
    };
    (0..count).map(|_| letter()).collect()
}

#[test]
fn a_large_one_takes_no_more_memory_than_it_has_to() {
    let scene = Scene::new();
    // As a keystore in Base64: one line of 200 kB.
    let large = letters(1, 200_000);
    std::fs::write(scene.outside("plain"), &large).unwrap();
    let context =
        format!("context: {{password: {{secret: true, default: \"file://{}\"}}}}\n", scene.outside("plain").display());
    // A variable of the environment cannot be so long: this one is only counted.
    let body = format!(
        "modules: [{{id: it, name: warn_solo, configs: {{message: \"{{{{ context.password | length }}}} letters\"}}}}]\n{context}"
    );
    scene.build("job", &body);
    let output = scene.pype(&["run", "jobs/job", "--output", "json"]);
    let peak = output.expect_code(0).json()["peak_rss_bytes"].as_u64().unwrap() >> 20;
    assert!(peak < 400, "{peak} MB");
}

#[test]
fn many_of_them_do_not_hold_up_the_beginning() {
    let scene = Scene::new();
    scene.build("job", "modules: [{id: it, name: noop_solo}]\n");
    let secrets: Vec<(String, String)> = (0..200).map(|n| (format!("PYPE_SECRET_N{n}"), letters(n, 64))).collect();
    let mut command = scene.command(&[], &["run", "jobs/job"]);
    let begun = std::time::Instant::now();
    let output = command.envs(secrets).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    // A second is more than enough on any machine.
    assert!(begun.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
}
