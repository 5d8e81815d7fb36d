//! Failpoints from outside: this binary runs itself with orders in its environment, and looks at what is left.

use crate::child::{Child, signal};
use serde_json::Value;

#[test]
fn killed_at_any_operation_a_file_is_old_or_new_and_whole() {
    for (n, expected) in [(1, "old"), (2, "old"), (3, "old"), (4, "old"), (5, "old"), (6, "hello world")] {
        let child = Child::with_old_file();
        let ended = child.run("publish", &format!("at={n}:kill"));
        assert_eq!(signal(ended), Some(9), "{n}");
        assert_eq!(child.read("out"), expected, "{n}");
        let log = child.log();
        assert_eq!(log.last().unwrap(), &format!("fired at={n}:kill"));
        assert_eq!(log.iter().filter(|line| !line.starts_with("mark ")).count(), n + 1, "{log:?}");
    }
    let child = Child::with_old_file();
    assert!(child.run("publish", "at=7:kill").success());
    assert_eq!(child.said(), "");
}

#[test]
fn the_log_has_a_line_per_operation_and_mark() {
    let child = Child::new();
    assert!(child.run("publish", "").success());
    let (out, beside) = (child.path("out"), child.path(".out.t.pype-tmp"));
    let (out, beside, folder) = (out.display(), beside.display(), child.folder().display());
    let expected = [
        "mark begin out@1".to_owned(),
        format!("1 create {beside}"),
        format!("2 write {beside}"),
        format!("3 write {beside}"),
        format!("4 sync {beside}"),
        "mark written out@1".to_owned(),
        format!("5 rename {beside} {out}"),
        format!("6 sync_folder {}", folder),
        "mark landed out@1".to_owned(),
    ];
    assert_eq!(child.log(), expected);
}

#[test]
fn a_torn_write_is_half_there() {
    let child = Child::with_old_file();
    assert_eq!(signal(child.run("publish", "op=write#2:torn")), Some(9));
    assert_eq!(child.read(".out.t.pype-tmp"), "hello wo");
    assert_eq!(child.read("out"), "old");
    // Of anything else nothing is there.
    let child = Child::with_old_file();
    assert_eq!(signal(child.run("publish", "op=rename:torn")), Some(9));
    assert_eq!(child.read("out"), "old");
}

#[test]
fn short_writes_and_interruptions_change_nothing_but_the_number_of_writes() {
    for (orders, writes) in [("op=write#1:short", 3), ("at=2:eintr", 3), ("from=1:short", 8), ("from=1:eintr", 3)] {
        let child = Child::with_old_file();
        assert!(child.run("publish", orders).success());
        assert_eq!((child.said().as_str(), child.read("out").as_str()), ("", "hello world"), "{orders}");
        let log = child.log();
        assert!(log.contains(&format!("fired {orders}")));
        assert_eq!(log.iter().filter(|line| line.contains(" write ")).count(), writes, "{orders}: {log:?}");
    }
}

#[test]
fn every_error_of_the_disk_comes_out_and_leaves_what_was_there() {
    let errors = [("eio", 5), ("emfile", 24), ("efbig", 27), ("enospc", 28), ("erofs", 30), ("edquot", 122)];
    for (name, number) in errors {
        for n in 1..=6 {
            let child = Child::with_old_file();
            assert!(child.run("publish", &format!("at={n}:{name}")).success());
            assert_eq!(child.said(), format!("os error {number}"), "{n}");
            assert_eq!(child.read("out"), if n < 6 { "old" } else { "hello world" });
            assert!(!child.path(".out.t.pype-tmp").exists());
        }
    }
    // A disk that stays full lets nothing be cleaned up either.
    let child = Child::with_old_file();
    assert!(child.run("publish", "from=3:erofs").success());
    assert_eq!(child.said(), "os error 30");
    assert_eq!(child.read(".out.t.pype-tmp"), "hello ");
}

#[test]
fn orders_name_operations_paths_marks_and_chance() {
    let fired = |orders: &str| {
        let child = Child::with_old_file();
        let ended = child.run("publish", orders);
        (signal(ended), child.log().len())
    };
    assert_eq!(fired("path=.pype-tmp#5:kill"), (Some(9), 8));
    assert_eq!(fired("mark=written#1:kill"), (Some(9), 7));
    assert_eq!(fired("mark=landed out@1:torn"), (Some(9), 10));
    assert_eq!(fired("p=1/3:kill"), (Some(9), 3));
    assert_eq!(fired("p=0/3:kill"), (None, 9));
    assert_eq!(fired("at=2:delay=1,mark=begin:delay=1"), (None, 11));
}

#[test]
fn wrong_orders_are_refused_before_anything_is_done() {
    let child = Child::with_old_file();
    assert!(!child.run("publish", "at=now:kill").success());
    assert!(child.said().starts_with("PYPE_FAULT: `at=now:kill`: when is "), "{}", child.said());
    assert_eq!(child.read("out"), "old");
}

fn ops(child: &Child) -> Vec<(String, Value)> {
    let lines = child.read("trace/ops.jsonl");
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["op"].as_str().unwrap().to_owned(), line)).collect()
}

fn blob(child: &Child, line: &Value) -> String {
    child.read(&format!("trace/{}", line["blob"].as_str().unwrap()))
}

#[test]
fn the_trace_holds_what_has_succeeded_with_its_content() {
    let child = Child::with_old_file();
    assert!(child.run("publish", "op=write#2:short,op=sync_folder:eio").success());
    let ops = ops(&child);
    let names: Vec<&str> = ops.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["mark", "create", "write", "write", "write", "sync", "mark", "rename"]);
    let beside = child.path(".out.t.pype-tmp").display().to_string();
    let mut file = String::new();
    for (_, line) in ops.iter().filter(|(name, _)| name == "write") {
        assert_eq!((line["path"].as_str().unwrap(), line["offset"].as_u64()), (&*beside, Some(file.len() as u64)));
        file += &blob(&child, line);
        assert_eq!(line["len"], blob(&child, line).len());
    }
    assert_eq!(file, "hello world");
    assert_eq!(ops[7].1["to"], child.path("out").display().to_string());
    assert_eq!(ops[0].1["text"], "begin out@1");
    assert_eq!(ops.iter().map(|(_, line)| line["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn the_trace_holds_what_others_have_written() {
    let child = Child::new();
    assert!(child.run("foreign", "").success());
    assert_eq!(child.said(), "");
    let ops = ops(&child);
    let names: Vec<&str> = ops.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["create", "write", "content", "sync", "content", "rename"]);
    assert_eq!(blob(&child, &ops[2].1), "of others, and more");
    assert_eq!(child.read("out"), "of others, and more");
}

#[test]
fn a_copy_can_fail_and_be_killed_midway_and_is_traced_by_what_comes_of_it() {
    let child = Child::with_old_file();
    assert!(child.run("copy", "").success());
    assert_eq!((child.said(), child.read("out")), (String::new(), "old\nold".to_owned()));
    let contents = ops(&child)
        .iter()
        .filter(|(name, _)| name == "content")
        .map(|(_, line)| blob(&child, line))
        .collect::<Vec<_>>();
    assert_eq!(contents.first().map(String::as_str), Some("old"));
    assert_eq!(contents.get(1).map(String::as_str), Some("old\nol"));
    for (orders, left) in [("op=write#1:kill", Some("")), ("op=write#1:torn", Some("o")), ("op=write#1:enospc", None)] {
        let child = Child::with_old_file();
        child.run("copy", orders);
        assert_eq!(child.read("out"), "old", "{orders}");
        let beside = child.path(".out.t.pype-tmp");
        assert_eq!(std::fs::read_to_string(beside).ok().as_deref(), left, "{orders}");
    }
    // Half at a time: nothing is lost, and nothing is there twice.
    let child = Child::with_old_file();
    assert!(child.run("copy", "op=write#1:short,op=write#4:short").success());
    assert_eq!(child.read("out"), "old\nold");
}

#[test]
fn the_trace_holds_what_others_have_put_into_a_folder() {
    let child = Child::new();
    assert!(child.run("filled", "").success());
    let ops = ops(&child);
    let lines = ops.iter().map(|(name, line)| (name.as_str(), line["path"].as_str().unwrap().to_owned()));
    let at = |name: &str| child.path(name).display().to_string();
    let wanted = [
        ("mkdir", at("new")),
        ("mkdir", at("new/a=1")),
        ("create", at("new/a=1/rows")),
        ("content", at("new/a=1/rows")),
        ("rename", at("new")),
    ];
    assert_eq!(lines.collect::<Vec<_>>(), wanted);
    assert_eq!(blob(&child, &ops[3].1), "1\n");
}

#[test]
fn records_are_traced_at_their_places() {
    let child = Child::new();
    assert!(child.run("append", "").success());
    let ops = ops(&child);
    let at: Vec<_> = ops.iter().map(|(name, line)| (name.as_str(), line["offset"].as_u64())).collect();
    assert_eq!(at, [("create", None), ("write", Some(0)), ("sync", None), ("write", Some(4)), ("truncate", None)]);
    assert_eq!(ops[4].1["len"], 4);
    assert_eq!(child.read("log"), "one\n");
}
