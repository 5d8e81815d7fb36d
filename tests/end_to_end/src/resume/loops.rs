//! Loops go on at the items that are missing: an item is what it is, wherever it stands in its list.

use super::{fails, killed, lines, ran, restored, resumed, says, told};
use crate::support::Project;

/// A loop over the lines of `list.csv`, whose step fails at `c` until there is a file `open`.
fn over_a_file() -> String {
    let step = "test {{ iter.item }} != c -o -e open && echo {{ iter.item }} >> said";
    format!(
        r#"
modules:
  - {{id: list, name: csv_source, configs: {{file_path: list.csv}}}}
  - {{id: step, name: shell_solo, configs: {{command: "{step}"}}}}
{}
connections: {{control: ["list (1|iterate) step", "list (2|) end"]}}
"#,
        says("end", "said", "end {{ list__row_count }}")
    )
}

/// A run of it that failed at the third of four items.
fn stopped_at_c() -> Project {
    let project = Project::new();
    project.write("list.csv", "name\na\nb\nc\nd\n");
    project.build("job", &over_a_file());
    fails(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["a", "b"]);
    project.write("open", "");
    project
}

#[test]
fn at_the_item_that_failed() {
    let project = stopped_at_c();
    let (run, record) = resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["a", "b", "c", "d", "end 4"]);
    assert_eq!(restored(&record), ["list", "step 0", "step 1"]);
    assert_eq!(ran(&record), ["step 2", "step 3", "end"]);
    let step = &run.result["sub_flows"][1];
    assert_eq!((&step["runs"], &step["restored"]), (&2.into(), &2.into()));
    let shown = record.one("loop_finished", &[]);
    assert_eq!((&shown["items"], &shown["failed"]), (&4.into(), &0.into()), "{shown}");
}

#[test]
fn in_whatever_order_the_list_comes() {
    let project = stopped_at_c();
    project.write("list.csv", "name\nnew\nd\nb\nc\na\n");
    let refused = project.pype(&["run", "jobs/job", "--resume"]).expect_code(3);
    assert!(refused.stderr.contains("list.csv"), "{}", refused.stderr);
    let (_, record) = resumed(&project, "job", &["--on-change", "rerun-affected"]);
    assert_eq!(lines(&project, "said"), ["a", "b", "new", "d", "c", "end 5"]);
    assert_eq!(restored(&record), ["step 2", "step 4"], "b and a, where they stand now");
}

#[test]
fn a_list_that_is_taken_as_it_was_is_the_old_one() {
    let project = stopped_at_c();
    project.write("list.csv", "name\nnew\nd\nb\nc\na\n");
    resumed(&project, "job", &["--on-change", "accept"]);
    assert_eq!(lines(&project, "said"), ["a", "b", "c", "d", "end 4"]);
}

/// Each of three equal items is one of its own: what two of them did stays done, and the third runs.
#[test]
fn equal_items_are_told_apart() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {items: [x, y, x, x]}}
  - {id: step, name: shell_solo, configs: {command: "echo {{ iter.item }}{{ iter.index }} >> said; test {{ iter.index }} -lt 3 -o -e open"}}
connections: {control: ["list (1|iterate) step"]}
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(restored(&record), ["list", "step 0", "step 1", "step 2"]);
    assert_eq!(lines(&project, "said"), ["x0", "y1", "x2", "x3", "x3"]);
}

/// Two loops around one step, with equal items in both: the step of each pair runs once, over all parts of the run.
#[test]
fn loops_within_loops() {
    let body = format!(
        r#"
modules:
  - {{id: outer, name: loop_source, configs: {{items: [a, b]}}}}
  - {{id: head, name: set_var_solo, configs: {{vars: {{word: "{{{{ iter.item }}}}!"}}}}}}
  - {{id: inner, name: loop_source, configs: {{items: [a, b, "{{{{ iter.item }}}}"]}}}}
  - {{id: step, name: shell_solo, configs: {{command: "echo {{{{ iter.parent.item }}}}{{{{ iter.item }}}}{{{{ iter.index }}}} {{{{ head__word }}}} >> said"}}}}
{}
connections: {{control: ["outer (1|iterate) head", "head (1|) inner", "inner (1|iterate) step", "inner (2|) tail"]}}
"#,
        says("tail", "tails", "{{ iter.item }}")
    );
    for order in ["mark=begin step@0/2#1:kill", "mark=begin step@1/1#1:kill", "mark=begin tail@1#1:kill"] {
        let project = Project::new();
        project.build("job", &body);
        killed(&project, "job", order, &[]);
        let before = lines(&project, "said").len();
        let (_, record) = resumed(&project, "job", &[]);
        let all = ["aa0 a!", "ab1 a!", "aa2 a!", "ba0 b!", "bb1 b!", "bb2 b!"];
        assert_eq!(lines(&project, "said"), all, "{order}");
        assert_eq!(lines(&project, "tails"), ["a", "b"], "{order}");
        assert_eq!(restored(&record).iter().filter(|name| name.starts_with("step")).count(), before, "{order}");
        assert_eq!(
            told(&record, "sub_flow_started").iter().filter(|name| name.starts_with("step")).count(),
            6 - before
        );
    }
}

/// Equal items in two loops at the same time: the list of one is older than what the other has done, and takes nothing of it.
#[test]
fn equal_items_of_loops_at_the_same_time() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: outer, name: loop_source, configs: {items: [a, b]}}
  - {id: inner, name: loop_source, configs: {items: [x]}}
  - {id: step, name: shell_solo, configs: {command: "sh steps {{ iter.parent.item }}"}}
connections: {control: ["outer (1|iterate parallel=2) inner", "inner (1|iterate) step"]}
"#;
    // That of `a` ends when that of `b` is at work.
    let steps = "case $1 in\n\
                 a) while ! test -e b_at; do sleep 0.01; done ;;\n\
                 b) touch b_at; test -e open || sleep 20 ;;\n\
                 esac; echo $1 >> said\n";
    project.write("steps", steps);
    project.build("job", body);
    killed(&project, "job", "mark=written step@0/0#1:kill", &[]);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["a", "b"]);
    assert!(ran(&record).contains(&"step 1/0".to_owned()), "{:?}", ran(&record));
}

/// Items at the same time: whatever has landed stays, in whatever order that was.
#[test]
fn items_at_the_same_time() {
    let project = Project::new();
    let body = r#"
settings: {fail_strategy: continue}
modules:
  - {id: list, name: loop_source, configs: {from: 1, to: 20}}
  - {id: rows, name: generate_source, configs: {rows: "{{ iter.item }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: "out/{{ iter.item }}.csv"}}
  - {id: odd, name: shell_solo, configs: {command: "test $(({{ iter.item }} % 2)) = 0 -o -e open && echo {{ iter.item }} >> said"}}
connections: {data: [rows.data - out.input], control: ["list (1|iterate parallel=4) rows", "rows (1|) odd"]}
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    assert_eq!(lines(&project, "said").len(), 10);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(restored(&record).len(), 1 + 20 + 10);
    let mut said = lines(&project, "said");
    said.sort_unstable_by_key(|line| line.parse::<u64>().unwrap());
    assert_eq!(said, (1..=20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// A list that is so large that it is written beside the journal, and one that a condition makes.
#[test]
fn large_lists_and_endless_ones() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: list, name: generate_source, configs: {rows: 30000, columns: [{name: n, kind: sequence}, {name: word, kind: choice, values: [some longer text, another text]}]}}
  - {id: few, name: filter_mod, configs: {condition: "n >= 0"}}
  - {id: keep, name: csv_sink, configs: {output_path: list.csv}}
  - {id: rows, name: csv_source, configs: {file_path: list.csv}}
  - {id: step, name: set_var_solo, configs: {vars: {n: "{{ iter.item.n }}"}}}
  - {id: while, name: loop_source, configs: {while: "each('turn', 'n') | length < 4", max: 9}}
  - {id: turn, name: set_var_solo, configs: {vars: {n: "{{ iter.item }}"}}}
  - {id: say, name: shell_solo, configs: {command: "echo {{ step__n }} {{ each('turn', 'n') | join('') }} >> said"}}
connections:
  data: [list.data - few.input, few.output - keep.input]
  control: ["list (1|) rows", "rows (1|iterate) step", "rows (2|) while", "while (1|iterate) turn", "while (2|) say"]
"#;
    project.build("job", body);
    killed(&project, "job", "mark=written step@15000#1:kill", &[]);
    killed(&project, "job", "mark=begin turn@2#1:kill", &["--resume"]);
    let (run, _) = resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), "29999 0123\n");
    let of = |name: &str| {
        let found = run.result["sub_flows"].as_array().unwrap().iter().find(|part| part["name"] == name).unwrap();
        (found["runs"].as_u64().unwrap(), found["restored"].as_u64().unwrap())
    };
    assert_eq!((of("step"), of("turn")), ((0, 30000), (2, 2)));
}
