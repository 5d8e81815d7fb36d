//! A PostgreSQL of the test's own, from the programs in the folder that `PYPE_POSTGRES_BIN` names.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Its password.
pub const PASSWORD: &str = "Tr0ub4dor-and-3";

/// Runs until dropped.
pub struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    pub port: u16,
    user: Option<u32>,
}

impl Server {
    /// Starts one; none where no programs are named.
    pub fn start(settings: &[(&str, String)]) -> Option<Self> {
        let programs = PathBuf::from(std::env::var_os("PYPE_POSTGRES_BIN").filter(|value| !value.is_empty())?);
        let folder = tempfile::tempdir().unwrap();
        let user = not_root(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, folder, port, user };
        let password = server.folder.path().join("password");
        std::fs::write(&password, PASSWORD).unwrap();
        server.own(&password);
        let mut initdb = server.command("initdb");
        initdb.args(["--auth=scram-sha-256", "--username=etl", "--encoding=UTF8", "--no-sync"]);
        // The order of letters of a locale, where there is one, is the harder case.
        initdb.arg("--locale=C.UTF-8").arg("--pwfile").arg(&password).arg("-D").arg(server.data());
        done(&mut initdb);
        let mut conf = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n",
            server.folder.path().display()
        );
        settings.iter().for_each(|(name, value)| conf.push_str(&format!("{name} = '{value}'\n")));
        let path = server.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, before + &conf).unwrap();
        let log = server.folder.path().join("log");
        done(server.command("pg_ctl").args(["-w", "start", "-l"]).arg(log).arg("-D").arg(server.data()));
        Some(server)
    }

    /// Where its files are; one may be put there before it starts.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// A URL of a database that is made for it.
    pub fn database(&self, name: &str) -> String {
        let sql = format!("CREATE DATABASE {name}");
        let url = self.url("postgres");
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute(&sql).unwrap();
        self.url(name)
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://etl:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops it at once.
    pub fn stop(&self) {
        let mut stop = self.command("pg_ctl");
        // Where it has stopped already, there is nothing to stop.
        let _ = stop.args(["-w", "-m", "immediate", "stop", "-D"]).arg(self.data()).output();
    }

    fn own(&self, path: &Path) {
        if let Some(user) = self.user {
            chown(path, Some(user), Some(user)).unwrap();
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// PostgreSQL does not run as root: the user `nobody` does it, to whom the folder is given.
fn not_root(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let is_root = std::fs::metadata(folder).unwrap().uid() == 0;
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let nobody = users.lines().find_map(|line| line.strip_prefix("nobody:")?.split(':').nth(1)?.parse().ok());
    let user = nobody.filter(|_| is_root)?;
    chown(folder, Some(user), Some(user)).unwrap();
    Some(user)
}

fn done(command: &mut Command) {
    let began = Instant::now();
    // What the server writes goes to its log: a pipe would stay open as long as it runs.
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    assert!(began.elapsed() < Duration::from_secs(120));
}
