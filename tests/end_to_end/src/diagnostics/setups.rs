//! The project of an example, with the situations in it that the text of a page cannot make.

use super::page::Part;
use crate::support::installation::built_in;
use crate::support::{Output, Project, place};
use std::path::PathBuf;

/// A project with the files of an example.
pub struct Scene(Project);

impl Scene {
    pub fn of(part: &Part) -> Self {
        let project = Project::new();
        for (name, text) in &part.files {
            project.write(name, text);
        }
        for setup in &part.setups {
            match setup.as_str() {
                // The flow one folder deeper than it should be.
                "folder" => {
                    let text = project.read("flow.yaml");
                    std::fs::remove_file(project.path("flow.yaml")).unwrap();
                    project.write("flow.yaml/main.yaml", text);
                }
                // The flow in Latin-1.
                "latin-1" => {
                    let text = project.read("flow.yaml");
                    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
                    project.write("flow.yaml", bytes);
                }
                // The same plugin under two names.
                "two-plugins" => project.copy(&built_in("libpype_rows.so"), "modules/libmy_rows.so"),
                // A plugin that was cut off as it was copied.
                "cut-plugin" => {
                    let whole = std::fs::read(built_in("libpype_rows.so")).unwrap();
                    project.write("modules/libmy_rows.so", &whole[..4096]);
                }
                // A plugin of somebody else.
                "demo-plugin" => {
                    let name = "libpype_demo_lowering.so";
                    project.copy(&place("PYPE_FOREIGN_PLUGINS").join(name), &format!("modules/{name}"));
                }
                other => panic!("there is no setup `{other}`"),
            }
        }
        Self(project)
    }

    pub fn validate(&self, args: &[&str]) -> Output {
        let output = self.0.pype(&[&["validate", "flow.yaml"], args].concat());
        assert!([0, 3].contains(&output.code) && !output.stderr.contains("panicked"), "{output:?}");
        output
    }

    /// What people see, with the folders of a machine of no one.
    pub fn said(&self) -> String {
        let Output { stdout, stderr, .. } = self.validate(&[]);
        let plugins = built_in("libpype_rows.so");
        // The library's own folder, or the one around it: the plugins of an installation lie in both.
        let folders = [
            (self.0.path(""), "/home/ann/project"),
            (plugins.parent().unwrap().to_owned(), "/opt/pype/modules"),
            (place("PYPE_PLUGINS"), "/opt/pype/modules"),
        ];
        let shown = |text: String, (folder, name): &(PathBuf, &str)| {
            text.replace(folder.to_str().unwrap().trim_end_matches('/'), name)
        };
        folders.iter().fold(format!("{stderr}{stdout}"), shown)
    }
}
