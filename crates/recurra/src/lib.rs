//! Recurra trains, explains and ships recurrent sequence models on the CPU you have.
//!
//! The library behind the command `recurra`; every subcommand is one call here.
//!
//! | call | does |
//! |---|---|
//! | [`train`], [`resume`] | a recipe to a run directory |
//! | [`evaluate`] | a run beside its baselines |
//! | [`open`] | a run to a [`Predictor`] |
//! | [`compare`] | two runs on the same lines, and whether their difference is more than chance |
//! | [`chat`] | a conversation with a run |
//! | [`neuron_page`] | a text as one neuron of a language model sees it |
//! | [`quantize`] | a run's weights in fewer bits, and what that costs |
//! | [`generate`] | a run goes on by itself, with a text or a tune |
//! | [`inspect`] | layers, shapes, parameters, paths |
//! | [`explain`] | which words moved a classifier's answer |
//! | [`monitor`] | what is said of brands and products over time |
//! | [`write_report`] | a run to a self-contained page |
//! | [`check_data`] | what is in a data set of pairs, and what is wrong with it |
//! | [`doctor`] | the machine, as Recurra sees it |

mod error;

pub mod report;

mod network;

pub mod tasks;

pub mod recipe;

mod inspect;

mod artifact;

mod verbs;

mod monitor;

mod quantize;

mod generate;

mod doctor;

mod data_check;

pub use data_check::{
    CheckSubject, DataCheck, LengthSummary, LineNumbers, PartCheck, SideCheck, check_data,
};
pub use doctor::{Doctor, doctor};
pub use error::Error;
pub use generate::{Ended, GenerateOptions, Generated, generate};
pub use inspect::{Inspection, inspect};
pub use monitor::{GroupBy, GroupRow, MonitorRequest, Monitored, monitor};
pub use network::{LayerRow, NetworkRows};
pub use quantize::{Figures, Quantized, quantize};
pub use recipe::{Recipe, RecipeSource};
pub use recurra_data as data;
pub use recurra_kernels as kernels;
pub use recurra_nn as nn;
pub use recurra_nn::streaming::Precision;
pub use recurra_train as fitting;
pub use report::graph::Topology;
pub use tasks::classify::{Explanation, WordEffect};
pub use tasks::language::{NeuronOptions, neuron_page};
pub use tasks::translate::{Chat, ChatOptions, Comparison, Reply};
pub use tasks::{Evaluation, PredictOptions, Prediction, Predictor, RankedText, Sample, Trained};
pub use verbs::{
    chat, compare, evaluate, evaluate_in, evaluate_with, explain, open, open_in, open_with, resume,
    train, write_report,
};

/// The README's examples, run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../README.ko.md")]
struct Readme;
