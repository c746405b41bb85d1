//! How predictions are judged: one file per metric.
//!
//! An accumulator takes predictions batch by batch, in any split, and gives the
//! figure over all of them. [`Metrics`] is what one evaluation found, by name.
//!
//! # How to add a metric
//! 1. Write `metric/<name>.rs`: an accumulator (`add`, `value`) and its [`MetricInfo`]
//!    constant, with a test against a case worked by hand.
//! 2. Declare the module here and add the constant to the list in `registry.rs`.
//!    From then on recipes can name it for early stopping and schedules, and reports
//!    know its unit and which way is better.
//! 3. Call it where a task evaluates: `metrics.set(WER.name, wer.value())`.

mod accuracy;
mod calibration;
mod confusion;
mod cross_entropy;
mod forecast;
mod mean;
mod mean_absolute_error;
mod mean_squared_error;
mod metrics;
mod notes;
mod registry;
mod roc_auc;
mod spans;
mod temperature;
mod threshold;
pub mod translation;

pub use accuracy::{ACCURACY, Accuracy, UNSEEN_ACCURACY};
pub use calibration::{CALIBRATION_ERROR, Calibration, ReliabilityBin};
pub use confusion::{Average, ClassScores, ConfusionMatrix, MACRO_F1, WEIGHTED_F1};
pub use cross_entropy::{BITS_PER_CHAR, CROSS_ENTROPY, CrossEntropy, PERPLEXITY};
pub use forecast::{
    CRPS, CopyCheck, Copying, Coverage, Directions, LossDifference, M4Score, MASE,
    NEGATIVE_LOG_LIKELIHOOD, OWA, PINBALL, Proportion, RMSE, SMAPE, coverage, crps_quantiles,
    crps_samples, mase, pinball, rmse, smape,
};
pub use mean_absolute_error::{MEAN_ABSOLUTE_ERROR, MeanAbsoluteError};
pub use mean_squared_error::{MEAN_SQUARED_ERROR, MeanSquaredError};
pub use metrics::Metrics;
pub use notes::{FRAME_ACCURACY, NATS_PER_STEP, Notes};
pub use registry::{Better, LOSS, MetricInfo, REGISTRY, find};
pub use roc_auc::{ROC_AUC, roc_auc, roc_auc_one_vs_rest};
pub use spans::{SPAN_F1, Span, SpanCounts, SpanScores, Tagging, decode_spans, tag_constraint};
pub use temperature::Temperature;
pub(crate) use temperature::softmax;
pub use threshold::{Threshold, best_f1_threshold, threshold_report};
