//! The index in a file: made when it is first written, and what comes of a file that is not as it should be.

use crate::etl::*;
use crate::suite::{CASES, all, begin};
use pypeline_engine::run::observe::Observer;
use pypeline_history::{History, HistoryError, Place, Recorder, RunState};
use pypeline_schema::event::EventLine;
use pypeline_schema::run_result::State;
use std::path::Path;
use std::time::{Duration, Instant};

/// Far more than the 2 seconds that are promised: the machine may be busy.
pub const BOUND: Duration = Duration::from_secs(20);

fn place_of(etl: &Etl) -> Place {
    Place::parse("", &etl.project).unwrap()
}

fn file_of(etl: &Etl) -> std::path::PathBuf {
    etl.project.root().join(".pype/history.db")
}

/// Tells a recorder of the n-th run's beginning.
pub fn start(recorder: &Recorder, job: &pypeline_engine::job_folder::JobFolder, n: u64) {
    recorder.event(&EventLine { seq: 1, t: 0.0, iter: Vec::new(), event: run_started(job, n) });
}

/// A whole run under the eyes of a recorder that waits as long as a busy machine takes; its warning.
pub fn recorded(place: &Place, etl: &Etl, n: u64) -> Option<String> {
    recorded_by(|recorder| recorder.patience(BOUND), place, etl, n)
}

/// The same by a recorder as a run has it, or another one.
pub fn recorded_by(as_is: impl Fn(Recorder) -> Recorder, place: &Place, etl: &Etl, n: u64) -> Option<String> {
    let job = etl.job("daily");
    let recorder = as_is(Recorder::new(place.clone(), &etl.project, job.path()));
    start(&recorder, &job, n);
    let result = write_record(&job, n, n, State::Succeeded);
    let began = Instant::now();
    let warning = recorder.finish(&result);
    assert!(began.elapsed() < 2 * BOUND);
    warning
}

#[test]
fn does_what_both_do() {
    for (name, case) in CASES {
        println!("{name}");
        let etl = Etl::new();
        case(&place_of(&etl), &etl);
    }
}

#[test]
fn the_file_is_made_when_it_is_first_written() {
    let etl = Etl::new();
    let job = etl.job("daily");
    let mut history = History::open(&place_of(&etl)).unwrap();
    history.sync(&etl.project).unwrap();
    assert!(!etl.project.root().join(".pype").exists());
    history.begin(&begin(&job, &etl, 1)).unwrap();
    assert!(file_of(&etl).is_file());
    assert_eq!(std::fs::read_to_string(etl.project.root().join(".pype/.gitignore")).unwrap(), "*\n");
    let connection = rusqlite::Connection::open(file_of(&etl)).unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[test]
fn a_recorder_writes_a_run() {
    let etl = Etl::new();
    let job = etl.job("daily");
    let recorder = Recorder::new(place_of(&etl), &etl.project, job.path()).patience(BOUND);
    start(&recorder, &job, 1);
    // A run of a job within tells nothing; what is told twice counts once.
    start(&recorder, &job, 2);
    let result = write_record(&job, 1, 9, State::Succeeded);
    assert_eq!(recorder.finish(&result), None);
    assert_eq!(recorder.finish(&result), None);
    let mut history = History::open(&place_of(&etl)).unwrap();
    let [run] = all(&mut history).try_into().unwrap();
    assert_eq!(
        (run.run_id, run.state, run.rows, run.pid),
        (id(1), RunState::Succeeded, Some(9), Some(std::process::id()))
    );
}

#[test]
fn off_is_off() {
    let etl = Etl::new();
    let off = Place::parse("off", &etl.project).unwrap();
    assert_eq!(recorded(&off, &etl, 1), None);
    assert!(matches!(History::open(&off), Err(HistoryError::Off)));
    assert!(!etl.project.root().join(".pype").exists());
}

#[test]
fn a_file_that_is_deleted_while_a_run_goes_on_is_made_anew() {
    let etl = Etl::new();
    let job = etl.job("daily");
    for n in 1..=3 {
        write_record(&job, n, n, State::Succeeded);
    }
    History::open(&place_of(&etl)).unwrap().sync(&etl.project).unwrap();
    let recorder = Recorder::new(place_of(&etl), &etl.project, job.path()).patience(BOUND);
    start(&recorder, &job, 4);
    let began = Instant::now();
    while !all(&mut History::open(&place_of(&etl)).unwrap()).iter().any(|run| run.run_id == id(4)) {
        assert!(began.elapsed() < BOUND);
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_dir_all(etl.project.root().join(".pype")).unwrap();
    let result = write_record(&job, 4, 4, State::Succeeded);
    assert_eq!(recorder.finish(&result), None);
    let mut history = History::open(&place_of(&etl)).unwrap();
    assert_eq!(all(&mut history).len(), 1);
    history.sync(&etl.project).unwrap();
    assert_eq!(all(&mut history).len(), 4, "the rest comes from the records");
}

/// A log that is left of a file that is gone belongs to no other file.
#[test]
fn only_the_file_itself_is_deleted() {
    let etl = Etl::new();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    assert_eq!(recorded(&place_of(&etl), &etl, 2), None);
    std::fs::remove_file(file_of(&etl)).unwrap();
    assert_eq!(recorded(&place_of(&etl), &etl, 3), None);
    let mut history = History::open(&place_of(&etl)).unwrap();
    assert_eq!(all(&mut history).len(), 1);
    history.sync(&etl.project).unwrap();
    assert_eq!(all(&mut history).len(), 3);
}

#[test]
fn a_locked_file_costs_a_warning() {
    let etl = Etl::new();
    let job = etl.job("daily");
    History::open(&place_of(&etl)).unwrap().begin(&begin(&job, &etl, 1)).unwrap();
    let holder = rusqlite::Connection::open(file_of(&etl)).unwrap();
    holder.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let warning = recorded(&place_of(&etl), &etl, 2).unwrap();
    assert!(warning.contains("history.db"), "{warning}");
    assert!(warning.contains("locked"), "{warning}");
    assert!(warning.contains("will read this run from its record"), "{warning}");
    holder.execute_batch("ROLLBACK").unwrap();
    let mut history = History::open(&place_of(&etl)).unwrap();
    history.sync(&etl.project).unwrap();
    assert_eq!(all(&mut history)[0].state, RunState::Succeeded);
}

#[test]
fn a_damaged_file_is_put_aside() {
    let etl = Etl::new();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    std::fs::write(file_of(&etl), b"this is no database, and is long enough to be looked at by one".repeat(100))
        .unwrap();
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file_of(&etl).display()));
    }
    let warning = recorded(&place_of(&etl), &etl, 2).unwrap();
    assert!(warning.contains("damaged") && warning.contains("--rebuild"), "{warning}");
    assert!(matches!(History::open(&place_of(&etl)), Err(HistoryError::Corrupt { .. })));

    let (mut history, aside) = History::renew(&place_of(&etl)).unwrap();
    assert_eq!(aside.unwrap(), etl.project.root().canonicalize().unwrap().join(".pype/history.db.broken-1"));
    history.rebuild(&etl.project).unwrap();
    assert_eq!(all(&mut history).len(), 2);
    let (_, aside) = History::renew(&place_of(&etl)).unwrap();
    assert_eq!(aside, None, "a whole file stays");
}

/// The place may be named by mistake: nothing there is moved, and nothing is written into it.
#[test]
fn a_file_that_is_no_history_is_left_alone() {
    let etl = Etl::new();
    let root = etl.project.root();
    std::fs::write(root.join("orders.csv"), "id;amount\n1;2\n").unwrap();
    std::fs::write(root.join("tiny"), "x").unwrap();
    for (name, version) in [("shop.db", 0), ("books.db", 1)] {
        let connection = rusqlite::Connection::open(root.join(name)).unwrap();
        connection.execute_batch("CREATE TABLE orders (id INTEGER)").unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
    }
    for (n, name) in ["orders.csv", "tiny", "shop.db", "books.db"].into_iter().enumerate() {
        let before = std::fs::read(root.join(name)).unwrap();
        let place = Place::parse(name, &etl.project).unwrap();
        for error in [History::open(&place).map(|_| ()), History::renew(&place).map(|_| ())] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("is not a run history, and is left alone"), "{error}");
            assert!(!error.contains("--rebuild"), "{error}");
        }
        let warning = recorded(&place, &etl, n as u64).unwrap();
        assert!(warning.contains("is not a run history"), "{warning}");
        assert_eq!(std::fs::read(root.join(name)).unwrap(), before, "{name}");
        assert!(!root.join(format!("{name}.broken-1")).exists());
    }
    // One of ours at such a place is damaged as anywhere else.
    let place = Place::parse("runs.db", &etl.project).unwrap();
    assert_eq!(recorded(&place, &etl, 9), None);
    let connection = rusqlite::Connection::open(root.join("runs.db")).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE pype_links").unwrap();
    drop(connection);
    assert_eq!(History::renew(&place).unwrap().1, Some(root.join("runs.db.broken-1")));
}

/// Bytes in the midst of a file: whatever comes of it, it is told, and a rebuild helps.
#[test]
fn damage_in_the_middle_is_told_or_harmless() {
    for seed in 0_usize..12 {
        let etl = Etl::new();
        let job = etl.job("daily");
        for n in 1..=60 {
            write_record(&job, n, n, State::Succeeded);
        }
        History::open(&place_of(&etl)).unwrap().sync(&etl.project).unwrap();
        let connection = rusqlite::Connection::open(file_of(&etl)).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(connection);
        let mut bytes = std::fs::read(file_of(&etl)).unwrap();
        let from = bytes.len() * seed / 12;
        bytes.iter_mut().skip(from).take(6_000).enumerate().for_each(|(at, byte)| *byte ^= (at * 31 + seed + 1) as u8);
        std::fs::write(file_of(&etl), bytes).unwrap();
        // A warning or none, but neither a panic nor a run that waits.
        recorded(&place_of(&etl), &etl, 61);
        if let Ok((mut history, Some(_))) = History::renew(&place_of(&etl)) {
            history.rebuild(&etl.project).unwrap();
            assert_eq!(all(&mut history).len(), 61, "seed {seed}");
        }
    }
}

#[test]
fn an_empty_file_is_an_empty_index() {
    let etl = Etl::new();
    std::fs::create_dir_all(etl.project.root().join(".pype")).unwrap();
    std::fs::write(file_of(&etl), "").unwrap();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    assert_eq!(all(&mut History::open(&place_of(&etl)).unwrap()).len(), 1);
}

#[test]
fn tables_that_are_missing_are_damage() {
    let etl = Etl::new();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    rusqlite::Connection::open(file_of(&etl)).unwrap().execute_batch("DROP TABLE pype_links").unwrap();
    let warning = recorded(&place_of(&etl), &etl, 2).unwrap();
    assert!(warning.contains("damaged"), "{warning}");
    assert!(History::renew(&place_of(&etl)).unwrap().1.is_some());
}

#[test]
fn a_newer_file_is_left_alone() {
    let etl = Etl::new();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    rusqlite::Connection::open(file_of(&etl)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let warning = recorded(&place_of(&etl), &etl, 2).unwrap();
    assert!(warning.contains("version 99"), "{warning}");
    assert!(matches!(History::renew(&place_of(&etl)), Err(HistoryError::Newer { found: 99, .. })));
    assert!(file_of(&etl).is_file());
}

#[test]
fn a_place_that_cannot_be_costs_a_warning() {
    let etl = Etl::new();
    std::fs::write(etl.project.root().join("file"), "").unwrap();
    let below_a_file = Place::parse("file/history.db", &etl.project).unwrap();
    let a_folder = Place::parse("jobs", &etl.project).unwrap();
    // Not even root makes a folder there.
    let no_folder = Place::parse("/proc/no/history.db", &etl.project).unwrap();
    let full = Path::new("/dev/full").exists().then(|| Place::parse("/dev/full", &etl.project).unwrap());
    for (n, place) in [below_a_file, a_folder, no_folder].into_iter().chain(full).enumerate() {
        let warning = recorded(&place, &etl, n as u64).unwrap();
        assert!(warning.contains(&place.to_string()), "{warning}");
    }
}

#[test]
fn a_folder_that_may_only_be_read_costs_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let etl = Etl::new();
    assert_eq!(recorded(&place_of(&etl), &etl, 1), None);
    let folder = etl.project.root().join(".pype");
    let mode = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    std::fs::set_permissions(file_of(&etl), std::fs::Permissions::from_mode(0o444)).unwrap();
    // Root may write wherever it likes.
    let is_root = std::fs::write(folder.join("probe"), "").is_ok();
    let warning = recorded(&place_of(&etl), &etl, 2);
    mode(0o755);
    assert!(is_root || warning.is_some());
}
