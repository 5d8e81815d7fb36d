//! Outputs parted into folders by columns: every row once, all of the folder or nothing of it, and nobody else's files touched.

use crate::support::Project;
use crate::support::run::flow;
use crate::support::tables::{parquet_columns, parquet_rows};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows of `in.csv` into a folder.
fn sink(module: &str, configs: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: out, name: {module}, configs: {{output_path: out{configs}}}}}
connections: {{data: [src.data - out.input]}}
"#
    )
}

/// Columns of three days, where nothing else is wanted.
fn by_day(project: &Project) {
    project.write("in.csv", "n,day\n1,mon\n2,tue\n3,mon\n");
}

#[test]
fn each_row_is_in_the_folder_of_its_values_once() {
    let project = Project::new();
    project.write(
        "in.csv",
        "n,city,day\n1,Köln am Rhein,1\n2,a/b=c:d%e,2\n3,,2\n4,Köln am Rhein,\n5,..,2\n6,a/b=c:d%e,2\n",
    );
    let run = project.run_flow("both", &sink("csv_sink", ", partition_by: [city, day]"));
    assert_eq!(run.rows("src.data", "out.input"), 6);
    let expected = [
        ("city=../day=2", "n\n5\n"),
        ("city=K%C3%B6ln%20am%20Rhein/day=1", "n\n1\n"),
        ("city=K%C3%B6ln%20am%20Rhein/day=__HIVE_DEFAULT_PARTITION__", "n\n4\n"),
        ("city=__HIVE_DEFAULT_PARTITION__/day=2", "n\n3\n"),
        ("city=a%2Fb%3Dc%3Ad%25e/day=2", "n\n2\n6\n"),
    ];
    assert_eq!(project.files("out"), expected.map(|(folder, _)| format!("{folder}/00000000.csv")));
    for (folder, rows) in expected {
        assert_eq!(project.read(&format!("out/{folder}/00000000.csv")), rows);
    }
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_folder_of_partitions_can_be_read_again_with_or_without_its_columns() {
    let project = Project::new();
    project.write("in.csv", "n,city,day\n1,Köln am Rhein,1\n2,a/b,2\n3,,2\n");
    project.run_flow("write", &sink("parquet_sink", ", partition_by: [city, day]"));
    let read = |name: &str, configs: &str| {
        let body = format!(
            r#"
modules:
  - {{id: src, name: parquet_source, configs: {{{configs}}}}}
  - {{id: sorted, name: filter_mod, configs: {{condition: "n > 1"}}}}
  - {{id: back, name: csv_sink, configs: {{output_path: {name}.csv}}}}
connections: {{data: [src.data - sorted.input, sorted.output - back.input]}}
"#
        );
        let run = project.run_flow(name, &body);
        assert_eq!(run.rows("src.data", "sorted.input"), 3);
        project.read(&format!("{name}.csv"))
    };
    assert_eq!(read("folder", "file_path: out"), "n,city,day\n3,,2\n2,a/b,2\n");
    assert_eq!(read("plain", "file_path: out, hive_partitioning: false"), "n\n3\n2\n");
    // A glob names files: their folders are only looked at where it is asked for.
    assert_eq!(read("glob", "file_path: 'out/**/*.parquet'"), "n\n3\n2\n");
    assert_eq!(read("hive", "file_path: 'out/**/*.parquet', hive_partitioning: true"), "n,city,day\n3,,2\n2,a/b,2\n");
}

#[test]
fn more_partitions_than_open_files_lose_no_row() {
    let project = Project::new();
    let mut rows = "n,part\n".to_owned();
    for n in 0..3000 {
        writeln!(rows, "{n},{}", n % 500).unwrap();
    }
    project.write("in.csv", rows);
    let run = project.run_flow("many", &sink("parquet_sink", ", partition_by: [part], compression: none"));
    assert_eq!(run.rows("src.data", "out.input"), 3000);
    let files = project.files("out");
    let folders: BTreeSet<&str> = files.iter().filter_map(|file| file.split('/').next()).collect();
    assert_eq!(folders.len(), 500);
    let mut found = Vec::new();
    for file in &files {
        assert_eq!(parquet_columns(&project.path("out").join(file)), ["n"]);
        let part: u64 = file.split(['=', '/']).nth(1).unwrap().parse().unwrap();
        let numbers = parquet_rows(&project.path("out").join(file)).into_iter().map(|row| row.parse::<u64>().unwrap());
        found.extend(numbers.inspect(|number| assert_eq!(number % 500, part)));
    }
    found.sort_unstable();
    assert_eq!(found, (0..3000).collect::<Vec<u64>>());
}

#[test]
fn no_row_is_an_empty_folder_in_the_place_of_the_old_one() {
    let project = Project::new();
    by_day(&project);
    let body = sink("csv_sink", ", partition_by: [day]");
    project.run_flow("job", &body);
    assert_eq!(project.files("out").len(), 2);
    project.write("in.csv", "n,day\n");
    project.run_job("job", &[], 0);
    assert_eq!((project.exists("out"), project.files("out").len()), (true, 0));
    let body = r#"
modules:
  - {id: src, name: parquet_source, configs: {file_path: out}}
  - {id: back, name: csv_sink, configs: {output_path: back.csv}}
connections: {data: [src.data - back.input]}
"#;
    project.run_fails("empty", body, &["`src`", "the input folder holds no file", "out"]);
}

#[test]
fn what_cannot_be_is_said_by_the_build() {
    let cases = [
        ("csv_sink", "[day], mode: append", "rows cannot be added to a folder of partitions"),
        ("parquet_sink", "[day], mode: append", "rows cannot be added to a folder of partitions"),
        ("csv_sink", "[day, day]", "`day` is given twice"),
        ("parquet_sink", "['../day']", "`../day` cannot name a folder"),
        ("parquet_sink", "['a=b']", "`a=b` cannot name a folder"),
        ("csv_sink", "['']", "`` cannot name a folder"),
    ];
    let project = Project::new();
    for (module, columns, words) in cases {
        project.write("job.yaml", flow("job", &sink(module, &format!(", partition_by: {columns}"))));
        let output = project.pype(&["build", "job.yaml"]).expect_code(3);
        assert!(output.stderr.contains(words), "{module} {columns}: {}", output.stderr);
    }
    let output = project.pype(&["build", "job.yaml"]).expect_code(3);
    assert!(output.stderr.contains("help: rename the column"), "{}", output.stderr);
}

#[test]
fn what_the_rows_do_not_allow_fails_and_leaves_the_folder_as_it_was() {
    let project = Project::new();
    by_day(&project);
    project.run_flow("first", &sink("csv_sink", ", partition_by: [day]"));
    let before = project.files("out");
    for module in ["csv_sink", "parquet_sink"] {
        let fails = |columns: &str, words: &[&str]| {
            project.run_fails("next", &sink(module, &format!(", partition_by: {columns}")), words);
            assert_eq!(project.files("out"), before);
        };
        fails("[dya]", &["`out`", "there is no column `dya`", "did you mean `day`?"]);
        fails("[day, n]", &["`out`", "every column names a folder"]);
        // NULL and the text that stands for it would be one file, and the rows of one of them lost.
        project.write("in.csv", "n,day\n1,\n2,__HIVE_DEFAULT_PARTITION__\n");
        fails("[day]", &["`out`", "two values would have the folder `day=__HIVE_DEFAULT_PARTITION__`"]);
        project.write("in.csv", format!("n,day\n1,{}\n", "x".repeat(300)));
        fails("[day]", &["`out`", "too long for the name of a folder"]);
        by_day(&project);
    }
}

#[test]
fn a_folder_that_must_be_new_is_not_written_over() {
    let project = Project::new();
    by_day(&project);
    let body = sink("csv_sink", ", partition_by: [day], mode: error");
    std::fs::create_dir(project.path("out")).unwrap();
    project.run_flow("new", &body);
    assert_eq!(project.read("out/day=mon/00000000.csv"), "n\n1\n3\n");
    project.write("in.csv", "n,day\n9,sun\n");
    project.run_fails("new", &body, &["`out`", "there already, and not empty", "mode: overwrite"]);
    assert_eq!(project.files("out"), ["day=mon/00000000.csv", "day=tue/00000000.csv"]);
}

#[test]
fn a_folder_with_somebodys_files_is_refused_before_anything_is_read() {
    for (file, found) in [("notes.txt", "notes.txt"), ("data.csv", "data.csv"), ("day=mon/photo.jpg", "photo.jpg")] {
        let project = Project::new();
        by_day(&project);
        project.write(&format!("out/{file}"), "mine");
        let words = ["`out`", "is not replaced", found, "name another folder"];
        let run = project.run_fails("job", &sink("parquet_sink", ", partition_by: [day]"), &words);
        assert_eq!(run.rows("src.data", "out.input"), 0);
        assert_eq!(
            (project.files("out"), project.read(&format!("out/{file}"))),
            (vec![file.to_owned()], "mine".to_owned())
        );
    }
}

#[test]
fn two_sinks_of_one_folder_are_refused() {
    let project = Project::new();
    by_day(&project);
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: all, name: csv_sink, configs: {output_path: out, partition_by: [day]}}
  - {id: one, name: csv_sink, configs: {output_path: out/day=mon/mine.csv}}
connections: {data: [src.data - all.input, src.data - one.input]}
"#;
    project.run_fails("twice", body, &["writes the same file"]);
}

#[test]
fn who_lists_the_folder_meanwhile_never_sees_old_and_new_together() {
    let project = Project::new();
    let body = sink("csv_sink", ", partition_by: [day]");
    let rows = |generation: &str| (0..40).fold("n,day\n".to_owned(), |text, n| format!("{text}{n},{generation}{n}\n"));
    project.write("in.csv", rows("a"));
    project.run_flow("job", &body);
    let is_over = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !is_over.load(Ordering::Relaxed) || looks == 0 {
                let listed = std::fs::read_dir(project.path("out")).expect("it is always there");
                // Folders of the old one vanish under who has opened it: those that are there are of one generation.
                let names = listed.flatten().map(|entry| entry.file_name().into_string().unwrap());
                let generations: BTreeSet<char> = names.filter_map(|name| name.chars().nth("day=".len())).collect();
                assert!(generations.len() <= 1, "{generations:?}");
                looks += 1;
            }
            looks
        });
        for generation in ["b", "a", "b", "a", "b"] {
            project.write("in.csv", rows(generation));
            project.run_job("job", &[], 0);
        }
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looks > 0);
    assert!(project.files("out").iter().all(|file| file.starts_with("day=b")) && project.files("out").len() == 40);
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn a_killed_run_leaves_the_old_folder_and_the_next_one_removes_what_it_left() {
    let project = Project::new();
    by_day(&project);
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ context.rows }}", columns: [{name: n, kind: sequence}, {name: day, kind: choice, values: [x, y]}]}}
  - {id: out, name: csv_sink, configs: {output_path: out, partition_by: [day]}}
connections: {data: [src.data - out.input]}
context: {rows: {type: int, default: 10}}
settings: {execution_mode: streaming}
"#;
    project.run_flow("job", body);
    let before = project.files("out");
    let mut run = project.start(&["run", "jobs/job", "--set", "rows=1000000000"]);
    let staged = || {
        let entries = std::fs::read_dir(project.path("")).unwrap().flatten();
        let names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.into_iter().find(|name| name.starts_with(".out.") && !name.contains(".lock."))
    };
    run.wait_until("the staged folder", || staged().is_some());
    run.signal("KILL");
    run.end();
    assert_eq!(project.files("out"), before, "all old");
    assert!(staged().is_some());
    project.run_job("job", &[], 0);
    assert_eq!(project.files("out").len(), 2);
    assert_eq!(staged(), None);
    assert!(!project.leftovers().iter().any(|name| name.contains(".out.")), "{:?}", project.leftovers());
}

#[test]
fn a_job_says_what_its_nodes_do_to_the_world_outside() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: n > 1}}
  - {id: paid, name: parquet_sink, configs: {output_path: "{{ context.folder }}/paid.parquet"}}
  - {id: days, name: csv_sink, configs: {output_path: days, partition_by: [day]}}
  - {id: log, name: csv_sink, configs: {output_path: "{{ context.folder }}/log.csv", mode: append}}
  - {id: kept, name: cache_sink, configs: {cache: rows}}
  - {id: notify, name: shell_solo, configs: {command: "true"}}
  - {id: child, name: run_flow_solo, configs: {job: jobs/child}}
  - {id: done, name: noop_solo}
connections:
  data: [src.data - keep.input, keep.output - paid.input, keep.output - days.input, keep.reject - log.input, src.data - kept.input]
  control: ["src (1|) notify", "src (2|) child", "src (3|) done"]
context: {folder: {type: str, default: out}}
"#;
    project.write("job.yaml", flow("job", body));
    let said = project.pype(&["build", "job.yaml"]).expect_code(0).stdout;
    let wanted = "effects: paid, days replace their outputs in one step; log has its effect once, also if it is repeated; \
                  notify, child may be repeated if a run dies while it works\n";
    assert!(said.ends_with(wanted), "{said}");
    let result = project.pype(&["build", "job.yaml", "--output", "json"]).expect_code(0).json();
    let effects = result["effects"].as_object().unwrap();
    let of = |class: &str| {
        let nodes = effects.iter().filter(|(_, effect)| *effect == class).map(|(node, _)| node.as_str());
        nodes.collect::<BTreeSet<&str>>()
    };
    assert_eq!(of("pure"), ["src", "keep", "kept", "done"].into());
    assert_eq!(of("atomic_replace"), ["paid", "days"].into());
    assert_eq!(of("idempotent"), ["log"].into());
    assert_eq!(of("at_least_once"), ["notify", "child"].into());
    let dag: serde_json::Value = serde_json::from_str(&project.read("jobs/job/job_dag.json")).unwrap();
    for node in dag["nodes"].as_array().unwrap() {
        assert_eq!(node["effect"], effects[node["id"].as_str().unwrap()]);
    }
    assert!(result["effects"].as_object().unwrap().len() == 9);
}

#[test]
fn killed_at_any_operation_outputs_are_all_old_or_all_new() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: days, name: csv_sink, configs: {output_path: days, partition_by: [day]}}
  - {id: log, name: csv_sink, configs: {output_path: log.csv, mode: append}}
connections: {data: [src.data - days.input, src.data - log.input]}
"#;
    project.build("job", body);
    let content = |folder: &str| -> Vec<(String, String)> {
        let files = project.files(folder).into_iter();
        files.map(|file| (file.clone(), project.read(&format!("{folder}/{file}")))).collect()
    };
    let reset = |rows: &str| {
        project.write("log.csv", "n,day\n0,old\n");
        project.write("in.csv", rows);
        project.run_job("job", &[], 0);
        (content("days"), project.read("log.csv"))
    };
    let (old_rows, new_rows) = ("n,day\n1,mon\n2,tue\n", "n,day\n3,wed\n4,tue\n");
    let new = reset(new_rows).0;
    let old = reset(old_rows);
    let with_new = format!("{}3,wed\n4,tue\n", old.1);
    project.write("in.csv", new_rows);
    let log = project.path("operations.log");
    project.run_job_with(&[("PYPE_FAULT_LOG", log.to_str().unwrap())], "job", &[], 0);
    // What the record of a run writes is in it too: all of these are places where a machine may fail.
    let operations =
        project.read("operations.log").lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
    assert!(operations > 20, "{operations}");
    let (mut olds, mut news) = (0, 0);
    for at in 1..=operations {
        assert_eq!(reset(old_rows), old);
        project.write("in.csv", new_rows);
        let killed = project.pype_with(&[("PYPE_FAULT", &format!("at={at}:kill"))], &["run", "jobs/job"]);
        assert_eq!(killed.code, -1, "at {at}: {}", killed.stderr);
        let (days, rows) = (content("days"), project.read("log.csv"));
        assert!(days == old.0 || days == new, "at {at}: {days:?}");
        assert!(rows == old.1 || rows == with_new, "at {at}: {rows}");
        *(if days == new { &mut news } else { &mut olds }) += 1;
        project.run_job("job", &[], 0);
        assert_eq!(content("days"), new, "at {at}");
        let left: Vec<String> = project.leftovers().into_iter().filter(|name| !name.contains("jobs/")).collect();
        assert_eq!(left, [""; 0], "at {at}");
    }
    assert!(olds > 0 && news > 0, "{olds} {news}");
}
