//! Files that were made to do harm: the binary answers them all, in bounded memory, and never with a panic.

mod cases;

use crate::support::{Output, Project};
use std::process::Command;

/// Runs a command and writes behind its output what its largest process took: kilobytes, and seconds of the processor.
const MEASURED: &str = "import resource, subprocess, sys\n\
    code = subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], 'wb')).returncode\n\
    used = resource.getrusage(resource.RUSAGE_CHILDREN)\n\
    print(used.ru_maxrss, used.ru_utime + used.ru_stime)\n\
    sys.exit(code if code >= 0 else 128)\n";

/// The guide promises 256 MB and 2 s. A machine that is busy, or counts otherwise, gets more; what has no bound takes far more.
const KILOBYTES: u64 = 320 * 1024;
const SECONDS: f64 = 10.0;

/// Checks a flow of these bytes.
fn check(project: &Project, name: &str, bytes: &[u8]) {
    project.write("flow.yaml", bytes);
    for form in ["json", "text"] {
        let asked = project.command(&["validate", "flow.yaml", "--output", form]);
        let mut command = Command::new("python3");
        command.args(["-c", MEASURED]).arg(project.path("answer")).arg(asked.get_program()).args(asked.get_args());
        command.current_dir(project.path("")).env_remove("PYPE_MODULE_PATH");
        let output = Output::of(command.output().unwrap());
        assert!(output.code == 3 || output.code == 0, "{name}: {output:?}");
        assert!(!output.stderr.contains("panicked"), "{name}: {}", output.stderr);
        assert!(output.stderr.len() < 2_000_000, "{name}: {} bytes are drawn", output.stderr.len());
        let (kilobytes, seconds) = output.stdout.trim().split_once(' ').unwrap();
        assert!(kilobytes.parse::<u64>().unwrap() < KILOBYTES, "{name}: {kilobytes} kB");
        assert!(seconds.parse::<f64>().unwrap() < SECONDS, "{name}: {seconds} s");
        if form == "json" {
            let answer: serde_json::Value = serde_json::from_str(&project.read("answer")).unwrap();
            assert_eq!(answer["ok"], output.code == 0, "{name}");
            let findings = answer["diagnostics"].as_array().unwrap();
            assert!(output.code == 0 || !findings.is_empty(), "{name}: refused without a word");
            let codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect();
            assert!(
                findings.iter().all(|finding| finding["message"].as_str().unwrap().len() < 4_000),
                "{name}: {codes:?}"
            );
        }
    }
}

fn check_all(cases: Vec<(&str, Vec<u8>)>) {
    let project = Project::new();
    for (name, bytes) in cases {
        check(&project, name, &bytes);
    }
}

#[test]
fn deep_ones() {
    check_all(cases::deep());
}

#[test]
fn long_ones() {
    check_all(cases::long());
}

#[test]
fn many_of_one_kind() {
    check_all(cases::many());
}

#[test]
fn flows_with_mistakes_without_number() {
    check_all(cases::mistakes());
}

#[test]
fn texts_in_other_languages() {
    check_all(cases::other_languages());
}

#[test]
fn bytes_that_are_no_text() {
    check_all(cases::bytes());
}

#[test]
fn what_multiplies() {
    check_all(cases::multiplying());
}
