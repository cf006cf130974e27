"""Posteriors of one world of Gaussian classes under several priors by scikit-learn: python3 prior.py > prior.json

GaussianNB fits the class densities once; `priors` alone changes between the rows. `from` and each `to` are posteriors of the
same samples, row after row.
"""

import json

import numpy as np
from sklearn.naive_bayes import GaussianNB

draws = np.random.default_rng(20)
labels = np.repeat([0, 1, 2], 40)
x = draws.normal(size=(120, 2)) + np.array([[0, 0], [1.5, 0.5], [0.5, 2]])[labels]
seen = draws.normal(size=(6, 2)) * 1.5 + 0.5


def posteriors(prior):
    rows = GaussianNB(priors=prior).fit(x, labels).predict_proba(seen)
    return {"prior": prior, "posteriors": [float(f"{p:.9g}") for p in rows.ravel()]}


print(json.dumps({"from": posteriors([0.6, 0.3, 0.1]),
                  "to": [posteriors(p) for p in ([1 / 3] * 3, [0.1, 0.1, 0.8], [0.5, 0.45, 0.05])]},
                 indent=1))
