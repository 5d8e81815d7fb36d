//! Commands as `shell_solo` runs them: real processes, without a host.

use super::*;
use pypeline_sdk::serde_json::{Value, from_value, json};
use std::cell::Cell;
use std::time::Instant;

fn shell(config: Value) -> Shell {
    Shell::create(from_value(config).unwrap()).unwrap()
}

fn command(shell: &Shell) -> Command {
    Command {
        program: shell.program.clone(),
        arguments: shell.arguments.clone(),
        cwd: ".".into(),
        env: shell.config.env.clone(),
        timeout: shell.timeout,
        max_output: shell.config.max_output,
    }
}

/// What it left, the lines that it wrote, and the error if there is one.
fn run(config: Value, must_stop: &dyn Fn() -> bool) -> (Outcome, Vec<(Pipe, String)>, Option<String>) {
    let (shell, mut lines) = (shell(config), Vec::new());
    let outcome = command(&shell).run(must_stop, &mut |pipe, line| lines.push((pipe, line.to_owned()))).unwrap();
    let error = shell.judge(&outcome).err().map(|error| error.into_fault().to_string());
    (outcome, lines, error)
}

#[test]
fn a_command_tells_code_and_output() {
    let line = "echo one; echo $WORD >&2; printf two; exit 3";
    let (outcome, mut lines, error) = run(json!({"command": line, "env": {"WORD": "odd"}}), &|| false);
    assert_eq!((outcome.end, outcome.exit_code), (End::ByItself, 3));
    assert_eq!((outcome.stdout.text(), outcome.stderr.text()), ("one\ntwo".to_owned(), "odd".to_owned()));
    lines.retain(|(pipe, _)| *pipe == Pipe::Stdout);
    assert_eq!(lines, [(Pipe::Stdout, "one".to_owned()), (Pipe::Stdout, "two".to_owned())]);
    assert_eq!(error.unwrap(), "the command ended with exit code 3; stderr: odd");
    let (_, _, error) = run(json!({"command": "exit 3", "ok_codes": [0, 3]}), &|| false);
    assert_eq!(error, None);
}

#[test]
fn a_list_meets_no_shell() {
    let (outcome, ..) = run(json!({"command": ["printf", "%s", "$HOME; *"]}), &|| false);
    assert_eq!(outcome.stdout.text(), "$HOME; *");
}

#[test]
fn a_signal_has_the_code_that_shells_give_it() {
    let (outcome, _, error) = run(json!({"command": "kill -9 $$"}), &|| false);
    assert_eq!((outcome.end, outcome.exit_code), (End::ByItself, 137));
    assert!(error.is_some());
}

#[test]
fn much_output_is_read_to_its_end() {
    let line = "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end";
    let (outcome, lines, _) = run(json!({"command": line, "max_output": 10}), &|| false);
    assert_eq!(outcome.stdout.text(), "xxxxx\nend");
    assert_eq!(lines.iter().map(|(_, line)| line.len()).sum::<usize>(), 3_000_003);
}

#[test]
fn a_timeout_ends_the_command() {
    let begin = Instant::now();
    let (outcome, _, error) = run(json!({"command": "echo ready; sleep 60", "timeout": 0.3}), &|| false);
    assert_eq!((outcome.end, outcome.exit_code), (End::TimedOut, 143));
    assert_eq!(outcome.stdout.text(), "ready");
    assert_eq!(error.unwrap(), "`sh` took longer than its timeout of 0.3 s");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn the_whole_group_is_asked_to_end() {
    let (asked, is_ready) = ("trap 'echo inner; exit' TERM; echo ready; sleep 60 & wait", Cell::new(false));
    let shell = shell(json!({"command": ["sh", "-c", "trap 'wait; exit 5' TERM; sh -c \"$0\" & wait", asked]}));
    let outcome = command(&shell).run(&|| is_ready.get(), &mut |_, line| is_ready.set(line == "ready")).unwrap();
    assert_eq!((outcome.end, outcome.exit_code), (End::Stopped, 5));
    assert_eq!(outcome.stdout.text(), "ready\ninner");
}

#[test]
fn who_ignores_the_request_is_ended_by_force() {
    let ticks = Cell::new(0);
    let must_stop = || ticks.replace(ticks.get() + 1) > 10;
    let (outcome, _, error) = run(json!({"command": "trap '' TERM; while :; do sleep 0.1; done"}), &must_stop);
    assert_eq!((outcome.end, outcome.exit_code), (End::Stopped, 137));
    assert_eq!(error.unwrap(), "the run is stopping");
}

#[test]
fn who_stays_behind_with_the_pipe_holds_up_nobody() {
    let begin = Instant::now();
    let (outcome, ..) = run(json!({"command": "sleep 4 & echo done"}), &|| false);
    assert_eq!((outcome.exit_code, outcome.stdout.text()), (0, "done".to_owned()));
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn a_command_that_cannot_start_says_which_and_no_value() {
    let fails = |shell: &Shell, cwd: &str| {
        let command = Command { cwd: cwd.into(), ..command(shell) };
        command.run(&|| false, &mut |_, _| {}).err().expect("an error").into_fault().to_string()
    };
    let missing = shell(json!({"command": ["no-such-program", "secret"], "env": {"A": "secret"}}));
    let text = fails(&missing, ".");
    assert!(text.contains("no-such-program") && !text.contains("secret"), "{text}");
    assert!(fails(&missing, "no/such/folder").contains("no/such/folder"));
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    for (key, config) in [
        ("command", json!({"command": " "})),
        ("command", json!({"command": []})),
        ("env", json!({"command": "true", "env": {"A=B": "secret"}})),
        ("env", json!({"command": "true", "env": {"A": "secret\u{0}"}})),
        ("timeout", json!({"command": "true", "timeout": -1})),
        ("ok_codes", json!({"command": "true", "ok_codes": []})),
    ] {
        let fault = Shell::create(from_value(config).unwrap()).err().expect(key).into_fault();
        assert_eq!(fault.context, [("key".to_owned(), key.to_owned())]);
        assert!(!fault.message.contains("secret"), "{}", fault.message);
    }
}
