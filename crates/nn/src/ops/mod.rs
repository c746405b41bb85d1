//! Fused operations inside Burn: the only place that touches its extension API.

mod adaptive_cross_entropy;
mod attention;
mod crf;
mod cross_entropy;
mod elementwise;
mod embedding;
mod linear;
mod linear_cross_entropy;
mod outputs;
mod primitive;
mod scan;
mod sequence;
mod spare;

pub(crate) use adaptive_cross_entropy::{AdaptiveSpec, mean_adaptive_cross_entropy};
pub(crate) use attention::{AttendInputs, AttendSpec, attended};
pub(crate) use crf::{Chain, CrfSpec, crf_loss};
pub(crate) use cross_entropy::{CrossEntropySpec, last_log_softmax, mean_cross_entropy};
pub(crate) use elementwise::apply;
pub(crate) use embedding::{EmbedSpec, embedded};
pub(crate) use linear::linear_map;
pub(crate) use linear_cross_entropy::mean_linear_cross_entropy;
pub(crate) use scan::{ScanInputs, ScanSpec, recurrent_scan};
pub(crate) use sequence::{SequenceInputs, SequenceSpec, recurrent_sequence};
pub(crate) use spare::give_back;
