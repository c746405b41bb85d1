//! Classifiers that begin with what a language model has learnt.

use super::{OPTIONS, Place};
use crate::recipe::RecipeSource;
use crate::tasks::classify::adversarial;
use crate::tasks::classify::data::Sequences;
use crate::tasks::classify::model::{Classifier, Input};
use crate::{open, train};
use burn::tensor::activation;
use recurra_nn::optim::Gradients;
use recurra_nn::weights::{NamedTensor, names, read_safetensors};
use recurra_nn::{Mode, Tensor, rng};
use recurra_train::metric::ACCURACY;
use recurra_train::{Control, Differentiated};
use std::path::Path;

/// Words, as the classifier cuts.
const WORDS: [&str; 2] = [
    "data.unit=piece",
    "data.tokenizer={ pieces = \"words\", vocab_size = 50 }",
];

impl Place {
    /// A language model of the place's texts, as small as the classifier.
    fn language(&self, name: &str, more: &[&str]) {
        let mut overrides = vec![
            format!("data.path={}", self.path("texts.tsv").display()),
            "data.column=text".to_owned(),
            "data.case=keep".to_owned(),
            "data.tbptt_len=8".to_owned(),
            "model.embed_size=12".to_owned(),
            "model.stack.layer={ cell = \"gru\", hidden_size = 24 }".to_owned(),
            "train.batch_size=4".to_owned(),
            "train.updates=4".to_owned(),
        ];
        overrides.extend(more.iter().map(|&one| one.to_owned()));
        let recipe = RecipeSource::find("harbour-char").unwrap();
        let recipe = recipe.resolve(&overrides).unwrap();
        train(&recipe, &self.path(name), &Control::silent()).unwrap();
    }

    fn init_from(&self, name: &str) -> String {
        format!("model.init_from={}", self.path(name).display())
    }
}

fn tensors(run: &Path) -> Vec<NamedTensor> {
    let path = run.join("model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    read_safetensors(&bytes, &path).unwrap().0
}

#[test]
fn layers_that_do_not_learn_yet_are_those_of_the_language_model() {
    let place = Place::new();
    // Whatever its softmax.
    let softmax = "model.adaptive_softmax=[5]";
    place.language("language", &[WORDS[0], WORDS[1], softmax]);
    let init_from = place.init_from("language");
    let more = [
        init_from.as_str(),
        "model.embed_size=12",
        "train.updates=30",
        "train.optimizer={ name = \"adamw\", learning_rate = 1e-2 }",
        "train.fine_tuning={ rate_decay = 0.5, unfreeze_every = 30 }",
    ];
    place.train(&more).unwrap();
    let learnt = tensors(&place.path("language"));
    let own = tensors(&place.path("run"));
    let taken = |tensor: &&NamedTensor| {
        ["embedding.", "stack."]
            .iter()
            .any(|part| tensor.name.starts_with(part))
    };
    assert_eq!(own.iter().filter(taken).count(), 5);
    for tensor in own.iter().filter(taken) {
        assert!(learnt.contains(tensor), "{}", tensor.name);
    }
    let head = own
        .iter()
        .find(|tensor| tensor.name == "head.bias")
        .unwrap();
    assert!(head.values.iter().all(|value| *value != 0.0));
    // The run stands alone.
    std::fs::remove_dir_all(place.path("language")).unwrap();
    assert!(
        open(&place.path("run"))
            .unwrap()
            .predict("o x o y", 1, OPTIONS)
            .is_ok()
    );
}

#[test]
fn layers_unfreeze_from_the_top_down() {
    let place = Place::new();
    place.language("language", &WORDS);
    let init_from = place.init_from("language");
    let more = [
        init_from.as_str(),
        "model.embed_size=12",
        "train.updates=6",
        "train.optimizer={ name = \"sgd\", learning_rate = 0.1 }",
        "train.fine_tuning={ unfreeze_every = 4 }",
    ];
    place.train(&more).unwrap();
    let (learnt, own) = (
        tensors(&place.path("language")),
        tensors(&place.path("run")),
    );
    let same = |name: &str| {
        let of = |all: &[NamedTensor]| all.iter().find(|one| one.name == name).cloned();
        of(&learnt) == of(&own)
    };
    assert!(
        same("embedding.weight"),
        "two below the head: from update 9 on"
    );
    assert!(
        !same("stack.layers.0.cell.w_hh"),
        "one below the head: from update 5 on"
    );
}

#[test]
fn what_does_not_fit_the_language_model_is_refused_by_key() {
    let place = Place::new();
    place.language("language", &WORDS);
    let refusal = |more: &[&str]| {
        let init_from = place.init_from("language");
        let mut all = vec![init_from.as_str(), "model.embed_size=12"];
        all.extend(more);
        place.refusal(&all)
    };
    insta::assert_snapshot!(refusal(&["model.embed_size=16"]), @"model.embed_size: expected 12, as in DIR/language, which `model.init_from` names, got 16");
    insta::assert_snapshot!(refusal(&["model.stack.layer={ cell = \"lstm\", hidden_size = 24 }"]), @r#"model.stack.layer.cell: expected "gru", as in DIR/language, which `model.init_from` names, got "lstm""#);
    insta::assert_snapshot!(refusal(&["model.stack.layer.hidden_size=32"]), @"model.stack.layer.hidden_size: expected 24, as in DIR/language, which `model.init_from` names, got 32");
    insta::assert_snapshot!(refusal(&["model.stack.num_layers=2"]), @"model.stack.num_layers: expected 1, as in DIR/language, which `model.init_from` names, got 2");
    insta::assert_snapshot!(refusal(&["model.stack.layer.bidirectional=concat"]), @"model.stack.layer.bidirectional: expected nothing, as DIR/language has learnt to read forward, got a merge");
    insta::assert_snapshot!(refusal(&["data.tokenizer={ pieces = \"words\", vocab_size = 60 }"]), @"data.tokenizer.vocab_size: expected 50, as in DIR/language, which `model.init_from` names, got 60");
    insta::assert_snapshot!(refusal(&["data.markup=strip"]), @r#"data.markup: expected "keep", as in DIR/language, which `model.init_from` names, got "strip""#);
    let none = place.init_from("nowhere");
    assert!(refusal(&[&none]).contains("does not exist"));
    place.language("letters", &[]);
    let letters = place.init_from("letters");
    insta::assert_snapshot!(refusal(&[&letters]), @r#"model.init_from: expected a run whose text a tokenizer cuts (`data.unit = "piece"`), got DIR/letters, of letters"#);
}

#[test]
fn gradients_at_vectors_that_hardly_move_are_twice_those_of_the_plain_loss() {
    let place = Place::new();
    let crate::Recipe::Classify(recipe) = place.recipe(&[]).unwrap() else {
        unreachable!("the recipe is of this task");
    };
    let input = Input::Tokens { vocab_size: 9 };
    let device = crate::tasks::training_device();
    let model: Classifier = recipe.model.build(input, 2, 1, &device).unwrap();
    let rows = vec![vec![4, 5, 6, 7, 8], vec![5], vec![8, 8, 4]];
    let batch = Sequences::Tokens(rows).batch(&[0, 1, 2]);
    let loss = |logits: Tensor<2>| {
        activation::log_softmax(logits, 1)
            .narrow(1, 0, 1)
            .mean()
            .neg()
    };
    let plain = {
        let mut rng = rng(1, 0);
        let logits = model.logits(&batch, Mode::train(&mut rng)).unwrap();
        Differentiated::of(&model, loss(logits)).unwrap()
    };
    let both = |share: f64| {
        let mut rng = rng(1, 0);
        adversarial::differentiate(&model, &batch, share, Mode::train(&mut rng), loss).unwrap()
    };
    let near = both(1e-7);
    assert!((near.loss - plain.loss).abs() < 1e-9);
    let all = |gradients: &Gradients| -> Vec<f32> {
        let ids = names(&model).into_iter();
        ids.flat_map(|(_, id)| gradients.get(id).unwrap().to_vec())
            .collect()
    };
    for (twice, once) in all(&near.gradients).iter().zip(all(&plain.gradients)) {
        assert!((twice - 2.0 * once).abs() < 1e-5, "{twice} {once}");
    }
    assert_ne!(all(&both(0.2).gradients), all(&near.gradients));
}

#[test]
fn order_is_learnt_from_moved_vectors_too() {
    let place = Place::new();
    let trained = place.train(&["loss.adversarial=0.1"]).unwrap();
    let accuracy = trained.evaluations[0].metrics.get(ACCURACY.name).unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
}
