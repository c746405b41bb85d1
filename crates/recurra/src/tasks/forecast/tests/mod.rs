//! The task as its users meet it.

mod honesty;
mod horizons;
mod judging;
mod panels;
mod predicting;
mod running;
mod windowing;

use super::config::{DataConfig, Recipe};
use super::example::Example;
use super::model::{ForecastModel, Sizes};
use crate::recipe::RecipeSource;
use recurra_data::series::ScaleBy;
use recurra_nn::{CellName, Device, LayerConfig, StackConfig, rng};
use recurra_train::Control;

/// A small recipe of one family of ramps.
const RAMPS: &str = r#"
task = "forecast"
about = "ramps"

[data]
source = "generated"
examples_per_epoch = 512
num_valid = 64
num_test = 64
families = [{ name = "ramps", weight = 1.0, window_len = [3, 8], generator = { kind = "ramp" } }]

[model.stack]
layer = { cell = "gru", hidden_size = 16 }

[train]
updates = 600
batch_size = 32
evaluate_every = 300
optimizer = { name = "adam", learning_rate = 0.02 }
schedule = { name = "cosine" }
"#;

/// A small recipe of a column of the file at `path`.
fn column_recipe(path: &std::path::Path) -> String {
    format!(
        r#"
task = "forecast"
about = "a column"

[data]
source = "column"
path = '{}'
window_len = 4
split = {{ train = 0.6, valid = 0.2, test = 0.2 }}

[model.stack]
layer = {{ cell = "lstm", hidden_size = 8 }}

[train]
updates = 20
evaluate_every = 10
"#,
        path.display()
    )
}

fn resolve(text: &str, overrides: &[&str]) -> Result<crate::Recipe, crate::Error> {
    let source = RecipeSource {
        name: "test".to_owned(),
        origin: "recipe `test`".to_owned(),
        text: text.to_owned(),
    };
    let overrides: Vec<String> = overrides.iter().map(|&s| s.to_owned()).collect();
    source.resolve(&overrides)
}

fn recipe(text: &str) -> Recipe {
    match resolve(text, &[]).unwrap() {
        crate::Recipe::Forecast(recipe) => recipe,
        other => panic!("{other:?} is another task"),
    }
}

/// An untrained network: what it says is a function of what it reads, and that is enough.
fn untrained() -> ForecastModel {
    let config = super::ModelConfig {
        scale_by: ScaleBy::default(),
        ar_len: None,
        ar_init: super::ArInit::default(),
        ahead: super::Ahead::default(),
        paths: None,
        head: super::Head::default(),
        stack: StackConfig::uniform(LayerConfig::new(CellName::Lstm, 12), 2),
    };
    ForecastModel::new(&config, Sizes::NEXT, &mut rng(5, 0), &Device::flex()).unwrap()
}

fn example(inputs: &[f64], target: f64) -> Example {
    let window = 0..inputs.len();
    Example::new(&inputs.into(), window, target, 0, ScaleBy::default()).unwrap()
}

#[test]
fn recipes_are_checked_key_by_key() {
    let refusal = |set: &str| resolve(RAMPS, &[set]).unwrap_err().to_string();
    insta::assert_snapshot!(refusal("data.window_len=8"), @"recipe `test`: unknown field `window_len`, expected one of `examples_per_epoch`, `num_valid`, `num_test`, `families` in `data`");
    insta::assert_snapshot!(refusal("data.num_test=0"), @"data.num_test: expected at least 1, got 0");
    insta::assert_snapshot!(refusal("data.source=colum"), @"recipe `test`: unknown variant `colum`, expected one of `generated`, `column`, `panel` in `data.source`; did you mean `column`?");
    insta::assert_snapshot!(
        refusal("data.families=[{ name = \"a\", weight = 1, window_len = [1, 8], generator = { kind = \"ramp\" } }]"),
        @"data.families[0].window_len: expected [least, most] with 2 <= least <= most <= 10000, got [1, 8]"
    );
    insta::assert_snapshot!(refusal("data.families=[]"), @"`families`: expected at least one family with a weight above 0, got 0 families of total weight 0");
    insta::assert_snapshot!(refusal("model.stack.layer.hidden_size=0"), @"`hidden_size`: expected at least 1, got 0");
    let refusal = |set: &str| {
        let recipe = column_recipe("a.csv".as_ref());
        resolve(&recipe, &[set]).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal("data.window_len=1"), @"data.window_len: expected 2 to 10000, as a change needs two values, got 1");
    insta::assert_snapshot!(refusal("data.season_len=5"), @"data.season_len: expected 2 to 4 (window_len), got 5");
    insta::assert_snapshot!(refusal("data.split.test=0"), @"`split.train + valid + test`: expected a sum of 1, got 0.8");
    insta::assert_snapshot!(refusal("data.column=0"), @"recipe `test`: columns count from 1, got 0 in `data`");
    insta::assert_snapshot!(refusal("model.scale=range"), @"recipe `test`: unknown field `scale`, expected one of `scale_by`, `ar_len`, `ar_init`, `ahead`, `paths`, `head`, `stack` in `model`; did you mean `scale_by`?");
}

#[test]
fn a_resolved_recipe_reads_back_the_same() {
    let place = tempfile::tempdir().unwrap();
    for text in [RAMPS.to_owned(), column_recipe(&place.path().join("a.csv"))] {
        let recipe = resolve(&text, &[]).unwrap();
        assert_eq!(resolve(&recipe.to_toml(), &[]).unwrap(), recipe);
    }
    let column = resolve(&column_recipe(place.path()), &["data.column=Close"]).unwrap();
    let crate::Recipe::Forecast(recipe) = &column else {
        panic!("another task")
    };
    assert!(matches!(&recipe.data, DataConfig::Column(data) if data.column.is_some()));
    assert_eq!(resolve(&column.to_toml(), &[]).unwrap(), column);
}
