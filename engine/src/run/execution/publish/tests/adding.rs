//! Rows that are added to a file: once, also where a kill has come between and it is done again.

use super::*;

/// A file to add to, and one claims per run.
struct Case {
    _folder: TempDir,
    target: PathBuf,
}

impl Case {
    fn of(content: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        let target = folder.path().canonicalize().unwrap().join("out.csv");
        if let Some(content) = content {
            std::fs::write(&target, content).unwrap();
        }
        Self { _folder: folder, target }
    }

    /// A run gets as far as bringing its rows to disk; what the executor writes has a header only where it is asked for.
    fn completed(&self, attempt: &str, earlier: &[Intent], row: &str) -> Publication {
        let destination = destination(&self.target, WriteMode::Append);
        let mut publication =
            Publication::plan(&destination, "n", attempt, &Claims::default(), Durability::Process, earlier).unwrap();
        let WriteFormat::Csv(csv) = publication.destination().format else { panic!("another format") };
        let rows = if csv.header { format!("n\n{row}\n") } else { format!("{row}\n") };
        std::fs::write(publication.temporary(), rows).unwrap();
        publication.complete().unwrap();
        publication
    }

    fn content(&self) -> String {
        std::fs::read_to_string(&self.target).unwrap()
    }
}

#[test]
fn adding_keeps_what_is_there_and_needs_no_newline_at_its_end() {
    for (before, after) in
        [(Some("n\n1"), "n\n1\n2\n"), (Some("n\n1\n"), "n\n1\n2\n"), (Some(""), "n\n2\n"), (None, "n\n2\n")]
    {
        let case = Case::of(before);
        let mut publication = case.completed("1", &[], "2");
        assert_eq!(case.target.exists().then(|| case.content()).as_deref(), before, "not before it is published");
        publication.publish().unwrap();
        drop(publication);
        assert_eq!(case.content(), after);
        assert_eq!(names(case.target.parent().unwrap()), ["out.csv"]);
    }
}

#[test]
fn done_again_after_a_kill_rows_are_there_once() {
    for before in [None, Some("n\n1"), Some("n\n1\n")] {
        for was_renamed in [true, false] {
            let case = Case::of(before);
            let mut killed = case.completed("run1-1", &[], "2");
            let intent = killed.intent().unwrap();
            if was_renamed {
                killed.publish().unwrap();
            }
            drop(killed);
            let mut again = case.completed("run2-1", std::slice::from_ref(&intent), "2");
            let second = again.intent().unwrap();
            assert_eq!((second.base, second.length), (intent.base, intent.length));
            again.publish().unwrap();
            drop(again);
            let once = if before.is_some() { "n\n1\n2\n" } else { "n\n2\n" };
            assert_eq!(case.content(), once, "{before:?}, {was_renamed}");
            // And once more, with both intents known.
            let mut third = case.completed("run3-1", &[intent, second], "2");
            third.publish().unwrap();
            assert_eq!(case.content(), once, "{before:?}, {was_renamed}");
        }
    }
}

#[test]
fn what_somebody_else_has_put_there_in_between_counts_in_full() {
    let case = Case::of(Some("n\n1\n"));
    let mut killed = case.completed("run1-1", &[], "2");
    let intent = killed.intent().unwrap();
    killed.publish().unwrap();
    drop(killed);
    // Replaced by another file of the very same length, and grown in place.
    for change in ["n\n8\n9\n", "n\n1\n2\n3\n"] {
        let beside = case.target.with_extension("new");
        std::fs::write(&beside, change).unwrap();
        std::fs::rename(&beside, &case.target).unwrap();
        let mut again = case.completed("run2-1", std::slice::from_ref(&intent), "2");
        again.publish().unwrap();
        assert_eq!(case.content(), format!("{change}2\n"));
    }
}

#[test]
fn a_file_that_comes_while_rows_are_made_is_not_replaced() {
    let case = Case::of(None);
    let destination = destination(&case.target, WriteMode::Append);
    let mut publication =
        Publication::plan(&destination, "n", "1", &Claims::default(), Durability::Process, &[]).unwrap();
    std::fs::write(publication.temporary(), "n\n2\n").unwrap();
    std::fs::write(&case.target, "n\n1\n").unwrap();
    assert!(publication.complete().unwrap_err().to_string().contains("meanwhile"));
    assert_eq!(case.content(), "n\n1\n");
}

#[test]
fn an_intent_is_the_same_after_it_was_kept() {
    let case = Case::of(Some("n\n1\n"));
    let intent = case.completed("1", &[], "2").intent().unwrap();
    assert_eq!((intent.base, intent.length), (4, 6));
    let text = serde_json::to_string(&intent).unwrap();
    assert_eq!(serde_json::from_str::<Intent>(&text).unwrap(), intent);
}
