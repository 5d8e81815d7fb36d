//! Flows built and run in one step, and the run's result asked by names.

use super::{Output, Project};
use serde_json::Value;

/// A flow file: the section `flow`, and `body` after it.
pub fn flow(name: &str, body: &str) -> String {
    format!("flow: {{name: {name}, version: 1.0.0, authors: [tests], created: \"2025-01-15\"}}\n{body}")
}

/// A finished run.
#[derive(Debug)]
pub struct Run {
    pub output: Output,
    pub result: Value,
}

impl Project {
    /// Writes and builds a flow, which must have no errors.
    #[track_caller]
    pub fn build(&self, name: &str, body: &str) {
        self.write(&format!("{name}.yaml"), flow(name, body));
        self.pype(&["build", &format!("{name}.yaml")]).expect_code(0);
    }

    /// The same without a look at columns, which would find what the run is to stumble over.
    #[track_caller]
    pub fn build_unseen(&self, name: &str, body: &str) {
        self.write(&format!("{name}.yaml"), flow(name, body));
        self.pype(&["build", &format!("{name}.yaml"), "--level", "modules"]).expect_code(0);
    }

    /// Runs a built job with more arguments, and reads its result.
    #[track_caller]
    pub fn run_job(&self, name: &str, args: &[&str], code: i32) -> Run {
        self.run_job_with(&[], name, args, code)
    }

    /// The same with variables in the environment.
    #[track_caller]
    pub fn run_job_with(&self, environment: &[(&str, &str)], name: &str, args: &[&str], code: i32) -> Run {
        let job = format!("jobs/{name}");
        let mut all = vec!["run", &job, "--output", "json"];
        all.extend(args);
        let output = self.pype_with(environment, &all);
        assert_eq!(output.code, code, "stdout:\n{}\nstderr:\n{}", output.stdout, output.stderr);
        let result = output.json();
        Run { output, result }
    }

    /// Builds a flow and runs it.
    #[track_caller]
    pub fn run_flow(&self, name: &str, body: &str) -> Run {
        self.build(name, body);
        self.run_job(name, &[], 0)
    }

    /// Builds a flow and runs it to the failure that is asked for: exit 1, nothing left behind, and the text that people
    /// see has every one of `words`.
    #[track_caller]
    pub fn run_fails(&self, name: &str, body: &str, words: &[&str]) -> Run {
        self.build_unseen(name, body);
        let run = self.run_job(name, &[], 1);
        assert_eq!(run.result["state"], "failed");
        assert_eq!(run.result["exit_code"], 1);
        let shown = self.pype(&["run", &format!("jobs/{name}")]).expect_code(1);
        for word in words {
            assert!(shown.stderr.contains(word), "`{word}` is not in:\n{}", shown.stderr);
        }
        assert_eq!(self.leftovers(), [""; 0]);
        run
    }
}

impl Run {
    /// Rows on a link, both ends written `node.port`.
    #[track_caller]
    pub fn rows(&self, from: &str, to: &str) -> u64 {
        let end = |link: &Value, end: &str| {
            let part = |part: &str| link[end][part].as_str().unwrap().to_owned();
            format!("{}.{}", part("node"), part("port"))
        };
        let links = self.result["links"].as_array().unwrap();
        let link = links.iter().find(|link| end(link, "from") == from && end(link, "to") == to);
        link.unwrap_or_else(|| panic!("no link {from} - {to}"))["rows"].as_u64().unwrap()
    }

    /// A node's part of the result.
    #[track_caller]
    pub fn node(&self, id: &str) -> &Value {
        let sub_flows = self.result["sub_flows"].as_array().unwrap();
        let mut nodes = sub_flows.iter().flat_map(|sub_flow| sub_flow["nodes"].as_array().unwrap());
        nodes.find(|node| node["id"] == id).unwrap_or_else(|| panic!("no node {id}"))
    }

    /// The failures that are listed.
    #[track_caller]
    pub fn failures(&self) -> &[Value] {
        self.result["failures"].as_array().unwrap()
    }

    /// How a sub flow ended.
    #[track_caller]
    pub fn state(&self, sub_flow: &str) -> &str {
        let sub_flows = self.result["sub_flows"].as_array().unwrap();
        let found = sub_flows.iter().find(|known| known["name"] == sub_flow);
        found.unwrap_or_else(|| panic!("no sub flow {sub_flow}"))["state"].as_str().unwrap()
    }
}
