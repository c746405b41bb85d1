use super::config::{MemoryData, MemoryModel, NetworkConfig, Problem, Recipe};
use super::data::Examples;
use super::fit::NO_MEMORY;
use super::model::MemoryNet;
use super::model::contests;
use crate::recipe::Recipe as AnyRecipe;
use crate::tasks::training_device;
use recurra_nn::{CellName, LayerConfig, StackConfig, weights};
use recurra_testkit::{Tol, assert_close};
use recurra_train::{Control, Run, TrainConfig, read_history};

fn network(name: &str, cell: CellName, hidden_size: usize) -> NetworkConfig {
    NetworkConfig {
        name: name.to_owned(),
        stack: StackConfig::uniform(LayerConfig::new(cell, hidden_size), 1),
        learning_rate: None,
    }
}

fn recipe(problems: Vec<Problem>, networks: Vec<NetworkConfig>) -> Recipe {
    let mut train = TrainConfig {
        seed: 3,
        batch_size: 20,
        updates: Some(300),
        clip_norm: Some(1.0),
        ..TrainConfig::default()
    };
    train.optimizer.set_learning_rate(1e-2);
    Recipe {
        task: super::NAME.to_owned(),
        about: "a small comparison".to_owned(),
        data: MemoryData {
            problems,
            test_examples: 100,
        },
        model: MemoryModel { networks },
        train,
    }
}

#[test]
fn the_gradient_of_an_independent_unit_shrinks_by_its_weight_at_every_step() {
    // With a positive bias the ReLU is open, so h_t = u h_t-1 + 1 and the gradient at
    // lag k is u^k times that at the last step.
    let u = 0.8_f32;
    let examples = Examples::new(Problem::Adding { seq_len: 12 }, 1).unwrap();
    let config = network("IndRNN", CellName::IndRnn, 2);
    let net = MemoryNet::new(&config, &examples, 1, &training_device()).unwrap();
    let tensors = weights::export(&net)
        .into_iter()
        .map(|mut tensor| {
            let value = match tensor.name.rsplit('.').next() {
                Some("w_hh") => u,
                Some("w_ih") => 0.0,
                _ => 1.0,
            };
            tensor.values.fill(value);
            tensor
        })
        .collect();
    let net = weights::import(net, tensors, "test").unwrap();
    let norms = net.gradient_by_lag(&examples).unwrap();
    assert_eq!(norms.len(), 11);
    let expected: Vec<f64> = (0..11).map(|k| norms[0] * f64::from(u).powi(k)).collect();
    assert_close(&norms, &expected, Tol::both(1e-5));
}

#[test]
fn a_gru_remembers_where_it_pays() {
    let problems = vec![
        Problem::Adding { seq_len: 6 },
        Problem::Copy { pause_len: 1 },
    ];
    let recipe = recipe(problems, vec![network("GRU", CellName::Gru, 32)]);
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let any = AnyRecipe::Memory(recipe.clone());
    let trained = crate::train(&any, &dir, &Control::silent()).unwrap();
    for evaluation in &trained.evaluations {
        let loss = evaluation.metrics.get("loss").unwrap();
        let no_memory = evaluation.baselines[NO_MEMORY].get("loss").unwrap();
        assert!(loss < 0.9 * no_memory, "{}: {loss}", evaluation.split);
    }

    let run = Run::open(&dir).unwrap();
    for contest in contests(&recipe).unwrap() {
        let own = contest.run(&run).unwrap();
        assert!(!read_history(&own).unwrap().is_empty());
        let gradients = contest.gradients(&run).unwrap();
        let lags = contest.examples.seq_len() - 1;
        assert_eq!(
            (gradients.before.len(), gradients.after.len()),
            (lags, lags)
        );
    }
    let page = run.read_text("report.html").unwrap();
    assert!(page.contains("Adding problem, 6 steps"));
    assert!(run.path("plots/copy-1-gradient.svg").unwrap().is_file());

    // Judged again from its files, the run says the same.
    assert_eq!(crate::evaluate(&dir, None).unwrap(), trained.evaluations);
}

#[test]
fn an_interrupted_comparison_goes_on_where_it_stopped() {
    let networks = vec![
        network("RNN", CellName::Rnn, 4),
        network("GRU", CellName::Gru, 4),
    ];
    let mut recipe = recipe(vec![Problem::Adding { seq_len: 4 }], networks);
    recipe.train.updates = Some(20);
    let any = AnyRecipe::Memory(recipe);
    let place = tempfile::tempdir().unwrap();
    let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
    crate::train(&any, &whole, &Control::silent()).unwrap();

    let control = Control::silent();
    control.interrupt.request();
    let stopped = crate::train(&any, &parts, &control).unwrap();
    assert!(stopped.evaluations.is_empty());
    let resumed = crate::resume(&parts, &Control::silent()).unwrap();
    assert_eq!(resumed.evaluations.len(), 2);
    for name in ["RNN", "GRU"] {
        let weights = |dir: &std::path::Path| {
            let file = format!("networks/adding-4/{name}/model.safetensors");
            std::fs::read(dir.join(file)).unwrap()
        };
        assert_eq!(weights(&whole), weights(&parts), "{name}");
    }
}

#[test]
fn names_that_would_not_make_a_folder_are_refused() {
    let bad = recipe(
        vec![Problem::Adding { seq_len: 4 }],
        vec![network("../RNN", CellName::Rnn, 4)],
    );
    let error = bad.check().unwrap_err().to_string();
    assert_eq!(
        error,
        "model.networks[0].name: expected letters, digits and `-`, got ../RNN"
    );
}

#[test]
fn a_network_that_explodes_is_a_result_and_the_others_go_on() {
    let mut wild = network("wild", CellName::Rnn, 4);
    // A ReLU that doubles itself overflows within the 200 steps.
    wild.stack.layer = wild.stack.layer.map(|layer| LayerConfig {
        activation: Some(recurra_nn::Activation::Relu),
        init: Some(recurra_nn::cell::InitConfig {
            input: recurra_nn::Initialiser::Constant(1.0),
            recurrent: Some(recurra_nn::Initialiser::Constant(2.0)),
            ..Default::default()
        }),
        ..layer
    });
    let networks = vec![wild, network("GRU", CellName::Gru, 4)];
    let mut recipe = recipe(vec![Problem::Adding { seq_len: 200 }], networks);
    recipe.train.updates = Some(3);
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let trained = crate::train(&AnyRecipe::Memory(recipe), &dir, &Control::silent()).unwrap();
    let [wild, gru] = &trained.evaluations[..] else {
        panic!("two networks")
    };
    assert!(wild.metrics.is_empty() && wild.notes[0].contains("ceased to make sense"));
    assert!(gru.metrics.get("loss").is_some());
    assert!(crate::write_report(&dir).is_ok());
}
