//! Everything by which a module can say something, and every form that it may give to it: none shows a secret.

use super::{CONTEXT, Scene};
use crate::support::canary::{CANARY, pieces};

const FORMS: [&str; 19] = [
    "plain",
    "dsn",
    "url",
    "url_lower",
    "base64",
    "base64_within",
    "base64_url",
    "hex",
    "hex_upper",
    "json",
    "json_twice",
    "debug",
    "backwards",
    "upper",
    "lower",
    "head",
    "tail",
    "sql",
    "html",
];

/// A step per form, each by itself.
fn says(how: &str, forms: &[&str], given: &str) -> String {
    let step = |form: &&str| {
        format!(
            "  - {{id: say_{form}, name: secret_echo_solo, configs: {{{given}, form: {form}, how: {how}}}, misc: {{retries: 1}}}}\n"
        )
    };
    let steps: String = forms.iter().map(step).collect();
    // One after the other, whatever becomes of it.
    let links: Vec<String> = forms.windows(2).map(|two| format!("say_{} (1|always) say_{}", two[0], two[1])).collect();
    let links = serde_json::json!({"control": links});
    format!("settings: {{retry_delay: 0}}\nmodules:\n{steps}connections: {links}\n{CONTEXT}")
}

const BY_TEMPLATE: &str = "text: '{{ context.password }}'";

#[track_caller]
fn stays_within(how: &str, code: i32, word: &str) {
    let scene = Scene::with_echo();
    for given in [BY_TEMPLATE, "password: '{{ context.password }}'", "ask: 'env://DB_PASSWORD'"] {
        let result = scene.runs(&[], &says(how, &FORMS, given), code);
        // It was said, and masked: else the test would show nothing.
        let record = scene.project.run_ids("job").iter().map(|id| format!("jobs/job/runs/{id}")).collect::<Vec<_>>();
        let files: Vec<String> = record
            .iter()
            .flat_map(|run| scene.project.files(run).into_iter().map(move |file| format!("{run}/{file}")))
            .collect();
        let written: String = files.iter().map(|file| scene.project.read(file)).collect();
        assert!(written.contains(word) && written.contains("***"), "{how}: `{word}` was not said: {result:#}");
        scene.project.assert_nowhere(pieces(CANARY));
    }
}

#[test]
fn errors_show_none() {
    stays_within("error", 1, "cannot connect");
}

#[test]
fn facts_of_errors_show_none() {
    stays_within("error_fact", 1, "cannot connect");
    stays_within("error_key", 1, "cannot connect");
    stays_within("error_help", 1, "right?");
}

#[test]
fn causes_of_errors_show_none() {
    stays_within("error_cause", 1, "the server does not answer");
}

#[test]
fn reasons_of_retries_show_none() {
    stays_within("transient", 1, "\"retry\"");
}

#[test]
fn setup_and_teardown_show_none() {
    stays_within("setup_error", 1, "failed");
    let scene = Scene::with_echo();
    scene.build("job", &says("teardown_error", &FORMS, BY_TEMPLATE));
    for args in [&["-vv", "--log-format", "json"][..], &["-vv", "--output", "json"], &[]] {
        // Whether it fails a run that its teardown fails is another question.
        scene.pype(&[&["run", "jobs/job"], args].concat());
    }
    scene.project.assert_nowhere(pieces(CANARY));
}

#[test]
fn panics_show_none() {
    stays_within("panic", 1, "no way to connect");
    stays_within("task_panic", 1, "in a task");
    stays_within("blocking_panic", 1, "on the pool");
}

#[test]
fn panics_of_other_threads_show_none() {
    let scene = Scene::with_echo();
    scene.runs(&[], &says("thread_panic", &FORMS, BY_TEMPLATE), 1);
    scene.project.assert_nowhere(pieces(CANARY));
}

#[test]
fn log_lines_show_none() {
    stays_within("log", 0, "connecting to");
    stays_within("log_fields", 0, "connecting");
}

#[test]
fn lines_that_are_cut_in_two_show_at_most_the_smaller_half() {
    let scene = Scene::with_echo();
    for how in ["two_lines", "line_break"] {
        scene.runs(&[], &says(how, &["plain"], BY_TEMPLATE), 0);
        let letters: Vec<char> = CANARY.chars().collect();
        for half in letters.windows(letters.len().div_ceil(2)) {
            scene.project.assert_nowhere([half.iter().collect::<String>()]);
        }
    }
}

#[test]
fn questions_for_secrets_show_none() {
    stays_within("unknown_secret", 1, "is not set");
}

#[test]
fn globals_show_none_wherever_they_go() {
    for (how, said) in [("global", "say_plain__said"), ("global_within", "say_plain__said.list[1].dsn")] {
        let scene = Scene::with_echo();
        let more = format!(
            r#"
  - {{id: warn, name: warn_solo, configs: {{message: "told: {{{{ {said} }}}}"}}}}
  - {{id: turn, name: warn_solo, configs: {{message: "turned: {{{{ {said} | upper }}}} {{{{ {said} | reverse }}}}"}}}}
  - {{id: die, name: die_solo, configs: {{message: "died: {{{{ {said} }}}}"}}}}
  - {{id: rows, name: generate_source, configs: {{rows: "{{{{ {said} }}}}", columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: read, name: csv_source, configs: {{file_path: "in/{{{{ {said} }}}}"}}}}
  - {{id: shown, name: log_rows_mod}}
  - {{id: read_shown, name: log_rows_mod}}
  - {{id: never, name: noop_solo}}
  - {{id: odd, name: noop_solo}}
connections:
  data: [rows.data - shown.input, read.data - read_shown.input]
  control:
    - "say_plain (1|) warn"
    - "say_plain (2|) turn"
    - "say_plain (3|) die"
    - "say_plain (4|) rows"
    - "say_plain (5|) read"
    - "say_plain (6|{said} == 'x') never"
    - "say_plain (7|{said} > 5) odd"
context:"#
        );
        let body = says(how, &["plain"], BY_TEMPLATE).replace("connections: {\"control\":[]}\ncontext:", &more);
        scene.runs(&[], &body, 1);
        scene.project.assert_nowhere(pieces(CANARY));
    }
}

#[test]
fn names_of_globals_show_none() {
    let scene = Scene::with_echo();
    scene.build("job", &says("global_name", &FORMS, BY_TEMPLATE));
    for args in [&["-vv", "--log-format", "json"][..], &["-vv", "--output", "json"], &[]] {
        scene.pype(&[&["run", "jobs/job"], args].concat());
    }
    scene.project.assert_nowhere(pieces(CANARY));
}
