//! `pype dry-run`: what it foretells is what a run then does, and it touches nothing.

use super::{everything, sample};
use crate::support::Project;
use crate::support::run::flow;
use serde_json::{Value, json};

fn dry_run(project: &Project, args: &[&str], code: i32) -> Value {
    let args = [&["dry-run"], args, &["--output", "json"]].concat();
    project.pype(&args).expect_code(code).json()
}

/// The entry of a node among the files.
fn file<'a>(found: &'a Value, node: &str) -> &'a Value {
    let files = found["files"].as_array().unwrap();
    files.iter().find(|file| file["node"] == node).unwrap_or_else(|| panic!("{node} in {files:#?}"))
}

#[test]
fn a_flow_and_its_job_are_told_alike_and_nothing_is_touched() {
    for name in ["demo", "error-handler", "nested-loops", "parallel-loads", "branch-else", "background-start"] {
        let project = sample(name);
        let before = everything(&project);
        // The executor's plans have names of their own each time.
        dry_run(&project, &["flow.yaml", "--explain"], 0);
        let of_flow = dry_run(&project, &["flow.yaml"], 0);
        assert_eq!(everything(&project), before, "{name}: the flow");
        project.pype(&["build", "flow.yaml"]).expect_code(0);
        let before = everything(&project);
        dry_run(&project, &[&format!("jobs/{name}"), "--explain"], 0);
        let of_job = dry_run(&project, &[&format!("jobs/{name}")], 0);
        assert_eq!(everything(&project), before, "{name}: the job");
        // The default context's file is written by the build: it is where values come from then.
        let without = |mut found: Value| {
            found["needed"].as_array_mut().unwrap().iter_mut().for_each(|needed| needed["from"] = json!(""));
            found
        };
        assert_eq!(without(of_flow), without(of_job), "{name}");
    }
}

#[test]
fn the_order_is_that_of_a_run_and_the_files_are_those_that_it_writes() {
    let project = sample("demo");
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    let found = dry_run(&project, &["jobs/demo", "--set", "orders=100"], 0);
    let order: Vec<(&Value, &Value)> =
        found["sub_flows"].as_array().unwrap().iter().map(|sub_flow| (&sub_flow["place"], &sub_flow["name"])).collect();
    assert_eq!(order, [(&json!(1), &json!("orders")), (&json!(2), &json!("paid"))]);
    assert_eq!(found["sub_flows"][1]["starts"]["links"][0]["from"], "orders");
    assert_eq!(found["sub_flows"][0]["units"][1]["nodes"], json!(["split", "write_paid", "write_open"]));
    let paid = file(&found, "paid");
    assert_eq!(
        (&paid["how"], &paid["path"], &paid["standing"]),
        (&json!("reads"), &json!("out/paid.parquet"), &json!("written_before"))
    );
    let large = file(&found, "write_large");
    assert_eq!(
        (&large["path"], &large["standing"]),
        (&Value::Null, &json!("known_at_run")),
        "its name is known when `paid` has run"
    );
    let writes: Vec<&str> =
        ["write_paid", "write_open"].map(|node| file(&found, node)["path"].as_str().unwrap()).to_vec();
    assert!(writes.iter().all(|path| !project.exists(path)));
    project.run_job("demo", &["--set", "orders=100"], 0);
    assert!(writes.iter().all(|path| project.exists(path)));
    assert_eq!(file(&dry_run(&project, &["jobs/demo"], 0), "write_paid")["standing"], "there");
}

#[test]
fn what_is_missing_is_named() {
    let project = Project::new();
    let body = r#"
context:
  folder: {type: str}
  password: {type: str, secret: true, default: "env://DRY_RUN_SECRET"}
params:
  day: {type: str}
modules:
  - {id: read, name: csv_source, configs: {file_path: "in/{{ context.folder }}/a.csv"}}
  - {id: write, name: csv_sink, configs: {output_path: "out/{{ params.day }}.csv"}}
  - {id: tell, name: shell_solo, configs: {command: "true {{ context.password }}"}}
connections: {data: [read.data - write.input], control: ["write (1|) tell"]}
"#;
    project.write("job.yaml", flow("job", body));
    let found = dry_run(&project, &["job.yaml"], 3);
    let needed: Vec<(&str, &Value)> = found["needed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|needed| (needed["name"].as_str().unwrap(), &needed["has_value"]))
        .collect();
    let no = json!(false);
    assert_eq!(needed, [("folder", &no), ("password", &no), ("day", &no)]);
    assert_eq!(found["problems"].as_array().unwrap().len(), 2, "a secret is missed when it is fetched: {found:#}");
    assert_eq!(file(&found, "read")["standing"], "known_at_run");
    let args = ["dry-run", "job.yaml", "--set", "folder=new", "--param", "day=monday", "--output", "json"];
    let said = project.pype_with(&[("DRY_RUN_SECRET", "open-sesame-7")], &args).expect_code(0);
    assert!(!said.stdout.contains("open-sesame") && !said.stderr.contains("open-sesame"), "{}", said.stdout);
    let found = said.json();
    assert!(found["needed"].as_array().unwrap().iter().all(|needed| needed["has_value"] == true), "{found:#}");
    let read = file(&found, "read");
    assert_eq!((&read["path"], &read["standing"]), (&json!("in/new/a.csv"), &json!("missing")));
    assert_eq!(file(&found, "write")["path"], "out/monday.csv");
    let effects = found["effects"].as_array().unwrap();
    assert_eq!(effects.as_slice(), [json!(["write", "atomic_replace"]), json!(["tell", "at_least_once"])]);
    let shown =
        project.pype(&["dry-run", "job.yaml", "--set", "folder=new", "--param", "day=monday"]).expect_code(0).stdout;
    for words in ["in/new/a.csv", "missing", "read (1|) at write", "password", "may be repeated"] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
}

#[test]
fn plans_are_those_of_run_explain() {
    let project = sample("parallel-loads");
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    let explained = project.pype(&["run", "jobs/parallel-loads", "--explain"]).expect_code(0).stdout;
    let found = dry_run(&project, &["jobs/parallel-loads", "--explain"], 0);
    let units =
        found["sub_flows"].as_array().unwrap().iter().flat_map(|sub_flow| sub_flow["units"].as_array().unwrap());
    let plans: Vec<&str> = units.filter_map(|unit| unit["plan"].as_str()).collect();
    assert!(plans.len() >= 3);
    for line in plans.iter().flat_map(|plan| plan.lines()) {
        assert!(explained.contains(line), "{line}\n{explained}");
    }
    let without = dry_run(&project, &["jobs/parallel-loads"], 0);
    assert!(without.to_string().find("\"plan\"").is_none());
}

#[test]
fn a_loop_tells_what_is_known_at_run() {
    let project = sample("error-handler");
    let found = dry_run(&project, &["flow.yaml"], 0);
    let load = found["sub_flows"].as_array().unwrap().iter().find(|sub_flow| sub_flow["name"] == "load").unwrap();
    assert_eq!((&load["scope"], &found["scopes"][0]["kind"]), (&json!(0), &json!("iterate")));
    assert!(!load["unknown"].as_array().unwrap().is_empty() && !load["units"].as_array().unwrap().is_empty());
    let note = found["sub_flows"].as_array().unwrap().iter().find(|sub_flow| sub_flow["name"] == "note").unwrap();
    assert_eq!(note["place"], Value::Null, "it starts only if something fails");
    assert_eq!(file(&found, "load")["standing"], "known_at_run");
}
