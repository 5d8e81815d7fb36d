//! A page for each module: what it says of itself, and what its example does, which is a flow that is run here.

use super::is_current;
use crate::support::Project;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A module as `pype list-modules` has it.
struct Module(Value);

impl Module {
    fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap()
    }

    fn words(&self, key: &str) -> String {
        let words = self.0[key].as_array().unwrap().iter();
        let words: Vec<String> = words.map(|word| format!("`{}`", word.as_str().unwrap())).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }

    /// What it says of itself.
    fn page(&self) -> String {
        let way = if self.0["lowers"] == true { "lowers: fused with its neighbours" } else { "runs by itself" };
        let mut page = format!(
            "# {}\n\n{}. {} {}, category {}; {way}; effect `{}`.\n\nInputs: {}. Outputs: {}. Globals: {}.\n",
            self.text("name"),
            self.text("description"),
            self.text("type"),
            self.text("version"),
            self.text("category"),
            self.text("effect"),
            self.words("input_ports"),
            self.words("output_ports"),
            self.words("globals")
        );
        let of_side = |(side, mark): (&str, &'static str)| {
            let fields = self.0["config_schema"][side].as_object().unwrap().clone();
            fields.into_iter().map(move |(name, field)| (mark, name, field))
        };
        let fields: Vec<(&str, String, Value)> =
            [("required", "yes"), ("optional", "")].into_iter().flat_map(of_side).collect();
        if !fields.is_empty() {
            page.push_str("\n| config | type | required | default | description |\n| --- | --- | --- | --- | --- |\n");
        }
        for (mark, name, field) in fields {
            let default = field.get("default").map_or_else(String::new, |default| format!("`{default}`"));
            let description = field["description"].as_str().unwrap().replace('|', "\\|").replace('\n', " ");
            let data_type = field["type"].as_str().unwrap();
            writeln!(page, "| `{name}` | {data_type} | {mark} | {default} | {description} |").unwrap();
        }
        page
    }
}

fn modules() -> Vec<Module> {
    let listed = Project::new().pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let mut modules: Vec<Module> = listed.as_array().unwrap().iter().cloned().map(Module).collect();
    modules.sort_by_key(|module| module.text("name").to_owned());
    modules
}

/// Where the pages are; the flows of their examples are below it.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/modules")
}

/// Names of a folder's files that end so, without that end.
pub(crate) fn names(folder: &Path, end: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect()
}

/// An example as a flow and the CSV files that come of it.
fn example(name: &str) -> String {
    let flow = std::fs::read_to_string(folder().join("examples").join(format!("{name}.yaml"))).unwrap();
    assert!(flow.contains(&format!("name: {name}\n")), "the example of {name} has no {name}");
    let project = Project::new();
    project.write("flow.yaml", &flow);
    let built = project.pype(&["build", "flow.yaml", "--out", "job"]).expect_code(0);
    assert!(built.stdout.contains("no findings"), "{name}: {}", built.stdout);
    project.pype(&["run", "job"]).expect_code(0);
    let mut text = format!("\n## Example\n\n```yaml\n{flow}```\n");
    for file in project.files("out").into_iter().filter(|file| file.ends_with(".csv")) {
        write!(text, "\n`out/{file}`:\n\n```csv\n{}```\n", project.read(&format!("out/{file}"))).unwrap();
    }
    text
}

#[test]
fn the_list_of_modules() {
    let mut by_category: BTreeMap<String, Vec<Module>> = BTreeMap::new();
    for module in modules() {
        by_category.entry(module.text("category").to_owned()).or_default().push(module);
    }
    let mut page =
        "# Modules\n\nMade from what the built-in modules say of themselves (`pype describe-module NAME`).\n"
            .to_owned();
    for (category, modules) in by_category {
        write!(page, "\n## {category}\n\n| module | what it does |\n| --- | --- |\n").unwrap();
        for module in modules {
            let (name, what) = (module.text("name"), module.text("description"));
            writeln!(page, "| [{name}](modules/{name}.md) | {what} |").unwrap();
        }
    }
    is_current("modules.md", &page);
}

#[test]
fn the_page_of_each_module() {
    let examples = names(&folder().join("examples"), ".yaml");
    let modules = modules();
    let known: BTreeSet<String> = modules.iter().map(|module| module.text("name").to_owned()).collect();
    for module in &modules {
        let name = module.text("name");
        let example = if examples.contains(name) { example(name) } else { String::new() };
        is_current(&format!("modules/{name}.md"), &format!("{}{example}", module.page()));
    }
    assert_eq!(names(&folder(), ".md"), known, "pages of modules that there are");
    assert_eq!(
        examples.difference(&known).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "examples of modules that there are"
    );
}

#[test]
fn each_module_of_the_relational_family_has_an_example() {
    let examples = names(&folder().join("examples"), ".yaml");
    let of_family = modules().into_iter().filter(|module| module.0["plugin"]["library"] == "libpype_relational.so");
    let without: Vec<String> =
        of_family.map(|module| module.text("name").to_owned()).filter(|name| !examples.contains(name)).collect();
    assert_eq!(without, [""; 0]);
}
