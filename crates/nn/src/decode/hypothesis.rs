//! What decoding finds.

/// One way in which a row may go on to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// Its tokens, without the first one that was read and without the end.
    pub ids: Vec<u32>,
    /// `ln p` of the tokens and the end.
    pub log_prob: f64,
    /// What it was ranked by; without penalties the same as `log_prob`.
    pub score: f64,
    /// `ln p` of each token, and last of the end.
    pub token_log_probs: Vec<f32>,
    /// The weights over the source at each token, and last at the end; rows are empty for a
    /// model without attention.
    pub alignment: Vec<Vec<f32>>,
}

impl Hypothesis {
    /// The source position that the token at `position` attends to most; the first of equals.
    pub fn aligned_to(&self, position: usize) -> Option<usize> {
        let weights = self.alignment.get(position)?.iter().enumerate();
        let best = weights.reduce(|best, one| if one.1 > best.1 { one } else { best });
        best.map(|(index, _)| index)
    }

    /// The hypothesis in words: a token as `word` says it, but in the place of `unk` the word
    /// of `source` that it attends to most, if there is one.
    ///
    /// # Source
    /// Jean et al. 2015; Luong et al. 2015, "Addressing the rare word problem".
    ///
    /// # Example
    /// ```
    /// use recurra_nn::decode::Hypothesis;
    ///
    /// let hypothesis = Hypothesis {
    ///     ids: vec![5, 1],
    ///     log_prob: -1.0,
    ///     score: -1.0,
    ///     token_log_probs: vec![-0.5, -0.25, -0.25],
    ///     alignment: vec![vec![0.9, 0.1], vec![0.2, 0.8], vec![0.5, 0.5]],
    /// };
    /// let words = hypothesis.words(1, |_| "hello", &["hallo", "Seoul"]);
    /// assert_eq!(words, ["hello", "Seoul"]);
    /// ```
    pub fn words<W: Clone>(
        &self,
        unk: u32,
        mut word: impl FnMut(u32) -> W,
        source: &[W],
    ) -> Vec<W> {
        let in_words = self.ids.iter().enumerate().map(|(position, &id)| {
            let from_source = || source.get(self.aligned_to(position)?).cloned();
            match id == unk {
                true => from_source().unwrap_or_else(|| word(id)),
                false => word(id),
            }
        });
        in_words.collect()
    }
}
