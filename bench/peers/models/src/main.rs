//! `recurra-bench-models TASK FOLDER THREADS`: trains a model as `compare.py` asks.
//!
//! The folder holds the data and the initial weights that `compare.py` wrote for both sides. Each
//! line of standard input is a number of updates; each line of the answer is the seconds that they
//! took, their mean loss and the process's peak memory in kB. `beam` searches so many batches
//! instead, and says how many tokens came out.

mod data;
mod digits;
mod language;
mod reviews;
mod translation;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use recurra_nn::optim::{Gradients, clip_factor};
use recurra_nn::streaming::Precision;
use recurra_nn::weights;
use recurra_nn::{NnError, Stack, torch};
use recurra_train::{Optimizer, OptimizerConfig};
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What a model learns from, and how its loss is computed.
trait Task {
    type Model: Module;

    /// The loss of update number `update`.
    fn loss(
        &mut self,
        model: &Self::Model,
        update: usize,
    ) -> std::result::Result<Tensor<1>, NnError>;
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, folder, threads] = arguments.as_slice() else {
        return Err("usage: recurra-bench-models TASK FOLDER THREADS".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.parse()?)
        .use_current_thread()
        .build_global()?;
    let folder = Path::new(folder);
    match task.as_str() {
        "language" => serve(language::Language::open(folder)?, language::recipe()),
        "digits" => serve(digits::Digits::open(folder)?, adam()),
        "reviews" => serve(reviews::Reviews::open(folder)?, adam()),
        "translation" => serve(translation::Translation::open(folder)?, adam()),
        "beam" => answer(translation::search(folder, Precision::F32)?),
        "beam-int8" => answer(translation::search(folder, Precision::Int8)?),
        other => Err(format!(
            "{other}: known are language, digits, reviews, translation, beam, beam-int8"
        )
        .into()),
    }
}

/// How a model learns.
struct Recipe {
    optimizer: OptimizerConfig,
    clip_norm: f64,
}

fn adam() -> Recipe {
    Recipe {
        optimizer: OptimizerConfig::Adam(recurra_train::Adam::default()),
        clip_norm: 1.0,
    }
}

fn serve<T: Task>((model, mut task): (T::Model, T), recipe: Recipe) -> Result<()> {
    // Moved into each update and out of it: weights that somebody else holds too are copied.
    let mut model = Some(model);
    let mut optimizer = Optimizer::new(&recipe.optimizer);
    let mut update = 0;
    answer(|updates| {
        let mut total = 0.0;
        for _ in 0..updates {
            let current = model.take().ok_or("an update before has failed")?;
            let loss = task.loss(&current, update)?;
            total += f64::from(weights::values(&loss)[0]);
            let gradients = GradientsParams::from_grads(loss.backward(), &current);
            let gradients = Gradients::of(&current, gradients);
            let factor = clip_factor(gradients.global_norm(), Some(recipe.clip_norm));
            let rate = recipe.optimizer.learning_rate();
            model = Some(optimizer.update(current, &gradients, rate, factor)?);
            update += 1;
        }
        Ok(total / updates as f64)
    })
}

/// Does as much as each line asks for, and answers with what `work` gives and what it took.
fn answer(mut work: impl FnMut(usize) -> Result<f64>) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let count: usize = line?.trim().parse()?;
        let start = Instant::now();
        let result = work(count)?;
        let seconds = start.elapsed().as_secs_f64();
        writeln!(out, "{seconds} {result} {}", peak_kb()?)?;
        out.flush()?;
    }
    Ok(())
}

/// VmHWM, the most memory that this process has held.
fn peak_kb() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}

/// `model` with the initial weights in `folder`: its stack through `stack`, the rest by name.
fn initial<M: Module>(model: M, folder: &Path, stack: impl Fn(&mut M) -> &mut Stack) -> Result<M> {
    let path = folder.join("weights.safetensors");
    let origin = path.display().to_string();
    let theirs = torch::read(&path)?;
    let mut model = model;
    let place = stack(&mut model);
    *place = torch::load(place.clone(), &theirs, "rnn.", &origin)?;
    let tensors = weights::export(&model)
        .into_iter()
        .map(|ours| {
            let same = theirs.iter().find(|tensor| tensor.name == ours.name);
            same.cloned().unwrap_or(ours)
        })
        .collect();
    Ok(weights::import(model, tensors, &origin)?)
}
