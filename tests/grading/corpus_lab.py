"""A lab with every kind of question, small enough to grade a hundred submissions of it."""

import numpy as np

from mlcourse.grading.bank import Lab, expect, record

lab = Lab("lab99", title="Every kind", chapter="chapters/00-none.ipynb")


def details(title):
    hints = ("first", "second", "third")
    return {"minutes": 1, "section": ("sec-a", "Part A"), "hints": hints, "title": title}


def know_wrong(question, **answers):
    """Add five wrong answers; the message is the name, with spaces."""
    for name, answer in answers.items():
        question.wrong(name.replace("_", " "))(answer)


@lab.question("softmax", points=3, **details("Softmax"))
def softmax(Z):
    exp = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


@softmax.inputs(points=1)
def seen_logits(rng):
    return [(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]]),)]


@softmax.inputs(points=1, hidden=True)
def secret_logits(rng):
    return [(rng.normal(size=(n, 4)),) for n in (1, 5)]


@softmax.test(points=1, hidden=True)
def secret_large_logits(student, rng):
    expect(student(1000 * rng.normal(size=(3, 2))).sum(axis=1), np.ones(3))


know_wrong(
    softmax,
    over_the_batch=lambda Z: np.exp(Z) / np.exp(Z).sum(axis=0),
    over_everything=lambda Z: np.exp(Z) / np.exp(Z).sum(),
    forgets_the_exponential=lambda Z: Z / Z.sum(axis=1, keepdims=True),
    does_not_normalise=np.exp,
    gives_logarithms=lambda Z: Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)),
)


@lab.question("cross_entropy", points=2, **details("Loss and gradient"))
def cross_entropy(Z, y):
    rows = np.arange(len(y))
    exp = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = exp / exp.sum(axis=1, keepdims=True)
    dZ = P.copy()
    dZ[rows, y] -= 1
    return -np.log(P[rows, y]).mean(), dZ / len(y)


@cross_entropy.inputs(points=1)
def seen_labels(rng):
    return [(np.array([[1.0, 2.0], [0.5, 0.0], [3.0, 1.0]]), np.array([0, 0, 1]))]


@cross_entropy.inputs(points=1, hidden=True)
def secret_labels(rng):
    return [(rng.normal(size=(4, 3)), rng.integers(0, 3, size=4))]


def _scaled(loss, gradient):
    def answer(Z, y):
        E, dZ = cross_entropy.reference(Z, y)
        return E * loss(len(y)), dZ * gradient(len(y))

    return answer


know_wrong(
    cross_entropy,
    sums_both=_scaled(lambda n: n, lambda n: n),
    sums_the_loss=_scaled(lambda n: n, lambda n: 1),
    sums_the_gradient=_scaled(lambda n: 1, lambda n: n),
    has_the_sign_wrong=_scaled(lambda n: -1, lambda n: -1),
    halves_it=_scaled(lambda n: 0.5, lambda n: 0.5),
)


@lab.question("RunningMean", points=3, **details("A mean that keeps up"))
class RunningMean:
    def __init__(self, size):
        self.count, self.mean = 0, np.zeros(size)

    def update(self, x):
        self.count += 1
        self.mean = self.mean + (x - self.mean) / self.count
        return self.mean


def _three_updates(xs):
    def program(student):
        running = student.RunningMean(2)
        return [*(running.update(x) for x in xs), running.mean]

    return record(program)


@RunningMean.inputs(points=1)
def seen_updates(rng):
    return [_three_updates([np.array([1.0, 2.0]), np.array([3.0, 2.0]), np.array([5.0, -1.0])])]


@RunningMean.inputs(points=1, hidden=True)
def secret_updates(rng):
    return [_three_updates(list(rng.normal(size=(3, 2))))]


@RunningMean.test(points=1, hidden=True)
def secret_second_object(student, rng):
    one, other = student(2), student(2)
    one.call("update", rng.normal(size=2))
    expect(other.get("mean"), np.zeros(2))


def _updates(rule):
    class Wrong(RunningMean.reference):
        def update(self, x):
            self.count += 1
            self.mean = rule(self.mean, x, self.count)
            return self.mean

    return Wrong


know_wrong(
    RunningMean,
    forgets=_updates(lambda mean, x, n: x),
    sums=_updates(lambda mean, x, n: mean + x),
    halves=_updates(lambda mean, x, n: (mean + x) / 2),
    counts_from_zero=_updates(lambda mean, x, n: mean + (x - mean) / (n + 1)),
    never_moves=_updates(lambda mean, x, n: mean),
)


@lab.question("train", points=2, accuracy=0.9, **details("Train to a target"))
def train(X, y, X_new, rng):
    centers = np.stack([X[y == label].mean(axis=0) for label in (0, 1)])
    return ((X_new[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)


def _blobs(rng):
    y = rng.permutation(np.arange(60) % 2)
    X = rng.normal(size=(60, 2)) + 6.0 * y[:, None]
    return [((X[:30], y[:30], X[30:], np.random.default_rng(1)), y[30:])]


@train.inputs(points=1)
def seen_blobs(rng):
    return _blobs(np.random.default_rng(7))


@train.inputs(points=1, hidden=True)
def secret_blobs(rng):
    return _blobs(rng)


know_wrong(
    train,
    always_zero=lambda X, y, X_new, rng: np.zeros(len(X_new), int),
    always_one=lambda X, y, X_new, rng: np.ones(len(X_new), int),
    gives_the_labels_of_training=lambda X, y, X_new, rng: y,
    guesses=lambda X, y, X_new, rng: rng.integers(0, 2, len(X_new)),
    swaps_the_classes=lambda X, y, X_new, rng: 1 - train.reference(X, y, X_new, rng),
)

log_ten = lab.number("log_ten", 2.302585, tolerance=0.001, points=1, **details("A number"))
for value in (1.0, 10.0, 0.1, 22026.0, 3.3219):
    log_ten.wrong_value(value, f"{value} is another number")
choices = {letter: f"statement {letter}" for letter in "abcdef"}
cause = lab.choice("cause", "b", choices=choices, points=1, **details("A choice"))
for letter in "acdef":
    cause.wrong_value(letter, f"not {letter}")
lab.manual("why", form="text", rubric=[(2, "names the cause")], **details("A text"))
lab.manual("curve", form="plot", rubric=[(1, "has axes")], **details("A plot"))
