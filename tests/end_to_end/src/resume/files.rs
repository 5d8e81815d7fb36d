//! Sub flows that hang together by files alone: nothing but the files that one writes and another reads tells of it.

use super::{GATE, fails, killed, restored, resumed};
use crate::support::Project;

/// Each file of `in` becomes one of `out`, and all of those one more.
fn collects() -> Project {
    let project = Project::new();
    let body = format!(
        r#"
modules:
  - {{id: files, name: file_list_source, configs: {{folder: in}}}}
  - {{id: load, name: csv_source, configs: {{file_path: "{{{{ iter.item.path }}}}"}}}}
  - {{id: write, name: parquet_sink, configs: {{output_path: "out/{{{{ iter.item.stem }}}}.parquet"}}}}
  - {{id: all, name: parquet_source, configs: {{file_path: "out/*.parquet"}}}}
  - {{id: total, name: csv_sink, configs: {{output_path: all.csv}}}}
{GATE}
connections:
  data: [load.data - write.input, all.data - total.input]
  control: ["files (1|iterate) load", "files (2|) all", "all (1|) gate"]
"#
    );
    for (name, n) in [("a", 1), ("b", 2), ("c", 3)] {
        project.write(&format!("in/{name}.csv"), format!("n\n{n}\n"));
    }
    project.build("job", &body);
    fails(&project, "job", &[]);
    assert_eq!(project.read("all.csv"), "n\n1\n2\n3\n");
    project.write("open", "");
    project
}

#[test]
fn what_is_read_from_files_that_are_made_again_is_made_again() {
    let project = collects();
    project.write("in/b.csv", "n\n2\n20\n");
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("in/b.csv"), "{}", refused.stderr);
    resumed(&project, "job", &["--on-change", "rerun-affected"]);
    assert_eq!(project.read("all.csv"), "n\n1\n2\n20\n3\n");
}

/// The same where the process dies when the files are made again, and their reader has not had its turn.
#[test]
fn also_where_a_death_is_between_them() {
    for order in [
        "mark=written load@1#1:kill",
        "mark=written load@2#1:kill",
        "mark=begin all@#1:kill",
        "mark=begin gate@#1:kill",
    ] {
        let project = collects();
        project.write("in/b.csv", "n\n2\n20\n");
        // Where nothing is run again at a place, nothing dies there.
        let args = ["run", "jobs/job", "--resume", "--on-change", "rerun-affected"];
        if project.pype_with(&[("PYPE_FAULT", order)], &args).code != 0 {
            resumed(&project, "job", &[]);
        }
        assert_eq!(project.read("all.csv"), "n\n1\n2\n20\n3\n", "{order}");
    }
}

#[test]
fn what_was_taken_as_it_is_stays() {
    let project = collects();
    project.write("in/b.csv", "n\n2\n20\n");
    resumed(&project, "job", &["--on-change", "accept"]);
    assert_eq!(project.read("all.csv"), "n\n1\n2\n3\n");
}

/// A file that grows is read by nobody before it is whole: its rows are there once, however often the process dies.
#[test]
fn a_file_that_grows_has_each_row_once() {
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {from: 1, to: 4}}
  - {id: row, name: inline_source, configs: {columns: [{name: n, type: int}], rows: [["{{ iter.item }}"]]}}
  - {id: add, name: csv_sink, configs: {output_path: ledger.csv, mode: append}}
  - {id: read, name: csv_source, configs: {file_path: ledger.csv}}
  - {id: out, name: csv_sink, configs: {output_path: copy.csv}}
connections: {data: [row.data - add.input, read.data - out.input], control: ["list (1|iterate) row", "list (2|) read"]}
"#;
    for order in
        ["mark=begin row@2#1:kill", "mark=written row@2#1:kill", "path=ledger.csv#9:kill", "mark=begin read@#1:kill"]
    {
        let project = Project::new();
        project.build("job", body);
        killed(&project, "job", order, &[]);
        let (_, record) = resumed(&project, "job", &[]);
        assert_eq!(project.read("ledger.csv"), "n\n1\n2\n3\n4\n", "{order}");
        assert_eq!(project.read("copy.csv"), "n\n1\n2\n3\n4\n", "{order}");
        assert!(restored(&record).contains(&"row 0".to_owned()), "{order}");
        assert_eq!(project.leftovers(), [""; 0], "{order}");
    }
}
