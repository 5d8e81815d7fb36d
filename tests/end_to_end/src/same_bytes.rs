//! The same flow is built into the same bytes: wherever it lies, whatever the language, time zone, umask and working folder.

use crate::support::Project;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn flows() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs");
    let mut flows = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path().join("flow.yaml");
        if path.is_file() {
            let name = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
            flows.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    assert!(flows.len() >= 7);
    // Letters that some languages fold in their own way.
    let body = "modules:\n  - {id: IZMIR, name: noop_solo, misc: {İ: ı, z: 1.5, a: 1e3}}\n  - {id: ilk, name: noop_solo}\n\
                connections: {control: [\"IZMIR (1|) ilk\"]}\ncontext: {I: {default: ß}, i: {default: 2026-11-21}}\n";
    flows.push(("letters".to_owned(), crate::support::run::flow("letters", body)));
    flows
}

/// Builds all flows, each in a project of its own at `below`, and gives all files of the job folders.
fn built(below: &str, from: &str, umask: &str, environment: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let project = Project::new();
    let mut found = BTreeMap::new();
    std::fs::create_dir_all(project.path(from)).unwrap();
    for (name, text) in flows() {
        let root = format!("{below}{name}");
        project.write(&format!("{root}/pype.toml"), "");
        project.write(&format!("{root}/flow.yaml"), text);
        let pype = project.command(&[]);
        let mut command = Command::new("sh");
        let script = format!("umask {umask}; cd {from:?}; exec {:?} build \"$0\"", pype.get_program());
        command.args(["-c", &script]).arg(project.path(&format!("{root}/flow.yaml")));
        command.current_dir(project.path("")).envs(environment.iter().copied());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let job = format!("{root}/jobs");
        for file in project.files(&job) {
            if !file.ends_with(".lock") {
                found.insert(format!("{name}/{file}"), std::fs::read(project.path(&format!("{job}/{file}"))).unwrap());
            }
        }
    }
    found
}

#[test]
fn builds_are_the_same_bytes_anywhere() {
    let first = built("", ".", "022", &[("LC_ALL", "C"), ("TZ", "UTC")]);
    assert!(first.len() >= 4 * 8, "{:?}", first.keys());
    for (below, from, umask, environment) in [
        ("", ".", "022", [("LC_ALL", "C"), ("TZ", "UTC")]),
        ("deep/er/with space/", "elsewhere", "077", [("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Pacific/Kiritimati")]),
        ("x/", "/", "000", [("LC_ALL", "de_DE.UTF-8"), ("TZ", "America/St_Johns")]),
        ("y/", ".", "027", [("LANG", "tr_TR.UTF-8"), ("TZ", "nowhere at all")]),
    ] {
        let again = built(below, from, umask, &environment);
        assert!(again.keys().eq(first.keys()), "{:?}", again.keys());
        for (file, bytes) in &first {
            assert!(again[file] == *bytes, "{file} with {environment:?}, umask {umask}, below `{below}`");
        }
    }
    for (file, bytes) in &first {
        let text = String::from_utf8_lossy(bytes);
        let folder = std::env::temp_dir().display().to_string();
        assert!(!text.contains(&folder), "{file} names a place of this machine");
    }
}
