//! No checkpoint ever holds a secret: what was given by the command line is given again, and what holds one is made again.

use super::{GATE, fails, lines, restored, resumed, says, unfinished};
use crate::support::Project;
use crate::support::canary::CANARY;

const CONTEXT: &str = "context: {password: {type: str, secret: true}}\nparams: {token: {type: str, secret: true}}\n";

#[test]
fn a_secret_of_the_command_line_is_to_be_given_again() {
    let project = Project::new();
    let body = format!(
        "{CONTEXT}modules:\n  - {{id: a, name: shell_solo, configs: {{command: \"test -n \\\"$A$B\\\"\", env: {{A: \"{{{{ context.password }}}}\", B: \"{{{{ params.token }}}}\"}}}}}}\n{GATE}connections: {{control: [\"a (1|) gate\"]}}\n"
    );
    project.build("job", &body);
    let (password, token) = (format!("password={CANARY}"), format!("token=x{CANARY}"));
    let given = ["--set", &password, "--param", &token];
    let run = fails(&project, "job", &given);
    assert_eq!(run.result["resume"], "pype run jobs/job --resume --set password=… --param token=…");
    project.write("open", "");
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("password") && refused.stderr.contains("token"), "{}", refused.stderr);
    let (_, record) = resumed(&project, "job", &given);
    assert_eq!(restored(&record), ["a"]);
}

/// A step whose global holds a secret leaves no record: it runs again, and what hangs on it has its value.
#[test]
fn what_holds_a_secret_is_made_again() {
    let project = Project::new();
    let body = format!(
        r#"
{CONTEXT}
modules:
{}  - {{id: made, name: set_var_solo, configs: {{vars: {{url: "db://u:{{{{ context.password }}}}@h"}}}}}}
  - {{id: use, name: shell_solo, configs: {{command: "test -n \"$URL\" && echo ${{#URL}} >> said", env: {{URL: "{{{{ made__url }}}}"}}}}}}
{GATE}
  - {{id: late, name: shell_solo, configs: {{command: "echo late ${{#URL}} >> said", env: {{URL: "{{{{ made__url }}}}"}}}}}}
connections: {{control: ["plain (1|) made", "made (1|) use", "use (1|) gate", "gate (1|) late"]}}
"#,
        says("plain", "plain", "plain")
    )
    .replace("params: {token: {type: str, secret: true}}\n", "");
    project.build("job", &body);
    let given = ["--set", &format!("password={CANARY}")];
    let run = fails(&project, "job", &given);
    assert!(run.output.stderr.contains("holds a secret"), "{}", run.output.stderr);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &given);
    assert_eq!(restored(&record), ["plain"], "what hangs on it runs again too");
    assert_eq!(lines(&project, "plain").len(), 1);
    let said = lines(&project, "said");
    assert_eq!((said.len(), said[0].clone(), format!("late {}", said[0])), (3, said[1].clone(), said[2].clone()));
}

/// The same for tables, small ones and large ones, whatever their form.
#[test]
fn tables_that_hold_a_secret_are_made_again() {
    for rows in [3, 100_000] {
        let project = Project::new();
        let body = format!(
            r#"
{CONTEXT}
modules:
  - {{id: rows, name: generate_source, configs: {{rows: {rows}, columns: [{{name: n, kind: sequence}}, {{name: s, kind: choice, values: ["{{{{ context.password }}}}"]}}]}}}}
  - {{id: keep, name: cache_sink, configs: {{cache: c}}}}
{GATE}
  - {{id: read, name: cache_source, configs: {{cache: c}}}}
  - {{id: few, name: filter_mod, configs: {{condition: "n < 0"}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections:
  data: [rows.data - keep.input, read.data - few.input, few.output - out.input]
  control: ["rows (1|) gate", "gate (1|) read"]
"#
        )
        .replace("params: {token: {type: str, secret: true}}\n", "");
        project.build("job", &body);
        let given = ["--set", &format!("password={CANARY}")];
        fails(&project, "job", &given);
        // The search for the canary at the test's end would not see into what is compressed.
        let folder = format!("jobs/job/checkpoints/{}", unfinished(&project, "job")[0]);
        assert_eq!(project.files(&folder), ["journal"]);
        project.write("open", "");
        let (run, record) = resumed(&project, "job", &given);
        assert_eq!(restored(&record), [""; 0], "{rows}");
        assert_eq!(run.rows("few.output", "out.input"), 0);
    }
}

/// A secret that is kept elsewhere is known by its place alone; another place is a change.
#[test]
fn a_secret_of_the_environment_need_not_be_named() {
    let project = Project::new();
    let body = format!(
        "context: {{password: {{type: str, secret: true}}}}\nmodules:\n  - {{id: a, name: shell_solo, configs: {{command: \"test -n \\\"$A\\\"\", env: {{A: \"{{{{ context.password }}}}\"}}}}}}\n{GATE}connections: {{control: [\"a (1|) gate\"]}}\n"
    );
    project.build("job", &body);
    let environment = [("PYPE_CTX_PASSWORD", CANARY)];
    project.run_job_with(&environment, "job", &[], 1);
    project.write("open", "");
    let run = project.run_job_with(&environment, "job", &["--resume"], 0);
    assert_eq!(restored(&project.record("job", &run)), ["a"]);
}
