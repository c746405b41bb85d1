//! The properties, each for every door.

use super::door::{Door, Slices, Writes};
use super::{around, recurrence};
use proptest::prelude::*;
use recurra_kernels::Isa;

/// What a buffer holds around the slice that a call is given.
const GUARD: f32 = 777.0;

fn doors() -> impl Iterator<Item = Door> {
    recurrence::DOORS.into_iter().chain(around::DOORS)
}

/// Numbers within ±1 without a pattern, `offset` values into a buffer that ends after one more.
fn buffer(len: usize, offset: usize, seed: usize) -> Vec<f32> {
    let fraction = |i: usize| ((i * i + seed) as f64 * 0.618_033_988_749_895).fract();
    let numbers = (1..=len).map(|i| (fraction(i) * 2.0 - 1.0) as f32);
    let guards = std::iter::repeat_n(GUARD, offset);
    guards.chain(numbers).chain([GUARD]).collect()
}

/// The buffers of one call.
struct Buffers {
    offset: usize,
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
    lengths: Option<Vec<usize>>,
    ids: Vec<u32>,
}

impl Buffers {
    fn new(door: Door, sizes: &[usize], offset: usize) -> Buffers {
        let make = |lens: Vec<usize>| -> Vec<Vec<f32>> {
            let lens = lens.into_iter().enumerate();
            lens.map(|(seed, len)| buffer(len, offset, seed)).collect()
        };
        // All lengths from none to all, and ids from the first to the last.
        let lengths = |(rows, most): (usize, usize)| {
            (0..sizes[rows]).map(move |row| (row * 5) % (sizes[most] + 1))
        };
        let ids = |(rows, size): (usize, usize)| {
            (0..sizes[rows]).map(move |row| (row * 7 % sizes[size].max(1)) as u32)
        };
        Buffers {
            offset,
            inputs: make((door.inputs)(sizes)),
            outputs: make((door.outputs)(sizes)),
            lengths: door.lengths.map(|place| lengths(place).collect()),
            ids: door
                .ids
                .map(|place| ids(place).collect())
                .unwrap_or_default(),
        }
    }

    fn call(&mut self, door: Door, isa: Isa, sizes: &[usize]) -> Result<(), String> {
        let offset = self.offset;
        let inputs: Vec<&[f32]> = (self.inputs.iter())
            .map(|buffer| &buffer[offset..buffer.len() - 1])
            .collect();
        let mut outputs: Vec<&mut [f32]> = (self.outputs.iter_mut())
            .map(|buffer| {
                let end = buffer.len() - 1;
                &mut buffer[offset..end]
            })
            .collect();
        let slices = Slices {
            inputs: &inputs,
            outputs: &mut outputs,
            lengths: self.lengths.as_deref(),
            ids: &self.ids,
        };
        (door.call)(isa, sizes, slices).map_err(|error| error.to_string())
    }

    /// What was written, after a look at what must not have been.
    fn results(&self) -> Vec<Vec<f32>> {
        let inside = |buffer: &Vec<f32>| {
            let (before, rest) = buffer.split_at(self.offset);
            let (inside, after) = rest.split_at(rest.len() - 1);
            assert!(before.iter().chain(after).all(|&value| value == GUARD));
            inside.to_vec()
        };
        self.outputs.iter().map(inside).collect()
    }
}

/// Sizes of a door: none, one, few, and more than a register or a panel holds.
fn some_sizes() -> impl Strategy<Value = [usize; 5]> {
    let size = prop_oneof![Just(0usize), Just(1), 2..8usize, 15..20usize];
    [size.clone(), size.clone(), size.clone(), size.clone(), size]
}

/// Whether there is a row that chooses from nothing: no id is below zero.
fn has_impossible_ids(door: Door, sizes: &[usize]) -> bool {
    door.ids
        .is_some_and(|(rows, size)| sizes[rows] > 0 && sizes[size] == 0)
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 12,
        failure_persistence: None,
        rng_algorithm: prop::test_runner::RngAlgorithm::ChaCha,
        rng_seed: prop::test_runner::RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_sizes_and_any_start_of_a_slice_give_what_the_oracle_gives(
        sizes in some_sizes(),
        offset in 1..8usize,
    ) {
        for door in doors() {
            let sizes = &sizes[..door.sizes.len()];
            let mut wanted = Buffers::new(door, sizes, 0);
            let refused = wanted.call(door, Isa::Scalar, sizes);
            prop_assert_eq!(refused.is_err(), has_impossible_ids(door, sizes), "{} {:?}: {:?}", door.name, sizes, refused);
            if refused.is_err() {
                continue;
            }
            for isa in Isa::available() {
                let mut got = Buffers::new(door, sizes, offset);
                let done = got.call(door, isa, sizes);
                prop_assert!(done.is_ok(), "{} {:?} {}: {:?}", door.name, sizes, isa, done);
                for (got, wanted) in got.results().iter().zip(wanted.results()) {
                    for (got, wanted) in got.iter().zip(wanted) {
                        let close = (got - wanted).abs() <= 1e-4 * (1.0 + wanted.abs());
                        prop_assert!(close, "{} {:?} {}: {} for {}", door.name, sizes, isa, got, wanted);
                    }
                }
            }
        }
    }

    #[test]
    fn a_slice_that_is_one_short_or_one_long_is_refused_and_nothing_is_written(
        sizes in some_sizes(),
        which in any::<prop::sample::Index>(),
        longer in any::<bool>(),
    ) {
        for door in doors() {
            let sizes = &sizes[..door.sizes.len()];
            let buffers = Buffers::new(door, sizes, 0);
            let which = which.index(buffers.inputs.len() + buffers.outputs.len());
            for isa in Isa::available() {
                let mut buffers = Buffers::new(door, sizes, 0);
                let mut all = buffers.inputs.iter_mut().chain(&mut buffers.outputs);
                let changed = all.nth(which).unwrap();
                // An empty slice may be one that the door's variant has no use for.
                if changed.len() == 1 {
                    continue;
                }
                if longer {
                    changed.push(GUARD);
                } else {
                    changed.remove(0);
                }
                let before = buffers.outputs.clone();
                let refused = buffers.call(door, isa, sizes);
                prop_assert!(refused.is_err(), "{} {:?} slice {} {}", door.name, sizes, which, isa);
                if door.writes == Writes::Nothing {
                    prop_assert_eq!(&before, &buffers.outputs, "{}", door.name);
                }
            }
        }
    }

    #[test]
    fn sizes_that_disagree_with_the_slices_never_panic_however_large(
        sizes in some_sizes(),
        changes in [0..7usize, 0..7, 0..7, 0..7, 0..7],
    ) {
        const LARGE: [usize; 4] = [usize::MAX, usize::MAX / 2 + 1, 1 << 40, 1 << 20];
        for door in doors() {
            let sizes = &sizes[..door.sizes.len()];
            let claimed: Vec<usize> = sizes.iter().zip(changes)
                .map(|(&size, change)| LARGE.get(change).copied().unwrap_or(size))
                .collect();
            for isa in Isa::available() {
                // A message or a result, and either soon.
                let mut buffers = Buffers::new(door, sizes, 0);
                let _ = buffers.call(door, isa, &claimed);
                buffers.lengths = None;
                let _ = buffers.call(door, isa, &claimed);
            }
        }
    }

    #[test]
    fn sizes_whose_products_are_zero_are_no_work_however_large_the_others(
        zeros in 1..32usize,
        large in prop_oneof![Just(usize::MAX), Just(1usize << 40)],
    ) {
        for door in doors() {
            // No slice needs a value unless its size is large, and then the call is refused.
            let claimed: Vec<usize> = (0..door.sizes.len())
                .map(|place| if zeros >> place & 1 == 1 { 0 } else { large })
                .collect();
            let none = vec![0; claimed.len()];
            for isa in Isa::available() {
                let mut buffers = Buffers::new(door, &none, 1);
                buffers.lengths = None;
                let _ = buffers.call(door, isa, &claimed);
                buffers.results();
            }
        }
    }
}
