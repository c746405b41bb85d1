//! The optimizers, with our names and defaults, against PyTorch's.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use recurra_nn::optim::{Gradients, clip_factor};
use recurra_nn::weights;
use recurra_testkit::{Golden, Tol, assert_close};
use recurra_train::{Optimizer, OptimizerConfig};

#[derive(Module, Debug)]
struct Vector {
    values: Param<Tensor<1>>,
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

/// Makes the golden's updates; after each, the optimizer is written and read again.
fn check(golden: &str, config: &str) {
    let config: OptimizerConfig = toml::from_str(config).unwrap();
    config.validate().unwrap();
    let file = Golden::open(&format!("optim/{golden}"));
    let (start, gradients, after) = (file.f32("start"), file.f32("gradients"), file.f64("after"));
    let size = start.values.len();
    let device = Device::flex();
    let start = vector(&start.values, &device.clone().autodiff());
    let mut model = weights::number_params(Vector {
        values: Param::from_tensor(start),
    });
    let mut optimizer = Optimizer::new(&config);
    let steps = gradients.values.chunks(size).zip(after.values.chunks(size));
    for (gradient, expected) in steps {
        let mut gradients = GradientsParams::new();
        gradients.register(model.values.id, vector(gradient, &device));
        let gradients = Gradients::of(&model, gradients);
        model = (optimizer.update(model, &gradients, config.learning_rate(), 1.0)).unwrap();
        let values = weights::values(&model.values.val());
        assert_close(
            &values,
            expected,
            Tol {
                rel: 1e-5,
                abs: 1e-6,
            },
        );
        optimizer = Optimizer::from_bytes(&config, &optimizer.to_bytes().unwrap()).unwrap();
    }
}

#[test]
fn sgd_is_pytorchs() {
    check("sgd", "name = \"sgd\"\nlearning_rate = 0.1");
    check(
        "sgd_momentum",
        "name = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9",
    );
    check(
        "sgd_nesterov",
        "name = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9\nnesterov = true",
    );
    check(
        "sgd_weight_decay",
        "name = \"sgd\"\nlearning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.01",
    );
}

#[test]
fn adam_is_pytorchs_by_default() {
    check("adam", "name = \"adam\"\nlearning_rate = 0.01");
    check(
        "adam_weight_decay",
        "name = \"adam\"\nlearning_rate = 0.01\nweight_decay = 0.1",
    );
    check(
        "adamw",
        "name = \"adamw\"\nlearning_rate = 0.01\nweight_decay = 0.1",
    );
}

#[test]
fn rmsprop_is_pytorchs_by_default() {
    check("rmsprop", "name = \"rmsprop\"");
    check("rmsprop_momentum", "name = \"rmsprop\"\nmomentum = 0.9");
    check("rmsprop_centered", "name = \"rmsprop\"\ncentered = true");
}

#[test]
fn another_optimizers_memory_is_refused() {
    let [sgd, adam] = ["sgd", "adam"].map(|name| {
        let momentum = if name == "sgd" {
            "\nmomentum = 0.9"
        } else {
            ""
        };
        toml::from_str::<OptimizerConfig>(&format!("name = \"{name}\"{momentum}")).unwrap()
    });
    let device = Device::flex();
    let model = weights::number_params(Vector {
        values: Param::from_tensor(vector(&[1.0, 2.0], &device.clone().autodiff())),
    });
    let mut gradients = GradientsParams::new();
    gradients.register(model.values.id, vector(&[0.5, 0.5], &device));
    let mut optimizer = Optimizer::new(&adam);
    let gradients = Gradients::of(&model, gradients);
    optimizer.update(model, &gradients, 0.1, 1.0).unwrap();
    let error = Optimizer::from_bytes(&sgd, &optimizer.to_bytes().unwrap()).unwrap_err();
    insta::assert_snapshot!(error, @"optimizer state: 1 tensors are stored that are not the memory of Sgd { momentum: 0.9, nesterov: false, weight_decay: 0.0 }");
    assert!(Optimizer::from_bytes(&adam, b"no such file").is_err());
}

#[derive(Module, Debug)]
struct Three {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
    c: Param<Tensor<3>>,
}

#[test]
fn clipping_is_pytorchs() {
    for golden in ["clip_global_norm", "clip_global_norm_inactive"] {
        let file = Golden::open(&format!("optim/{golden}"));
        let device = Device::flex();
        let model = weights::number_params(Three {
            a: Param::from_tensor(Tensor::zeros([4, 3], &device)),
            b: Param::from_tensor(Tensor::zeros([5], &device)),
            c: Param::from_tensor(Tensor::zeros([2, 2, 2], &device)),
        });
        let stored = |name: &str| {
            let array = file.f32(&format!("grad.{name}"));
            TensorData::new(array.values, array.shape)
        };
        let mut gradients = GradientsParams::new();
        gradients.register(model.a.id, Tensor::<2>::from_data(stored("a"), &device));
        gradients.register(model.b.id, Tensor::<1>::from_data(stored("b"), &device));
        gradients.register(model.c.id, Tensor::<3>::from_data(stored("c"), &device));
        let max_norm = file.f64("max_norm").values[0];
        let gradients = Gradients::of(&model, gradients);
        let norm = gradients.global_norm();
        let factor = clip_factor(norm, Some(max_norm));
        let tol = Tol {
            rel: 1e-5,
            abs: 1e-6,
        };
        assert_close(&[norm], &file.f64("norm").values, tol);
        for (name, id) in [("a", model.a.id), ("b", model.b.id), ("c", model.c.id)] {
            let gradient = gradients.get(id).unwrap();
            let values: Vec<f64> = gradient.iter().map(|&g| f64::from(g) * factor).collect();
            assert_close(&values, &file.f64(&format!("clipped.{name}")).values, tol);
        }
    }
}
