//! The recipes that are part of the binary.

/// A recipe of the folder `recipes/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedRecipe {
    /// The file's name without `.toml`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// The files of `recipes/`, by task and name.
macro_rules! recipes {
    ($($task:literal / $name:literal),* $(,)?) => {
        &[$(EmbeddedRecipe {
            name: $name,
            text: include_str!(concat!(
                "../../../../recipes/", $task, "/", $name, ".toml"
            )),
        }),*]
    };
}

/// All built-in recipes; a test holds the list equal to the folder.
pub fn embedded() -> &'static [EmbeddedRecipe] {
    recipes![
        "forecast" / "number-sequence",
        "forecast" / "series-from-csv",
        "forecast" / "air-passengers",
        "forecast" / "etth1",
        "forecast" / "etth1-day-ahead",
        "forecast" / "exchange-rate",
        "forecast" / "folded-walk",
        "forecast" / "kospi",
        "forecast" / "m4-hourly",
        "forecast" / "random-walk",
        "forecast" / "sunspots",
        "forecast" / "us-stocks",
        "complete" / "word-completion",
        "complete" / "word-completion-any",
        "complete" / "word-completion-english",
        "complete" / "word-completion-korean",
        "complete" / "word-completion-korean-syllable",
        "classify" / "sentiment-small",
        "classify" / "imdb",
        "classify" / "imdb-pretrained",
        "classify" / "permuted-mnist",
        "classify" / "seq-mnist",
        "classify" / "nsmc",
        "classify" / "nsmc-pretrained",
        "classify" / "sst2",
        "classify" / "airline-brands",
        "language" / "harbour-char",
        "language" / "imdb-lm",
        "language" / "nsmc-lm",
        "language" / "korean-char",
        "language" / "ptb-awd",
        "language" / "ptb-char",
        "language" / "ptb-medium",
        "language" / "ptb-small",
        "language" / "shakespeare-char",
        "memory" / "memory",
        "memory" / "memory-adding-600",
        "memory" / "memory-scan",
        "translate" / "bible-en-ko",
        "translate" / "chat-en",
        "translate" / "chat-ko",
        "translate" / "gnmt",
        "translate" / "gnmt-small",
        "translate" / "gnmt-small-plain",
        "translate" / "gnmt-small-shallow",
        "translate" / "multi30k-de-en",
        "translate" / "multi30k-en-de",
        "translate" / "multi30k-en-fr",
        "translate" / "tatoeba-en-ko",
        "music" / "folk-tunes",
        "music" / "jsb",
        "music" / "musedata",
        "music" / "nottingham",
        "translate" / "word-translation",
        "tag" / "tag-entities",
        "tag" / "ewt-pos",
        "tag" / "conll2000-chunks",
        "tag" / "wnut17",
        "tag" / "klue-ner",
        "tag" / "ko-pos",
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_recipe_file_is_embedded_and_resolves() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
        let mut files = BTreeSet::new();
        for task in std::fs::read_dir(folder).unwrap() {
            for file in std::fs::read_dir(task.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                files.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
            }
        }
        let names: BTreeSet<String> = embedded().iter().map(|r| r.name.to_owned()).collect();
        assert_eq!(files, names);
        for name in names {
            let source = crate::recipe::RecipeSource::find(&name).unwrap();
            source.resolve(&[]).unwrap();
        }
    }
}
