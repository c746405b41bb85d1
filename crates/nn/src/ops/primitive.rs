//! Tensors of the CPU backend as slices, and slices as tensors.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;

pub(super) type Primitive = FloatTensor<Flex>;

/// The values of a contiguous f32 tensor.
pub(super) fn slice(tensor: &Primitive) -> &[f32] {
    tensor
        .as_slice::<f32>()
        .expect("the fused path is taken for contiguous f32 tensors only")
}

/// A tensor over `values`, without a copy.
pub(super) fn primitive(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> Primitive {
    Primitive::from_data(TensorData::new(values, shape.into()))
}

/// The tensor in a buffer of its own: its own already if nobody shares it, else a copy.
pub(super) fn owned(tensor: Primitive) -> Primitive {
    // `to_contiguous` hands out a second handle, which must be the only one afterwards.
    let contiguous = tensor.to_contiguous();
    drop(tensor);
    if contiguous.is_unique() {
        return contiguous;
    }
    let shape = contiguous.shape().to_vec();
    primitive(slice(&contiguous).to_vec(), shape)
}

/// The values of a tensor in a buffer of its own, to be changed.
pub(super) fn slice_mut(tensor: &mut Primitive) -> &mut [f32] {
    tensor.storage_mut::<f32>()
}
