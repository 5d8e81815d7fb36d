//! Facts about the machine: a figure without them says nothing.

/// What the figures were measured on.
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// The CPU's model.
    pub cpu: String,
    /// Memory in GB (1,000,000,000 bytes).
    pub memory_gb: f64,
}

impl Machine {
    /// Reads them from the system; what it does not tell is `unknown` or zero.
    pub fn read() -> Self {
        let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = value(&file("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown CPU".to_owned());
        let memory = value(&file("/proc/meminfo"), "MemTotal");
        let kib: f64 = memory.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        Self { cores, cpu, memory_gb: kib * 1024.0 / 1e9 }
    }
}

/// The value of the first `key : value` line.
fn value(text: &str, key: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 3 GHz\nmodel name\t: Another\n";
        assert_eq!(value(text, "model name").as_deref(), Some("A CPU @ 3 GHz"));
        assert_eq!(value(text, "model"), None);
    }
}
