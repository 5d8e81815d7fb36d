//! What has changed since a run began is told before anything runs; and what is done about it is asked for.

use super::{GATE, fails, lines, ran, restored, resumed, says};
use crate::support::Project;
use crate::support::installation::Installation;
use crate::support::run::flow;

/// Two chains, of which one uses a file, a variable, a parameter and the environment, and a gate behind both.
fn chains(more: &str) -> String {
    format!(
        r#"
settings: {{env: [CHANGING]}}
context: {{word: {{type: str, default: w}}}}
params: {{p: {{type: int, default: 1}}}}
modules:
{}  - {{id: rows, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
{}{}{}{}{GATE}
connections:
  data: [rows.data - out.input]
  control: ["apart (1|) apart2", "rows (1|) behind", "apart2 (1|) gate", "behind (1|) gate", "word (1|) gate", "around (1|) gate"]
"#,
        says("apart", "said", &format!("apart{more}")),
        says("apart2", "said", "apart2"),
        says("behind", "said", "behind {{ out__row_count }}"),
        says("word", "said", "word {{ context.word }} {{ params.p }}"),
        says("around", "said", "env {{ env('CHANGING') }}"),
    )
}

const ENVIRONMENT: [(&str, &str); 1] = [("CHANGING", "e1")];

fn stopped() -> Project {
    let project = Project::new();
    project.write("in.csv", "n\n1\n2\n");
    project.build("job", &chains(""));
    project.run_job_with(&ENVIRONMENT, "job", &[], 1);
    project.write("open", "");
    project
}

/// Without a word the change is refused and named; with one, exactly these sub flows run again besides the gate; with the
/// other none.
#[track_caller]
fn is_told(change: impl Fn(&Project), environment: &[(&str, &str)], args: &[&str], words: &[&str], again: &[&str]) {
    for how in ["rerun-affected", "accept"] {
        let project = stopped();
        change(&project);
        let all = [&["run", "jobs/job", "--resume"], args].concat();
        let before = lines(&project, "said");
        let refused = project.pype_with(environment, &all).expect_code(3);
        for word in words {
            assert!(refused.stderr.contains(word), "`{word}`: {}", refused.stderr);
        }
        for name in again {
            assert!(refused.stderr.contains(&format!("`{name}`")), "{name}: {}", refused.stderr);
        }
        assert_eq!(lines(&project, "said"), before, "nothing ran");
        let run = project.run_job_with(environment, "job", &[&["--resume", "--on-change", how], args].concat(), 0);
        let mut done = ran(&project.record("job", &run));
        done.sort();
        let mut expected = if how == "accept" { Vec::new() } else { again.to_vec() };
        expected.push("gate");
        expected.sort_unstable();
        assert_eq!(done, expected, "{how}");
        assert!(run.output.stderr.contains("changed since"), "{}", run.output.stderr);
    }
}

#[test]
fn a_file_that_was_read() {
    let words = ["in.csv", "`rows`", "6 bytes -> 4"];
    is_told(|project| project.write("in.csv", "n\n1\n"), &ENVIRONMENT, &[], &words, &["rows", "behind"]);
}

#[test]
fn a_file_that_was_written_anew_with_the_same_size() {
    let words = ["in.csv", "written anew"];
    is_told(|project| project.write("in.csv", "n\n3\n4\n"), &ENVIRONMENT, &[], &words, &["rows", "behind"]);
}

#[test]
fn a_step_of_the_flow() {
    let change = |project: &Project| project.build("job", &chains(" changed"));
    is_told(change, &ENVIRONMENT, &[], &["the sub flow `apart` has been changed"], &["apart", "apart2"]);
}

#[test]
fn a_variable_a_parameter_and_the_environment() {
    is_told(|_| (), &ENVIRONMENT, &["--set", "word=v"], &["context.word: \"w\" -> \"v\""], &["word"]);
    is_told(|_| (), &ENVIRONMENT, &["--param", "p=2"], &["params.p: 1 -> 2"], &["word"]);
    is_told(|_| (), &[("CHANGING", "e2")], &[], &["env.CHANGING: \"e1\" -> \"e2\""], &["around"]);
    let file = |project: &Project| project.write("jobs/job/context/job_default.json", r#"{"word": "file"}"#);
    is_told(file, &ENVIRONMENT, &[], &["context.word: \"w\" -> \"file\""], &["word"]);
}

#[test]
fn more_and_fewer_sub_flows() {
    let more = chains("").replace("connections:", "  - {id: new, name: noop_solo}\nconnections:");
    let fewer =
        chains("").replace("  - {id: word,", "  - {id: other,").replace("\"word (1|) gate\"", "\"other (1|) gate\"");
    for (body, words, missing) in [
        (more, ["the sub flow `new` is new", "sub flow"], "new"),
        (fewer, ["the sub flow `word` is gone", "the sub flow `other` is new"], "other"),
    ] {
        for how in ["rerun-affected", "accept"] {
            let project = stopped();
            project.build("job", &body);
            let refused = project.pype_with(&ENVIRONMENT, &["run", "jobs/job", "--resume"]).expect_code(3);
            assert!(words.iter().all(|word| refused.stderr.contains(word)), "{}", refused.stderr);
            let run = project.run_job_with(&ENVIRONMENT, "job", &["--resume", "--on-change", how], 0);
            let mut done = ran(&project.record("job", &run));
            done.sort();
            assert_eq!(done, ["gate", missing], "{how}: what has never run runs");
        }
    }
}

/// A plugin is another file: what uses one of its modules runs again.
#[test]
fn a_plugin() {
    let installation = Installation::new();
    let project = Project::with_binary(installation.binary());
    project.write("in.csv", "n\n1\n");
    let body = format!(
        "modules:\n{}  - {{id: rows, name: csv_source, configs: {{file_path: in.csv}}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\n{GATE}connections: {{data: [rows.data - out.input], control: [\"apart (1|) gate\", \"rows (1|) gate\"]}}\n",
        says("apart", "said", "apart")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    // Bytes behind the end of a library change its hash, and nothing that it does.
    let library = installation.path("libpype_files.so");
    let mut bytes = std::fs::read(&library).unwrap();
    bytes.extend(b"more");
    std::fs::remove_file(&library).unwrap();
    std::fs::write(&library, bytes).unwrap();
    // The job names the plugins that it was built with.
    project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    project.build("job", &body);
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("the plugin libpype_files.so"), "{}", refused.stderr);
    let (_, record) = resumed(&project, "job", &["--on-change", "rerun-affected"]);
    assert_eq!(restored(&record), ["apart"]);
    assert_eq!(lines(&project, "said").len(), 1);
}

#[test]
fn files_that_are_gone_were_done_with() {
    let project = stopped();
    std::fs::rename(project.path("in.csv"), project.path("done.csv")).unwrap();
    let run = project.run_job_with(&ENVIRONMENT, "job", &["--resume"], 0);
    assert_eq!(ran(&project.record("job", &run)), ["gate"]);
}

/// What the run itself has written over a file that it had read is no change.
#[test]
fn files_that_the_run_itself_has_written() {
    let project = Project::new();
    project.write("a.csv", "n\n1\n2\n3\n");
    let body = format!(
        r#"
modules:
  - {{id: rows, name: csv_source, configs: {{file_path: a.csv}}}}
  - {{id: few, name: filter_mod, configs: {{condition: n > 1}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: b.csv}}}}
  - {{id: back, name: csv_source, configs: {{file_path: b.csv}}}}
  - {{id: over, name: csv_sink, configs: {{output_path: a.csv}}}}
{GATE}
connections:
  data: [rows.data - few.input, few.output - out.input, back.data - over.input]
  control: ["rows (1|) back", "back (1|) gate"]
"#
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(ran(&record), ["gate"]);
    assert_eq!(project.read("a.csv"), "n\n2\n3\n");
}

/// Comments and places in the YAML are nobody's business.
#[test]
fn a_flow_that_is_built_again_is_the_same() {
    let project = stopped();
    project.write("job.yaml", format!("# a comment\n\n{}", flow("job", &chains(""))));
    project.pype(&["build", "job.yaml"]).expect_code(0);
    let run = project.run_job_with(&ENVIRONMENT, "job", &["--resume", "--on-change", "accept"], 0);
    assert_eq!(ran(&project.record("job", &run)), ["gate"]);
}
