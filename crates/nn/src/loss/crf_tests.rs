use super::*;
use burn::module::Module;
use recurra_testkit::{Tol, assert_close, gradcheck};

/// Every path of `len` tags below `num_tags`.
fn paths(num_tags: usize, len: usize) -> Vec<Vec<u32>> {
    (0..len).fold(vec![Vec::new()], |paths, _| {
        let longer = |path: &Vec<u32>| {
            let path = path.clone();
            (0..num_tags as u32).map(move |tag| [&path[..], &[tag]].concat())
        };
        paths.iter().flat_map(longer).collect()
    })
}

/// The field of these tests as plain numbers: three rows of up to four tokens and three tags.
const K: usize = 3;
const T: usize = 4;
const LENGTHS: [usize; 3] = [4, 1, 3];
const LABELS: [u32; 12] = [0, 2, 2, 1, 1, 9, 9, 9, 2, 0, 1, 9];

/// `emissions [3, T, K]`, `start`, `end`, `transitions` one after the other.
fn point() -> Vec<f64> {
    (0..3 * T * K + 2 * K + K * K)
        .map(|i| f64::from(f32::sin(1.3 * i as f32) * 1.5))
        .collect()
}

fn parts(point: &[f64]) -> [&[f64]; 4] {
    let (emissions, rest) = point.split_at(3 * T * K);
    let (start, rest) = rest.split_at(K);
    let (end, transitions) = rest.split_at(K);
    [emissions, start, end, transitions]
}

fn score(point: &[f64], row: usize, tags: &[u32]) -> f64 {
    let [emissions, start, end, transitions] = parts(point);
    let tag = |t: usize| tags[t] as usize;
    let emitted = (0..tags.len()).map(|t| emissions[(row * T + t) * K + tag(t)]);
    let moved = (1..tags.len()).map(|t| transitions[tag(t - 1) * K + tag(t)]);
    let ends = start[tag(0)] + end[tag(tags.len() - 1)];
    emitted.sum::<f64>() + moved.sum::<f64>() + ends
}

/// The loss by counting out every path, in f64.
fn oracle(point: &[f64], allowed: &TagConstraint) -> f64 {
    let mut nats = 0.0;
    for (row, &len) in LENGTHS.iter().enumerate() {
        let all = paths(K, len)
            .into_iter()
            .filter(|path| allowed.allows(path));
        let sum: f64 = all.map(|path| score(point, row, &path).exp()).sum();
        nats += sum.ln() - score(point, row, &LABELS[row * T..][..len]);
    }
    nats / LENGTHS.iter().sum::<usize>() as f64
}

fn field(point: &[f64], device: &Device) -> (Crf, Tensor<3>) {
    let [emissions, start, end, transitions] =
        parts(point).map(|part| part.iter().map(|&v| v as f32).collect::<Vec<f32>>());
    let crf = Crf {
        start_transitions: parameter(start, [K], device),
        end_transitions: parameter(end, [K], device),
        transitions: parameter(transitions, [K, K], device),
    };
    let emissions = Tensor::from_data(TensorData::new(emissions, [3, T, K]), device);
    (crf, emissions)
}

fn labels() -> Labels<'static> {
    Labels {
        ids: &LABELS,
        lengths: &LENGTHS,
    }
}

/// No 0 at the end and no 0 after 1.
fn constraint() -> TagConstraint {
    let mut allowed = TagConstraint::all(K);
    allowed.end[0] = false;
    allowed.transitions[K] = false;
    allowed
}

#[test]
fn loss_and_gradients_are_those_of_every_path_counted_out() {
    let device = Device::flex().autodiff();
    for allowed in [None, Some(constraint())] {
        let (crf, emissions) = field(&point(), &device);
        let emissions = emissions.require_grad();
        let loss = crf
            .loss(emissions.clone(), labels(), allowed.as_ref())
            .unwrap();
        let everything = allowed.clone().unwrap_or(TagConstraint::all(K));
        let value = loss.clone().into_scalar::<f64>();
        assert_close(&[value], &[oracle(&point(), &everything)], Tol::both(1e-6));
        let mut gradients = loss.mul_scalar(2.0).backward();
        let mut gradient = emissions
            .grad_remove(&mut gradients)
            .unwrap()
            .try_to_vec_as::<f64>()
            .unwrap();
        for weight in [&crf.start_transitions, &crf.end_transitions] {
            let grad = weight.val().grad_remove(&mut gradients).unwrap();
            gradient.extend(grad.try_to_vec_as::<f64>().unwrap());
        }
        let grad = crf.transitions.val().grad_remove(&mut gradients).unwrap();
        gradient.extend(grad.try_to_vec_as::<f64>().unwrap());
        gradcheck(
            |x| 2.0 * oracle(x, &everything),
            &point(),
            &gradient,
            Tol::both(2e-6),
        );
    }
}

#[test]
fn without_autodiff_the_loss_is_the_same() {
    let (crf, emissions) = field(&point(), &Device::flex());
    let loss = crf
        .loss(emissions, labels(), None)
        .unwrap()
        .into_scalar::<f64>();
    assert_close(
        &[loss],
        &[oracle(&point(), &TagConstraint::all(K))],
        Tol::both(1e-6),
    );
}

#[test]
fn the_decoded_path_is_the_best_of_all_allowed() {
    let device = Device::flex();
    for seed in 0..20 {
        let point: Vec<f64> = point()
            .iter()
            .map(|v| f64::from((v * (3.7 + f64::from(seed))).sin() as f32))
            .collect();
        let (crf, emissions) = field(&point, &device);
        for allowed in [None, Some(constraint())] {
            let decoded = crf
                .decode(emissions.clone(), &LENGTHS, allowed.as_ref())
                .unwrap();
            let everything = allowed.unwrap_or(TagConstraint::all(K));
            for (row, found) in decoded.iter().enumerate() {
                let all = paths(K, LENGTHS[row])
                    .into_iter()
                    .filter(|path| everything.allows(path));
                let best =
                    all.max_by(|a, b| score(&point, row, a).total_cmp(&score(&point, row, b)));
                assert_eq!(*found, best.unwrap());
            }
        }
    }
}

#[test]
fn padding_and_empty_rows_have_no_part() {
    let device = Device::flex();
    let (crf, emissions) = field(&point(), &device);
    let lengths = [4, 0, 0];
    let labels = Labels {
        ids: &LABELS,
        lengths: &lengths,
    };
    let all = crf.loss(emissions.clone(), labels, None).unwrap();
    let first = Labels {
        ids: &LABELS[..4],
        lengths: &[4],
    };
    let alone = crf
        .loss(emissions.clone().narrow(0, 0, 1), first, None)
        .unwrap();
    assert_eq!(all.into_scalar::<f32>(), alone.into_scalar::<f32>());
    let decoded = crf.decode(emissions, &lengths, None).unwrap();
    assert!(decoded[0].len() == 4 && decoded[1].is_empty());
}

#[test]
fn emissions_that_overflow_an_exponential_are_no_matter() {
    let device = Device::flex();
    let crf = Crf::new(2, &mut crate::rng(1, 0), &device);
    let emissions = Tensor::<3>::from_floats([[[1e4, -1e4], [-1e4, 1e4]]], &device);
    let labels = Labels {
        ids: &[0, 1],
        lengths: &[2],
    };
    let loss = crf
        .loss(emissions, labels, None)
        .unwrap()
        .into_scalar::<f32>();
    assert!(loss.abs() < 1e-3, "{loss}");
}

#[test]
fn what_does_not_fit_is_named() {
    let (crf, emissions) = field(&point(), &Device::flex());
    let refused = |ids: &[u32], lengths: &[usize], allowed: Option<&TagConstraint>| {
        let labels = Labels { ids, lengths };
        crf.loss(emissions.clone(), labels, allowed)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&LABELS[1..], &LENGTHS, None).contains("labels.ids"));
    assert!(refused(&LABELS, &[4, 2, 3], None).contains("tags below 3"));
    assert!(refused(&LABELS, &[0, 0, 0], None).contains("a real step"));
    assert!(refused(&LABELS, &[5, 1, 3], None).contains("seq_len"));
    assert!(refused(&LABELS, &LENGTHS, Some(&TagConstraint::all(2))).contains("`allowed`"));
    let mut never = TagConstraint::all(K);
    never.start[2] = false;
    assert!(refused(&LABELS, &LENGTHS, Some(&never)).contains("row 2: [2, 0, 1]"));
    let mut names: Vec<String> = crate::weights::names(&crf)
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["end_transitions", "start_transitions", "transitions"]
    );
    assert_eq!(crf.num_params(), 2 * K + K * K);
}
