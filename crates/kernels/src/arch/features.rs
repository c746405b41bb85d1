//! What a processor can do: found once, handed on as a value.

/// The features that the kernels ask for. A value never claims more than was detected; it can
/// only be made to claim less, as tests do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Features(u8);

/// One feature, or several.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feature(u8);

impl Feature {
    pub(crate) const AVX2: Feature = Feature(1);
    pub(crate) const FMA: Feature = Feature(1 << 1);
    /// AVX-512 F, BW, DQ and VL, all of them.
    pub(crate) const AVX512: Feature = Feature(1 << 2);
    pub(crate) const AVX512_VNNI: Feature = Feature(1 << 3);
    pub(crate) const AVX512_BF16: Feature = Feature(1 << 4);
    /// AMX with products of bf16, which the system must have granted.
    pub(crate) const AMX_BF16: Feature = Feature(1 << 5);

    const fn and(self, other: Feature) -> Feature {
        Feature(self.0 | other.0)
    }

    /// What the code for AVX2 is compiled with.
    pub(super) const FOR_AVX2: Feature = Feature::AVX2.and(Feature::FMA);
    /// What the code for AVX-512 is compiled with.
    pub(super) const FOR_AVX512: Feature = Feature::FOR_AVX2.and(Feature::AVX512);
    /// What the int8 products of AVX-512 are compiled with.
    pub(super) const FOR_VNNI: Feature = Feature::FOR_AVX512.and(Feature::AVX512_VNNI);
    /// What the bf16 products of AVX-512 are compiled with.
    pub(super) const FOR_BF16: Feature = Feature::FOR_AVX512.and(Feature::AVX512_BF16);
    /// What the products of tiles need, with all that is around them.
    pub(super) const FOR_AMX: Feature = Feature::FOR_BF16.and(Feature::AMX_BF16);
}

impl Features {
    /// What this processor has.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detected() -> Features {
        use std::arch::is_x86_feature_detected as has;
        let avx512 = has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl");
        let found = [
            (Feature::AVX2, has!("avx2")),
            (Feature::FMA, has!("fma")),
            (Feature::AVX512, avx512),
            (Feature::AVX512_VNNI, has!("avx512vnni")),
            (Feature::AVX512_BF16, has!("avx512bf16")),
            (Feature::AMX_BF16, super::x86_64::amx_is_usable()),
        ];
        let found = found.into_iter().filter(|&(_, found)| found);
        Features(found.fold(0, |all, (Feature(one), _)| all | one))
    }

    /// None of these: another architecture.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detected() -> Features {
        Features(0)
    }

    pub(crate) fn has(self, wanted: Feature) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The same processor with a feature denied.
    #[cfg(test)]
    pub(crate) fn without(self, denied: Feature) -> Features {
        Features(self.0 & !denied.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;
    use crate::arch::{Int8Machine, Machine, PairMachine};

    #[test]
    fn without_features_no_path_that_needs_them_is_chosen() {
        let none = Features::detected().without(Feature::FOR_VNNI);
        for isa in [Isa::Avx2, Isa::Avx512] {
            assert!(Machine::with(isa, none).is_none(), "{isa}");
        }
        let machine = Machine::with(Isa::Portable, none).expect("it needs no feature");
        assert!(matches!(machine, Machine::Portable));
        assert!(matches!(
            Int8Machine::with(machine, none),
            Int8Machine::Portable
        ));
        assert!(machine.bf16_sums::<1>([&[]], &[]).is_none());
        assert!(PairMachine::with(machine, none).is_none());
    }

    #[test]
    fn without_bf16_instructions_no_pairs_are_multiplied() {
        let pairs = |features| {
            let machine = Machine::with(Isa::Avx512, features)?;
            PairMachine::with(machine, features)
        };
        let no_tiles = Features::detected().without(Feature::AMX_BF16);
        assert!(!matches!(pairs(no_tiles), Some(PairMachine::Tiles(_))));
        assert!(pairs(no_tiles.without(Feature::AVX512_BF16)).is_none());
    }

    #[test]
    fn every_feature_that_a_path_is_compiled_with_is_asked_for() {
        let all = Features(u8::MAX);
        for feature in [Feature::AVX2, Feature::FMA] {
            assert!(!all.without(feature).has(Feature::FOR_AVX2));
            assert!(!all.without(feature).has(Feature::FOR_AVX512));
        }
        assert!(!all.without(Feature::AVX512).has(Feature::FOR_AVX512));
        assert!(!all.without(Feature::AVX512).has(Feature::FOR_VNNI));
        let no_vnni = all.without(Feature::AVX512_VNNI);
        assert!(no_vnni.has(Feature::FOR_AVX512) && !no_vnni.has(Feature::FOR_VNNI));
        assert!(all.without(Feature::AVX512).has(Feature::FOR_AVX2));
        assert!(!all.without(Feature::AVX512_BF16).has(Feature::FOR_BF16));
        assert!(!all.without(Feature::AVX512).has(Feature::FOR_BF16));
        assert!(!all.without(Feature::AMX_BF16).has(Feature::FOR_AMX));
        assert!(!all.without(Feature::AVX512_BF16).has(Feature::FOR_AMX));
    }
}
