//! Loops over items, ranges and conditions: what the items are, where the loop ends, and the same items as a table.

use crate::control_modules::tell;
use crate::support::Project;

/// A loop that adds a line per item to `out.csv`: its index, and a template.
fn looped(configs: &str, template: &str) -> String {
    format!(
        r#"
modules:
  - {{id: items, name: loop_source, configs: {{{configs}}}}}
  - {{id: row, name: inline_source, configs: {{columns: [{{name: i, type: int}}, {{name: t, type: string}}], rows: [["{{{{ iter.index }}}}", "<{{{{ {template} }}}}>"]]}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv, mode: append, header: false}}}}
connections: {{data: [row.data - out.input], control: [items (1|iterate) row]}}
context: {{days: {{type: list, default: [mon, tue]}}, last: {{type: int, default: 2}}}}
"#
    )
}

#[test]
fn items_are_taken_one_after_another() {
    for (configs, template, expected) in [
        ("items: [a, 2, true, null, 0.5]", "iter.item", "0,<a>\n1,<2>\n2,<True>\n3,<None>\n4,<0.5>\n"),
        ("items: [{id: 1, t: x}, {id: 2, t: y}]", "iter.item.id ~ iter.item.t", "0,<1x>\n1,<2y>\n"),
        ("from: 1, to: 3", "iter.item", "0,<1>\n1,<2>\n2,<3>\n"),
        ("from: 1, to: 7, step: 3", "iter.item + 1", "0,<2>\n1,<5>\n2,<8>\n"),
        ("from: 1, to: 6, step: 3", "iter.item", "0,<1>\n1,<4>\n"),
        ("from: 3, to: 1, step: -1", "iter.item", "0,<3>\n1,<2>\n2,<1>\n"),
        ("from: 5, to: 5", "iter.item", "0,<5>\n"),
        ("from: 0, to: \"{{ context.last - 1 }}\"", "iter.item", "0,<0>\n1,<1>\n"),
        ("items: \"{{ context.days }}\"", "iter.item", "0,<mon>\n1,<tue>\n"),
    ] {
        let project = Project::new();
        project.run_flow("loop", &looped(configs, template));
        assert_eq!(project.read("out.csv"), expected, "{configs}");
    }
}

#[test]
fn a_loop_without_items_is_a_success() {
    for configs in ["items: []", "from: 2, to: 1", "from: 1, to: 2, step: -1", "while: 'false', max: 5"] {
        let project = Project::new();
        let run = project.run_flow("loop", &looped(configs, "iter.item"));
        assert_eq!((run.state("items"), run.state("row")), ("succeeded", "skipped"), "{configs}");
        assert!(!project.exists("out.csv"));
    }
}

#[test]
fn items_may_be_given_at_the_run() {
    let project = Project::new();
    project.build("loop", &looped("items: \"{{ context.days }}\"", "iter.item"));
    project.run_job("loop", &["--set", "days=[1, 2, 3]"], 0);
    assert_eq!(project.read("out.csv"), "0,<1>\n1,<2>\n2,<3>\n");
    let output = project.pype(&["run", "jobs/loop", "--set", "days=[[1]]"]).expect_code(1);
    assert!(output.stderr.contains("an item is a list"), "{}", output.stderr);
}

/// A loop that goes on as long as a condition holds; each item sets `step__n` to its number from 1.
fn goes_on(condition: &str, max: &str) -> String {
    let tell = tell("{{ step__n }} {{ each('step', 'n') | join(',') }}");
    format!(
        r#"
modules:
  - {{id: items, name: loop_source, configs: {{while: "{condition}", max: {max}}}}}
  - {{id: step, name: set_var_solo, configs: {{vars: {{n: "{{{{ iter.item + 1 }}}}"}}}}}}
{tell}
connections: {{control: [items (1|iterate) step, items (2|) tell]}}
context: {{last: {{type: int, default: 3}}}}
"#
    )
}

const UNTIL_LAST: &str = "step__n is not defined or step__n < context.last";

#[test]
fn a_loop_goes_on_as_long_as_its_condition_holds() {
    for max in [3, 10] {
        let project = Project::new();
        project.run_flow("loop", &goes_on(UNTIL_LAST, &max.to_string()));
        assert_eq!(project.read("told"), "<3 1,2,3>", "asked before each item, with what the one before has set");
    }
}

#[test]
fn a_loop_that_goes_on_for_too_long_is_a_failure() {
    let project = Project::new();
    let words = ["`items`", "still holds after 2 items", "raise `max`"];
    let run = project.run_fails("loop", &goes_on(UNTIL_LAST, "2"), &words);
    assert_eq!((run.state("step"), run.state("tell")), ("succeeded", "skipped"));
    assert_eq!(run.result["sub_flows"][1]["runs"], 2);
}

#[test]
fn a_condition_without_a_value_is_a_failure() {
    let words = ["`items`", "the condition of a loop cannot be evaluated", "step__n < 3"];
    Project::new().run_fails("loop", &goes_on("step__n < 3", "5"), &words);
}

#[test]
fn conditions_are_checked_at_build() {
    for (condition, code, word) in [
        ("stepp__n < 3", "P016", "did you mean `step`?"),
        ("step__n <", "P024", "`step__n <` is no condition"),
        ("{{ step__n < 3 }}", "L012", "write it without braces: `step__n < 3`"),
        (" ", "L012", "`while` is empty"),
    ] {
        Project::new().refuses(&goes_on(condition, "5"), code, &[word]);
    }
}

#[test]
fn exactly_one_kind_of_loop_is_given() {
    for (configs, word) in [
        ("", "one of `items`, `from` with `to`, and `while` must be given"),
        ("items: [1], from: 1, to: 2", "only one of `items`, `from` with `to`, and `while` can be given"),
        ("items: [1], while: 'true', max: 1", "only one of"),
        ("items: [[1]]", "an item is a list"),
        ("items: [1, {a: 1}]", "some items are mappings and others single values"),
        ("to: 2", "a range needs `from` beside `to`"),
        ("from: 2", "a range needs `to` beside `from`"),
        ("from: 1, to: 2, step: 0", "`step` is 0: the range would never end"),
        ("from: 1, to: 2, max: 5", "`max` belongs to `while` alone"),
        ("while: 'true'", "`while` needs `max`"),
        ("while: 'true', max: 0", "`while` needs `max`"),
    ] {
        Project::new().refuses(&looped(configs, "iter.index"), "L012", &["`items`", word]);
    }
}

/// The same items by a data link.
fn table(configs: &str) -> String {
    let tell = tell("{{ items__row_count }}");
    format!(
        r#"
modules:
  - {{id: items, name: loop_source, configs: {{{configs}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
{tell}
connections: {{data: [items.data - out.input], control: [out (1|) tell]}}
"#
    )
}

#[test]
fn the_items_are_a_table_too() {
    for (configs, expected, rows) in [
        ("items: [3, 4, 5]", "value\n3\n4\n5\n", 3),
        ("items: [{id: 1, t: x}, null, {id: 2}]", "id,t\n1,x\n,\n2,\n", 3),
        ("from: 1, to: 7, step: 3", "value\n1\n4\n7\n", 3),
        ("from: 1, to: 0", "value\n", 0),
        ("items: []", "value\n", 0),
    ] {
        let project = Project::new();
        project.run_flow("table", &table(configs));
        assert_eq!(project.read("out.csv"), expected, "{configs}");
        assert_eq!(project.read("told"), format!("<{rows}>"));
    }
}

#[test]
fn a_long_range_streams() {
    let project = Project::new();
    let run = project.run_flow("table", &table("from: 1, to: 200000"));
    assert_eq!(run.rows("items.data", "out.input"), 200_000);
    assert_eq!(project.read("out.csv").lines().last(), Some("200000"));
}

#[test]
fn a_loop_with_a_condition_has_no_table() {
    let words = ["`items`", "a while loop gives its items to an iterate link alone", "take the data link away"];
    Project::new().refuses(&table("while: 'true', max: 3"), "L012", &words);
}

#[test]
fn a_table_and_a_loop_may_have_the_same_items() {
    let project = Project::new();
    let body = looped("items: [a, b]", "iter.item")
        .replace("\nconnections", "\n  - {id: all, name: csv_sink, configs: {output_path: all.csv}}\nconnections")
        .replace("data: [", "data: [items.data - all.input, ");
    project.run_flow("loop", &body);
    assert_eq!(project.read("all.csv"), "value\na\nb\n");
    assert_eq!(project.read("out.csv"), "0,<a>\n1,<b>\n");
}
