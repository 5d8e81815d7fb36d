//! Files and folders have the permissions that were asked for, whatever the umask.

use crate::child::Child;
use std::os::unix::fs::PermissionsExt;

#[test]
fn the_umask_neither_takes_away_nor_adds() {
    let child = Child::new();
    assert!(child.run("modes", "").success());
    assert_eq!(child.said(), "");
    for umask in ["777", "0"] {
        let mode = |name: &str| {
            let name = name.replace('*', umask);
            format!("{:o}", child.path(&name).metadata().unwrap().permissions().mode() & 0o7777)
        };
        let names = ["folder.*", "folder.*/inner", "replaced.*", "appended.*", "lock.*", "told.*", "created.*"];
        assert_eq!(names.map(mode), ["750", "750", "644", "640", "600", "600", "600"], "{umask}");
    }
}

#[test]
fn what_is_the_users_own_is_as_the_umask_says() {
    let child = Child::new();
    assert!(child.run("umask", "").success());
    assert_eq!(child.path("out").metadata().unwrap().permissions().mode() & 0o7777, 0o640);
}
