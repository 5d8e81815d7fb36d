//! The index in a PostgreSQL: what both databases do, and a server that does not.

use crate::etl::*;
use crate::server::{Identity, PASSWORD, Server};
use crate::sqlite::{BOUND, recorded, recorded_by};
use crate::suite::{CASES, all, begin};
use pypeline_history::{Found, History, HistoryError, Place, RunState};
use pypeline_schema::run_result::State;
use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

fn place(url: &str, etl: &Etl) -> Place {
    Place::parse(url, &etl.project).unwrap()
}

#[test]
fn does_what_both_do() {
    let Some(server) = Server::start(None) else { return };
    for (at, (name, case)) in CASES.into_iter().enumerate() {
        println!("{name}");
        let etl = Etl::new();
        case(&place(&server.database(&format!("case_{at}")), &etl), &etl);
    }
    by_the_socket(&server);
    other_machines(&server);
    a_recorder_writes_a_run(&server);
    a_wrong_password(&server);
    a_newer_version(&server);
    a_locked_table(&server);
    a_server_that_goes_while_a_run_goes_on(&server);
}

fn by_the_socket(server: &Server) {
    let etl = Etl::new();
    server.database("sockets");
    assert_eq!(recorded(&place(&server.by_socket("sockets"), &etl), &etl, 1), None);
}

/// What another machine began is neither shown as running nor as dead, unless its files are seen here.
fn other_machines(server: &Server) {
    let etl = Etl::new();
    let (seen, unseen) = (etl.job("seen"), etl.job("unseen"));
    let url = server.database("machines");
    let place = place(&url, &etl);
    let mut history = History::open(&place).unwrap();
    history.begin(&begin(&seen, &etl, 1)).unwrap();
    history.begin(&begin(&unseen, &etl, 2)).unwrap();
    write_record(&seen, 1, 1, State::Succeeded);
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("UPDATE pype_runs SET host = 'another'").unwrap();
    let states = |history: &mut History| all(history).iter().map(|run| run.state).collect::<Vec<_>>();
    assert_eq!(states(&mut history), [RunState::Unknown, RunState::Succeeded]);
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!(synced.gone, 0, "what another machine keeps is not gone");
    assert!(all(&mut history).iter().all(|run| run.has_record));
    // Nor has it moved, if the same record is seen here in another folder.
    let elsewhere = etl.project.jobs().join("mounted");
    std::fs::rename(seen.path(), &elsewhere).unwrap();
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.gone), (1, 0));
    let folders: Vec<_> = all(&mut history).into_iter().filter(|run| run.run_id == id(1)).collect();
    assert_eq!(folders.len(), 2, "each machine has its own name for it");
    assert!(folders.iter().all(|run| run.has_record));
    let Found::One(found) = history.run(&id(1)).unwrap() else { panic!() };
    assert_eq!(found.run.job_folder, elsewhere, "the one whose record is seen here");
}

fn a_recorder_writes_a_run(server: &Server) {
    let etl = Etl::new();
    let place = place(&server.database("recorder"), &etl);
    assert_eq!(recorded(&place, &etl, 1), None);
    let [run] = all(&mut History::open(&place).unwrap()).try_into().unwrap();
    assert_eq!((run.state, run.rows), (RunState::Succeeded, Some(1)));
}

fn a_wrong_password(server: &Server) {
    let etl = Etl::new();
    let url = server.url("postgres").replace(PASSWORD, "not-the-Pa55word");
    let warning = recorded(&place(&url, &etl), &etl, 1).unwrap();
    assert!(warning.contains("password authentication failed"), "{warning}");
    assert!(!warning.contains("Pa55word"), "{warning}");
    let nowhere = recorded(&place(&server.url("no_such_database"), &etl), &etl, 2).unwrap();
    assert!(nowhere.contains("no_such_database"), "{nowhere}");
}

fn a_newer_version(server: &Server) {
    let etl = Etl::new();
    let url = server.database("newer");
    assert_eq!(recorded(&place(&url, &etl), &etl, 1), None);
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("UPDATE pype_version SET version = 99").unwrap();
    let error = History::open(&place(&url, &etl)).map(|_| ()).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 99, .. }), "{error}");
    client.batch_execute("UPDATE pype_version SET version = 1; DROP TABLE pype_links").unwrap();
    let warning = recorded(&place(&url, &etl), &etl, 2).unwrap();
    assert!(warning.contains("pype_links") && warning.contains("drop the tables"), "{warning}");
}

fn a_locked_table(server: &Server) {
    let etl = Etl::new();
    let url = server.database("locked");
    assert_eq!(recorded(&place(&url, &etl), &etl, 1), None);
    let mut holder = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE pype_runs IN ACCESS EXCLUSIVE MODE").unwrap();
    let warning = recorded(&place(&url, &etl), &etl, 2).unwrap();
    assert!(warning.contains("locked"), "{warning}");
    drop(holder);
    let mut history = History::open(&place(&url, &etl)).unwrap();
    history.sync(&etl.project).unwrap();
    assert_eq!(all(&mut history).len(), 2);
}

fn a_server_that_goes_while_a_run_goes_on(server: &Server) {
    let etl = Etl::new();
    let place = place(&server.database("goes"), &etl);
    let mut history = History::open(&place).unwrap();
    let job = etl.job("daily");
    history.begin(&begin(&job, &etl, 1)).unwrap();
    server.stop();
    let result = write_record(&job, 1, 1, State::Succeeded);
    let error = history.record(&job, &result).unwrap_err().to_string();
    assert!(error.contains("in database `goes`") && !error.contains(PASSWORD), "{error}");
    let warning = recorded(&place, &etl, 2).unwrap();
    assert!(warning.contains("cannot be reached") && !warning.contains(PASSWORD), "{warning}");
}

#[test]
fn a_server_that_never_answers_costs_a_warning() {
    let etl = Etl::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://etl:Pa55word@{}/runs", listener.local_addr().unwrap());
    let began = Instant::now();
    let error = History::open(&place(&url, &etl)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("no answer within 3 s"), "{error}");
    let warning = recorded_by(|recorder| recorder, &place(&url, &etl), &etl, 1).unwrap();
    assert!(warning.contains("not answered in 2 s"), "{warning}");
    assert!(began.elapsed() < BOUND);
}

#[test]
fn a_certificate_is_one_that_the_machine_trusts() {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let trusted = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server_params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = server_params.signed_by(&key, &issuer).unwrap().pem();
    let Some(server) = Server::start(Some(&Identity { certificate, key: key.serialize_pem() })) else { return };
    server.database("safe");

    // Which authorities a process trusts is decided when it starts.
    let file = server.folder().join("trusted.pem");
    std::fs::write(&file, trusted).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--ignored", "--nocapture", "postgres::in_a_process_that_trusts_it"]);
    let told = child.env("SSL_CERT_FILE", file).env("PYPE_TEST_URL", server.url("safe")).output().unwrap();
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&told.stderr));

    let etl = Etl::new();
    for mode in ["prefer", "require"] {
        let warning = recorded(&place(&format!("{}?sslmode={mode}", server.url("safe")), &etl), &etl, 1).unwrap();
        assert!(warning.contains("certificate") && warning.contains("SSL_CERT_FILE"), "{warning}");
    }
}

#[test]
#[ignore = "run by a_certificate_is_one_that_the_machine_trusts"]
fn in_a_process_that_trusts_it() {
    let Ok(url) = std::env::var("PYPE_TEST_URL") else { return };
    let etl = Etl::new();
    for (n, mode) in ["", "?sslmode=prefer", "?sslmode=require"].into_iter().enumerate() {
        assert_eq!(recorded(&place(&format!("{url}{mode}"), &etl), &etl, n as u64), None);
    }
    let warning = recorded(&place(&format!("{url}?sslmode=disable"), &etl), &etl, 4).unwrap();
    assert!(warning.contains("no encryption"), "{warning}");
}
