use recurra_kernels::{
    Isa, KernelError, Rule, Update, WeightDecay, scalar, sum_of_squares, sum_of_squares_on, update,
    update_on,
};
use recurra_testkit::{Tol, assert_close};

use super::case::{assert_same_on_any_number_of_threads, values, wide};

fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for (momentum, nesterov, weight_decay) in
        [(0.0, false, 0.1), (0.9, false, 0.0), (0.9, true, 0.1)]
    {
        rules.push(Rule::Sgd {
            momentum,
            nesterov,
            weight_decay,
        });
    }
    for weight_decay in [WeightDecay::OfGradient(0.1), WeightDecay::OfWeight(0.1)] {
        rules.push(Rule::Adam {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay,
        });
    }
    for (momentum, centered) in [(0.0, false), (0.9, false), (0.0, true), (0.9, true)] {
        rules.push(Rule::RmsProp {
            alpha: 0.99,
            epsilon: 1e-8,
            momentum,
            centered,
            weight_decay: 0.01,
        });
    }
    rules
}

/// Weights and memory after three updates.
fn run(isa: Isa, rule: Rule, len: usize) -> [Vec<f32>; 2] {
    let mut weights = values(len, 1.0);
    let mut memory = vec![0.0; rule.num_memories() * len];
    for number in 1..=3 {
        let gradients = values(len + number, 0.5).split_off(number);
        let call = Update {
            rule,
            learning_rate: 0.05,
            update: number as u64,
            gradient_factor: 0.7,
            weights: &mut weights,
            gradients: &gradients,
            memory: &mut memory,
        };
        update_on(isa, call).unwrap();
    }
    [weights, memory]
}

fn run_exactly(rule: Rule, len: usize) -> [Vec<f64>; 2] {
    let mut weights = wide(&values(len, 1.0));
    let mut memory = vec![0.0; rule.num_memories() * len];
    for number in 1..=3 {
        scalar::update(Update {
            rule,
            learning_rate: 0.05,
            update: number as u64,
            gradient_factor: 0.7,
            weights: &mut weights,
            gradients: &wide(&values(len + number, 0.5).split_off(number)),
            memory: &mut memory,
        })
        .unwrap();
    }
    [weights, memory]
}

#[test]
fn every_instruction_set_agrees_with_the_oracle() {
    for rule in rules() {
        for len in [0, 1, 5, 16, 37] {
            let [weights, memory] = run_exactly(rule, len);
            for isa in Isa::available() {
                let [got_weights, got_memory] = run(isa, rule, len);
                assert_close(&got_weights, &weights, Tol::both(2e-6));
                assert_close(&got_memory, &memory, Tol::both(2e-6));
            }
        }
    }
}

#[test]
fn threads_never_change_a_bit() {
    for rule in rules() {
        assert_same_on_any_number_of_threads(|| run(Isa::active(), rule, 70_001).concat());
    }
    let x = values(200_003, 3.0);
    assert_same_on_any_number_of_threads(|| vec![sum_of_squares(&x) as f32]);
}

#[test]
fn the_first_step_of_adam_is_the_learning_rate() {
    let mut weights = [1.0, 1.0];
    update(Update {
        rule: Rule::Adam {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: WeightDecay::OfGradient(0.0),
        },
        learning_rate: 0.1,
        update: 1,
        gradient_factor: 1.0,
        weights: &mut weights,
        gradients: &[3.0, -0.02],
        memory: &mut [0.0; 4],
    })
    .unwrap();
    assert_close(&weights, &[0.9, 1.1], Tol::both(1e-6));
}

#[test]
fn nan_is_never_hidden() {
    for rule in rules() {
        for isa in Isa::available() {
            let mut weights = vec![1.0; 20];
            let mut gradients = vec![0.5; 20];
            gradients[3] = f32::NAN;
            let call = Update {
                rule,
                learning_rate: 0.1,
                update: 1,
                gradient_factor: 1.0,
                weights: &mut weights,
                gradients: &gradients,
                memory: &mut vec![0.0; 20 * rule.num_memories()],
            };
            update_on(isa, call).unwrap();
            let bad: Vec<usize> = (0..20).filter(|&i| !weights[i].is_finite()).collect();
            assert_eq!(bad, [3], "{isa} {rule:?}");
        }
    }
    assert!(sum_of_squares(&[1.0, f32::NAN]).is_nan());
}

#[test]
fn sums_of_squares_are_exact_to_f64() {
    for len in [0, 1, 15, 16, 17, 40_000] {
        let x = values(len, 3.0);
        let expected: f64 = wide(&x).iter().map(|x| x * x).sum();
        for isa in Isa::available() {
            let sum = sum_of_squares_on(isa, &x).unwrap();
            assert_close(&[sum], &[expected], Tol::both(1e-12));
        }
    }
    assert_eq!(
        sum_of_squares(&[1e30, 1e30]),
        2.0 * f64::from(1e30f32).powi(2)
    );
}

#[test]
fn bad_arguments_are_named() {
    let refuse = |gradients: &[f32], memory: usize, number: u64| {
        let error = update(Update {
            rule: Rule::Sgd {
                momentum: 0.9,
                nesterov: false,
                weight_decay: 0.0,
            },
            learning_rate: 0.1,
            update: number,
            gradient_factor: 1.0,
            weights: &mut [0.0; 2],
            gradients,
            memory: &mut vec![0.0; memory],
        });
        error.unwrap_err().to_string()
    };
    assert_eq!(
        refuse(&[1.0], 2, 1),
        "update: `gradients` [N] needs 2 values, got 1"
    );
    assert_eq!(
        refuse(&[1.0; 2], 4, 1),
        "update: `memory` [M, N] needs 2 values, got 4"
    );
    assert_eq!(
        refuse(&[1.0; 2], 2, 0),
        "update: `update` must be at least 1, got 0"
    );
    let unavailable = Isa::Avx512;
    if !unavailable.is_available() {
        let error = sum_of_squares_on(unavailable, &[]);
        assert!(matches!(error, Err(KernelError::IsaUnavailable { .. })));
    }
}
