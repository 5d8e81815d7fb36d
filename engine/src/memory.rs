//! How much memory a run may take: what the flow or the command line says, else a share of what the machine, or the container
//! around the process, has. And what the process holds now.

use pypeline_schema::settings::{ExecutionMode, Settings};
use std::sync::{Once, OnceLock};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// Share of the machine's memory that a run takes at most where nothing else is said.
const DEFAULT_SHARE: f64 = 0.6;

/// Above its limit by so much a run is stopped.
const HARD: f64 = 1.5;

/// No run gets along with less than this, in bytes.
pub const LEAST: u64 = 64 << 20;

/// Bytes that a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Above this, work is done in parts, and tables go to disk.
    pub soft: u64,
    /// Above this, the run fails before the machine has to end it.
    pub hard: u64,
    /// Somebody has said so.
    pub is_set: bool,
}

impl Budget {
    /// What the settings say; `given` is the word of the command line, in bytes, which stands above them. Where tables are to stay
    /// in memory, the run may take what else would end it before it works in parts.
    pub fn of(settings: &Settings, given: Option<u64>) -> Self {
        let machine = machine_bytes();
        // The build has read it.
        let limit = given.or_else(|| bytes(settings.memory_limit.as_deref()?).ok()).map(|bytes| bytes.max(LEAST));
        let share = settings.max_ram_share.unwrap_or(DEFAULT_SHARE).clamp(0.05, 1.0);
        let soft = limit.unwrap_or((machine as f64 * share) as u64);
        let most = if limit.is_some() { f64::INFINITY } else { machine as f64 * 0.95 };
        let hard = (soft as f64 * HARD).min(most).max(soft as f64) as u64;
        let in_memory = matches!(settings.execution_mode, Some(ExecutionMode::Memory | ExecutionMode::Pandas));
        Self { soft: if in_memory { hard } else { soft }, hard, is_set: limit.is_some() }
    }
}

/// Memory of the machine, or what the control groups around the process leave of it: those of its container, and those that a service
/// manager or a batch system has put it in. Looked for once: the system may take 20 ms to say how its groups are.
pub fn machine_bytes() -> u64 {
    static BYTES: OnceLock<u64> = OnceLock::new();
    *BYTES.get_or_init(look_at_machine)
}

/// Begins to look for that, for whoever will ask.
pub fn look_ahead() {
    // Without a thread to be had, whoever asks first looks.
    let _ = std::thread::Builder::new().name("pype-machine".to_owned()).spawn(machine_bytes);
}

fn look_at_machine() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let of_process = sysinfo::get_current_pid().ok().and_then(|id| {
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, ProcessRefreshKind::nothing());
        system.process(id)?.cgroup_limits()
    });
    let limits = [system.cgroup_limits(), of_process].into_iter().flatten().map(|limits| limits.total_memory);
    limits.fold(system.total_memory(), u64::min).max(1)
}

/// `512MB`, `2GiB`, `1.5 GB`, `800000000`: bytes.
///
/// # Errors
/// The text is no size, in words.
pub fn bytes(text: &str) -> Result<u64, String> {
    let compact: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    let digits = compact.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(compact.len());
    let (number, unit) = compact.split_at_checked(digits).unwrap_or((&compact, ""));
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => return Err(format!("`{text}` is no size: write a number and a unit, as `512MB` or `2GiB`")),
    };
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 && number * factor < 9e18 => Ok((number * factor) as u64),
        _ => Err(format!("`{text}` is no size: write a number and a unit, as `512MB` or `2GiB`")),
    }
}

/// What the process holds, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resident {
    /// Its own: nobody but the process could give it back.
    pub own: u64,
    /// Pages of files, which can be had again at any time.
    pub mapped: u64,
}

/// What the process holds now; nothing where the system does not say.
pub fn resident() -> Resident {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return Resident::default() };
    let kilobytes = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Resident { own: (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024, mapped: kilobytes("RssFile") * 1024 }
}

static ALLOCATOR: OnceLock<fn()> = OnceLock::new();

/// How the allocator hears that memory is short. Whoever has chosen it says so, once.
pub fn on_shortage(tell: fn()) {
    // Of two allocators there is only one.
    let _ = ALLOCATOR.set(tell);
}

/// Tells the allocator, once: what it keeps for later counts as memory of the process. It does not hear the opposite: a run that was
/// short of memory will be so again.
pub fn tell_shortage() {
    static TOLD: Once = Once::new();
    if let Some(tell) = ALLOCATOR.get() {
        TOLD.call_once(tell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(bytes("512MB"), Ok(512_000_000));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert_eq!(bytes(" 1.5 gb "), Ok(1_500_000_000));
        assert_eq!(bytes("1000"), Ok(1000));
        for wrong in ["", "MB", "12 parsecs", "-1GB", "1e9", "0", "1.2.3MB"] {
            assert!(bytes(wrong).unwrap_err().contains("is no size"), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_stands_above_the_flow() {
        let settings = Settings { memory_limit: Some("2GB".into()), ..Settings::default() };
        assert_eq!(Budget::of(&settings, Some(1_000_000_000)).soft, 1_000_000_000);
        assert_eq!(Budget::of(&settings, None), Budget { soft: 2_000_000_000, hard: 3_000_000_000, is_set: true });
        assert_eq!(Budget::of(&settings, Some(1)).soft, LEAST);
        let machine = Budget::of(&Settings::default(), None);
        assert!(!machine.is_set && machine.soft < machine_bytes() && machine.hard <= machine_bytes());
        let in_memory = Settings { execution_mode: Some(ExecutionMode::Memory), ..settings };
        assert_eq!(Budget::of(&in_memory, None).soft, 3_000_000_000);
    }

    #[test]
    fn the_process_holds_something() {
        assert!(resident().own > 100_000);
    }
}
