//! Which instruction set the kernels run on: found once at run time, changeable from outside.

use std::fmt;
use std::sync::OnceLock;

use crate::KernelError;
use crate::arch::{Features, Machine};

/// An instruction set that the kernels are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// The readable oracle of [`scalar`](crate::scalar): slow, and the specification.
    Scalar,
    /// The fused path on whatever the build's baseline is (SSE2 on x86-64).
    Portable,
    /// The fused path with AVX2 and FMA.
    Avx2,
    /// The fused path with AVX-512 F, BW, DQ, VL, and AVX2 and FMA.
    Avx512,
}

/// The environment variable that overrides the choice.
const VARIABLE: &str = "RECURRA_ISA";

impl Isa {
    const ALL: [Isa; 4] = [Isa::Scalar, Isa::Portable, Isa::Avx2, Isa::Avx512];

    /// Every instruction set that this processor runs, slowest first.
    pub fn available() -> Vec<Isa> {
        Isa::on(Features::detected())
    }

    /// Every instruction set that a processor with `features` runs, slowest first.
    fn on(features: Features) -> Vec<Isa> {
        let runs = |isa: &Isa| *isa == Isa::Scalar || Machine::with(*isa, features).is_some();
        Isa::ALL.into_iter().filter(runs).collect()
    }

    /// Whether this processor runs it.
    pub fn is_available(self) -> bool {
        self == Isa::Scalar || Machine::of(self).is_some()
    }

    /// The instruction set that the kernels use: the fastest available one, or the one that the
    /// environment variable `RECURRA_ISA` (`scalar`, `portable`, `avx2`, `avx512`) names.
    ///
    /// Decided at the first call and kept. A name that is unknown, or that this processor does
    /// not run, leaves the fastest one in place, and [`Isa::notice`] says so.
    ///
    /// # Example
    /// ```
    /// use recurra_kernels::Isa;
    /// assert!(Isa::available().contains(&Isa::active()));
    /// ```
    pub fn active() -> Isa {
        decision().0
    }

    /// Why the override was not followed; `None` when it was, or when there is none.
    pub fn notice() -> Option<String> {
        decision().1.clone()
    }

    /// The machine that runs it, or `None` for the oracle.
    pub(crate) fn path(self, op: &'static str) -> Result<Option<Machine>, KernelError> {
        match Machine::of(self) {
            None if self != Isa::Scalar => Err(KernelError::IsaUnavailable { op, isa: self }),
            machine => Ok(machine),
        }
    }

    /// The name as `RECURRA_ISA` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn decision() -> &'static (Isa, Option<String>) {
    static DECISION: OnceLock<(Isa, Option<String>)> = OnceLock::new();
    DECISION.get_or_init(|| {
        let request = std::env::var_os(VARIABLE).map(|value| value.to_string_lossy().into_owned());
        choose(request.as_deref(), &Isa::available())
    })
}

/// Picks from `available` (slowest first, never empty) what `request` names.
fn choose(request: Option<&str>, available: &[Isa]) -> (Isa, Option<String>) {
    let best = available.last().copied().unwrap_or(Isa::Scalar);
    let Some(request) = request.map(str::trim).filter(|name| !name.is_empty()) else {
        return (best, None);
    };
    let named = Isa::ALL
        .into_iter()
        .find(|isa| isa.name().eq_ignore_ascii_case(request));
    let why = match named {
        Some(isa) if available.contains(&isa) => return (isa, None),
        Some(_) => "this processor does not run it".to_owned(),
        None => format!("known are {}", Isa::ALL.map(Isa::name).join(", ")),
    };
    let notice = format!("{VARIABLE}={request} is not followed ({why}); using {best}");
    (best, Some(notice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Feature;

    const SOME: [Isa; 3] = [Isa::Scalar, Isa::Portable, Isa::Avx2];

    #[test]
    fn without_a_request_the_fastest_is_taken() {
        assert_eq!(choose(None, &SOME), (Isa::Avx2, None));
        assert_eq!(choose(Some(" "), &SOME), (Isa::Avx2, None));
    }

    #[test]
    fn a_request_is_followed_whatever_its_case() {
        assert_eq!(choose(Some("Portable"), &SOME), (Isa::Portable, None));
        assert_eq!(choose(Some("scalar"), &SOME), (Isa::Scalar, None));
    }

    #[test]
    fn without_features_only_what_needs_none_runs_and_a_request_for_more_is_refused_by_name() {
        let available = Isa::on(Features::detected().without(Feature::AVX2));
        assert_eq!(available, [Isa::Scalar, Isa::Portable]);
        assert_eq!(choose(None, &available), (Isa::Portable, None));
        for name in ["avx2", "avx512"] {
            let (isa, notice) = choose(Some(name), &available);
            let why = "is not followed (this processor does not run it); using portable";
            assert_eq!(isa, Isa::Portable);
            assert_eq!(notice.unwrap(), format!("RECURRA_ISA={name} {why}"));
        }
    }

    #[test]
    fn a_request_that_cannot_be_followed_is_reported() {
        let (isa, notice) = choose(Some("avx512"), &SOME);
        assert_eq!(isa, Isa::Avx2);
        assert_eq!(
            notice.unwrap(),
            "RECURRA_ISA=avx512 is not followed (this processor does not run it); using avx2"
        );
        let (isa, notice) = choose(Some("mmx"), &SOME);
        assert_eq!(isa, Isa::Avx2);
        assert_eq!(
            notice.unwrap(),
            "RECURRA_ISA=mmx is not followed (known are scalar, portable, avx2, avx512); using avx2"
        );
    }
}
