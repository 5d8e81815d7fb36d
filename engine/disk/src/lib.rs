//! Every durable write of pype goes through this crate: one place to get syncing, permissions and names right, and one place
//! to make the disk fail on purpose (`faults`). docs/decisions/0014-disk.md has the reasons.
#![allow(clippy::disallowed_methods)] // This crate is what all others go through.

mod append_file;
pub mod faults;
mod filler;
mod folders;
mod lock;
mod new_file;
mod open;
mod scratch;
pub mod talk;
mod temp_folder;

pub use append_file::{AppendFile, Syncer};
pub use filler::Filler;
pub use folders::{
    exchange, filled_by_others, hard_link, make_folders, remove_file, remove_tree, rename, set_mode, sync_file_system,
    sync_folder,
};
pub use lock::{Lock, NotTaken, is_held, remove_leftover, sweep};
pub use new_file::{NewFile, Publish, replace};
pub use open::by_umask;
pub use scratch::scratch_file;
pub use temp_folder::{TempFolder, remove_leftovers};
