//! Chance that can be repeated: every test that takes a chance prints its seed, and takes another from `PYPE_SEED`.

/// A source of numbers: splitmix64.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Numbers that follow from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The chance of a test: of `PYPE_SEED`, else of the clock; it is printed.
    pub fn of_test(name: &str) -> Self {
        let seed = match std::env::var("PYPE_SEED") {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("PYPE_SEED is no number: {text}")),
            Err(_) => std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64 % 1_000_000_007,
        };
        println!("{name}: PYPE_SEED={seed}");
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end`, without it; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    /// A number from 0 to 1, without 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Chance for a part of the test, which does not depend on what other parts draw.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// At most `n` of a list, in its order.
    pub fn sample<T>(&mut self, mut list: Vec<T>, n: usize) -> Vec<T> {
        while list.len() > n {
            list.remove(self.below(list.len()));
        }
        list
    }
}

#[test]
fn a_seed_always_gives_the_same_numbers() {
    let draw = |seed| {
        let mut chance = Chance::new(seed);
        (chance.next(), chance.below(10), chance.share().to_bits(), chance.sample((0..9).collect(), 3))
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

#[test]
fn a_sample_keeps_the_order() {
    let sample = Chance::new(1).sample((0..100).collect::<Vec<_>>(), 10);
    assert_eq!(sample.len(), 10);
    assert!(sample.is_sorted());
}
