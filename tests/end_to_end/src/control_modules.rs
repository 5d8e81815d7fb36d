//! The control family of modules: every key of their configurations is seen to act, and what is wrong is said in plain words.

mod caches;
mod context_load;
mod jobs;
mod rows_back;
mod shell;
mod steps;

use crate::support::Project;
use crate::support::run::{Run, flow};
use serde_json::Value;
use std::time::{Duration, Instant};

/// How long a process may take to be gone. Only a broken product ever needs so long.
const PATIENCE: Duration = Duration::from_secs(60);

impl Project {
    /// A flow that is refused before it can run: this code, and every one of `words` in what people see.
    #[track_caller]
    pub fn refuses(&self, body: &str, code: &str, words: &[&str]) {
        self.write("refused.yaml", flow("refused", body));
        let shown = self.pype(&["build", "refused.yaml"]).expect_code(3).stderr;
        assert!(shown.contains(&format!("error[{code}]")), "{shown}");
        for word in words {
            assert!(shown.contains(word), "`{word}` is not in:\n{shown}");
        }
        assert!(!self.exists("jobs/refused"));
    }
}

/// The node `tell`, which writes the value of a template into the file `told`, between `<` and `>`.
pub fn tell(template: &str) -> String {
    format!(
        "  - {{id: tell, name: shell_solo, configs: {{command: 'printf %s \"$VALUE\" > told', env: {{VALUE: \"<{template}>\"}}}}}}"
    )
}

/// A sub flow's part of the result.
#[track_caller]
pub fn sub_flow<'a>(run: &'a Run, name: &str) -> &'a Value {
    let sub_flows = run.result["sub_flows"].as_array().unwrap();
    sub_flows.iter().find(|sub_flow| sub_flow["name"] == name).unwrap_or_else(|| panic!("no sub flow {name}"))
}

/// Waits until the process whose id is in a file is gone. One that nobody has buried yet is gone too: it has no command line.
#[track_caller]
fn wait_until_gone(project: &Project, file: &str) {
    let line = format!("/proc/{}/cmdline", project.read(file).trim());
    let begun = Instant::now();
    while std::fs::read(&line).is_ok_and(|line| !line.is_empty()) {
        assert!(begun.elapsed() < PATIENCE, "the process of `{file}` lives on");
        std::thread::sleep(Duration::from_millis(10));
    }
}
