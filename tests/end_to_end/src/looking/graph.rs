//! `pype graph`: golden pictures of flows of `jobs/`, proved current here (`UPDATE=1` writes them anew), and what it does with flows
//! that are large, wrong, or not there.

use super::{everything, sample};
use crate::support::Project;
use crate::support::run::flow;
use serde_json::json;
use std::path::Path;

const FORMS: [(&str, &str); 5] =
    [("ascii", "txt"), ("dot", "dot"), ("mermaid", "mmd"), ("svg", "svg"), ("json", "json")];

#[test]
fn pictures_of_the_samples_are_what_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/graph");
    for name in ["demo", "error-handler", "nested-loops", "background-start"] {
        let project = sample(name);
        for (form, extension) in FORMS {
            let drawn = project.pype(&["graph", "flow.yaml", "--format", form]).expect_code(0).stdout;
            let path = folder.join(format!("{name}.{extension}"));
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &drawn).unwrap();
            }
            let golden = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                drawn == golden,
                "{} is not what the binary draws: look, and run with UPDATE=1\n{drawn}",
                path.display()
            );
        }
    }
}

#[test]
fn a_flow_and_its_job_look_alike_and_nothing_is_written() {
    let project = sample("nested-loops");
    let before = everything(&project);
    let drawn: Vec<String> = FORMS
        .iter()
        .map(|(form, _)| project.pype(&["graph", "flow.yaml", "--format", form]).expect_code(0).stdout)
        .collect();
    assert_eq!(everything(&project), before);
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    for ((form, _), of_flow) in FORMS.iter().zip(drawn) {
        let of_job = project.pype(&["graph", "jobs/nested-loops", "--format", form]).expect_code(0).stdout;
        assert_eq!(of_job, of_flow, "{form}");
    }
}

#[test]
fn a_picture_goes_to_a_file() {
    let project = sample("demo");
    let shown = project.pype(&["graph", "flow.yaml", "--format", "svg"]).expect_code(0).stdout;
    let said = project.pype(&["graph", "flow.yaml", "--format", "svg", "--out", "docs/flow.svg"]).expect_code(0);
    assert_eq!((said.stdout.as_str(), project.read("docs/flow.svg")), ("", shown));
    let data = project.pype(&["graph", "flow.yaml", "--output", "json"]).expect_code(0).json();
    assert_eq!(data["sub_flows"][1]["name"], "paid");
}

#[test]
fn a_flow_with_errors_is_not_drawn() {
    let project = Project::new();
    project.write("wrong.yaml", flow("wrong", "modules:\n  - {id: a, name: csv_sorce}\nconnections: {}\n"));
    let said = project.pype(&["graph", "wrong.yaml"]).expect_code(3);
    assert!(said.stderr.contains("did you mean `csv_source`?") && said.stdout.contains("is not valid"), "{said:?}");
    let said = project.pype(&["graph", "wrong.yaml", "--output", "json"]);
    assert_eq!((said.code, &said.json()["ok"]), (3, &json!(false)));
    let said = project.pype(&["graph", "no.yaml"]).expect_code(3);
    assert!(said.stderr.contains("cannot be read"), "{}", said.stderr);
    std::fs::create_dir(project.path("empty")).unwrap();
    let said = project.pype(&["graph", "empty"]).expect_code(3);
    assert!(said.stderr.contains("is not a job folder"), "{}", said.stderr);
}

#[test]
fn a_large_flow_is_drawn_in_bounds() {
    let project = Project::new();
    let mut body = "modules:\n".to_owned();
    (0..2_000).for_each(|at| body += &format!("  - {{id: n{at}, name: noop_solo}}\n"));
    body += "connections:\n  control:\n";
    (1..2_000).for_each(|at| body += &format!("    - \"n{} (1|) n{at}\"\n", at - 1));
    project.write("large.yaml", flow("large", &body));
    let drawn = project.pype(&["graph", "large.yaml"]).expect_code(0).stdout;
    assert!(drawn.contains("2,000 sub flows are too many to show") && drawn.lines().count() < 20, "{drawn}");
    let drawn = project.pype(&["graph", "large.yaml", "--full"]).expect_code(0).stdout;
    assert!(drawn.contains("n1999") && !drawn.contains("too many"));
}
