"""Least squares autoregression and the Diebold-Mariano test, by NumPy and SciPy.

Versions: python 3.11.7, scipy 1.17.1, numpy 2.4.6, safetensors 0.8.0.
Run: `python numpy_forecast.py`.
"""

import numpy as np
from scipy import stats

from golden import draw, rng, save

LIBRARIES = ["scipy", "safetensors"]


def least_squares(series, order, skip):
    rows = [np.append(1.0, series[t - order : t][::-1]) for t in range(skip, len(series))]
    design, target = np.array(rows), series[skip:]
    found = np.linalg.lstsq(design, target, rcond=None)[0]
    return found, ((target - design @ found) ** 2).mean()


def linear_ar(name):
    generator = rng(name)
    noise = draw(generator, 300)
    series = np.zeros(300, np.float32)
    for t in range(300):
        series[t] = 2 + 0.6 * series[t - 1] - 0.5 * series[t - 2] + 0.3 * series[t - 3] + noise[t]
    series = series.astype(np.float64)
    found, error = least_squares(series, 3, 3)
    values = list(series)
    for _ in range(5):
        values.append(found[0] + found[1:] @ np.array(values[-3:])[::-1])
    count = 300 - 8
    aic = [count * np.log(least_squares(series, p, 8)[1]) + 2 * (p + 1) for p in range(9)]
    results = {
        "series": series,
        "intercept": found[0],
        "coefficients": found[1:],
        "residual": np.sqrt(error),
        "forecast": np.array(values[-5:]),
        "aic_order": np.argmin(aic),
    }
    save(f"forecast/{name}", results, LIBRARIES)


def diebold_mariano(name, h):
    generator = rng(name)
    one = draw(generator, 60) ** 2
    other = draw(generator, 60, scale=1.2) ** 2
    d = one.astype(np.float64) - other
    n = len(d)
    centred = d - d.mean()
    variance = sum(
        (1 if lag == 0 else 2) * (centred[lag:] * centred[: n - lag]).sum() / n for lag in range(h)
    )
    error = np.sqrt(variance / n) / np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    half = stats.t.ppf(0.975, n - 1) * error
    results = {
        "losses": one,
        "other_losses": other,
        "mean": d.mean(),
        "statistic": d.mean() / error,
        "p_value": 2 * stats.t.sf(abs(d.mean() / error), n - 1),
        "interval": np.array([d.mean() - half, d.mean() + half]),
    }
    save(f"forecast/{name}", results, LIBRARIES)


linear_ar("linear_ar")
diebold_mariano("diebold_mariano_1", 1)
diebold_mariano("diebold_mariano_3", 3)
