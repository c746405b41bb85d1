//! The cells that scan, against the equations and the log-space scan of their papers.

use super::options::{HIDDEN_SIZE, check, check_backward};
use recurra_nn::cell::{Candidate, Pooling};
use recurra_nn::{CellName, LayerConfig};

fn layer(cell: CellName) -> LayerConfig {
    LayerConfig::new(cell, HIDDEN_SIZE)
}

fn linear(cell: CellName) -> LayerConfig {
    LayerConfig {
        candidate: Some(Candidate::Linear),
        ..layer(cell)
    }
}

fn qrnn(pooling: Pooling, window_size: usize) -> LayerConfig {
    LayerConfig {
        pooling: Some(pooling),
        window_size: Some(window_size),
        ..layer(CellName::Qrnn)
    }
}

#[test]
fn the_papers_log_space_scan() {
    check("reference/min_gru_log_space", layer(CellName::MinGru));
    check("reference/min_lstm_log_space", layer(CellName::MinLstm));
}

#[test]
fn min_gru() {
    check("reference/min_gru_linear", linear(CellName::MinGru));
    check("reference/min_gru_lengths", layer(CellName::MinGru));
    check_backward(
        "reference/min_gru_lengths_backward",
        layer(CellName::MinGru),
    );
}

#[test]
fn min_lstm() {
    check("reference/min_lstm_linear", linear(CellName::MinLstm));
    check("reference/min_lstm_lengths", layer(CellName::MinLstm));
    check_backward(
        "reference/min_lstm_lengths_backward",
        layer(CellName::MinLstm),
    );
}

#[test]
fn sru() {
    let sru = || layer(CellName::Sru);
    check("reference/sru", sru());
    check("reference/sru_projected", sru());
    check("reference/sru_lengths", sru());
    check_backward("reference/sru_lengths_backward", sru());
    let plain = LayerConfig {
        peepholes: Some(false),
        highway_scale: Some(1.25),
        ..sru()
    };
    check("reference/sru_plain", plain);
}

#[test]
fn qrnn_in_every_pooling() {
    check("reference/qrnn_f", qrnn(Pooling::F, 2));
    check("reference/qrnn_fo", qrnn(Pooling::Fo, 3));
    check("reference/qrnn_ifo", qrnn(Pooling::Ifo, 2));
    check("reference/qrnn_lengths", qrnn(Pooling::Fo, 3));
    check_backward("reference/qrnn_lengths_backward", qrnn(Pooling::Fo, 3));
}
