//! Flows that somebody has changed by mistake: an answer each time, and whatever is built does not fail for what its build could have
//! known.

use crate::support::Project;
use crate::support::process::ended_within;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Changes that are made to each flow.
const CHANGES: u64 = 40;

/// Longer than any of these flows takes; a loop that was changed to run for ever is stopped.
const LONGEST: Duration = Duration::from_secs(20);

/// The same numbers for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n.max(1) as u64).unwrap()
    }
}

/// The words of a text, by their bytes.
fn words(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| is_word(*c)) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end = at + c.len_utf8(),
            _ => found.push(at..at + c.len_utf8()),
        }
    }
    found
}

fn changed(flow: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<&str> = flow.lines().collect();
    let at = dice.below(lines.len());
    match dice.below(8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at]),
        2 => lines.swap(at, (at + 1) % flow.lines().count()),
        3 => return flow.chars().take(dice.below(flow.chars().count())).collect(),
        // A word in the place of another, a slip of the pen, a word less.
        kind => {
            let words = words(flow);
            let (word, other) = (words[dice.below(words.len())].clone(), words[dice.below(words.len())].clone());
            let new = match kind {
                4 | 5 => flow[other].to_owned(),
                6 => format!("{}x", &flow[word.clone()]),
                _ => String::new(),
            };
            return format!("{}{new}{}", &flow[..word.start], &flow[word.end..]);
        }
    }
    lines.join("\n")
}

fn copy(project: &Project, from: &Path, to: &str) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match (entry.path().is_dir(), name.as_str()) {
            (true, "jobs" | "out") => {}
            (true, _) => copy(project, &entry.path(), &format!("{to}{name}/")),
            (false, _) => project.copy(&entry.path(), &format!("{to}{name}")),
        }
    }
}

/// What a run stumbled over that its build could have told.
fn blame(output: &Value) -> Option<String> {
    let faults = output["failures"].as_array().into_iter().flatten().map(|failure| &failure["fault"]);
    let is_known = |fault: &&Value| matches!(fault["kind"].as_str(), Some("config" | "contract" | "panic"));
    faults.chain([&output["fault"]]).find(is_known).map(Value::to_string)
}

#[test]
fn what_is_built_does_not_fail_for_what_its_build_could_have_known() {
    let jobs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs");
    let mut flows: Vec<PathBuf> = std::fs::read_dir(jobs).unwrap().map(|entry| entry.unwrap().path()).collect();
    flows.retain(|folder| folder.join("flow.yaml").is_file());
    flows.sort();
    assert!(flows.len() >= 7);
    let (mut wrong, mut ends) = (Vec::new(), BTreeMap::<String, usize>::new());
    for (number, folder) in flows.iter().enumerate() {
        let mut dice = Dice(number as u64);
        // A million rows are for the demo.
        let flow = std::fs::read_to_string(folder.join("flow.yaml")).unwrap().replace("1000000", "1000");
        for change in 0..CHANGES {
            let project = Project::new();
            copy(&project, folder, "");
            let text = changed(&flow, &mut dice);
            project.write("flow.yaml", &text);
            let place = || format!("{} change {change}:\n{text}", folder.display());
            let built = project.pype(&["build", "flow.yaml", "--out", "job", "--output", "json"]);
            assert!([0, 3].contains(&built.code), "{}\n{}{}", place(), built.stdout, built.stderr);
            if built.code == 3 {
                assert!(built.json()["errors"].as_u64().unwrap() > 0, "{}", place());
                *ends.entry("refused".to_owned()).or_default() += 1;
                continue;
            }
            let mut run = project.command(&["run", "job", "--output", "json"]);
            let Some(ran) = ended_within(&mut run, LONGEST) else {
                *ends.entry("stopped".to_owned()).or_default() += 1;
                continue;
            };
            *ends.entry(format!("ran to exit {}", ran.code)).or_default() += 1;
            if ran.code > 1 {
                wrong.push(format!("{}\nexit {}: {}", place(), ran.code, ran.stderr));
            } else if let Some(fault) = blame(&ran.json()) {
                wrong.push(format!("{}\n{fault}", place()));
            }
        }
    }
    println!("{ends:?}");
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n\n"));
    // Both kinds of change were among them.
    assert!(
        ends.get("refused").is_some_and(|n| *n > 50) && ends.get("ran to exit 0").is_some_and(|n| *n > 20),
        "{ends:?}"
    );
}
