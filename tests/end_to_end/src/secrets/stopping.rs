//! Runs that are stopped or killed in the middle, and what other processes see of a run that holds a secret.

use super::{CONTEXT, Scene};
use crate::support::Output;
use crate::support::canary::{CANARY, pieces};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Says the secret, and goes on until it is stopped.
const BUSY: &str = r#"
modules:
  - {id: rows, name: inline_source, configs: {rows: [{n: 1}, {n: 2}]}}
  - {id: keep, name: cache_sink, configs: {cache: kept}}
  - {id: say, name: warn_solo, configs: {message: "begun with {{ context.password }}"}}
  - id: it
    name: shell_solo
    configs:
      command: 'echo "$GIVEN"; touch started; exec sleep 100000'
      env: {GIVEN: "{{ context.password }}"}
connections: {data: [rows.data - keep.input], control: [keep (1|) say, say (1|) it]}
"#;

/// A run that has begun.
struct Begun<'a> {
    scene: &'a Scene,
    child: Option<Child>,
}

impl<'a> Begun<'a> {
    fn new(scene: &'a Scene, args: &[&str]) -> Self {
        scene.build("job", &format!("settings: {{grace: 2}}{BUSY}{CONTEXT}"));
        let mut command = scene.command(&[], &[&["run", "jobs/job", "-vv"], args].concat());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !scene.project.exists("started") {
            assert!(begun.elapsed() < Duration::from_secs(60), "it did not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { scene, child: Some(child) }
    }

    fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    fn end_by(mut self, signal: &str) -> Output {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        let output = Output::of(self.child.take().unwrap().wait_with_output().unwrap());
        self.scene.project.note(&output);
        output
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The process that the run has started, which outlives one that is killed.
fn end_command(scene: &Scene) {
    // The folder of the test is in its environment: it is the only one that is ended.
    let plain = format!("PLAIN_FILE={}", scene.outside("plain").display());
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let is_ours = std::fs::read(entry.path().join("environ"))
            .is_ok_and(|bytes| bytes.split(|byte| *byte == 0).any(|one| one == plain.as_bytes()));
        if is_ours {
            let id = entry.file_name().into_string().unwrap();
            // It may have ended by itself.
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    }
}

#[test]
fn a_run_that_is_stopped_has_written_none() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        for args in [&["--output", "json", "--log-format", "json"][..], &["--log-format", "pretty"], &["--events", "-"]]
        {
            let scene = Scene::new();
            Begun::new(&scene, args).end_by(signal).expect_code(code);
            scene.project.assert_nowhere(pieces(CANARY));
        }
    }
}

#[test]
fn a_run_that_is_killed_has_written_none() {
    let scene = Scene::new();
    let begun = Begun::new(&scene, &["--log-format", "pretty"]);
    // What the command has inherited of the pipes would hold up the reading of them.
    let id = begun.id().to_string();
    assert!(Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
    end_command(&scene);
    begun.end_by("0");
    scene.project.assert_nowhere(pieces(CANARY));
    // The job can be run again.
    scene.pype(&["run", "jobs/job", "--explain"]).expect_code(0);
}

fn of_process(id: u32, file: &str) -> Vec<u8> {
    std::fs::read(Path::new("/proc").join(id.to_string()).join(file)).unwrap()
}

#[test]
fn other_processes_see_none() {
    let scene = Scene::new();
    let begun = Begun::new(&scene, &[]);
    let id = begun.id();
    let shown = of_process(id, "cmdline");
    assert!(!shown.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
    // No core dump holds its memory.
    let limits = String::from_utf8(of_process(id, "limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    // What may not be dumped belongs to root, and may be traced and read by nobody else. Where the test is root itself that
    // cannot be told.
    use std::os::unix::fs::MetadataExt;
    let owner = |file: &str| std::fs::metadata(format!("/proc/{id}/{file}")).unwrap().uid();
    assert_eq!([owner("environ"), owner("mem"), owner("maps")], [0, 0, 0]);
    let own = std::fs::metadata("/proc/self").unwrap().uid();
    if own != 0 {
        for file in ["environ", "maps"] {
            assert!(std::fs::read(format!("/proc/{id}/{file}")).is_err(), "{file}");
        }
    }
    begun.end_by("TERM").expect_code(143);
}

#[test]
fn links_in_proc_belong_to_root_where_another_user_runs_it() {
    // Only root can become another user.
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let scene = Scene::new();
    scene.build("job", &format!("settings: {{grace: 2}}{BUSY}{CONTEXT}"));
    let open = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    };
    for folder in ["", "tmp", "jobs", "jobs/job", "jobs/job/context"] {
        open(&scene.project.path(folder));
    }
    open(scene.project.path("").parent().unwrap());
    for file in scene.project.files("jobs/job") {
        open(&scene.project.path(&format!("jobs/job/{file}")));
    }
    let mut command = scene.command(&[], &["run", "jobs/job"]);
    command.uid(NOBODY).gid(NOBODY).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        // The binary lies in a folder that only root may enter.
        return;
    };
    let begun = Instant::now();
    while !scene.project.exists("started") && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    if let Some(status) = child.try_wait().unwrap() {
        let output = child.wait_with_output().unwrap();
        panic!("{status}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let id = child.id();
    let owners = ["environ", "mem", "maps"].map(|file| std::fs::metadata(format!("/proc/{id}/{file}")).unwrap().uid());
    let begun = Begun { scene: &scene, child: Some(child) };
    begun.end_by("TERM").expect_code(143);
    assert_eq!(owners, [0, 0, 0], "it can be dumped and traced by its user");
}
