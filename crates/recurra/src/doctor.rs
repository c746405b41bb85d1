//! The machine as Recurra sees it.

use recurra_kernels::{Isa, Products};
use serde::Serialize;

/// What `recurra doctor` tells.
#[derive(Debug, Clone, Serialize)]
pub struct Doctor {
    /// Of this library.
    pub version: &'static str,
    /// Architecture and operating system.
    pub platform: String,
    /// What the processor offers of what the kernels ask for.
    pub cpu_features: Vec<&'static str>,
    /// Kernel paths that could run here.
    pub available: Vec<&'static str>,
    /// The one that they do use.
    pub kernels: &'static str,
    /// Why that is not the fastest, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// Threads that work in parallel.
    pub threads: usize,
    /// Threads that the machine has.
    pub cpus: usize,
    /// The tensor library.
    pub tensors: &'static str,
}

/// Looks at the machine.
pub fn doctor() -> Doctor {
    Doctor {
        version: env!("CARGO_PKG_VERSION"),
        platform: format!("{}, {}", std::env::consts::ARCH, std::env::consts::OS),
        cpu_features: cpu_features(),
        available: Isa::available().iter().map(|isa| isa.name()).collect(),
        kernels: Isa::active().name(),
        notice: Isa::notice(),
        threads: rayon::current_num_threads(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        tensors: "Burn 0.22.1, backend flex with autodiff",
    }
}

/// The features that the kernels, now or later, make a difference of.
#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    macro_rules! detected {
        ($($feature:tt),*) => {
            [$(($feature, std::arch::is_x86_feature_detected!($feature))),*]
        };
    }
    let detected = detected!(
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "avx512f",
        "avx512bw",
        "avx512dq",
        "avx512vl",
        "avx512vnni",
        "avx512bf16"
    );
    // The compiler cannot tell yet, and the system has a say in it.
    let tiles = [("amx-bf16", Products::Bf16.in_tiles())];
    detected
        .into_iter()
        .chain(tiles)
        .filter_map(|(feature, detected)| detected.then_some(feature))
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}
