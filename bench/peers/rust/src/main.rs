//! `recurra-rust-peers FOLDER THREADS`: burn-nn, candle-nn and tract beside Recurra's kernels.
//!
//! The folder is one case, written by `rust_peers.py`. Prints a line for each peer and work:
//! `work,peer,ms,best_ms,kept,dropped,error`, where the error is the largest difference from
//! what Recurra computes, relative to the largest value.

mod burn_peer;
mod candle_peer;
mod case;
mod recurra_peer;
mod timing;
mod tract_peer;

use case::Case;
use std::error::Error;
use std::path::Path;
use timing::{Peer, interleave};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What is done with a case.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    Train,
    Infer,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, threads] = arguments.as_slice() else {
        return Err("usage: recurra-rust-peers FOLDER THREADS".into());
    };
    let threads: usize = threads.parse()?;
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .use_current_thread()
        .build_global()?;
    let case = Case::read(Path::new(folder))?;
    for (name, work) in [("train", Work::Train), ("infer", Work::Infer)] {
        let mut peers: Vec<(&str, Peer)> = vec![
            ("recurra", recurra_peer::peer(&case, work)),
            ("burn-nn", burn_peer::peer(&case, work)),
            ("candle-nn", candle_peer::peer(&case, work)?),
        ];
        // tract only infers, on one thread.
        if work == Work::Infer && threads == 1 {
            peers.push(("tract", tract_peer::peer(&case, Path::new(folder))?));
        }
        let want = (peers[0].1)()?;
        let mut errors = Vec::new();
        for (_, peer) in &mut peers {
            errors.push(disagreement(&peer()?, &want));
        }
        let timings = interleave(&mut peers)?;
        for (((peer, _), timing), error) in peers.iter().zip(&timings).zip(errors) {
            println!("{name},{peer},{},{error:.2e}", timing.summary());
        }
    }
    Ok(())
}

fn disagreement(got: &[f32], want: &[f32]) -> f32 {
    let largest = want.iter().fold(0.0f32, |max, value| max.max(value.abs()));
    let pairs = got.iter().zip(want);
    let worst = pairs.fold(0.0f32, |max, (a, b)| max.max((a - b).abs()));
    if got.len() == want.len() {
        worst / largest
    } else {
        f32::NAN
    }
}
