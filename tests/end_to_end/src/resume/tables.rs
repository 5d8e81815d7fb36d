//! Rows that sub flows hand to later ones come back: caches, small and large, in memory and out of it.

use super::{GATE, fails, killed, resumed, says, unfinished};
use crate::support::Project;

/// Keeps two tables, stops, keeps a third, and writes what is kept then.
fn keeps(settings: &str, rows: u32, mode: &str) -> String {
    let source = |id: &str, rows: u32, offset: u32| {
        format!(
            "  - {{id: {id}, name: generate_source, configs: {{rows: {rows}, columns: [{{name: n, kind: sequence}}, {{name: t, kind: choice, values: [\"t{offset}\", \"ö\"]}}]}}}}\n  - {{id: {id}_keep, name: cache_sink, configs: {{cache: c, mode: {mode}}}}}\n"
        )
    };
    let sources = [source("one", rows, 1), source("two", rows, 2), GATE.to_owned(), source("three", 2, 3)].concat();
    format!(
        r#"
settings: {{{settings}}}
modules:
{sources}
  - {{id: read, name: cache_source, configs: {{cache: c}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: "{{{{ context.out }}}}.csv"}}}}
context: {{out: {{type: str, default: whole}}}}
connections:
  data: [one.data - one_keep.input, two.data - two_keep.input, three.data - three_keep.input, read.data - out.input]
  control: ["one (1|) two", "two (1|) gate", "gate (1|) three", "three (1|) read"]
"#
    )
}

/// The file is the same as without a stop.
#[track_caller]
fn same(settings: &str, rows: u32, mode: &str, order: Option<&str>) -> Project {
    let project = Project::new();
    project.build("job", &keeps(settings, rows, mode));
    project.write("open", "");
    project.run_job("job", &[], 0);
    let args = ["--set", "out=parts"];
    match order {
        Some(order) => drop(killed(&project, "job", order, &args)),
        None => {
            std::fs::remove_file(project.path("open")).unwrap();
            fails(&project, "job", &args);
        }
    }
    let folder = format!("jobs/job/checkpoints/{}", unfinished(&project, "job")[0]);
    let has_files = project.files(&folder).iter().any(|name| name.starts_with("data-"));
    let is_beside = rows > 10_000 || settings.contains("spill");
    assert_eq!(has_files, is_beside, "{settings} {rows}: {:?}", project.files(&folder));
    project.write("open", "");
    let (run, _) = resumed(&project, "job", &[]);
    assert_eq!(project.read("parts.csv"), project.read("whole.csv"), "{settings} {rows} {mode}");
    assert_eq!(run.rows("one.data", "one_keep.input"), u64::from(rows));
    assert_eq!(project.leftovers(), [""; 0]);
    project
}

#[test]
fn small_ones_stand_in_the_journal() {
    for mode in ["overwrite", "append"] {
        let project = same("", 10, mode, None);
        assert_eq!(project.read("parts.csv").lines().count(), if mode == "append" { 23 } else { 3 });
    }
}

#[test]
fn large_ones_beside_it() {
    same("", 100_000, "append", None);
}

#[test]
fn ones_that_were_not_in_memory() {
    for rows in [10, 100_000] {
        same("spill_threshold_rows: 0", rows, "append", Some("mark=begin three#1:kill"));
    }
}

#[test]
fn in_every_way_of_keeping_rows() {
    for mode in ["memory", "streaming"] {
        same(&format!("execution_mode: {mode}"), 100_000, "append", Some("mark=begin read#1:kill"));
    }
}

/// A table without rows has its columns still.
#[test]
fn a_table_without_rows() {
    same("", 0, "append", None);
}

/// Each item adds to a cache of the flow: those of before and after the stop, in the order of the items.
#[test]
fn a_cache_that_a_loop_fills() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {from: 1, to: 6}}
  - {id: row, name: inline_source, configs: {columns: [{name: n, type: int}], rows: [["{{ iter.item }}"]]}}
  - {id: keep, name: cache_sink, configs: {cache: c, mode: append}}
  - {id: gate, name: shell_solo, configs: {command: "test {{ iter.item }} != 4 -o -e open"}}
  - {id: read, name: cache_source, configs: {cache: c}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections:
  data: [row.data - keep.input, read.data - out.input]
  control: ["list (1|iterate) row", "row (1|) gate", "list (2|) read"]
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("out.csv"), "n\n1\n2\n3\n4\n5\n6\n");
}

/// The rows of a loop, of every type there is.
#[test]
fn a_list_with_all_types() {
    let project = Project::new();
    project.write(
        "list.csv",
        "i,f,b,d,t,n\n1,0.5,true,2025-01-15,2025-01-15T10:00:00,\n-2,1e300,false,1969-12-31,1969-12-31T23:59:59,x\n",
    );
    let item = ["i", "f", "b", "d", "t", "n"].map(|name| format!("{{{{ iter.item.{name} }}}}")).join(" ");
    let body = format!(
        r#"
modules:
  - {{id: list, name: csv_source, configs: {{file_path: list.csv, parse_dates: true}}}}
{GATE}{}
connections: {{control: ["list (1|iterate) gate", "gate (1|) step"]}}
"#,
        says("step", "said", &item)
    );
    project.build("job", &body);
    project.write("open", "");
    project.run_job("job", &[], 0);
    let whole = project.read("said");
    for file in ["said", "open"] {
        std::fs::remove_file(project.path(file)).unwrap();
    }
    fails(&project, "job", &[]);
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), whole);
    assert!(whole.contains("2025-01-15"), "{whole}");
}

/// Damage to a kept table costs the sub flow that made it, and nothing else; the file is kept for whoever wants to know.
#[test]
fn a_damaged_table_is_made_again() {
    let project = Project::new();
    project.build("job", &keeps("", 100_000, "append"));
    fails(&project, "job", &[]);
    let folder = format!("jobs/job/checkpoints/{}", unfinished(&project, "job")[0]);
    let data = project.files(&folder).into_iter().find(|name| name.starts_with("data-")).unwrap();
    let path = project.path(&format!("{folder}/{data}"));
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let run = project.run_job("job", &["--resume"], 1);
    assert!(run.output.stderr.contains("is damaged"), "{}", run.output.stderr);
    assert!(project.files(&folder).iter().any(|name| name.contains("corrupt")), "{:?}", project.files(&folder));
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("whole.csv").lines().count(), 200_003);
}
