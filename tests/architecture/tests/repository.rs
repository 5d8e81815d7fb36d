//! The rules, each asked of this repository. A failing test lists all that has to change.

use architecture::coverage as page;
use architecture::manifest::Manifest;
use architecture::rules::{coverage, crates, cycles, files, names, pages, stages, top_level, unsafety};
use architecture::test_paths::Tests;
use architecture::tree;

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n  - {}\n", violations.len(), violations.join("\n  - "));
}

#[test]
fn the_whole_tree_is_read() {
    let files = tree::rust_files().unwrap();
    assert!(files.iter().any(|file| file.path == "tests/architecture/tests/repository.rs"));
    assert!(!tree::manifests().unwrap().is_empty());
}

#[test]
fn the_top_level_is_the_table_of_contents() {
    assert_none(&top_level::violations(&tree::top_level().unwrap()));
}

#[test]
fn crates_depend_in_one_direction() {
    let manifests: Vec<Manifest> = tree::manifests().unwrap().iter().map(Manifest::read).collect();
    assert_none(&crates::violations(&manifests));
}

#[test]
fn the_boundary_alone_names_what_crosses_it() {
    assert_none(&names::violations(&tree::rust_files().unwrap()));
}

#[test]
fn build_and_run_never_see_each_other() {
    assert_none(&stages::separation(&tree::rust_files().unwrap()));
}

#[test]
fn the_scheduler_is_pure() {
    assert_none(&stages::scheduling(&tree::rust_files().unwrap()));
}

#[test]
fn modules_have_no_import_cycles() {
    let files = tree::rust_files().unwrap();
    let of_place = |(source, parent)| cycles::violations(&files, source, parent);
    assert_none(&cycles::PLACES.into_iter().flat_map(of_place).collect::<Vec<_>>());
}

#[test]
fn no_page_has_a_gap() {
    assert_none(&pages::gaps(&tree::pages().unwrap()));
}

#[test]
fn every_file_says_why_it_exists() {
    assert_none(&files::headers(&tree::rust_files().unwrap()));
}

#[test]
fn unsafe_code_has_its_places_and_its_reasons() {
    assert_none(&unsafety::violations(&tree::rust_files().unwrap()));
}

#[test]
fn modules_are_where_their_names_say() {
    assert_none(&files::module_paths(&tree::rust_files().unwrap()));
}

#[test]
fn files_are_short() {
    assert_none(&files::lengths(&tree::rust_files().unwrap()));
}

#[test]
fn what_is_said_of_the_specification_can_be_checked() {
    let text = std::fs::read_to_string(tree::root().join(page::PAGE)).unwrap();
    let (rows, mut found) = page::rows(&text);
    let (manifests, files) = (tree::manifests().unwrap(), tree::rust_files().unwrap());
    let tests = Tests::new(&manifests, &files);
    found.extend(coverage::violations(&rows, &tests, &|path| tree::root().join(path).is_file()));
    let count = coverage::count(&rows);
    println!("{}: {} requirements, {} done, {} open", page::PAGE, rows.len(), count.done, count.open);
    assert_none(&found);
}
