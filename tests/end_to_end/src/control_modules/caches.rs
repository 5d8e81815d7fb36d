//! Rows kept between sub flows: who sees them, what new rows do to old ones, and the order in which those of a loop stand.

use super::tell;
use crate::support::Project;

/// A table of numbers, kept in the cache `c` by `<id>_keep`.
fn keeps(id: &str, numbers: &[u32], mode: &str) -> String {
    let rows: Vec<String> = numbers.iter().map(|n| format!("{{n: {n}}}")).collect();
    format!(
        "  - {{id: {id}, name: inline_source, configs: {{rows: [{}]}}}}\n  - {{id: {id}_keep, name: cache_sink, configs: {{cache: c{mode}}}}}\n",
        rows.join(", ")
    )
}

/// Reads the cache `c` and writes it to `out.csv`.
const READS: &str = "  - {id: read, name: cache_source, configs: {cache: c}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
";

/// Two tables one after the other, then the reader.
fn twice(mode: &str) -> String {
    let (one, two) = (keeps("one", &[1, 2], mode), keeps("two", &[3], mode));
    let tell = tell("{{ one_keep__row_count }} {{ two_keep__row_count }} {{ read__row_count }}");
    format!(
        r#"
modules:
{one}{two}{READS}{tell}
connections:
  data: [one.data - one_keep.input, two.data - two_keep.input, read.data - out.input]
  control: [one_keep (1|) two, two_keep (1|) read, out (1|) tell]
"#
    )
}

#[test]
fn new_rows_replace_those_that_are_kept_unless_they_are_to_follow_them() {
    for (mode, rows, told) in [
        ("", "n\n3\n", "<2 1 1>"),
        (", mode: overwrite", "n\n3\n", "<2 1 1>"),
        (", mode: append", "n\n1\n2\n3\n", "<2 1 3>"),
    ] {
        let project = Project::new();
        let run = project.run_flow("cache", &twice(mode));
        assert_eq!((project.read("out.csv").as_str(), project.read("told").as_str()), (rows, told), "{mode}");
        assert_eq!(run.rows("one.data", "one_keep.input"), 2);
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

#[test]
fn a_table_without_rows_keeps_its_columns() {
    let project = Project::new();
    let body = twice("").replace("rows: [{n: 3}]", "columns: [{name: n, type: int}], rows: []");
    project.run_flow("cache", &body);
    assert_eq!(project.read("out.csv"), "n\n");
}

#[test]
fn a_cache_is_read_as_often_as_one_likes() {
    let project = Project::new();
    let again = READS.replace("read", "again").replace("id: out", "id: last").replace("out.csv", "last.csv");
    let body = twice(", mode: append")
        .replace("\nconnections", &format!("\n{again}connections"))
        .replace("read.data - out.input", "read.data - out.input, again.data - last.input")
        .replace("out (1|) tell", "out (1|) tell, out (2|) again");
    project.run_flow("cache", &body);
    assert_eq!(project.read("out.csv"), project.read("last.csv"));
}

#[test]
fn tables_of_other_columns_cannot_follow_one_another() {
    let body = twice(", mode: append").replace("{n: 3}", "{m: 3}");
    let project = Project::new();
    project.run_fails("cache", &body, &[]);
    assert!(!project.exists("out.csv"));
    // The same before a module that runs.
    let body = body
        .replace("\nconnections", "\n  - {id: show, name: log_rows_mod}\nconnections")
        .replace("read.data - out.input", "read.data - show.input, show.output - out.input");
    project.run_fails("cache", &body, &["tables with different columns cannot follow one another"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn large_tables_are_kept_wherever_they_live() {
    for mode in ["memory", "streaming", "auto"] {
        let project = Project::new();
        let source = "generate_source, configs: {rows: 100000, columns: [{name: n, kind: sequence}]}";
        let body = twice(", mode: append").replace("inline_source, configs: {rows: [{n: 1}, {n: 2}]}", source);
        let body = body.replace("inline_source, configs: {rows: [{n: 3}]}", source);
        let settings = format!("settings: {{execution_mode: {mode}, spill_threshold_rows: 1000}}");
        project.run_flow("cache", &format!("{settings}{body}"));
        let rows = project.read("out.csv");
        assert_eq!((rows.lines().count(), rows.lines().nth(100_001)), (200_001, Some("0")), "{mode}");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

/// A loop whose items each keep their number, then the reader. With `waits` an item goes on when the next one has ended.
fn looped(parallel: &str, waits: bool, mode: &str) -> String {
    let wait = "[ {{ iter.index }} = 2 ] || until [ -e ended-{{ iter.index + 1 }} ]; do sleep 0.01; done";
    let command = if waits { wait } else { "true" };
    format!(
        r#"
settings: {{threads: 8}}
modules:
  - {{id: items, name: loop_source, configs: {{from: 0, to: 2}}}}
  - {{id: wait, name: shell_solo, configs: {{command: "{command}", timeout: 60}}}}
  - {{id: row, name: inline_source, configs: {{rows: [{{n: "{{{{ iter.item }}}}"}}]}}}}
  - {{id: row_keep, name: cache_sink, configs: {{cache: c{mode}}}}}
  - {{id: mark, name: shell_solo, configs: {{command: "touch ended-{{{{ iter.index }}}}"}}}}
{READS}
connections:
  data: [row.data - row_keep.input, read.data - out.input]
  control: ["items (1|iterate{parallel}) wait", wait (1|) row, row_keep (1|) mark, items (2|) read]
"#
    )
}

#[test]
fn rows_of_a_loop_stand_in_the_order_of_its_items() {
    for (mode, rows) in [(", mode: append", "n\n0\n1\n2\n"), ("", "n\n2\n")] {
        for (parallel, waits) in [("", false), (" parallel=3", true)] {
            let project = Project::new();
            let run = project.run_flow("cache", &looped(parallel, waits, mode));
            assert_eq!(project.read("out.csv"), rows, "{mode}{parallel}");
            assert_eq!(run.rows("row.data", "row_keep.input"), 3);
        }
    }
}

#[test]
fn what_is_kept_inside_a_loop_is_its_items_own() {
    for parallel in ["", " parallel=3"] {
        let project = Project::new();
        let body = looped(parallel, false, ", mode: append")
            .replace("items (2|) read", "row_keep (2|) read")
            .replace("out.csv", "\"{{ iter.item }}.csv\"");
        project.run_flow("cache", &body);
        let files = ["0.csv", "1.csv", "2.csv"].map(|file| project.read(file));
        assert_eq!(files, ["n\n0\n", "n\n1\n", "n\n2\n"], "{parallel}");
    }
}

/// The loop, and after it a table that is kept by `late_keep`, before the reader.
fn then_late(mode_of_loop: &str, mode: &str) -> String {
    looped("", false, mode_of_loop)
        .replace("\nconnections:", &format!("{}\nconnections:", keeps("late", &[9], mode)))
        .replace("data: [", "data: [late.data - late_keep.input, ")
        .replace("items (2|) read", "items (2|) late, late_keep (1|) read")
}

#[test]
fn what_is_kept_after_a_loop_comes_after_its_rows() {
    for (mode_of_loop, mode, rows) in
        [(", mode: append", ", mode: append", "n\n0\n1\n2\n9\n"), (", mode: append", "", "n\n9\n"), ("", "", "n\n9\n")]
    {
        let project = Project::new();
        project.run_flow("cache", &then_late(mode_of_loop, mode));
        assert_eq!(project.read("out.csv"), rows, "{mode_of_loop} then{mode}");
    }
}

#[test]
fn a_sub_flow_that_fails_keeps_nothing() {
    let project = Project::new();
    let one = keeps("one", &[1], "");
    let body = format!(
        r#"
modules:
{one}  - {{id: show, name: log_rows_mod}}
  - {{id: bad, name: filter_mod, configs: {{condition: nope > 1}}}}
  - {{id: never, name: csv_sink, configs: {{output_path: never.csv}}}}
{READS}
connections:
  data: [one.data - one_keep.input, one.data - show.input, show.output - bad.input, bad.output - never.input, read.data - out.input]
  control: [one_keep (1|always) read]
"#
    );
    project.run_fails("cache", &body, &["`bad`", "`read`", "nothing was kept in the cache `c`"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_cache_that_cannot_be_there_yet_is_found_at_build() {
    let links = "control: [one_keep (1|) two, two_keep (1|) read, out (1|) tell]";
    let early = twice("").replace(links, "control: [read (1|) one, one_keep (1|) two, out (2|) tell]");
    let words = ["`read` reads the cache `c` before", "`one_keep`"];
    Project::new().refuses(&early, "P028", &words);
    let misspelt = twice("").replace("cache_source, configs: {cache: c}", "cache_source, configs: {cache: d}");
    Project::new().refuses(&misspelt, "P028", &["`read` reads the cache `d`, and nothing writes it"]);
}

#[test]
fn names_and_modes_that_cannot_be_are_refused() {
    for (from, to, words) in [
        ("{cache: c, mode: append}", "{cache: ../c}", ["`one_keep`", "`../c` is no name of a cache"]),
        (
            "cache_source, configs: {cache: c}",
            "cache_source, configs: {cache: c d}",
            ["`read`", "`c d` is no name of a cache"],
        ),
        (
            "{cache: c, mode: append}",
            "{cache: \"{{ context.c }}\"}",
            ["the name of a cache cannot come from a template", "write the name itself"],
        ),
        (
            "mode: append",
            "mode: apend",
            ["`mode`: `\"apend\"` is not one of the allowed values", "did you mean `append`?"],
        ),
    ] {
        let body = format!("{}context: {{c: {{default: c}}}}\n", twice(", mode: append").replace(from, to));
        Project::new().refuses(&body, "L012", &words);
    }
}
