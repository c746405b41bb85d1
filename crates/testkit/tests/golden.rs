//! The golden reader against files that safetensors itself wrote.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot write its file has failed"
)]

use std::path::PathBuf;

use recurra_testkit::Golden;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

fn written(name: &str) -> PathBuf {
    let floats: Vec<u8> = [1.5f32, -2.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let doubles: Vec<u8> = [0.1f64].iter().flat_map(|v| v.to_le_bytes()).collect();
    let ids: Vec<u8> = [3i64, -1].iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).unwrap();
    let tensors = [
        ("floats", view(Dtype::F32, &[2, 1], &floats)),
        ("doubles", view(Dtype::F64, &[], &doubles)),
        ("ids", view(Dtype::I64, &[2], &ids)),
    ];
    let metadata = [("library".to_string(), "torch 2".to_string())].into();
    let bytes = serialize(tensors, Some(metadata)).unwrap();
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn arrays_come_back_with_shape_and_values() {
    let golden = Golden::open_path(&written("arrays.safetensors"));
    assert_eq!(golden.names(), ["doubles", "floats", "ids"]);
    assert_eq!(golden.f32("floats").shape, [2, 1]);
    assert_eq!(golden.f32("floats").values, [1.5, -2.0]);
    assert_eq!(golden.f64("floats").values, [1.5, -2.0]);
    assert_eq!(golden.f64("doubles").values, [0.1]);
    assert!(golden.f64("doubles").shape.is_empty());
    assert_eq!(golden.i64("ids").values, [3, -1]);
    assert_eq!(golden.metadata("library").as_deref(), Some("torch 2"));
    assert!(golden.contains("ids") && !golden.contains("nothing"));
}

#[test]
#[should_panic(expected = "holds no `weights`; it holds doubles, floats, ids")]
fn a_missing_array_is_named() {
    Golden::open_path(&written("missing.safetensors")).f32("weights");
}

#[test]
#[should_panic(expected = "`ids` is I64, wanted F32 or F64")]
fn integers_are_no_floats() {
    Golden::open_path(&written("dtype.safetensors")).f32("ids");
}

#[test]
#[should_panic(expected = "`ids` holds -1")]
fn a_negative_length_is_refused() {
    Golden::open_path(&written("negative.safetensors")).usize("ids");
}

#[test]
#[should_panic(expected = "cannot read golden")]
fn a_missing_file_is_named() {
    Golden::open("no/such/golden");
}
