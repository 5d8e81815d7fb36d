//! A PostgreSQL of the test's own, from the programs in the folder that `PYPE_POSTGRES_BIN` names.

use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
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

/// A certificate and its key, as PEM; the server then takes no connection by the network without TLS.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Server {
    /// Starts one; none where no programs are named, which is said.
    pub fn start(identity: Option<&Identity>) -> Option<Self> {
        let Some(programs) = std::env::var_os("PYPE_POSTGRES_BIN").filter(|value| !value.is_empty()) else {
            println!("skipped: PYPE_POSTGRES_BIN does not name a folder of PostgreSQL's programs");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let user = not_root(folder.path());
        let programs = programs_for(user, PathBuf::from(programs), folder.path());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, folder, port, user };
        if identity.is_some() && !server.has_tls() {
            println!("skipped: this PostgreSQL is built without TLS");
            return None;
        }
        let password = server.put("password", PASSWORD);
        let mut initdb = server.command("initdb");
        initdb.args(["--auth=scram-sha-256", "--username=etl", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        done(initdb.arg("--pwfile").arg(&password).arg("-D").arg(server.data()));
        let sockets = server.folder.path().display();
        let mut conf = format!(
            "\nlisten_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{sockets}'\nfsync = off\n"
        );
        if let Some(identity) = identity {
            let certificate = server.put("server.crt", &identity.certificate);
            let key = server.put("server.key", &identity.key);
            let (certificate, key) = (certificate.display(), key.display());
            conf.push_str(&format!("ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'\n"));
            let access = server.data().join("pg_hba.conf");
            let rules = std::fs::read_to_string(&access).unwrap();
            std::fs::write(&access, rules.replace("\nhost ", "\nhostssl ")).unwrap();
        }
        let path = server.data().join("postgresql.conf");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, before + &conf).unwrap();
        let log = server.folder.path().join("log");
        done(server.command("pg_ctl").args(["-w", "start", "-l"]).arg(log).arg("-D").arg(server.data()));
        Some(server)
    }

    fn has_tls(&self) -> bool {
        let told = self.command("pg_config").arg("--configure").output();
        told.is_ok_and(|told| {
            let told = String::from_utf8_lossy(&told.stdout).into_owned();
            told.contains("--with-ssl") || told.contains("--with-openssl")
        })
    }

    /// Writes a file that only the server may read.
    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = self.user {
            chown(&path, Some(user), Some(user)).unwrap();
        }
        path
    }

    /// A folder for files beside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A URL by the socket of this machine.
    pub fn by_socket(&self, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://etl:{PASSWORD}@{socket}:{}/{database}", self.port)
    }

    /// A URL of a database that is made for it.
    pub fn database(&self, name: &str) -> String {
        let sql = format!("CREATE DATABASE {name}");
        let mut client = postgres::Client::connect(&self.by_socket("postgres"), postgres::NoTls).unwrap();
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

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user).env("LD_LIBRARY_PATH", self.programs.join("../lib"));
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

/// The programs where the server's user may run them: as they are, or a copy of their installation and its libraries.
fn programs_for(user: Option<u32>, programs: PathBuf, folder: &Path) -> PathBuf {
    let is_open = |path: &Path| std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o001 != 0);
    let programs = programs.canonicalize().unwrap();
    if user.is_none() || programs.ancestors().all(is_open) {
        return programs;
    }
    let copy = folder.join("programs");
    done(Command::new("cp").arg("-rL").arg(programs.parent().unwrap()).arg(&copy));
    let told = Command::new("ldd").args(["initdb", "postgres"].map(|name| programs.join(name))).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let libraries = told.lines().filter_map(|line| line.split_once("=> ")?.1.split(' ').next());
    for library in libraries.map(Path::new).filter(|path| !path.ancestors().skip(1).all(is_open)) {
        std::fs::copy(library, copy.join("lib").join(library.file_name().unwrap())).unwrap();
    }
    copy.join(programs.file_name().unwrap())
}

fn done(command: &mut Command) {
    let began = Instant::now();
    // What the server writes goes to its log: a pipe would stay open as long as it runs.
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    assert!(began.elapsed() < Duration::from_secs(120));
}
