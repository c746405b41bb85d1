"""Span precision, recall and F1 by seqeval, lenient (as conlleval) and strict.

Versions: python 3.11.7, seqeval 1.2.2, numpy 2.4.6, safetensors 0.8.0.
Run: `python seqeval_spans.py`.
"""

import numpy as np
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2, IOBES

from golden import rng, save


def case(name, tags, scheme):
    generator = rng(name)
    expected = generator.integers(0, len(tags), (40, 12))
    said = np.where(generator.uniform(size=expected.shape) < 0.15, expected[:, ::-1], expected)
    words = lambda ids: [[tags[i] for i in row] for row in ids]
    pair = (words(expected), words(said))
    options = {"average": "micro", "zero_division": 0}
    figures = [precision_score, recall_score, f1_score]
    lenient = [figure(*pair, **options) for figure in figures]
    options |= {"mode": "strict", "scheme": scheme}
    strict = [figure(*pair, **options) for figure in figures]
    results = {"lenient": np.array(lenient), "strict": np.array(strict)}
    arrays = {"said": said, "expected": expected}
    save(f"spans/{name}", arrays | results, ["seqeval", "safetensors"], note=" ".join(tags))


case("bio", ["O", "B-A", "I-A", "B-B", "I-B"], IOB2)
case("bioes", ["O", "B-A", "I-A", "E-A", "S-A", "B-B", "I-B", "E-B", "S-B"], IOBES)
