//! Any bytes at all: an answer, and never a panic, whatever they are. No module is needed: what is tried is what the bytes decide.

use super::{load, plan};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render::render;
use crate::plugins::Plugins;
use crate::project::Project;
use crate::registry::Registry;
use proptest::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

/// The findings about a flow of these bytes, drawn and as JSON.
fn findings(bytes: &[u8]) -> Diagnostics {
    let folder = tempfile::tempdir().unwrap();
    let flow = folder.path().join("flow.yaml");
    std::fs::write(&flow, bytes).unwrap();
    let registry = Registry::open(&Project::at(folder.path())).unwrap();
    let (mut diagnostics, loaded) = load::load(&flow, folder.path(), &mut Plugins::none(), &registry);
    if let Some(loaded) = loaded {
        plan::plan(&loaded, &mut diagnostics);
    }
    assert!(render(&diagnostics, false).len() < 4_000_000);
    assert!(serde_json::to_string(&diagnostics.records()).is_ok());
    diagnostics
}

/// The flows of the repository.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let jobs = std::fs::read_dir(root.join("jobs")).unwrap().map(|entry| entry.unwrap().path().join("flow.yaml"));
        let flows = jobs.chain([root.join("tests/reliability/fixtures/twenty.yaml")]).filter(|path| path.is_file());
        let samples: Vec<Vec<u8>> = flows.map(|path| std::fs::read(path).unwrap()).collect();
        assert!(samples.len() > 5);
        samples
    })
}

/// What a person, an editor or a disk may do to a file.
#[derive(Debug, Clone)]
enum Change {
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
    Put(usize, &'static str),
    Byte(usize, u8),
    DropLine(usize),
    SwapLines(usize, usize),
    Indent(usize, usize),
}

/// What means something to YAML, to templates or to the format.
const SIGNS: [&str; 32] = [
    "{{ x }}",
    "{",
    "}",
    "[",
    "]",
    "- ",
    ": ",
    ":",
    "\t",
    "\n",
    "&a ",
    "*a",
    "!include x.yaml",
    "!!int ",
    "${X}",
    "${",
    "$${",
    "<<: *a",
    "|",
    ">",
    "\"",
    "'",
    "#",
    "---\n",
    "? ",
    "~",
    "0x",
    "1e999",
    "\u{feff}",
    "ä",
    "\u{0}",
    "(1|",
];

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let at = 0..10_000_usize;
    let change = prop_oneof![
        at.clone().prop_map(Change::Cut),
        (at.clone(), 1..60_usize).prop_map(|(at, n)| Change::Remove(at, n)),
        (at.clone(), 1..200_usize).prop_map(|(at, n)| Change::Repeat(at, n)),
        (at.clone(), prop::sample::select(SIGNS.as_slice())).prop_map(|(at, sign)| Change::Put(at, sign)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        at.clone().prop_map(Change::DropLine),
        (at.clone(), at.clone()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (at, 0..12_usize).prop_map(|(at, n)| Change::Indent(at, n)),
    ];
    prop::collection::vec(change, 1..5)
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len().max(1);
        let lines = |bytes: &[u8]| bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        match *change {
            Change::Cut(at) => bytes.truncate(at % length),
            Change::Remove(at, n) => {
                let at = (at % length).min(bytes.len());
                bytes.drain(at..(at + n).min(bytes.len()));
            }
            Change::Repeat(at, n) => {
                let at = (at % length).min(bytes.len());
                let again = bytes[at..(at + n).min(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            Change::Put(at, sign) => {
                let at = (at % length).min(bytes.len());
                bytes.splice(at..at, sign.bytes());
            }
            Change::Byte(at, byte) => {
                if let Some(old) = bytes.get_mut(at % length) {
                    *old = byte;
                }
            }
            Change::DropLine(at) => {
                let mut lines = lines(&bytes);
                if !lines.is_empty() {
                    lines.remove(at % lines.len());
                }
                bytes = lines.concat();
            }
            Change::SwapLines(a, b) => {
                let mut lines = lines(&bytes);
                let n = lines.len().max(1);
                if a % n < lines.len() && b % n < lines.len() {
                    lines.swap(a % n, b % n);
                }
                bytes = lines.concat();
            }
            Change::Indent(at, n) => {
                let mut lines = lines(&bytes);
                let count = lines.len().max(1);
                if let Some(line) = lines.get_mut(at % count) {
                    let text = line.iter().position(|byte| *byte != b' ').unwrap_or(line.len());
                    line.splice(0..text, std::iter::repeat_n(b' ', n));
                }
                bytes = lines.concat();
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(6),
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_flows_have_an_answer(sample in any::<prop::sample::Index>(), changes in changes()) {
        findings(&changed(sample.get(samples()).clone(), &changes));
    }

    #[test]
    fn signs_in_any_order_have_an_answer(signs in prop::collection::vec(prop::sample::select(SIGNS.as_slice()), 0..60)) {
        findings(signs.concat().as_bytes());
    }
}

#[test]
fn every_flow_cut_anywhere_has_an_answer() {
    for sample in samples() {
        for end in (0..sample.len()).step_by(7) {
            findings(&sample[..end]);
        }
    }
}
