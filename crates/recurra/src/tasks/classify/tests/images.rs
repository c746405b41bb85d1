//! Images read pixel by pixel.

use super::OPTIONS;
use crate::recipe::RecipeSource;
use crate::{Error, Recipe, evaluate, evaluate_in, open, open_in, quantize, train};
use recurra_nn::streaming::Precision;
use recurra_train::Control;
use recurra_train::metric::ACCURACY;
use std::path::Path;

/// Images of three pixels by two, whose bright pixel is in the first half or in the second.
fn write(dir: &Path, count: u8) {
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 3];
    let mut labels = vec![0, 0, 8, 1, 0, 0, 0, count];
    for index in 0..count {
        let mut image = [0; 6];
        image[usize::from(index % 6)] = 200 + index % 50;
        images.extend(image);
        labels.push(if index % 6 < 3 { 3 } else { 8 });
    }
    std::fs::write(dir.join("images"), images).unwrap();
    std::fs::write(dir.join("labels"), labels).unwrap();
}

fn recipe(dir: &Path, more: &[&str]) -> Result<Recipe, Error> {
    let mut overrides = vec![
        format!("data.path={}", dir.display()),
        "data.images=images".to_owned(),
        "data.labels=labels".to_owned(),
        "data.split={ train = 0.6, valid = 0.2, test = 0.2 }".to_owned(),
        "model.pooling=[\"last\"]".to_owned(),
        "model.stack.layers=[{ cell = \"gru\", hidden_size = 12 }]".to_owned(),
        "train.batch_size=16".to_owned(),
        "train.updates=120".to_owned(),
        "train.evaluate_every=60".to_owned(),
        "train.optimizer={ name = \"adam\", learning_rate = 1e-2 }".to_owned(),
        "train.schedule={ name = \"constant\" }".to_owned(),
        "train.averaging={ name = \"none\" }".to_owned(),
    ];
    overrides.extend(more.iter().map(|&one| one.to_owned()));
    // One file, as a test of its own would be read beside it.
    let text = include_str!("../../../../../../recipes/classify/permuted-mnist.toml");
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("test_"))
        .collect();
    let path = dir.join("recipe.toml");
    std::fs::write(&path, kept.join("\n")).unwrap();
    RecipeSource::find(path.to_str().unwrap())?.resolve(&overrides)
}

#[test]
fn images_are_learnt_judged_beside_their_baselines_and_answered() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    write(dir, 120);
    let run = dir.join("run");
    let recipe = recipe(dir, &[]).unwrap();
    let trained = train(&recipe, &run, &Control::silent()).unwrap();
    let evaluation = &trained.evaluations[0];
    let accuracy = evaluation.metrics.get(ACCURACY.name).unwrap();
    assert!(accuracy > 0.9, "{accuracy}");
    let names: Vec<&String> = evaluation.baselines.keys().collect();
    assert_eq!(names, ["always `3`", "logistic regression on pixels"]);
    assert_eq!(evaluate(&run, None).unwrap(), trained.evaluations);

    let predictor = open(&run).unwrap();
    let said = predictor.predict("0 0 0, 0 230 0", 1, OPTIONS).unwrap();
    assert_eq!(said.json["label"], "8");
    for (line, why) in [
        ("0 0 0 0 230", "expected the 6 pixels of an image, got 5"),
        ("0 0 0 0 0 256", "from 0 to 255, got 256"),
        ("0 0 0 0 0 x", "finite number"),
    ] {
        let refused = predictor.predict(line, 4, OPTIONS).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    quantize(&run, Precision::Int8).unwrap();
    let near = open_in(&run, Precision::Int8).unwrap();
    let near = near.predict("0 0 0 0 230 0", 1, OPTIONS).unwrap();
    assert_eq!(near.json["label"], "8");
    let judged = evaluate_in(&run, None, Precision::Int8).unwrap();
    assert!(judged[0].metrics.get(ACCURACY.name) >= Some(0.9));
    // What only texts have.
    let explained = crate::explain(&run, "a text").unwrap_err().to_string();
    assert!(
        explained.contains("of images reads no texts"),
        "{explained}"
    );
    let judged = evaluate(&run, Some(dir)).unwrap_err().to_string();
    assert!(judged.contains("--data"), "{judged}");
    // Other images in their place.
    write(dir, 110);
    let changed = evaluate(&run, None).unwrap_err().to_string();
    assert!(
        changed.contains("not those that the run began with"),
        "{changed}"
    );
}

#[test]
fn what_cannot_be_images_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    write(dir, 30);
    for (given, key) in [
        ("data.step_size=4", "data.step_size"),
        ("data.step_size=0", "data.step_size"),
        ("data.test_images=images", "test_labels"),
        ("data.images=labels", "0x00000801"),
        (
            "data.split={ train = 0.9, valid = 0.1, test = 0.0 }",
            "data.split",
        ),
        ("model.embed_size=4", "model.embed_size"),
        ("model.word_dropout=0.1", "model.word_dropout"),
        ("model.init_from=runs/language", "model.init_from"),
    ] {
        let run = dir.join("run");
        let message = match recipe(dir, &[given]) {
            Ok(recipe) => train(&recipe, &run, &Control::silent()).unwrap_err(),
            Err(error) => error,
        };
        let message = message.to_string();
        assert!(message.contains(key), "{given}: {message}");
        assert!(!run.exists());
    }
}
