use super::*;
use crate::report::svg::tests::assert_well_formed;

fn graph(topology: Topology, steps: usize, layers: Vec<LayerLabel>) -> Graph {
    Graph {
        topology,
        steps,
        layers,
        decoder: None,
        input_label: "letters".into(),
        output_label: "next letter".into(),
        loss_label: None,
        readout: Readout::State,
    }
}

fn plain(topology: Topology, steps: usize) -> String {
    graph(topology, steps, vec![LayerLabel::new("LSTM 128")])
        .to_svg()
        .to_string()
}

#[test]
fn every_figure_is_well_formed_and_follows_the_theme() {
    let residual = LayerLabel {
        detour: Detour::Added,
        ..both_ways("<GRU> 잔차 \u{1}")
    };
    for topology in Topology::ALL {
        for steps in [0, 1, 2, 5, 6, usize::MAX] {
            for layers in [vec![], vec![LayerLabel::new("RNN"), residual.clone()]] {
                let mut graph = graph(topology, steps, layers);
                for loss in [None, Some("loss & more".to_owned())] {
                    graph.loss_label = loss;
                    let svg = graph.to_svg().to_string();
                    assert_well_formed(&svg);
                    assert!(svg.contains("@media (prefers-color-scheme:dark)"));
                }
            }
        }
    }
}

fn nodes(svg: &str, kind: &str) -> usize {
    svg.matches(&format!("\"rcg-node rcg-{kind} ")).count()
}

fn edges(svg: &str, kind: &str) -> usize {
    svg.matches(&format!("\"rcg-edge rcg-{kind} ")).count()
}

fn both_ways(name: &str) -> LayerLabel {
    LayerLabel {
        direction: LayerDirection::Bidirectional,
        ..LayerLabel::new(name)
    }
}

/// Inputs, functions, states, outputs, recurrent edges and feedback edges.
fn counts(svg: &str) -> [usize; 6] {
    [
        nodes(svg, "input"),
        nodes(svg, "function"),
        nodes(svg, "state"),
        nodes(svg, "output"),
        edges(svg, "recurrent"),
        edges(svg, "feedback"),
    ]
}

#[test]
fn each_topology_has_its_inputs_outputs_and_edges() {
    // Three steps; states include the initial one, and y_0 of the decoder counts as an output.
    assert_eq!(counts(&plain(Topology::OneToOne, 3)), [1, 1, 1, 1, 0, 0]);
    assert_eq!(counts(&plain(Topology::OneToMany, 3)), [1, 3, 4, 3, 3, 2]);
    assert_eq!(counts(&plain(Topology::ManyToOne, 3)), [3, 3, 4, 1, 3, 0]);
    assert_eq!(
        counts(&plain(Topology::ManyToManyAligned, 3)),
        [3, 3, 4, 3, 3, 0]
    );
    let encoder_decoder = plain(Topology::ManyToManyEncoderDecoder, 3);
    assert_eq!(counts(&encoder_decoder), [3, 6, 7, 4, 6, 2]);
}

#[test]
fn one_weight_box_per_layer_and_direction_feeds_every_step() {
    for topology in Topology::ALL {
        let svg = plain(topology, 4);
        let parts = if topology == Topology::ManyToManyEncoderDecoder {
            2
        } else {
            1
        };
        assert_eq!(nodes(&svg, "weight"), parts, "{topology:?}");
        assert_eq!(
            edges(&svg, "weight"),
            nodes(&svg, "function"),
            "{topology:?}"
        );
    }
    let stack = vec![both_ways("LSTM 2×64"), LayerLabel::new("GRU 64")];
    let svg = graph(Topology::ManyToManyAligned, 3, stack)
        .to_svg()
        .to_string();
    assert_eq!(nodes(&svg, "weight"), 3);
    assert_eq!(nodes(&svg, "function"), 9);
    assert_eq!(nodes(&svg, "join"), 3);
}

#[test]
fn long_sequences_are_elided_with_their_length_written_down() {
    let svg = plain(Topology::ManyToManyAligned, 5000);
    assert_eq!(nodes(&svg, "input"), 4);
    assert!(svg.contains(" = 5000"));
    assert!(!plain(Topology::ManyToManyAligned, 5).contains(" = 5"));
}

#[test]
fn losses_are_drawn_and_summed_only_when_asked_for() {
    let mut graph = graph(
        Topology::ManyToManyAligned,
        3,
        vec![LayerLabel::new("RNN 8")],
    );
    assert_eq!(nodes(graph.to_svg().as_str(), "loss"), 0);
    graph.loss_label = Some("cross-entropy".into());
    let svg = graph.to_svg().to_string();
    assert_eq!((nodes(&svg, "loss"), edges(&svg, "loss")), (4, 6));
    graph.topology = Topology::ManyToOne;
    assert_eq!(nodes(graph.to_svg().as_str(), "loss"), 1);
}

#[test]
fn residual_edges_go_around_their_layer_where_its_output_is_read() {
    let residual = LayerLabel {
        detour: Detour::Added,
        ..LayerLabel::new("LSTM 8")
    };
    let stack = vec![LayerLabel::new("LSTM 8"), residual];
    let aligned = graph(Topology::ManyToManyAligned, 3, stack.clone())
        .to_svg()
        .to_string();
    assert_eq!(
        (edges(&aligned, "residual"), nodes(&aligned, "add")),
        (3, 3)
    );
    let to_one = graph(Topology::ManyToOne, 3, stack.clone())
        .to_svg()
        .to_string();
    assert_eq!((edges(&to_one, "residual"), nodes(&to_one, "add")), (1, 1));

    let mut gated = stack;
    gated[1].detour = Detour::Gated;
    let highway = graph(Topology::ManyToManyAligned, 3, gated)
        .to_svg()
        .to_string();
    assert_eq!((nodes(&highway, "gate"), nodes(&highway, "add")), (3, 0));
}

#[test]
fn directions_that_cannot_be_are_drawn_forward() {
    for topology in [Topology::OneToOne, Topology::OneToMany] {
        let svg = graph(topology, 3, vec![both_ways("GRU 8")])
            .to_svg()
            .to_string();
        assert_eq!(
            (nodes(&svg, "weight"), nodes(&svg, "join")),
            (1, 0),
            "{topology:?}"
        );
    }
    let svg = graph(
        Topology::ManyToManyEncoderDecoder,
        3,
        vec![both_ways("GRU 8")],
    )
    .to_svg();
    assert_eq!(nodes(svg.as_str(), "weight"), 3);
}

#[test]
fn labels_are_escaped_and_odd_input_is_drawn() {
    let odd = Graph {
        topology: Topology::ManyToOne,
        steps: 0,
        layers: Vec::new(),
        decoder: None,
        input_label: "<x & y>".into(),
        output_label: "글자 \"다음\"".into(),
        loss_label: Some(String::new()),
        readout: Readout::State,
    };
    let svg = odd.to_svg().to_string();
    assert!(svg.contains("&lt;x &amp; y&gt;") && svg.contains("글자 &quot;다음&quot;"));
    assert_eq!(nodes(&svg, "function"), 1);
}

#[test]
fn a_decoder_has_layers_and_attention_of_its_own() {
    let decoder = |asks| DecoderLabel {
        layers: vec![LayerLabel::new("LSTM 32"), LayerLabel::new("LSTM 48")],
        attention: Some(AttentionLabel {
            name: "dot attention".into(),
            asks,
        }),
    };
    for asks in [Asks::Top, Asks::Bottom, Asks::BottomBefore] {
        let drawn = Graph {
            decoder: Some(decoder(asks)),
            ..graph(
                Topology::ManyToManyEncoderDecoder,
                3,
                vec![both_ways("GRU 16")],
            )
        };
        let svg = drawn.to_svg().to_string();
        assert_well_formed(&svg);
        assert!(svg.contains("encoder: GRU 16") && svg.contains("decoder: LSTM 48"));
        assert!(svg.contains("dot attention"));
        // Two directions of the encoder, two layers of the decoder.
        assert_eq!(nodes(&svg, "weight"), 4);
        assert_eq!((nodes(&svg, "context"), edges(&svg, "attention")), (3, 3));
        assert_eq!(nodes(&svg, "join"), 3, "every state of the encoder is read");
    }
}

#[test]
fn pooled_states_of_all_steps_go_to_the_output() {
    let drawn = |readout| {
        let stack = vec![both_ways("GRU 2×64")];
        let graph = Graph {
            readout,
            ..graph(Topology::ManyToOne, 4, stack)
        };
        let svg = graph.to_svg().to_string();
        assert_well_formed(&svg);
        svg
    };
    // Of a summary only the last step is joined, of a pooling every one.
    let last = drawn(Readout::State);
    assert_eq!(nodes(&last, "join"), 1);
    let pooled = drawn(Readout::Pooled("mean, maximum".into()));
    assert_eq!((nodes(&pooled, "join"), nodes(&pooled, "output")), (4, 1));
    assert!(pooled.contains("is made of the states of all steps: mean, maximum"));
}

#[test]
fn outputs_that_are_chosen_together_are_tied() {
    let drawn = |topology| {
        let graph = Graph {
            readout: Readout::Chained("conditional random field".into()),
            ..graph(topology, 4, vec![LayerLabel::new("GRU 64")])
        };
        let svg = graph.to_svg().to_string();
        assert_well_formed(&svg);
        svg
    };
    let aligned = drawn(Topology::ManyToManyAligned);
    assert_eq!(aligned.matches("rcg-chain").count(), 3);
    assert!(aligned.contains("conditional random field: all "));
    assert!(!drawn(Topology::ManyToOne).contains("rcg-chain"));
}
