//! One library from file to functions: hash, section, then code. Nothing runs before the checks have passed.

// The boundary: opening foreign code is unsafe by nature.
#![allow(unsafe_code)]

use super::call::text;
use super::error::PluginError;
use super::handle::{Functions, Plugin};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use object::{Object, ObjectSection};
use pypeline_abi::ABI_MAJOR;
use pypeline_abi::abi_stability::StableAbi;
use pypeline_abi::abi_stability::abi_checking::check_layout_compatibility;
use pypeline_abi::library::{AbiHeaderRef, LibHeader};
use pypeline_abi::meta::{MetaView, SECTION, target};
use pypeline_abi::module::PluginRootRef;
use pypeline_disk::{TempFolder, talk};
use pypeline_schema::execution_metadata::PluginPin;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::manifest::ModuleManifest;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The name under which abi_stable exports a library's header.
const HEADER: &[u8] = b"_1as_0lib_1header_0root_bmodule_bloader\0";

/// A library's own description of itself.
#[derive(Deserialize)]
struct Description {
    plugin: About,
    modules: Vec<ModuleManifest>,
}

#[derive(Deserialize)]
struct About {
    version: String,
    sdk: String,
}

/// The file name of a path, as it is recorded in jobs and registries.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Loads a library, and asks it what it is.
pub(super) fn load(path: &Path) -> Result<Plugin, PluginError> {
    let bytes = read(path)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let functions = functions(path, &bytes, &sha256)?;
    let description = describe(path, functions.root)?;
    Ok(Plugin {
        library: file_name(path),
        path: path.to_path_buf(),
        version: description.plugin.version,
        sdk: description.plugin.sdk,
        sha256,
        modules: description.modules.into_iter().map(|module| (module.name.clone(), module)).collect(),
        functions,
    })
}

/// Loads the very file that a job names.
pub(super) fn load_pinned(path: &Path, pin: &PluginPin) -> Result<Arc<Functions>, PluginError> {
    let bytes = read(path)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    if pin.sha256 != sha256 {
        return Err(PluginError::Changed {
            library: pin.library.clone(),
            path: path.to_path_buf(),
            built: pin.version.clone(),
            built_hash: pin.sha256.clone(),
            found_hash: sha256,
        });
    }
    functions(path, &bytes, &sha256)
}

fn read(path: &Path) -> Result<Vec<u8>, PluginError> {
    std::fs::read(path).map_err(|source| PluginError::Unreadable { path: path.to_path_buf(), source })
}

/// Opens a library, unless one of the same content is open: it is never closed, and a job that a loop runs would open it again and again. Two that
/// are first at the same time both open it, and use one.
fn functions(path: &Path, bytes: &[u8], sha256: &str) -> Result<Arc<Functions>, PluginError> {
    static OPEN: Mutex<BTreeMap<String, Arc<Functions>>> = Mutex::new(BTreeMap::new());
    let open = || OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = open().get(sha256) {
        return Ok(Arc::clone(known));
    }
    check_meta(path, bytes)?;
    let opened = Arc::new(Functions { root: open_copy(path, bytes)? });
    // Whoever was first while this one was opened is taken.
    Ok(Arc::clone(open().entry(sha256.to_owned()).or_insert(opened)))
}

/// Reads the section that says what the file is, without running any of it.
fn check_meta(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    let not = |why: String| PluginError::NotAPlugin { path: path.to_path_buf(), why };
    let file = object::File::parse(bytes).map_err(|_| not("it is not a shared library".to_owned()))?;
    let section = file.section_by_name(SECTION).and_then(|section| section.data().ok());
    let meta = section.and_then(MetaView::read).ok_or_else(|| not(format!("it has no `{SECTION}` section")))?;
    if meta.abi_major != ABI_MAJOR {
        return Err(PluginError::WrongAbi { path: path.to_path_buf(), found: meta.abi_major, expected: ABI_MAJOR });
    }
    let unfit = |why: String| Err(PluginError::Unfit { path: path.to_path_buf(), why });
    if !meta.panic_unwind {
        return unfit("it was built with `panic = \"abort\"`, so that its errors would end the run".to_owned());
    }
    if meta.target != target() {
        return unfit(format!("it was built for {}, this is {}", meta.target, target()));
    }
    Ok(())
}

/// Opens the very bytes that were checked, from a copy that nobody can change or replace, and never closes it.
fn open_copy(path: &Path, bytes: &[u8]) -> Result<PluginRootRef, PluginError> {
    let fail = |why: String| PluginError::Open { path: path.to_path_buf(), why };
    let copy = copy(bytes, &file_name(path)).map_err(|error| fail(error.to_string()))?;
    // SAFETY: the library's constructors run here. It carries our section, and its user put it on the search path.
    let library = unsafe { Library::open(Some(copy.path()), RTLD_NOW | RTLD_LOCAL) };
    // The system's loader takes libraries of one path for the same: the number of this descriptor must not be used again.
    #[cfg(target_os = "linux")]
    if let Copy::Memory(file) = copy {
        std::mem::forget(file);
    }
    let library = library.map_err(|error| fail(error.to_string()))?;
    // SAFETY: the symbol is written by `export_plugin!` as a static `LibHeader`, which begins with abi_stable's `AbiHeader`.
    let header = unsafe { library.get::<AbiHeaderRef>(HEADER) }.map(|symbol| *symbol);
    // Code, statics and late releases of its memory stay valid for the life of the process.
    std::mem::forget(library);
    let header = header.map_err(|_| fail("it has no plugin entry point".to_owned()))?;
    let header: &'static LibHeader = header.upgrade().map_err(|error| fail(error.to_string()))?;
    check_layout(header).map_err(fail)?;
    // SAFETY: the layouts were compared just above.
    unsafe { header.init_root_module_with_unchecked_layout::<PluginRootRef>() }.map_err(|error| fail(error.to_string()))
}

/// Older and newer both load: one of the two must be a prefix of the other.
fn check_layout(header: &LibHeader) -> Result<(), String> {
    let theirs = header.layout().ok_or("it carries no layout to check")?;
    let ours = <PluginRootRef as StableAbi>::LAYOUT;
    if check_layout_compatibility(ours, theirs).is_ok() || check_layout_compatibility(theirs, ours).is_ok() {
        return Ok(());
    }
    Err(format!("its interface differs from this pype's: rebuild it with pypeline-sdk {ABI_MAJOR}.x"))
}

fn describe(path: &Path, root: PluginRootRef) -> Result<Description, PluginError> {
    let fail = |fault| PluginError::Describe { path: path.to_path_buf(), fault: Box::new(fault) };
    let json = text(root.describe()()).map_err(|fault| fail(*fault))?;
    serde_json::from_str(&json).map_err(|error| fail(Fault::new(FaultKind::Contract, error.to_string())))
}

/// The name of a copy on disk.
const LIBRARY: &str = "library";

/// A private copy to open.
enum Copy {
    #[cfg(target_os = "linux")]
    Memory(File),
    Disk(TempFolder),
}

impl Copy {
    fn path(&self) -> std::path::PathBuf {
        match self {
            #[cfg(target_os = "linux")]
            Self::Memory(file) => {
                use std::os::fd::AsRawFd;
                format!("/proc/self/fd/{}", file.as_raw_fd()).into()
            }
            Self::Disk(folder) => folder.path().join(LIBRARY),
        }
    }
}

/// In memory where the system allows it, else in a temporary file.
fn copy(bytes: &[u8], name: &str) -> std::io::Result<Copy> {
    #[cfg(target_os = "linux")]
    if let Ok(fd) = rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC) {
        let mut file = File::from(fd);
        file.write_all(bytes)?;
        return Ok(Copy::Memory(file));
    }
    let folder = TempFolder::create(&std::env::temp_dir())?;
    talk::create(&folder.path().join(LIBRARY), 0o700)?.write_all(bytes)?;
    Ok(Copy::Disk(folder))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
