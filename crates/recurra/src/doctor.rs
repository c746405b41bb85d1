//! The machine as Recurra sees it.

use recurra_kernels::Isa;
use serde::Serialize;

/// What `recurra doctor` tells.
#[derive(Debug, Clone, Serialize)]
pub struct Doctor {
    /// Of this library.
    pub version: &'static str,
    /// Architecture and operating system.
    pub platform: String,
    /// Instruction sets that the kernels could use here.
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
        available: Isa::available().iter().map(|isa| isa.name()).collect(),
        kernels: Isa::active().name(),
        notice: Isa::notice(),
        threads: rayon::current_num_threads(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        tensors: "Burn 0.22.1, backend flex with autodiff",
    }
}
