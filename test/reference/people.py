"""Answers against people's votes by SciPy and scikit-learn, which src/metrics/people.ts is tested against.

    python3 test/reference/people.py > test/reference/people.json

Annotators are written out one by one here, and each is taken out in turn. Probabilities are multiples of 2^-20, written as integers.
"""

import json
from collections import Counter

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import binomtest, bootstrap, entropy
from sklearn.metrics import accuracy_score, log_loss

rng = np.random.default_rng(1971)
CLASSES, NAMES = 4, 6  # the last two names are no class


def plurality(votes):
    (name, most), *rest = Counter(votes).most_common()
    return None if rest and rest[0][1] == most else name


def image(sure):
    truth = rng.integers(CLASSES)
    chances = rng.dirichlet(np.full(NAMES, 0.5)) * (1 - sure)
    chances[truth] += sure
    while True:
        votes = rng.choice(NAMES, rng.integers(2, 13), p=chances).tolist()
        top = [name for name in range(NAMES) if votes.count(name) == max(map(votes.count, range(NAMES)))]
        # An image that most people call none of the classes is not in the data.
        if any(name < CLASSES for name in top):
            return votes


def probabilities(votes):
    logits = rng.normal(0, 1, CLASSES) + [0.6 * votes.count(k) for k in range(CLASSES)]
    p = np.exp(logits) / np.exp(logits).sum()
    p = np.round(p * 2**20)
    p[p.argmax()] += 2**20 - p.sum()
    return p.astype(int).tolist()


def interval(of, weight):
    rows = np.column_stack([of, weight])
    ratio = lambda i: rows[i.astype(int), 0].sum() / rows[i.astype(int), 1].sum()
    found = bootstrap((np.arange(len(rows)),), ratio, vectorized=False, n_resamples=4000, method="percentile", random_state=rng)
    return {"value": sum(of) / sum(weight), "interval": list(found.confidence_interval), "deviation": found.standard_error, "n": int((np.array(weight) > 0).sum())}


def scores(people, rows):
    answers = [int(np.argmax(p)) for p in rows]
    pluralities = [plurality(votes) for votes in people]
    untied = [i for i, top in enumerate(pluralities) if top is not None]
    clear = [i for i in untied if people[i].count(pluralities[i]) / len(people[i]) >= 0.8]
    shares = [[votes.count(k) for k in range(CLASSES)] for votes in people]
    shares = [np.array(counts) / sum(counts) for counts in shares]
    # Mean log loss over the votes for classes, of one image at a time.
    losses = [
        log_loss([v for v in votes if v < CLASSES], [np.array(p) / 2**20] * sum(v < CLASSES for v in votes), labels=range(CLASSES))
        for votes, p in zip(people, rows)
    ]
    mean = lambda values: interval(values, [1] * len(values))
    agreement = lambda images: interval([float(i in images and answers[i] == pluralities[i]) for i in range(len(people))], [float(i in images) for i in range(len(people))])

    # Every annotator of every image with the others: (image, chosen, the others' plurality, share of the others who agree).
    left_out = []
    for i, votes in enumerate(people):
        for j, chosen in enumerate(votes):
            others = votes[:j] + votes[j + 1 :]
            left_out.append((i, chosen, plurality(others), max(map(others.count, range(NAMES))) / len(others)))
    decided = [one for one in left_out if one[2] is not None and one[2] < CLASSES]

    def against(value, kept=lambda one: True):
        of, weight = np.zeros(len(people)), np.zeros(len(people))
        for one in filter(kept, decided):
            of[one[0]] += value(one) / len(people[one[0]])
            weight[one[0]] += 1 / len(people[one[0]])
        return interval(of, weight) if weight.any() else None

    person = lambda one: float(one[1] == one[2])
    model = lambda one: float(answers[one[0]] == one[2])
    pairs = [np.mean([np.mean([o == v for o in votes[:j] + votes[j + 1 :]]) for j, v in enumerate(votes)]) for votes in people]
    assert abs(accuracy_score([pluralities[i] for i in untied], [answers[i] for i in untied]) - agreement(untied)["value"]) < 1e-12
    return {
        "n": len(people),
        "votes": sum(map(len, people)),
        "tied": len(people) - len(untied),
        "agreement": agreement(untied),
        "voteShare": mean([votes.count(a) / len(votes) for votes, a in zip(people, answers)]),
        "logLoss": mean(losses),
        "leastLogLoss": float(np.mean([entropy(q) for q in shares])),
        "jensenShannon": mean([jensenshannon(q, np.array(p) / 2**20, 2) for q, p in zip(shares, rows)]),
        "clear": agreement(clear),
        "perClass": [[agreement([i for i in untied if pluralities[i] == k]), against(person, lambda one: one[2] == k)] for k in range(CLASSES)],
        "onePerson": {
            "agreement": against(person),
            "leftOut": len(left_out) - len(decided),
            "voteShare": mean(pairs),
            "clear": against(person, lambda one: one[3] >= 0.8),
            "model": against(model),
            "difference": against(lambda one: model(one) - person(one)),
        },
    }


people = [image(rng.uniform(0.3, 0.95)) for _ in range(160)]
rows = [probabilities(votes) for votes in people]


def newcombe(a, m, b, n):
    # Method 10 of Newcombe (1998), from Wilson's intervals.
    (p, (l1, u1)), (q, (l2, u2)) = [(k / t, binomtest(k, t).proportion_ci(method="wilson")) for k, t in ((a, m), (b, n))]
    return [a, m, b, n, p - q - np.hypot(p - l1, u2 - q), p - q + np.hypot(u1 - p, q - l2)]


print(
    json.dumps(
        {
            "votes": ["".join(map(str, votes)) for votes in people],
            "probabilities": rows,
            "scores": scores(people, rows),
            "newcombe": [newcombe(*case) for case in ((56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (5, 56, 0, 29))],
        },
        separators=(",", ":"),
    )
)
