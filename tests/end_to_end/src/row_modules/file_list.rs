//! Lists of files: which are found, in which order, and what is said of each.

use crate::control_modules::tell;
use crate::support::Project;
use std::time::{Duration, SystemTime};

/// Writes the list to `out.csv`.
fn list(configs: &str) -> String {
    let tell = tell("{{ list__row_count }}");
    format!(
        r#"
modules:
  - {{id: list, name: file_list_source, configs: {{{configs}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
{tell}
connections: {{data: [list.data - out.input], control: [out (1|) tell]}}
context: {{folder: {{type: str, default: in}}}}
"#
    )
}

/// A folder `in` with files of different sizes, the last of them the oldest, and folders inside.
fn project() -> Project {
    let project = Project::new();
    let files = ["b.csv", "a.txt", "c.csv", ".hidden.csv", "sub/a.csv", "sub/deep/d.csv", ".cave/e.csv"];
    for (at, (name, size)) in files.into_iter().zip([30, 5, 20, 1, 7, 7, 1]).enumerate() {
        let path = format!("in/{name}");
        project.write(&path, "x".repeat(size));
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - 1_000 * at as u64);
        std::fs::File::options().write(true).open(project.path(&path)).unwrap().set_modified(time).unwrap();
    }
    project
}

/// The found paths below `in`, in their order.
#[track_caller]
fn found(project: &Project, configs: &str) -> Vec<String> {
    project.run_flow("list", &list(configs));
    let text = project.read("out.csv");
    let root = format!("{}/", project.path("in").display());
    let below =
        |line: &str| line.split(',').next().unwrap().strip_prefix(&root).unwrap_or_else(|| panic!("{line}")).to_owned();
    let found: Vec<String> = text.lines().skip(1).map(below).collect();
    assert_eq!(project.read("told"), format!("<{}>", found.len()));
    found
}

#[test]
fn a_file_is_a_row_with_all_that_is_known_of_it() {
    let project = project();
    project.run_flow("list", &list("folder: \"{{ context.folder }}\", mask: b.csv"));
    let text = project.read("out.csv");
    let folder = project.path("in").display().to_string();
    let expected = format!(
        "path,name,folder,stem,extension,size,modified\n{folder}/b.csv,b.csv,{folder},b,csv,30,1970-01-12T13:46:40"
    );
    assert!(text.starts_with(&expected), "{text}");
}

#[test]
fn masks_choose_by_name_or_by_path() {
    let project = project();
    for (configs, expected) in [
        ("folder: in", &["a.txt", "b.csv", "c.csv"][..]),
        ("folder: in, mask: '*.csv'", &["b.csv", "c.csv"]),
        ("folder: in, mask: ['*.txt', 'c*']", &["a.txt", "c.csv"]),
        ("folder: in, mask: '[ab].*'", &["a.txt", "b.csv"]),
        ("folder: in, mask: '*.CSV'", &[]),
        ("folder: in, recursive: true, mask: '*.csv'", &["b.csv", "c.csv", "sub/a.csv", "sub/deep/d.csv"]),
        ("folder: in, recursive: true, mask: 'sub/*.csv'", &["sub/a.csv"]),
        ("folder: in, recursive: true, mask: 'sub/**/*.csv'", &["sub/a.csv", "sub/deep/d.csv"]),
        ("folder: in/sub", &["sub/a.csv"]),
    ] {
        assert_eq!(found(&project, configs), expected, "{configs}");
    }
}

#[test]
fn folders_and_what_is_hidden_are_listed_where_they_are_asked_for() {
    let project = project();
    for (configs, expected) in [
        ("folder: in, kind: folders", &["sub"][..]),
        ("folder: in, kind: folders, recursive: true", &["sub", "sub/deep"]),
        ("folder: in, kind: both", &["a.txt", "b.csv", "c.csv", "sub"]),
        ("folder: in, kind: files, hidden: true", &[".hidden.csv", "a.txt", "b.csv", "c.csv"]),
        ("folder: in, hidden: true, recursive: true, mask: e.csv", &[".cave/e.csv"]),
        ("folder: in, recursive: true, mask: e.csv", &[]),
    ] {
        assert_eq!(found(&project, configs), expected, "{configs}");
    }
}

#[test]
fn the_order_is_that_which_is_asked_for() {
    let project = project();
    let all = "folder: in, recursive: true";
    for (configs, expected) in [
        ("", ["a.txt", "b.csv", "c.csv", "sub/a.csv", "sub/deep/d.csv"]),
        (", order_by: path", ["a.txt", "b.csv", "c.csv", "sub/a.csv", "sub/deep/d.csv"]),
        (", order_by: name", ["sub/a.csv", "a.txt", "b.csv", "c.csv", "sub/deep/d.csv"]),
        (", order_by: name, descending: true", ["sub/deep/d.csv", "c.csv", "b.csv", "a.txt", "sub/a.csv"]),
        (", order_by: size", ["a.txt", "sub/a.csv", "sub/deep/d.csv", "c.csv", "b.csv"]),
        (", order_by: size, descending: true", ["b.csv", "c.csv", "sub/a.csv", "sub/deep/d.csv", "a.txt"]),
        (", order_by: modified", ["sub/deep/d.csv", "sub/a.csv", "c.csv", "a.txt", "b.csv"]),
        (", order_by: modified, descending: true", ["b.csv", "a.txt", "c.csv", "sub/a.csv", "sub/deep/d.csv"]),
    ] {
        assert_eq!(found(&project, &format!("{all}{configs}")), expected, "{configs}");
    }
}

#[test]
fn a_loop_goes_through_the_files() {
    let project = Project::new();
    for (name, row) in [("b", 2), ("a", 1)] {
        project.write(&format!("in/{name}.csv"), format!("n\n{row}\n"));
    }
    let body = r#"
modules:
  - {id: list, name: file_list_source, configs: {folder: in, mask: "*.csv"}}
  - {id: src, name: csv_source, configs: {file_path: "{{ iter.item.path }}"}}
  - {id: out, name: csv_sink, configs: {output_path: "out/{{ iter.index }}-{{ iter.item.stem }}-{{ iter.item.size }}.csv"}}
connections: {data: [src.data - out.input], control: [list (1|iterate) src]}
"#;
    let run = project.run_flow("loop", body);
    assert_eq!(project.files("out"), ["0-a-4.csv", "1-b-4.csv"]);
    assert_eq!((project.read("out/1-b-4.csv").as_str(), run.rows("src.data", "out.input")), ("n\n2\n", 2));
    std::fs::remove_dir_all(project.path("in")).unwrap();
    std::fs::create_dir(project.path("in")).unwrap();
    let run = project.run_job("loop", &[], 0);
    assert_eq!((run.state("list"), run.state("src")), ("succeeded", "skipped"), "no files, no failure");
}

#[test]
fn an_empty_list_is_a_failure_if_it_is_said() {
    let project = project();
    assert!(found(&project, "folder: in, mask: '*.pdf', on_empty: ignore").is_empty());
    let configs = "folder: in, mask: ['*.pdf', '*.doc'], on_empty: fail";
    let words = ["`list`", "nothing was found that matches", "*.pdf, *.doc", "/in"];
    let run = project.run_fails("list", &list(configs), &words);
    assert_eq!(run.node("list")["fault"]["kind"], "data");
    assert_eq!(found(&project, "folder: in, mask: '*.txt', on_empty: fail"), ["a.txt"]);
}

#[test]
fn folders_that_cannot_be_listed_are_named() {
    let project = project();
    for (configs, words) in [
        ("folder: none", ["`list`", "it cannot be read", "/none"]),
        ("folder: in/b.csv", ["`list`", "it is no folder", "/in/b.csv"]),
        ("folder: in, mask: 'a***'", ["`list`", "`a***` is no glob", "at character"]),
        ("folder: in, mask: []", ["`list`", "`mask` is an empty list", "file_list_source"]),
    ] {
        project.run_fails("list", &list(configs), &words);
        assert!(!project.exists("out.csv"));
    }
}

#[test]
fn choices_that_are_none_are_refused_at_build() {
    for (configs, words) in [
        ("folder: in, kind: file", ["`kind`", "did you mean `files`?"]),
        ("folder: in, order_by: sise", ["`order_by`", "did you mean `size`?"]),
        ("folder: in, on_empty: failed", ["`on_empty`", "did you mean `fail`?"]),
        ("folder: in, recursive: deep", ["`recursive`", "expected `true` or `false`"]),
        ("folder: in, mask: 7", ["`mask`", "`7` is not one of the allowed values"]),
    ] {
        Project::new().refuses(&list(configs), "L012", &words);
    }
}
