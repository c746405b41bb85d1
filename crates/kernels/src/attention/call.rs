//! The calls and their checks.

use crate::KernelError;
use crate::measure::Measure;

/// The sizes of an attention: B, Q, K, H and D of the documentation. Any may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttentionShape {
    /// B: rows of the batch.
    pub batch_size: usize,
    /// Q: queries of a row.
    pub query_len: usize,
    /// K: keys of a row, padding included.
    pub key_len: usize,
    /// H: width of queries and keys.
    pub key_size: usize,
    /// D: width of values.
    pub value_size: usize,
}

/// How well a key fits a query.
#[derive(Clone, Copy, Debug)]
pub enum Score<'a, R = f32> {
    /// `v·tanh(q + k)`
    Additive {
        /// v, `[H]`
        vector: &'a [R],
    },
    /// `scale · q·k`
    Dot {
        /// 1, or `1/√H`.
        scale: f64,
    },
}

/// `alignment = softmax(score(q, k))` over real keys, `context = Σ alignment · value`.
#[derive(Debug)]
pub struct Attend<'a, R = f32> {
    /// B, Q, K, H and D.
    pub shape: AttentionShape,
    /// How keys are scored.
    pub score: Score<'a, R>,
    /// `[B, Q, H]`
    pub queries: &'a [R],
    /// `[B, K, H]`
    pub keys: &'a [R],
    /// `[B, K, D]`
    pub values: &'a [R],
    /// `[B]`: real keys of each row, at most K; the rest are not looked at.
    pub lengths: Option<&'a [usize]>,
    /// `[B, Q, K]`, overwritten; zero for keys that are not real.
    pub alignment: &'a mut [R],
    /// `[B, Q, D]`, overwritten; zero in rows without a real key.
    pub context: &'a mut [R],
}

/// Where the gradient of a score's own weights goes.
#[derive(Debug)]
pub enum ScoreGradient<'a, R = f32> {
    /// Of [`Score::Additive`]: `[H]`, overwritten.
    Additive {
        /// dv
        d_vector: &'a mut [R],
    },
    /// [`Score::Dot`] has none.
    Dot,
}

/// The gradients of [`Attend`].
#[derive(Debug)]
pub struct AttendBackward<'a, R = f32> {
    /// As in the forward call.
    pub shape: AttentionShape,
    /// As in the forward call.
    pub score: Score<'a, R>,
    /// As in the forward call.
    pub queries: &'a [R],
    /// As in the forward call.
    pub keys: &'a [R],
    /// As in the forward call.
    pub values: &'a [R],
    /// As in the forward call.
    pub lengths: Option<&'a [usize]>,
    /// `[B, Q, K]`, what the forward call made.
    pub alignment: &'a [R],
    /// `[B, Q, D]`
    pub d_context: &'a [R],
    /// `[B, Q, K]`, if the alignment is used by itself.
    pub d_alignment: Option<&'a [R]>,
    /// `[B, Q, H]`, overwritten.
    pub d_queries: &'a mut [R],
    /// `[B, K, H]`, overwritten; zero for keys that are not real.
    pub d_keys: &'a mut [R],
    /// `[B, K, D]`, overwritten; zero for keys that are not real.
    pub d_values: &'a mut [R],
    /// Of the score's own weights, overwritten.
    pub d_score: ScoreGradient<'a, R>,
}

impl<R> Attend<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks {
            measure: Measure { op: "attend" },
            shape: self.shape,
        };
        checks.inputs(&self.score, self.queries, self.keys, self.values)?;
        checks.lengths(self.lengths)?;
        checks.alignment("alignment", self.alignment)?;
        checks.context("context", self.context)
    }
}

impl<R> AttendBackward<'_, R> {
    pub(crate) fn check(&self) -> Result<(), KernelError> {
        let checks = Checks {
            measure: Measure {
                op: "attend_backward",
            },
            shape: self.shape,
        };
        checks.inputs(&self.score, self.queries, self.keys, self.values)?;
        checks.lengths(self.lengths)?;
        checks.alignment("alignment", self.alignment)?;
        checks.context("d_context", self.d_context)?;
        if let Some(d_alignment) = self.d_alignment {
            checks.alignment("d_alignment", d_alignment)?;
        }
        checks.queries("d_queries", self.d_queries)?;
        checks.keys("d_keys", self.d_keys)?;
        checks.values("d_values", self.d_values)?;
        let wanted = match self.score {
            Score::Additive { .. } => self.shape.key_size,
            Score::Dot { .. } => 0,
        };
        let d_vector = match &self.d_score {
            ScoreGradient::Additive { d_vector } => &**d_vector,
            ScoreGradient::Dot => &[],
        };
        (checks.measure).len("d_score.d_vector", "[H]", &[wanted], d_vector)
    }
}

struct Checks {
    measure: Measure,
    shape: AttentionShape,
}

impl Checks {
    fn inputs<R>(
        &self,
        score: &Score<'_, R>,
        queries: &[R],
        keys: &[R],
        values: &[R],
    ) -> Result<(), KernelError> {
        if let Score::Additive { vector } = score {
            (self.measure).len("score.vector", "[H]", &[self.shape.key_size], vector)?;
        }
        self.queries("queries", queries)?;
        self.keys("keys", keys)?;
        self.values("values", values)
    }

    fn queries<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.query_len, s.key_size];
        self.measure.len(name, "[B, Q, H]", &dimensions, values)
    }

    fn keys<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.key_len, s.key_size];
        self.measure.len(name, "[B, K, H]", &dimensions, values)
    }

    fn values<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.key_len, s.value_size];
        self.measure.len(name, "[B, K, D]", &dimensions, values)
    }

    fn alignment<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.query_len, s.key_len];
        self.measure.len(name, "[B, Q, K]", &dimensions, values)
    }

    fn context<R>(&self, name: &'static str, values: &[R]) -> Result<(), KernelError> {
        let s = self.shape;
        let dimensions = [s.batch_size, s.query_len, s.value_size];
        self.measure.len(name, "[B, Q, D]", &dimensions, values)
    }

    fn lengths(&self, lengths: Option<&[usize]>) -> Result<(), KernelError> {
        let Some(lengths) = lengths else {
            return Ok(());
        };
        let AttentionShape {
            batch_size,
            key_len,
            ..
        } = self.shape;
        (self.measure).len("lengths", "[B]", &[batch_size], lengths)?;
        match lengths.iter().position(|&length| length > key_len) {
            Some(row) => Err(KernelError::RowLength {
                op: self.measure.op,
                row,
                seq_len: key_len,
                got: lengths[row],
            }),
            None => Ok(()),
        }
    }
}
