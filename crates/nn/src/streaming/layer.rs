//! One layer of a stream, and what stands around it.

use super::state::StreamWorkspace;
use crate::cell::Cell;
use crate::decode::LogitSpace;
use crate::linear::Linear;
use crate::norm::{EPSILON, LayerNorm};
use crate::recurrent::Layer;
use crate::weights::values;
use crate::{NnError, Tensor};
use recurra_kernels::{
    Logits, MatrixRows, PackedCell, PackedMatrix, Precision, Step, StepShape, StepWorkspace,
    Weights, logits, multiply_add, step,
};

/// A layer, and the way that its input takes.
#[derive(Debug, Clone)]
pub(super) struct StreamLayer {
    /// In front of the cell.
    pub(super) norm: Option<StreamNorm>,
    pub(super) cell: PackedCell,
    pub(super) detour: Detour,
}

/// How the input reaches the output past the cell.
#[derive(Debug, Clone)]
pub(super) enum Detour {
    None,
    Residual,
    Highway(StreamLinear),
}

impl StreamLayer {
    /// `workspace.signal` is the input, and becomes the output.
    pub(super) fn step(
        &self,
        state: &mut [f32],
        workspace: &mut StreamWorkspace,
    ) -> Result<(), NnError> {
        if let Some(norm) = &self.norm {
            norm.apply(&mut workspace.signal);
        }
        step(Step {
            cell: &self.cell,
            batch_size: 1,
            x: &workspace.signal,
            state,
            workspace: &mut workspace.step,
        })?;
        let hidden = &state[..self.cell.shape().hidden_size];
        let StreamWorkspace {
            step,
            signal,
            carry,
        } = workspace;
        match &self.detour {
            Detour::None => {
                signal.clear();
                signal.extend_from_slice(hidden);
            }
            Detour::Residual => {
                for (signal, hidden) in signal.iter_mut().zip(hidden) {
                    *signal += hidden;
                }
            }
            Detour::Highway(gate) => {
                carry.resize(signal.len(), 0.0);
                gate.apply(signal, carry, step)?;
                for ((signal, hidden), gate) in signal.iter_mut().zip(hidden).zip(carry) {
                    let open = 1.0 / (1.0 + (-*gate).exp());
                    *signal += open * (hidden - *signal);
                }
            }
        }
        Ok(())
    }
}

/// The cell of layer `number`, packed; or why it cannot stream.
pub(crate) fn pack_cell(
    layer: &Layer,
    number: usize,
    precision: Precision,
) -> Result<PackedCell, NnError> {
    let refuse = |why: String| NnError::CannotStream { layer: number, why };
    let Layer::Forward(recurrent) = layer else {
        let why = "it reads backward too, so its first output waits for the last input";
        return Err(refuse(why.to_owned()));
    };
    let cell = &recurrent.cell;
    let no_kernel = |option: &str| {
        refuse(format!(
            "there is no kernel for single steps with `{option}`"
        ))
    };
    let fused = cell.fused().map_err(no_kernel)?;
    if recurrent.noise.zoneout_hidden > 0.0 || recurrent.noise.zoneout_cell > 0.0 {
        return Err(no_kernel("zoneout"));
    }
    let shape = StepShape {
        input_size: cell.input_size(),
        hidden_size: cell.hidden_size(),
    };
    let weights = Weights {
        w_ih: &values(&fused.w_ih)[..],
        w_hh: &values(&fused.w_hh),
        vectors: &values(&fused.vectors),
    };
    Ok(PackedCell::pack(fused.kind, shape, weights, precision)?)
}

/// A [`Linear`] map of a few vectors.
#[derive(Debug, Clone)]
pub(crate) struct StreamLinear {
    pub(super) weight: PackedMatrix,
    bias: Vec<f32>,
}

impl StreamLinear {
    pub(crate) fn pack(linear: &Linear, precision: Precision) -> Result<Self, NnError> {
        Self::from_parts(&linear.weight.val(), values(&linear.bias.val()), precision)
    }

    /// From a weight `[output_size, input_size]` and a bias `[output_size]`.
    pub(crate) fn from_parts(
        weight: &Tensor<2>,
        bias: Vec<f32>,
        precision: Precision,
    ) -> Result<Self, NnError> {
        let shape = weight.dims();
        Ok(Self {
            weight: PackedMatrix::pack(&values(weight), shape, precision)?,
            bias,
        })
    }

    pub(crate) fn output_size(&self) -> usize {
        self.bias.len()
    }

    /// One vector.
    pub(super) fn apply(
        &self,
        x: &[f32],
        y: &mut [f32],
        workspace: &mut StepWorkspace,
    ) -> Result<(), NnError> {
        self.write(x, 1, y, workspace)
    }

    /// Each row of `x [rows, input_size]`; `y` becomes `[rows, output_size]`.
    pub(crate) fn apply_to_rows(
        &self,
        x: &[f32],
        rows: usize,
        y: &mut Vec<f32>,
        workspace: &mut StepWorkspace,
    ) -> Result<(), NnError> {
        y.resize(rows * self.bias.len(), 0.0);
        self.write(x, rows, y, workspace)
    }

    /// Each row of `x [rows, input_size]` as the logits of a softmax.
    pub(crate) fn apply_as_logits(
        &self,
        x: &[f32],
        rows: usize,
        y: LogitSpace<'_>,
        workspace: &mut StepWorkspace,
    ) -> Result<(), NnError> {
        logits(Logits {
            matrix: &self.weight,
            batch_size: rows,
            x,
            bias: &self.bias,
            logits: y.logits,
            normalisers: y.normalisers,
            peaks: y.peaks,
            workspace,
        })?;
        Ok(())
    }

    fn write(
        &self,
        x: &[f32],
        rows: usize,
        y: &mut [f32],
        workspace: &mut StepWorkspace,
    ) -> Result<(), NnError> {
        multiply_add(MatrixRows {
            matrix: &self.weight,
            batch_size: rows,
            x,
            bias: Some(&self.bias),
            y,
            workspace,
        })?;
        Ok(())
    }
}

/// A [`LayerNorm`] of one vector.
#[derive(Debug, Clone)]
pub(super) struct StreamNorm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl StreamNorm {
    pub(super) fn new(norm: &LayerNorm) -> Self {
        Self {
            gain: values(&norm.gain.val()),
            bias: values(&norm.bias.val()),
        }
    }

    fn apply(&self, x: &mut [f32]) {
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / x.len() as f32;
        let scale = 1.0 / (variance + EPSILON as f32).sqrt();
        for ((x, gain), bias) in x.iter_mut().zip(&self.gain).zip(&self.bias) {
            *x = (*x - mean) * scale * gain + bias;
        }
    }
}
