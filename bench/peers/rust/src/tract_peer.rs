//! tract, on the ONNX model that Python wrote for ONNX Runtime.

use crate::Result;
use crate::case::Case;
use crate::timing::Peer;
use std::path::Path;
use tract_onnx::prelude::*;

pub(crate) fn peer(case: &Case, folder: &Path) -> Result<Peer> {
    let described = |error: TractError| format!("tract: {error:?}");
    let plan = tract_onnx::onnx()
        .model_for_path(folder.join("model.onnx"))
        .and_then(|model| model.into_optimized())
        .and_then(|model| model.into_runnable())
        .map_err(described)?;
    let shape = [case.seq_len, case.batch_size, case.input_size];
    let x = Tensor::from_shape(&shape, &case.x).map_err(described)?;
    let x: TValue = x.into();
    Ok(Box::new(move || {
        let outputs = plan.run(tvec!(x.clone())).map_err(described)?;
        let values = outputs[0].to_plain_array_view::<f32>().map_err(described)?;
        Ok(values.iter().copied().collect())
    }))
}
