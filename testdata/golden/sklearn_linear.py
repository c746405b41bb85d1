"""Linear classifiers: scikit-learn's logistic regression and tf-idf, SciPy's squared hinge.

Versions: python 3.11.7, scikit-learn 1.9.1, scipy 1.17.1, numpy 2.4.6, safetensors 0.8.0.
Run: `python sklearn_linear.py`.
"""

import numpy as np
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from golden import draw, rng, save

LIBRARIES = ["scikit-learn", "scipy", "safetensors"]


def case(name, num_classes):
    generator = rng(name)
    rows = draw(generator, 60, 7)
    rows[generator.uniform(size=rows.shape) < 0.5] = 0.0
    truth = generator.normal(size=(7, num_classes))
    labels = (rows @ truth + generator.gumbel(size=(60, num_classes))).argmax(1)
    x = rows.astype(np.float64)
    model = LogisticRegression(C=2.0, tol=1e-12, max_iter=100_000).fit(x, labels)
    results = {"probs": model.predict_proba(x)}
    if num_classes == 2:
        sign = 2.0 * labels - 1.0

        def hinge(parameters):
            short = np.maximum(0.0, 1.0 - sign * (x @ parameters[:-1] + parameters[-1]))
            slopes = np.append(x.T @ (-2.0 * sign * short), (-2.0 * sign * short).sum())
            value = 2.0 * (short**2).sum() + 0.5 * (parameters[:-1] ** 2).sum()
            return value, 2.0 * slopes + np.append(parameters[:-1], 0.0)

        fitted = minimize(hinge, np.zeros(8), jac=True, method="BFGS", options={"gtol": 1e-10})
        results["hinge"] = x @ fitted.x[:-1] + fitted.x[-1]
    save(f"classification/{name}", {"rows": rows, "labels": labels} | results, LIBRARIES)


def tf_idf(name):
    texts = ["the film is good", "the the the bad film", "good good fun", "is it bad it is"]
    options = {"ngram_range": (1, 2), "sublinear_tf": True, "lowercase": True}
    vectorizer = TfidfVectorizer(token_pattern=r"\w+", **options)
    values = vectorizer.fit_transform(texts).toarray()
    note = "|".join(texts) + "#" + "|".join(vectorizer.get_feature_names_out())
    save(f"classification/{name}", {"values": values}, LIBRARIES, note=note)


case("linear_2_classes", 2)
case("linear_3_classes", 3)
tf_idf("tf_idf")
