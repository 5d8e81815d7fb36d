//! The jobs that are killed: each has deterministic outputs in `out/`, whatever order its parallel parts take.

mod large;
mod small;

use std::path::Path;

/// A flow, and the files that it finds.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Of the flow and of the job.
    pub name: String,
    /// All of the flow but the section `flow`.
    pub flow: String,
    /// Paths and contents.
    pub files: Vec<(&'static str, String)>,
    /// Sub flows that `always` follow others: where a failure has skipped those, they have run, and run again behind them.
    pub reactions: &'static [&'static str],
}

/// Twenty sub flows, and one of nearly everything that a flow can have.
pub fn twenty() -> Fixture {
    let files = [
        ("in/orders.csv", include_str!("../data/orders.csv")),
        ("in/clicks.csv", include_str!("../data/clicks.csv")),
        ("out/ledger.csv", include_str!("../data/ledger.csv")),
    ];
    let fixture = Fixture::new("twenty", include_str!("../fixtures/twenty.yaml")).with(&files);
    Fixture { reactions: &["after_bad@"], ..fixture }
}

pub use large::{spilling, two_hundred};
pub use small::{bulky, five, late, nested, one_file, rewriting, sleeping, waiting_rows};

impl Fixture {
    /// A flow that finds no files.
    pub fn new(name: &str, flow: &str) -> Self {
        Self { name: name.to_owned(), flow: flow.to_owned(), files: Vec::new(), reactions: &[] }
    }

    /// The same with files.
    pub fn with(mut self, files: &[(&'static str, &str)]) -> Self {
        self.files.extend(files.iter().map(|(path, content)| (*path, (*content).to_owned())));
        self
    }

    /// The same with another line in the settings: `durability: process`.
    pub fn setting(mut self, key: &str, value: &str) -> Self {
        let kept: Vec<&str> = self.flow.lines().filter(|line| !line.starts_with(&format!("  {key}: "))).collect();
        let with = format!("settings:\n  {key}: {value}");
        self.flow = kept.join("\n").replacen("settings:", &with, 1) + "\n";
        self
    }

    /// Writes the project.
    pub fn write(&self, folder: &Path) {
        let head =
            format!("flow: {{name: {}, version: 1.0.0, authors: [tests], created: \"2025-01-15\"}}\n", self.name);
        let flow = (format!("{}.yaml", self.name), head + &self.flow);
        let files = self.files.iter().map(|(path, content)| ((*path).to_owned(), content.clone()));
        for (path, content) in files.chain([("pype.toml".to_owned(), String::new()), flow]) {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Pype;
    use crate::support::template::Template;

    /// The text of an output of a fixture.
    fn output(template: &Template, path: &str) -> String {
        let content = template.golden.0.get(Path::new(path)).cloned().flatten();
        String::from_utf8(content.unwrap_or_else(|| panic!("no {path}"))).unwrap()
    }

    #[test]
    fn a_setting_is_set_or_replaced() {
        let fixture = Fixture::new("a", "settings:\n  durability: power\nmodules: []\n");
        assert_eq!(fixture.clone().setting("durability", "off").flow, "settings:\n  durability: off\nmodules: []\n");
        assert_eq!(
            fixture.setting("events", "full").flow,
            "settings:\n  events: full\n  durability: power\nmodules: []\n"
        );
    }

    #[test]
    fn an_undisturbed_run_of_twenty_makes_what_its_flow_says() {
        let template = Template::new(&Pype::released(), &twenty());
        assert_eq!(output(&template, "ledger.csv"), "day,rows\n2026-01-03,11\n2026-01-04,9\n2026-01-05,4\n");
        assert_eq!(output(&template, "summary.csv"), "regions,bought,limit\n3,37,300\n");
        assert_eq!(output(&template, "large-of-8.csv").lines().count(), 5);
        assert_eq!(output(&template, "note.csv"), "what\nno connection\n");
        assert_eq!(output(&template, "way.csv"), "way\nleft\n");
        let regions = template.golden.0.keys().filter(|path| path.starts_with("regions") && path.extension().is_some());
        assert_eq!(regions.count(), 3, "a file per region");
    }

    #[test]
    fn undisturbed_runs_of_all_fixtures_make_the_same_bytes_each_time() {
        for fixture in [twenty(), two_hundred(), spilling(), five()] {
            let golden = |_| Template::new(&Pype::released(), &fixture).golden;
            let first = golden(0);
            assert!(!first.0.is_empty());
            assert!((1..4).map(golden).all(|other| other == first), "{}", fixture.name);
        }
    }
}
