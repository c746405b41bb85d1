use proptest::prelude::*;
use recurra_kernels::{
    Attend, AttendBackward, AttentionShape, Isa, KernelError, Score, ScoreGradient, attend,
    attend_backward_on, attend_on, scalar,
};
use recurra_testkit::{Tol, assert_close, gradcheck};

use super::case::{assert_same_on_any_number_of_threads, values, wide};

/// A scoring without its weights.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Additive,
    Dot,
}

const KINDS: [Kind; 2] = [Kind::Additive, Kind::Dot];

#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    shape: AttentionShape,
    /// Vector, queries, keys, values, one after another.
    inputs: Vec<f32>,
    lengths: Option<Vec<usize>>,
    d_context: Vec<f32>,
    d_alignment: Vec<f32>,
}

impl Case {
    fn new(kind: Kind, [b, q, k, h, d]: [usize; 5]) -> Case {
        let shape = AttentionShape {
            batch_size: b,
            query_len: q,
            key_len: k,
            key_size: h,
            value_size: d,
        };
        Case {
            kind,
            shape,
            inputs: values(h + b * q * h + b * k * h + b * k * d, 1.5),
            lengths: None,
            d_context: values(b * q * d + 1, 1.0).split_off(1),
            d_alignment: values(b * q * k + 2, 1.0).split_off(2),
        }
    }

    fn with_lengths(mut self) -> Case {
        let key_len = self.shape.key_len;
        self.lengths = Some(
            (0..self.shape.batch_size)
                .map(|b| (b * 3 + 1) % (key_len + 1))
                .collect(),
        );
        self
    }

    fn split<'a, R>(&self, inputs: &'a [R]) -> [&'a [R]; 4] {
        let s = self.shape;
        let (vector, rest) = inputs.split_at(s.key_size);
        let (queries, rest) = rest.split_at(s.batch_size * s.query_len * s.key_size);
        let (keys, values) = rest.split_at(s.batch_size * s.key_len * s.key_size);
        [vector, queries, keys, values]
    }

    fn score<'a, R>(&self, vector: &'a [R]) -> Score<'a, R> {
        match self.kind {
            Kind::Additive => Score::Additive { vector },
            Kind::Dot => Score::Dot { scale: 0.3 },
        }
    }

    /// Runs a forward call: alignment and context.
    fn forward<R: Copy>(
        &self,
        inputs: &[R],
        nine: R,
        run: impl FnOnce(Attend<'_, R>) -> Result<(), KernelError>,
    ) -> [Vec<R>; 2] {
        let [vector, queries, keys, values] = self.split(inputs);
        let mut alignment = vec![nine; self.d_alignment.len()];
        let mut context = vec![nine; self.d_context.len()];
        run(Attend {
            shape: self.shape,
            score: self.score(vector),
            queries,
            keys,
            values,
            lengths: self.lengths.as_deref(),
            alignment: &mut alignment,
            context: &mut context,
        })
        .unwrap();
        [alignment, context]
    }

    /// Runs a backward call: the gradient of all inputs, one after another.
    fn backward<R: Copy>(
        &self,
        inputs: &[R],
        alignment: &[R],
        [d_context, d_alignment]: [&[R]; 2],
        run: impl FnOnce(AttendBackward<'_, R>) -> Result<(), KernelError>,
    ) -> Vec<R> {
        let [vector, queries, keys, values] = self.split(inputs);
        let mut d_vector = vector.to_vec();
        let (mut d_queries, mut d_keys) = (queries.to_vec(), keys.to_vec());
        let mut d_values = values.to_vec();
        run(AttendBackward {
            shape: self.shape,
            score: self.score(vector),
            queries,
            keys,
            values,
            lengths: self.lengths.as_deref(),
            alignment,
            d_context,
            d_alignment: Some(d_alignment),
            d_queries: &mut d_queries,
            d_keys: &mut d_keys,
            d_values: &mut d_values,
            d_score: match self.kind {
                Kind::Additive => ScoreGradient::Additive {
                    d_vector: &mut d_vector,
                },
                Kind::Dot => ScoreGradient::Dot,
            },
        })
        .unwrap();
        if let Kind::Dot = self.kind {
            d_vector.clear();
        }
        [d_vector, d_queries, d_keys, d_values].concat()
    }

    fn exact(&self, inputs: &[f64]) -> [Vec<f64>; 2] {
        self.forward(inputs, 9.0, scalar::attend)
    }

    fn exact_back(&self) -> Vec<f64> {
        let inputs = wide(&self.inputs);
        let [alignment, _] = self.exact(&inputs);
        let (d_context, d_alignment) = (wide(&self.d_context), wide(&self.d_alignment));
        let gradients = [&d_context[..], &d_alignment];
        self.backward(&inputs, &alignment, gradients, scalar::attend_backward)
    }

    fn run(&self, isa: Isa) -> [Vec<f32>; 3] {
        let [alignment, context] = self.forward(&self.inputs, 9.0, |call| attend_on(isa, call));
        let gradients = [&self.d_context[..], &self.d_alignment];
        let back = self.backward(&self.inputs, &alignment, gradients, |call| {
            attend_backward_on(isa, call)
        });
        [alignment, context, back]
    }

    fn assert_agrees(&self) {
        let [alignment, context] = self.exact(&wide(&self.inputs));
        let back = self.exact_back();
        for isa in Isa::available() {
            let [got_alignment, got_context, got_back] = self.run(isa);
            assert_close(&got_alignment, &alignment, Tol::both(2e-6));
            assert_close(&got_context, &context, Tol::both(2e-6));
            assert_close(&got_back, &back, Tol::both(5e-6));
        }
    }
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    let shapes = [
        [0, 2, 3, 4, 5],
        [2, 0, 3, 4, 5],
        [2, 2, 0, 4, 5],
        [1, 1, 1, 1, 1],
        [2, 3, 4, 0, 2],
        [2, 3, 4, 2, 0],
        [3, 2, 5, 17, 33],
        [2, 4, 3, 32, 16],
        [2, 4, 5, 0, 3],
        [2, 4, 5, 3, 0],
        [3, 9, 35, 21, 40],
    ];
    for kind in KINDS {
        for shape in shapes {
            Case::new(kind, shape).assert_agrees();
            Case::new(kind, shape).with_lengths().assert_agrees();
        }
    }
}

#[test]
fn the_gradients_are_those_of_the_results() {
    for kind in KINDS {
        let case = Case::new(kind, [3, 2, 3, 3, 2]).with_lengths();
        let total = |inputs: &[f64]| {
            let [alignment, context] = case.exact(inputs);
            let product = |x: &[f64], d: &[f32]| -> f64 {
                x.iter().zip(d).map(|(x, &d)| x * f64::from(d)).sum()
            };
            product(&alignment, &case.d_alignment) + product(&context, &case.d_context)
        };
        // A score without weights has no gradient of them.
        let mut gradient = case.exact_back();
        if let Kind::Dot = kind {
            gradient.splice(0..0, [0.0; 3]);
        }
        gradcheck(total, &wide(&case.inputs), &gradient, Tol::both(1e-8));
    }
}

#[test]
fn rows_without_a_key_have_an_empty_context_and_padding_is_not_looked_at() {
    for (kind, queries) in [(Kind::Additive, 2), (Kind::Dot, 2), (Kind::Dot, 6)] {
        let mut case = Case::new(kind, [2, queries, 3, 4, 5]);
        case.lengths = Some(vec![0, 2]);
        let expected = case.run(Isa::active());
        assert!(expected[0][..3 * queries].iter().all(|&share| share == 0.0));
        assert!(expected[1][..5 * queries].iter().all(|&x| x == 0.0));
        // The keys of the first row, and the last key and value of the second.
        let keys = 4 + 8 * queries;
        let values = keys + 24;
        let padding = [
            keys..keys + 12,
            keys + 20..keys + 24,
            values + 25..values + 30,
        ];
        for place in padding.into_iter().flatten() {
            case.inputs[place] = f32::NAN;
        }
        for isa in Isa::available() {
            let got = case.run(isa);
            for (got, expected) in got.iter().zip(&expected) {
                assert_close(got, expected, Tol::both(2e-6));
            }
        }
    }
}

#[test]
fn nan_is_never_hidden() {
    for (kind, queries) in [(Kind::Additive, 1), (Kind::Dot, 1), (Kind::Dot, 5)] {
        let mut case = Case::new(kind, [2, queries, 3, 4, 2]);
        // A key of the second row.
        case.inputs[4 + 8 * queries + 12] = f32::NAN;
        for isa in Isa::available() {
            let [alignment, context, _] = case.run(isa);
            let (alignments, contexts) = (
                alignment.split_at(3 * queries),
                context.split_at(2 * queries),
            );
            let mut first = alignments.0.iter().chain(contexts.0);
            assert!(first.all(|x| x.is_finite()));
            let mut second = alignments.1.iter().chain(contexts.1);
            assert!(second.all(|x| x.is_nan()));
        }
    }
}

#[test]
fn threads_never_change_a_bit() {
    for kind in KINDS {
        let case = Case::new(kind, [7, 5, 20, 40, 24]).with_lengths();
        assert_same_on_any_number_of_threads(|| case.run(Isa::active()).concat());
    }
}

#[test]
fn bad_arguments_are_named() {
    let case = Case::new(Kind::Additive, [2, 2, 3, 4, 5]);
    let refuse = |change: fn(&mut Attend<'_>)| {
        let [vector, queries, keys, values] = case.split(&case.inputs);
        let (mut alignment, mut context) = ([0.0; 12], [0.0; 20]);
        let mut call = Attend {
            shape: case.shape,
            score: Score::Additive { vector },
            queries,
            keys,
            values,
            lengths: None,
            alignment: &mut alignment,
            context: &mut context,
        };
        change(&mut call);
        attend(call).unwrap_err().to_string()
    };
    let messages = [
        refuse(|call| call.score = Score::Additive { vector: &[] }),
        refuse(|call| call.queries = &[]),
        refuse(|call| call.keys = &[]),
        refuse(|call| call.values = &[]),
        refuse(|call| call.lengths = Some(&[1])),
        refuse(|call| call.lengths = Some(&[3, 4])),
        refuse(|call| call.alignment = &mut []),
        refuse(|call| call.context = &mut []),
        refuse(|call| call.shape.key_len = usize::MAX),
    ];
    let expected = [
        "`score.vector` [H] needs 4 values, got 0",
        "`queries` [B, Q, H] needs 16 values, got 0",
        "`keys` [B, K, H] needs 24 values, got 0",
        "`values` [B, K, D] needs 30 values, got 0",
        "`lengths` [B] needs 2 values, got 1",
        "`lengths[1]` must be at most `seq_len` 3, got 4",
        "`alignment` [B, Q, K] needs 12 values, got 0",
        "`context` [B, Q, D] needs 20 values, got 0",
        "`keys` [B, K, H] has more values than can be addressed for [2, 18446744073709551615, 4]",
    ];
    for (message, expected) in messages.iter().zip(expected) {
        assert_eq!(message, &format!("attend: {expected}"));
    }
}

proptest! {
    #[test]
    fn any_shape_agrees_with_the_oracle(
        additive in any::<bool>(),
        shape in proptest::array::uniform5(0usize..6),
        key_size in 0usize..40,
    ) {
        let [b, q, k, _, d] = shape;
        let kind = if additive { Kind::Additive } else { Kind::Dot };
        Case::new(kind, [b, q, k, key_size, d]).with_lengths().assert_agrees();
    }
}
