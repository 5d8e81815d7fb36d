//! The ways in which a flow can be run, and what has to be the same in all of them: its files, and all that is counted.

use crate::support::Project;
use crate::support::tables::{parquet_rows, parquet_schema};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A way to run a flow.
struct Way {
    settings: &'static str,
    args: &'static [&'static str],
    spills: Spills,
}

/// Tables between stages that go to files.
#[derive(PartialEq)]
enum Spills {
    /// None, as small as they are here.
    None,
    /// All that have rows; where stages are fused there may be no table.
    All,
}

/// All have one setting more than the flow, so that its lines have the same numbers.
const WAYS: [Way; 6] = [
    Way { settings: "execution_mode: auto", args: &[], spills: Spills::None },
    Way { settings: "execution_mode: auto", args: &["--no-fuse"], spills: Spills::None },
    Way { settings: "execution_mode: memory", args: &[], spills: Spills::None },
    Way { settings: "execution_mode: streaming", args: &[], spills: Spills::All },
    Way { settings: "spill_threshold_rows: 0", args: &[], spills: Spills::All },
    Way { settings: "spill_threshold_rows: 0", args: &["--no-fuse"], spills: Spills::All },
];

/// Folders in which a build or a run keeps what is its own.
const NO_OUTPUT: [&str; 3] = ["job/", "tmp/", ".pype/"];

/// Whether the flow says in which order its rows come.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Order {
    Given,
    /// As of groups and joins that nothing sorts: SQL leaves it open. Sums of floats depend on it in their last digits.
    Open,
}

/// A flow that is run in every way, each time in a new project.
pub(super) struct Subject<'a> {
    /// For messages.
    pub(super) name: &'a str,
    /// Its YAML.
    pub(super) flow: &'a str,
    /// Puts in place what it reads.
    pub(super) inputs: &'a dyn Fn(&Project),
    /// Arguments of the run.
    pub(super) args: &'a [&'a str],
    pub(super) order: Order,
}

/// Files by their paths, as texts that can be compared, and the counted result.
#[derive(Debug, PartialEq)]
struct Outcome {
    files: BTreeMap<String, Content>,
    result: Value,
}

#[derive(Debug, PartialEq)]
enum Content {
    Bytes(Vec<u8>),
    Table { schema: String, rows: Vec<String> },
}

/// Every one of them is tried, whatever has become of those before it.
#[track_caller]
pub(super) fn all_pass<'a>(flows: &'a [(String, String)], test: impl Fn(&'a str, &'a str)) {
    let fails = |(name, flow): &&'a (String, String)| catch_unwind(AssertUnwindSafe(|| test(name, flow))).is_err();
    let failed: Vec<&str> = flows.iter().filter(fails).map(|(name, _)| name.as_str()).collect();
    assert!(failed.is_empty(), "{} of {} flows: {failed:?}", failed.len(), flows.len());
}

impl Subject<'_> {
    /// Runs it in every way; what comes of it is the same. Gives the number of rows in its tables of Parquet.
    #[track_caller]
    pub(super) fn is_the_same_in_every_way(&self) -> usize {
        let [first, others @ ..] = WAYS;
        let expected = self.outcome(&first);
        assert!(!expected.files.is_empty(), "{}: it writes nothing that could be compared", self.name);
        for way in others {
            let found = self.outcome(&way);
            if let Some(difference) = expected.difference(&found) {
                panic!("{}, {{{}}} {:?}: {difference}\nthe flow is\n{}", self.name, way.settings, way.args, self.flow);
            }
        }
        let rows = |content: &Content| if let Content::Table { rows, .. } = content { rows.len() } else { 0 };
        expected.files.values().map(rows).sum()
    }

    #[track_caller]
    fn outcome(&self, way: &Way) -> Outcome {
        let project = Project::new();
        (self.inputs)(&project);
        project.write("flow.yaml", with_settings(self.flow, way.settings));
        // What a flow of the benchmarks asks of its environment: enough for all rows here.
        let environment = [("MEMORY_LIMIT", "1GB")];
        project.pype_with(&environment, &["build", "flow.yaml", "--out", "job"]).expect_code(0);
        let before = contents(&project);
        let args = [&["run", "job", "--output", "json"], way.args, self.args].concat();
        let output = project.pype(&args).expect_code(0);
        assert_eq!(project.leftovers(), [""; 0], "{}", self.name);
        let result = output.json();
        let has_rows = result["links"].as_array().unwrap().iter().any(|link| link["rows"].as_u64() > Some(0));
        let is_spilled = output.stderr.contains("spill to parquet at");
        match way.spills {
            Spills::None => assert!(!is_spilled, "{}, {{{}}}: it spills", self.name, way.settings),
            // Each link is a table where nothing is fused. Else the test would compare a way with itself.
            Spills::All if !way.args.is_empty() => assert_eq!(is_spilled, has_rows, "{}: {}", self.name, output.stderr),
            Spills::All => {}
        }
        let mut files = contents(&project);
        files.retain(|name, bytes| before.get(name) != Some(bytes));
        let content = |(name, bytes): (String, Vec<u8>)| {
            let content = if name.ends_with(".parquet") {
                let path = project.path(&name);
                Content::Table { schema: parquet_schema(&path), rows: parquet_rows(&path) }
            } else {
                Content::Bytes(bytes)
            };
            (name, if self.order == Order::Open { in_some_order(content) } else { content })
        };
        Outcome { files: files.into_iter().map(content).collect(), result: counted(&result) }
    }
}

impl Outcome {
    /// What is another thing there.
    fn difference(&self, found: &Self) -> Option<String> {
        let names = |outcome: &Self| outcome.files.keys().cloned().collect::<Vec<_>>();
        if names(self) != names(found) {
            return Some(format!("the files are {:?}, and not {:?}", names(found), names(self)));
        }
        let mut pairs = self.files.iter().zip(found.files.values());
        if let Some(((name, expected), found)) = pairs.find(|((_, expected), found)| expected != found) {
            return Some(format!("{name} is\n{}\nand not\n{}", shown(found, expected), shown(expected, found)));
        }
        (self.result != found.result).then(|| format!("the result is\n{:#}\nand not\n{:#}", found.result, self.result))
    }
}

/// All files that could be inputs or outputs.
fn contents(project: &Project) -> BTreeMap<String, Vec<u8>> {
    let names = project.files(".").into_iter().filter(|name| !NO_OUTPUT.iter().any(|folder| name.starts_with(folder)));
    names.map(|name| (name.clone(), std::fs::read(project.path(&name)).unwrap())).collect()
}

/// What a run has done and counted, without when, how fast and in which stages.
fn counted(result: &Value) -> Value {
    let some = |value: &Value, keys: &[&str]| -> Value { keys.iter().map(|key| (*key, value[*key].clone())).collect() };
    let all = |value: &Value, each: &dyn Fn(&Value) -> Value| -> Value {
        value.as_array().unwrap().iter().map(each).collect()
    };
    let sub_flow = |sub_flow: &Value| {
        let mut counted = some(sub_flow, &["name", "state", "skipped", "runs", "failed", "retries"]);
        // How far others had come when one failed depends on which were one stage.
        if sub_flow["failed"] == 0 {
            let node =
                |node: &Value| some(node, &["id", "state", "rows_in", "rows_out", "rows_rejected", "rows_filtered"]);
            counted["nodes"] = all(&sub_flow["nodes"], &node);
        }
        counted
    };
    let failure = |failure: &Value| some(failure, &["node", "iter", "handled"]);
    let mut counted = some(result, &["state", "exit_code", "n_failures", "n_handled", "links"]);
    counted["sub_flows"] = all(&result["sub_flows"], &sub_flow);
    counted["failures"] = all(&result["failures"], &failure);
    counted
}

/// Rows in the order of their texts; a CSV keeps its header. Floats have the digits that do not hang on the order.
fn in_some_order(content: Content) -> Content {
    let sorted = |mut rows: Vec<String>| {
        rows.iter_mut().for_each(|row| *row = row.split(',').map(rounded).collect::<Vec<_>>().join(","));
        rows.sort_unstable();
        rows
    };
    match content {
        Content::Table { schema, rows } => Content::Table { schema, rows: sorted(rows) },
        Content::Bytes(bytes) => {
            let text = String::from_utf8(bytes).unwrap();
            let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
            let rows = sorted(rows.lines().map(str::to_owned).collect());
            Content::Bytes(format!("{header}\n{}", rows.join("\n")).into_bytes())
        }
    }
}

fn rounded(value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) if value.contains('.') => format!("{number:.9e}"),
        _ => value.to_owned(),
    }
}

/// What differs from the other, from its first line on, and not more than can be read.
fn shown(content: &Content, other: &Content) -> String {
    let lines = |content: &Content| -> Vec<String> {
        match content {
            Content::Bytes(bytes) => String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect(),
            Content::Table { schema, rows } => schema.lines().map(str::to_owned).chain(rows.iter().cloned()).collect(),
        }
    };
    let (lines, other) = (lines(content), lines(other));
    let first = lines.iter().zip(&other).take_while(|(line, other)| line == other).count();
    let some: Vec<String> = lines.iter().skip(first).take(5).map(|line| format!("  {line}")).collect();
    format!("{} lines, from line {} on\n{}", lines.len(), first + 1, some.join("\n"))
}

/// The flow with one more setting.
fn with_settings(flow: &str, setting: &str) -> String {
    let line = flow.lines().find(|line| line.starts_with("settings:")).unwrap_or_default();
    let (old, new) = match line {
        "" => ("\nmodules:", format!("\nsettings: {{{setting}}}\nmodules:")),
        "settings:" => ("\nsettings:\n", format!("\nsettings:\n  {setting}\n")),
        _ => ("\nsettings: {", format!("\nsettings: {{{setting}, ")),
    };
    let text = flow.replacen(old, &new, 1);
    assert_ne!(text, flow, "there is no place for settings in\n{flow}");
    text
}

#[test]
fn settings_find_their_place() {
    for (flow, expected) in [
        ("flow: {}\n\nmodules: []\n", "flow: {}\n\nsettings: {a: b}\nmodules: []\n"),
        ("flow: {}\nsettings: {c: d}\nmodules: []\n", "flow: {}\nsettings: {a: b, c: d}\nmodules: []\n"),
        ("flow: {}\nsettings:\n  c: d\nmodules: []\n", "flow: {}\nsettings:\n  a: b\n  c: d\nmodules: []\n"),
    ] {
        assert_eq!(with_settings(flow, "a: b"), expected);
    }
}

#[test]
fn what_differs_is_found() {
    let outcome = |text: &str, rows: u64| {
        let csv = Content::Bytes(text.as_bytes().to_vec());
        let table = Content::Table { schema: "x".to_owned(), rows: vec![text.to_owned()] };
        let files = [("a.csv".to_owned(), csv), ("b.parquet".to_owned(), table)].into();
        Outcome { files, result: serde_json::json!({"rows": rows}) }
    };
    let expected = outcome("a\n1\n2\n", 2);
    assert_eq!(expected.difference(&outcome("a\n1\n2\n", 2)), None);
    assert!(expected.difference(&outcome("a\n2\n1\n", 2)).unwrap().contains("from line 2 on"));
    assert!(expected.difference(&outcome("a\n1\n2\n", 3)).unwrap().contains("the result is"));
    let mut missing = outcome("a\n1\n2\n", 2);
    missing.files.remove("b.parquet");
    assert!(expected.difference(&missing).unwrap().contains("the files are"));
    let csv = |text: &str| in_some_order(Content::Bytes(text.as_bytes().to_vec()));
    assert_eq!(csv("z\n1\n2.0000000000000004\n"), csv("z\n2.0\n1\n"));
    assert_ne!(csv("z\n1\n2.0\n"), csv("z\n1\n2.0004\n"));
    assert_ne!(csv("z\n1\n2\n"), csv("1\nz\n2\n"), "a header stays where it is");
}
