//! `sleep_solo`: waits, for a system outside that needs its time.

use pypeline_sdk::prelude::*;
use std::time::Duration;

/// How long.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SleepConfig {
    /// Seconds to wait
    #[schemars(range(min = 0.0))]
    seconds: f64,
}

pub struct Sleep(Duration);

impl Module for Sleep {
    type Config = SleepConfig;
    const MANIFEST: Manifest = Manifest::solo("sleep_solo")
        .category("Control")
        .description("Waits for some seconds; ends early where the run is asked to stop");

    fn create(config: SleepConfig) -> Result<Self> {
        let wrong = |_| Error::config("`seconds` must be 0 or more").with("key", "seconds");
        Duration::try_from_secs_f64(config.seconds).map(Self).map_err(wrong)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        io.context.sleep(self.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_time_is_a_time() {
        assert_eq!(Sleep::create(SleepConfig { seconds: 0.25 }).unwrap().0, Duration::from_millis(250));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(Sleep::create(SleepConfig { seconds: bad }).is_err(), "{bad}");
        }
    }
}
