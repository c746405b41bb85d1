"""Figures of classifiers by scikit-learn; temperature and calibration by SciPy and by hand.

Versions: python 3.11.7, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6, safetensors 0.8.0.
Run: `python sklearn_metrics.py`.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from golden import draw, rng, save

LIBRARIES = ["scikit-learn", "scipy", "safetensors"]


def expected_calibration_error(probs, labels, num_bins):
    """Guo et al. 2017: bins (lower, upper] of equal width."""
    confidence, right = probs.max(1), probs.argmax(1) == labels
    edges = np.linspace(0, 1, num_bins + 1)
    error = 0.0
    for lower, upper in zip(edges[:-1], edges[1:]):
        inside = (confidence > lower) & (confidence <= upper)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def classes(name, num_classes, num_examples, absent=None):
    generator = rng(name)
    labels = generator.integers(0, num_classes, num_examples)
    if absent is not None:
        labels[labels == absent] = 0
    logits = draw(generator, num_examples, num_classes, scale=3.0)
    logits[np.arange(num_examples), labels] += np.float32(1.0)
    if absent is not None:
        logits[:, absent] -= np.float32(10.0)
    # Steps of 1/4, so that there are ties.
    logits = np.round(logits * 4) / 4
    predictions = logits.argmax(1)
    # As they are stored: rounding makes ties.
    probs = softmax(logits.astype(np.float64), axis=1).astype(np.float32).astype(np.float64)
    kwargs = {"zero_division": 0}
    each = precision_recall_fscore_support(labels, predictions, labels=range(num_classes), **kwargs)

    def nats(log_temperature):
        log_probs = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return -log_probs[np.arange(num_examples), labels].mean()

    fitted = minimize_scalar(nats, bounds=(-3, 3), method="bounded", options={"xatol": 1e-10})
    results = {
        "confusion": confusion_matrix(labels, predictions, labels=range(num_classes)),
        "precision": each[0],
        "recall": each[1],
        "f1": each[2],
        "accuracy": accuracy_score(labels, predictions),
        "macro_f1": f1_score(labels, predictions, average="macro", **kwargs),
        "micro_f1": f1_score(labels, predictions, average="micro", **kwargs),
        "weighted_f1": f1_score(labels, predictions, average="weighted", **kwargs),
        "calibration_error": expected_calibration_error(probs, labels, 15),
        "temperature": np.exp(fitted.x),
        "nats_before": nats(0.0),
        "nats_after": fitted.fun,
    }
    if num_classes == 2:
        results["roc_auc"] = roc_auc_score(labels, logits[:, 1] - logits[:, 0])
    elif absent is None:
        results["roc_auc"] = roc_auc_score(labels, probs, multi_class="ovr", average="macro")
    arrays = {"logits": logits, "labels": labels, "predictions": predictions, "probs": probs}
    save(f"classification/{name}", arrays | results, LIBRARIES)


classes("two_classes", 2, 120)
classes("five_classes", 5, 200)
classes("absent_class", 4, 60, absent=2)
