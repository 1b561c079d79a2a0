"""Right answers, tests and known wrong answers of lab 5, Mini-batch training."""

from itertools import combinations

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab05",
    title="Mini-batch training",
    chapter="chapters/05-mini-batches.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)


@lab.give
def softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@lab.give
def metered(X, y, budget):
    left = budget

    def gradient(W, rows):
        nonlocal left
        left -= np.size(rows)
        if left < 0:
            raise ValueError(f"the budget of {budget} samples is spent")
        P = softmax(X[rows] @ W)
        P[np.arange(len(rows)), y[rows]] -= 1
        return X[rows].T @ P / len(rows)

    return gradient


@lab.give
def answers(W, X):
    return (X @ W).argmax(axis=1)


# ---------------------------------------------------------------- count_updates


@lab.question(
    "count_updates",
    title="How many updates",
    points=2,
    minutes=5,
    section=("sec-mb-terms", "Epoch, iteration, batch size"),
    hints=(
        "Do it by hand for 10 samples in batches of 3: how many batches are full, and what is left "
        "over? Then say what happens to the rest in each of the two cases.",
        "Count the batches of one epoch first, then multiply: each epoch cuts all N samples anew. "
        "N // B counts the full batches, N % B the samples left over.",
        "One epoch has N // B full batches. Add 1 if N % B is not 0, unless drop_last. Multiply by "
        "the number of epochs.",
    ),
)
def count_updates(N, B, epochs, drop_last):
    full, rest = divmod(N, B)
    if rest and not drop_last:
        return epochs * (full + 1)
    return epochs * full


@count_updates.inputs(points=1)
def count_small(rng):
    return [
        (10, 3, 2, False),
        (10, 3, 2, True),
        (12, 4, 3, False),
        (12, 4, 3, True),
        (60000, 64, 1, False),
        (60000, 64, 1, True),
        (5, 8, 2, False),
        (5, 8, 2, True),
    ]


@count_updates.inputs(
    points=1, hidden=True, about="other numbers, B = 1, B = N and a larger B among them"
)
def count_fresh(rng):
    cases = [(1, 1, 4, False), (7, 1, 3, True), (50, 50, 2, False), (50, 50, 2, True)]
    cases += [(30, 47, 3, False), (30, 47, 3, True)]
    for drop_last in (False, True):
        for _ in range(4):
            B = int(rng.integers(2, 90))
            N = B * int(rng.integers(1, 70)) + int(rng.integers(B))
            cases.append((N, B, int(rng.integers(1, 30)), drop_last))
    return cases


@count_updates.wrong(
    "You lose the small last batch: the samples left over make a batch, too, unless drop_last "
    "is true."
)
def count_floor(N, B, epochs, drop_last):
    return epochs * (N // B)


@count_updates.wrong(
    "You count the small last batch even if drop_last is true. Then it is left out of each epoch."
)
def count_ceil(N, B, epochs, drop_last):
    return epochs * -(-N // B)


@count_updates.wrong("It is the other way round: drop_last=True leaves the small batch out.")
def count_swapped(N, B, epochs, drop_last):
    return epochs * (-(-N // B) if drop_last else N // B)


@count_updates.wrong(
    "You cut all epochs together as one long row of samples. Each epoch starts afresh: what is "
    "left over does not wait for the next one."
)
def count_across_epochs(N, B, epochs, drop_last):
    return epochs * N // B if drop_last else -(-epochs * N // B)


@count_updates.wrong(
    "You add a batch for the rest even if there is none: 12 samples in batches of 4 are 3 batches."
)
def count_always_one_more(N, B, epochs, drop_last):
    return epochs * (N // B if drop_last else N // B + 1)


@count_updates.wrong(
    "You take away a batch for drop_last even if the last one is full: only a batch that is too "
    "small is left out."
)
def count_drops_a_full_batch(N, B, epochs, drop_last):
    return epochs * (-(-N // B) - drop_last)


@count_updates.wrong("You count the small batch once in the whole run. Every epoch has one.")
def count_rest_once(N, B, epochs, drop_last):
    return epochs * (N // B) + (1 if N % B and not drop_last else 0)


@count_updates.wrong(
    "You add the number of samples left over. All of them together make one batch."
)
def count_adds_samples(N, B, epochs, drop_last):
    return epochs * (N // B + (0 if drop_last else N % B))


@count_updates.wrong(
    "With fewer samples than B, drop_last leaves no batch at all: no update, although the epochs "
    "go by."
)
def count_one_at_least(N, B, epochs, drop_last):
    return epochs * (max(1, N // B) if drop_last else -(-N // B))


@count_updates.wrong(
    "If B is larger than N and nothing is dropped, the whole epoch is one small batch."
)
def count_none_if_small(N, B, epochs, drop_last):
    return 0 if B > N else epochs * (N // B if drop_last else -(-N // B))


@count_updates.wrong("That is one epoch. The run has several of them.")
def count_one_epoch(N, B, epochs, drop_last):
    return N // B if drop_last else -(-N // B)


@count_updates.wrong(
    "You count samples. An update uses a whole batch: that is what makes it cheaper than one for "
    "each sample."
)
def count_samples(N, B, epochs, drop_last):
    return epochs * N


@count_updates.wrong(
    "You round to the nearest number. A rest of one sample still makes a batch, however small."
)
def count_rounds(N, B, epochs, drop_last):
    return epochs * (N // B if drop_last else round(N / B))


@count_updates.wrong(
    "A number of updates is whole. What does training do with the samples that fill no batch?"
)
def count_fraction(N, B, epochs, drop_last):
    return epochs * N / B


@count_updates.wrong(
    "Without drop_last, N / B is no whole number. The samples that fill no batch make a smaller "
    "one, which takes an update like any other."
)
def count_fraction_unless_dropped(N, B, epochs, drop_last):
    return epochs * (N // B if drop_last else N / B)


@count_updates.wrong(
    "You drop one batch in the whole run. With drop_last the small batch is left out of every "
    "epoch."
)
def count_drops_once(N, B, epochs, drop_last):
    return epochs * -(-N // B) - (1 if drop_last and N % B else 0)


@count_updates.wrong(
    "With drop_last your epochs do not come in. Python reads a * b if c else d as (a * b) if c "
    "else d: put brackets around the choice."
)
def count_one_epoch_if_dropped(N, B, epochs, drop_last):
    return N // B if drop_last else epochs * -(-N // B)


@count_updates.wrong(
    "Without drop_last your epochs do not come in. Python reads a * b if c else d as (a * b) if c "
    "else d: put brackets around the choice."
)
def count_one_epoch_if_kept(N, B, epochs, drop_last):
    return epochs * (N // B) if drop_last else -(-N // B)


@count_updates.wrong(
    "With drop_last you compute (epochs * N) // B, as if the epochs were one long row of samples. "
    "What is left over is lost in each epoch: epochs * (N // B)."
)
def count_drops_across_epochs(N, B, epochs, drop_last):
    return epochs * N // B if drop_last else epochs * -(-N // B)


# ---------------------------------------------------------------- Batches


@lab.question(
    "Batches",
    title="A loader with a memory",
    points=5,
    minutes=18,
    section=("sec-shuffle", "A new order each epoch"),
    hints=(
        "Between two calls the object has to know two things: the order of this epoch, and how "
        "far it has come. Write next_batch for the middle of an epoch first.",
        "At the start of an epoch draw rng.permutation(N) and keep it. A batch is a slice of it, "
        "from the position on, B long, and the same slice picks from X and from y. A slice that "
        "reaches beyond the end is cut off by itself: that is the small last batch.",
        "After taking the rows, move position on by B. The epoch is over if no sample is left, or "
        "if fewer than B are left and drop_last is true: then add 1 to epochs and set position "
        "back to 0, where the next call draws a new order.",
    ),
)
class Batches:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


def loaded(X, y, B, seed, calls, sizes=(), **more):
    """What so many calls of next_batch give, and how many epochs are complete after each.

    ``sizes`` are the batch sizes that the caller sets before some of the calls.
    """

    def program(student):
        loader = student.Batches(X, y, B, np.random.default_rng(seed), **more)
        shown = [loader.epochs]
        for call in range(calls):
            if call in dict(sizes):
                loader.B = dict(sizes)[call]
            shown += [loader.next_batch(), loader.epochs]
        return shown

    return record(program)


def numbered(N, *shape):
    """Samples and labels that tell which one they are."""
    X = np.arange(N).reshape(-1, *[1] * len(shape)) + np.zeros((N, *shape))
    return X / 10, 100 + np.arange(N)


@Batches.inputs(points=2)
def batches_small(rng):
    return [
        loaded(*numbered(5, 2), 2, 1, 6),
        loaded(*numbered(6, 1), 3, 2, 5),
        loaded(*numbered(7, 1), 3, 3, 4, drop_last=True),
        loaded(*numbered(8, 1), 2, 4, 5, sizes=[(2, 3)]),
    ]


@Batches.inputs(
    points=1, hidden=True, about="pictures, B = 1, B = N, B larger than N, B changed on the way"
)
def batches_fresh(rng):
    seeds = rng.integers(1000, size=5).tolist()
    return [
        loaded(*numbered(9, 2, 2), 4, seeds[0], 7),
        loaded(*numbered(4, 3), 1, seeds[1], 9),
        loaded(*numbered(6, 1), 6, seeds[2], 3),
        loaded(*numbered(5, 2), 8, seeds[3], 3),
        loaded(*numbered(11, 1), 4, seeds[4], 8, sizes=[(1, 2), (6, 11)]),
    ]


@Batches.inputs(points=1, hidden=True, about="drop_last, with a rest and without one")
def batches_fresh_dropping(rng):
    seeds = rng.integers(1000, size=3).tolist()
    return [
        loaded(*numbered(10, 2), 4, seeds[0], 6, drop_last=True),
        loaded(*numbered(8, 1), 4, seeds[1], 6, drop_last=True),
        loaded(*numbered(9, 1), 5, seeds[2], 4, drop_last=True),
    ]


@Batches.test(points=1, about="a long run: each sample once an epoch, with its own label")
def batches_keep_every_sample(student, rng):
    N, B = int(rng.integers(50, 70)), int(rng.integers(6, 9))
    X, y = numbered(N, 3)
    loader = student(X, y, B, np.random.default_rng(int(rng.integers(1000))))
    orders = []
    for epoch in range(4):
        taken = []
        for _ in range(-(-N // B)):
            assert loader.get("epochs") == epoch, "an epoch is complete too early"
            X_batch, y_batch = loader.call("next_batch")
            expect(X_batch, X[y_batch - 100])
            taken.extend(y_batch.tolist())
        assert sorted(taken) == y.tolist(), "an epoch has to hold each sample once"
        orders.append(tuple(taken))
    assert len(set(orders)) == 4, "each epoch has to have an order of its own"


@Batches.wrong(
    "You draw the order once, so every epoch has the same batches. Draw a new permutation at the "
    "start of each epoch."
)
class BatchesOneOrder:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.drop_last = X, y, B, drop_last
        self.epochs, self.position = 0, 0
        self.order = rng.permutation(len(X))

    def next_batch(self):
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You shuffle X and leave y in its old order: most samples get the label of another one. The "
    "same rows must pick both."
)
class BatchesLeavesLabels:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        place = slice(self.position, self.position + self.B)
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[self.order[place]], self.y[place]


@Batches.wrong(
    "X and y get a permutation each, and two permutations do not agree. Draw one, and use it for "
    "both."
)
class BatchesTwoOrders:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
            self.order_y = self.rng.permutation(len(self.X))
        place = slice(self.position, self.position + self.B)
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[self.order[place]], self.y[self.order_y[place]]


@Batches.wrong(
    "You always leave out a last batch that is too small. Without drop_last it belongs to the "
    "epoch, or some samples never come."
)
class BatchesAlwaysDrops:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        if len(self.X) - self.position < self.B:
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong("You never look at drop_last: if it is true, a last batch that is too small is out.")
class BatchesNeverDrops:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        if self.position >= len(self.X):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You shuffle where batches start. Neighbours in the data then always share a batch: in sorted "
    "data each batch holds one class. Shuffle the samples."
)
class BatchesOfNeighbours:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.starts = 0, []

    def next_batch(self):
        N = len(self.X)
        if len(self.starts) == 0:
            end = N - N % self.B if self.drop_last else N
            self.starts = list(self.rng.permutation(np.arange(0, end, self.B)))
        start = self.starts.pop(0)
        if len(self.starts) == 0:
            self.epochs += 1
        return self.X[start : start + self.B], self.y[start : start + self.B]


@Batches.wrong(
    "You fill the last batch with samples of the next epoch. Then epochs run into each other, and "
    "a batch may hold a sample twice; the last batch stays small."
)
class BatchesFillsUp:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.order = 0, np.zeros(0, int)

    def next_batch(self):
        N = len(self.X)
        while len(self.order) < self.B:
            self.order = np.append(self.order, self.rng.permutation(N))
        rows, self.order = self.order[: self.B], self.order[self.B :]
        if len(self.order) == 0 or (self.drop_last and len(self.order) < self.B):
            self.epochs += 1
            self.order = self.order[:0]
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You draw samples with replacement: in an epoch some come twice and others not at all. Cut one "
    "permutation into pieces."
)
class BatchesWithReplacement:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        N = len(self.X)
        rows = self.rng.integers(N, size=min(self.B, N - self.position))
        self.position += self.B
        left = N - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You draw a new permutation for each batch. A sample that has come may come again before the "
    "others had their turn; one permutation serves a whole epoch."
)
class BatchesNewOrderEachBatch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        order = self.rng.permutation(len(self.X))
        rows = order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "A last batch that is exactly full gets lost: 6 samples in batches of 3 are two batches an "
    "epoch. Look at your comparison with the end."
)
class BatchesLosesAFullBatch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or left == self.B or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "After a full last batch you hand out an empty one: position equal to N is the end, too."
)
class BatchesEmptyBatch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left < 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "The batches are right, but you count an epoch when the next one begins. It is complete as "
    "soon as its last batch is handed out."
)
class BatchesCountsLate:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0
        self.order = rng.permutation(len(X))

    def next_batch(self):
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "The object remembers nothing: each call draws a new order and takes its first B samples. It "
    "has to know the order of this epoch, and how far it has come."
)
class BatchesWithoutMemory:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs = 0

    def next_batch(self):
        rows = self.rng.permutation(len(self.X))[: self.B]
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You draw each batch from all N samples, so that a sample may come twice in an epoch and "
    "another not at all. Draw one permutation for the epoch, and cut it."
)
class BatchesDrawnFromAll:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.position = 0, 0

    def next_batch(self):
        rows = self.rng.choice(len(self.X), self.B, replace=False)
        self.position += self.B
        if self.position >= len(self.X):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "The batches are right, but epochs is 1 from the first batch on. It counts complete passes: 0 "
    "until the last batch of the first pass is handed out."
)
class BatchesCountsEarly:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
            self.epochs += 1
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong("The batches are right, but epochs never grows: add 1 when a pass is complete.")
class BatchesNeverCounts:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "The batches of an epoch are cut before the first is asked for, so a new B has to wait for the "
    "next epoch. Cut each batch when it is asked for."
)
class BatchesCutInAdvance:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.left = 0, []

    def next_batch(self):
        N, B = len(self.X), self.B
        if not self.left:
            order = self.rng.permutation(N)
            end = N - N % B if self.drop_last else N
            self.left = [order[start : start + B] for start in range(0, end, B)]
        rows = self.left.pop(0)
        if not self.left:
            self.epochs += 1
        return self.X[rows], self.y[rows]


@Batches.wrong("The samples come in the order of the data: nothing is shuffled yet.")
class BatchesNotShuffled:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.drop_last = X, y, B, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        rows = slice(self.position, self.position + self.B)
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You shuffle the caller's arrays themselves. They belong to the caller: leave them as they "
    "are, and shuffle row numbers."
)
class BatchesShufflesTheData:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            order = self.rng.permutation(len(self.X))
            self.X[:], self.y[:] = self.X[order], self.y[order]
        rows = slice(self.position, self.position + self.B)
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows].copy(), self.y[rows].copy()


@Batches.wrong(
    "You shuffle what the last epoch has shuffled. It would train as well, but the same rng then "
    "gives other batches than those asked for: cut a fresh rng.permutation(N) in each epoch, and "
    "keep X and y as they are."
)
class BatchesShufflesTheShuffled:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            order = self.rng.permutation(len(self.X))
            self.X, self.y = self.X[order], self.y[order]
        rows = slice(self.position, self.position + self.B)
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You make a generator of your own and do not use the rng that you are given. Whoever calls you "
    "could not repeat the run, nor run it with another seed."
)
class BatchesOwnGenerator:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.drop_last = X, y, B, drop_last
        self.rng = np.random.default_rng(0)
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You keep the size of a batch from the start. The caller may set B between two calls: read "
    "self.B when a batch is asked for."
)
class BatchesKeepsTheSize:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position, self.size = 0, 0, B

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.size]
        self.position += self.size
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.size):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You find the place in the epoch as the number of batches times B. When B changes, that place "
    "jumps: samples come twice or never. Remember how many samples are gone."
)
class BatchesCountsBatches:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.k = 0, 0

    def next_batch(self):
        if self.k == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.k * self.B : (self.k + 1) * self.B]
        self.k += 1
        left = len(self.X) - self.k * self.B
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.k = 0
        return self.X[rows], self.y[rows]


@Batches.wrong("You return the labels first. Asked is the pair X[rows], y[rows], in this order.")
class BatchesLabelsFirst:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.y[rows], self.X[rows]


@Batches.wrong(
    "With drop_last you leave out a last batch that is full: 8 samples in batches of 4 are two "
    "batches. Only fewer than B samples are a rest."
)
class BatchesDropsAFullBatch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left <= self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You add 1 to epochs at every batch. It counts complete passes: 0 until the last batch of the "
    "first pass is handed out."
)
class BatchesCountsEveryBatch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        self.epochs += 1
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "You make a new generator with the same seed at each epoch, so every epoch has the same order. "
    "Use the rng that you are given: it goes on where it stopped."
)
class BatchesSameSeedEachEpoch:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = np.random.default_rng(0).permutation(len(self.X))
        rows = self.order[self.position : self.position + self.B]
        self.position += self.B
        left = len(self.X) - self.position
        if left <= 0 or (self.drop_last and left < self.B):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


@Batches.wrong(
    "A generator waits at its yield: the line that counts the epoch runs at the next call, one "
    "batch too late, and its range keeps the B of the start. Keep a position instead."
)
class BatchesOfAGenerator:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng, self.drop_last = X, y, B, rng, drop_last
        self.epochs, self.batches = 0, self.run()

    def run(self):
        N = len(self.X)
        while True:
            order = self.rng.permutation(N)
            for start in range(0, N, self.B):
                rows = order[start : start + self.B]
                if len(rows) == self.B or not self.drop_last:
                    yield self.X[rows], self.y[rows]
            self.epochs += 1

    def next_batch(self):
        return next(self.batches)


# The same mistakes of those who have not come to drop_last yet.


@Batches.wrong(
    "X and y get a permutation each, and two permutations do not agree. Draw one, and use it for "
    "both."
)
class BatchesTwoOrdersFirst:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.position = 0, 0

    def next_batch(self):
        if self.position == 0:
            self.order = self.rng.permutation(len(self.X))
            self.order_y = self.rng.permutation(len(self.X))
        place = slice(self.position, self.position + self.B)
        self.position += self.B
        if self.position >= len(self.X):
            self.epochs += 1
            self.position = 0
        return self.X[self.order[place]], self.y[self.order_y[place]]


@Batches.wrong(
    "You shuffle where batches start. Neighbours in the data then always share a batch: in sorted "
    "data each batch holds one class. Shuffle the samples."
)
class BatchesOfNeighboursFirst:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.starts = 0, []

    def next_batch(self):
        if len(self.starts) == 0:
            self.starts = list(self.rng.permutation(np.arange(0, len(self.X), self.B)))
        start = self.starts.pop(0)
        if len(self.starts) == 0:
            self.epochs += 1
        return self.X[start : start + self.B], self.y[start : start + self.B]


@Batches.wrong(
    "You draw samples with replacement: in an epoch some come twice and others not at all. Cut one "
    "permutation into pieces."
)
class BatchesWithReplacementFirst:
    def __init__(self, X, y, B, rng, drop_last=False):
        self.X, self.y, self.B, self.rng = X, y, B, rng
        self.epochs, self.position = 0, 0

    def next_batch(self):
        rows = self.rng.integers(len(self.X), size=self.B)
        self.position += self.B
        if self.position >= len(self.X):
            self.epochs += 1
            self.position = 0
        return self.X[rows], self.y[rows]


# ---------------------------------------------------------------- batch_noise


@lab.question(
    "batch_noise",
    title="How noisy is a batch",
    points=3,
    minutes=9,
    section=("sec-gradient-noise", "The noise of the mini-batch gradient"),
    hints=(
        "Do it in three steps: the full gradient, how far each sample's gradient is from it, and "
        "then what B and N make of that.",
        "The full gradient is G.mean(axis=0), one row. The squared distance of a sample from it is "
        "the sum of the squared differences over its K entries; sigma squared is the mean of that "
        "over the samples.",
        "Multiply sigma squared by (N - B) / (N - 1) and divide by B. Look at the two ends: B = 1 "
        "gives sigma squared, and B = N gives 0.",
    ),
)
def batch_noise(G, B):
    N = len(G)
    variance = np.mean(np.sum((G - G.mean(axis=0)) ** 2, axis=1))
    return variance / B * (N - B) / (N - 1)


GRADIENTS = np.array([[1.0, 0.0, 2.0], [3.0, -1.0, 0.0], [0.0, 2.0, 1.0], [2.0, 4.0, -1.0]])


@batch_noise.inputs(points=1)
def noise_small(rng):
    line = np.array([[1.0, 0.0], [2.0, 0.0], [6.0, 0.0]])
    return [(GRADIENTS, 1), (GRADIENTS, 2), (GRADIENTS, 4), (line, 2)]


@batch_noise.inputs(points=1, hidden=True, about="other gradients and batch sizes")
def noise_fresh(rng):
    cases = [(rng.normal(1, 2, (N, K)), B) for N, K, B in ((5, 2, 3), (30, 4, 7), (200, 10, 32))]
    return [*cases, (rng.normal(size=(9, 1)), 9), (1e3 + rng.normal(size=(6, 3)), 2)]


@batch_noise.test(points=1, about="all batches that there are, one by one")
def noise_of_all_batches(student, rng):
    """The mean squared distance over every batch of B out of N."""
    for N, B in ((5, 2), (6, 3), (7, 5)):
        G = rng.normal(2, 1, (N, 3))
        means = np.array([G[list(rows)].mean(axis=0) for rows in combinations(range(N), B)])
        expect(student(G, B), np.mean(np.sum((means - G.mean(axis=0)) ** 2, axis=1)), rtol=1e-6)


@batch_noise.wrong(
    "That would be right for drawing with replacement. A batch holds no sample twice: with B = N "
    "nothing is left to chance, and the noise has to be 0."
)
def noise_with_replacement(G, B):
    return np.mean(np.sum((G - G.mean(axis=0)) ** 2, axis=1)) / B


@batch_noise.wrong(
    "You divide sigma squared by N - 1 already, and then the factor comes on top. With the N - 1 "
    "of the factor, sigma squared is the plain mean over the N samples."
)
def noise_corrected_twice(G, B):
    N = len(G)
    variance = np.sum(G.var(axis=0, ddof=1))
    return variance / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "Your factor is (N - B) / N. With it a batch of one sample would have less noise than one "
    "sample has; divide by N - 1."
)
def noise_factor_by_n(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / B * (N - B) / N


@batch_noise.wrong(
    "You return the root of it. Asked is the mean of the squared distance, as it is."
)
def noise_root(G, B):
    N = len(G)
    return np.sqrt(np.sum(G.var(axis=0)) / B * (N - B) / (N - 1))


@batch_noise.wrong(
    "You average over the K entries of the gradient. A squared distance is their sum."
)
def noise_mean_over_entries(G, B):
    N = len(G)
    return np.mean(G.var(axis=0)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "You do not subtract the full gradient: noise is the distance from it, not the length of the "
    "gradients."
)
def noise_not_centred(G, B):
    N = len(G)
    return np.mean(np.sum(G**2, axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "You divide by the root of B. It is the distance that falls with the root; its square falls "
    "with B itself."
)
def noise_root_of_b(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / np.sqrt(B) * (N - B) / (N - 1)


@batch_noise.wrong(
    "You average along the rows: that is the mean of the entries of one sample. The full gradient "
    "is the mean over the samples, axis 0."
)
def noise_other_axis(G, B):
    N = len(G)
    return np.mean(np.sum((G - G.mean(axis=1, keepdims=True)) ** 2, axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong("You return one number for each entry of the gradient. Their sum is asked for.")
def noise_per_entry(G, B):
    N = len(G)
    return G.var(axis=0) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "Your factor stands upside down: it has to make the noise smaller, down to 0 for B = N."
)
def noise_factor_inverted(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / B * (N - 1) / np.float64(N - B)


@batch_noise.wrong(
    "You subtract one mean over all entries of G. Each entry of the gradient has a mean of its "
    "own: axis 0."
)
def noise_one_mean(G, B):
    N = len(G)
    return np.mean(np.sum((G - G.mean()) ** 2, axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "You average the squares over all N·K entries. A squared distance is the sum over the K "
    "entries; only the N samples are averaged."
)
def noise_mean_of_all_entries(G, B):
    return np.mean((G - G.mean(axis=0)) ** 2) / B


@batch_noise.wrong(
    "G.var() is the spread of all entries around one mean. Each entry of the gradient has a mean "
    "of its own, axis 0, and the squared distance is the sum over the entries."
)
def noise_variance_of_everything(G, B):
    N = len(G)
    return G.var() / B * (N - B) / (N - 1)


@batch_noise.wrong("You sum over the samples. Sigma squared is the mean over the N samples.")
def noise_sum_over_samples(G, B):
    N = len(G)
    return np.sum((G - G.mean(axis=0)) ** 2) / B * (N - B) / (N - 1)


@batch_noise.wrong("The distances are not squared: np.linalg.norm gives a root. Square it first.")
def noise_of_distances(G, B):
    N = len(G)
    return np.mean(np.linalg.norm(G - G.mean(axis=0), axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "You use the notebook's array full. Compute the mean of the argument G: the function has to "
    "work for any gradients."
)
def noise_of_the_notebook(G, B):
    N, full = len(G), np.zeros(500)
    return np.mean(np.sum((G - full) ** 2, axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong("B does not come in: this is the noise of a single sample.")
def noise_of_one_sample(G, B):
    return np.mean(np.sum((G - G.mean(axis=0)) ** 2, axis=1))


@batch_noise.wrong(
    "You look at one batch, the first B samples. Asked is the mean over all batches that could be "
    "drawn."
)
def noise_of_the_first_batch(G, B):
    return np.sum((G[:B].mean(axis=0) - G.mean(axis=0)) ** 2)


@batch_noise.wrong("You change G itself. The caller still needs it: write into a new array.")
def noise_in_place(G, B):
    N = len(G)
    G -= G.mean(axis=0)
    return np.mean(np.sum(G**2, axis=1)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "The factor (N - B) / (N - 1) is there, but nothing is divided by B. It is the average over B "
    "samples that makes a batch quiet."
)
def noise_not_divided(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) * (N - B) / (N - 1)


@batch_noise.wrong(
    "Brackets are missing: / N - 1 divides by N, and then takes 1 away. Write / (N - 1)."
)
def noise_without_brackets(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / B * (N - B) / N - 1


@batch_noise.wrong(
    "Brackets are missing: without them, products and quotients come before the differences. "
    "Write (N - B) / (N - 1)."
)
def noise_without_any_brackets(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / B * N - B / N - 1


@batch_noise.wrong(
    "Your N is the number of entries of a gradient. N counts the samples, which are the rows of G."
)
def noise_entries_for_samples(G, B):
    N = G.shape[1]
    return np.sum(G.var(axis=0)) / B * (N - B) / (N - 1)


@batch_noise.wrong(
    "You divide by B twice, or by its square. The squared distance falls with B itself."
)
def noise_square_of_b(G, B):
    N = len(G)
    return np.sum(G.var(axis=0)) / B**2 * (N - B) / (N - 1)


@batch_noise.wrong(
    "Your N is the number of entries of a gradient. N counts the samples, which are the rows of G."
)
def noise_entries_for_samples_everywhere(G, B):
    N = G.shape[1]
    return np.sum((G - G.mean(axis=0)) ** 2) / N / B * (N - B) / (N - 1)


# ---------------------------------------------------------------- train_softmax


@lab.question(
    "train_softmax",
    title="Clinic: three faults in a training loop",
    points=4,
    minutes=18,
    section=("sec-mistakes-5", "Common mistakes"),
    hints=(
        "Take one complaint at a time, and the smallest run that shows it. A: print rows for six "
        "samples in batches of two. B: which number stands below the fraction bar, and which "
        "number of samples stands above it? C: 1 + 2 + ... + 10 is 55; print dW after each update.",
        "A: the starts of the batches are shuffled, the samples are not. B: the sum over a batch "
        "is divided by B even if the batch has fewer samples. C: dW still holds the gradients of "
        "all earlier batches.",
        "A: at the top of each epoch draw rng.permutation(N) and keep it, let start run through "
        "range(0, N, B), and take as rows the slice of the permutation from start on, B long. B: "
        "divide by len(rows). C: give dW a new value at each batch instead of adding to it.",
    ),
)
def train_softmax(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.inputs(points=1)
def train_small(rng):
    X = np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 1.0], [-1.0, 2.0], [1.0, 3.0]])
    y = np.array([0, 0, 1, 1, 2])
    W = np.array([[0.5, 0.0, -0.5], [0.0, 1.0, 0.0]])
    return [
        (W, X, y, 2, 0.5, 2, np.random.default_rng(3)),
        (W, X, y, 5, 0.5, 3, np.random.default_rng(1)),
        (W, X, y, 8, 0.5, 1, np.random.default_rng(1)),
    ]


def problem(rng, N, D=3, C=4):
    return rng.normal(size=(D, C)), rng.normal(size=(N, D)), np.sort(rng.integers(C, size=N))


# A point for each complaint, on runs where the other two faults make no difference.


@train_softmax.inputs(points=1, hidden=True, about="complaint A: which samples share a batch")
def train_a_samples_shuffled(rng):
    """With a rate of 0 the weights stay, and the losses tell the batches."""
    return [
        (*problem(rng, N), B, 0.0, 3, np.random.default_rng(int(rng.integers(1000))))
        for N, B in ((12, 3), (11, 4), (9, 2))
    ]


@train_softmax.inputs(points=1, hidden=True, about="complaint B: a batch that is not full")
def train_b_small_batch(rng):
    """One update with fewer samples than B."""
    return [(*problem(rng, N), B, 0.3, 1, rng) for N, B in ((4, 6), (10, 32), (1, 2))]


@train_softmax.inputs(points=1, hidden=True, about="complaint C: several updates in a row")
def train_c_own_gradient(rng):
    """Full batches: how they are shuffled does not matter, and each is full."""
    return [(*problem(rng, N), N, 0.2, epochs, rng) for N, epochs in ((6, 2), (10, 5))]


@train_softmax.wrong(
    "The three faults are still there, as you got it. Begin with complaint A: print rows for six "
    "samples in batches of two."
)
def train_as_given(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    dW = np.zeros_like(W)
    for _ in range(epochs):
        for start in rng.permutation(np.arange(0, N, B)):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            dW += X[rows].T @ P / B
            W -= lr * dW
    return W, np.array(losses)


@train_softmax.wrong(
    "Complaint A is cured: samples are shuffled. B and C are left. How many samples stand in the "
    "sum that you divide by B?"
)
def train_a_cured(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    dW = np.zeros_like(W)
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            dW += X[rows].T @ P / B
            W -= lr * dW
    return W, np.array(losses)


@train_softmax.wrong(
    "Complaint B is cured: a small batch is divided by its own size. A and C are left. Which "
    "samples share a batch?"
)
def train_b_cured(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    dW = np.zeros_like(W)
    for _ in range(epochs):
        for start in rng.permutation(np.arange(0, N, B)):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            dW += X[rows].T @ P / len(rows)
            W -= lr * dW
    return W, np.array(losses)


@train_softmax.wrong(
    "Complaint C is cured: each batch has a gradient of its own. A and B are left. Which samples "
    "share a batch?"
)
def train_c_cured(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        for start in rng.permutation(np.arange(0, N, B)):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / B
    return W, np.array(losses)


@train_softmax.wrong(
    "Only complaint A is left: the starts of the batches are shuffled, so the same neighbours "
    "always share a batch."
)
def train_a_left(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        for start in rng.permutation(np.arange(0, N, B)):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "Only complaint B is left: a mean divides by as many samples as stand in its sum, also in the "
    "last batch."
)
def train_b_left(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / B
    return W, np.array(losses)


@train_softmax.wrong(
    "Only complaint C is left: each step follows the sum of all gradients since the beginning. A "
    "batch has a gradient of its own."
)
def train_c_left(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    dW = np.zeros_like(W)
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            dW += X[rows].T @ P / len(rows)
            W -= lr * dW
    return W, np.array(losses)


@train_softmax.wrong(
    "You clear the gradient once an epoch. Within the epoch it still adds up: clear it for each "
    "batch."
)
def train_cleared_each_epoch(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        dW = np.zeros_like(W)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            dW += X[rows].T @ P / len(rows)
            W -= lr * dW
    return W, np.array(losses)


@train_softmax.wrong(
    "You draw one order before the first epoch, and all epochs use it. Each epoch needs a "
    "permutation of its own."
)
def train_one_order(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    order = rng.permutation(N)
    for _ in range(epochs):
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "You shuffle the samples, but take the labels in the order of the data. The same rows pick "
    "both."
)
def train_labels_left_behind(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            labels = y[start : start + B]
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, labels]).mean())
            P[n, labels] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "You divide by N. The gradient of a batch is the mean over that batch, or small batches hardly "
    "move the weights."
)
def train_divided_by_n(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / N
    return W, np.array(losses)


@train_softmax.wrong(
    "Only complaint B is left, and half of it is cured: a batch larger than the data is right now. "
    "The last of several batches may be small, too."
)
def train_b_half_cured(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / min(B, N)
    return W, np.array(losses)


@train_softmax.wrong(
    "The second epoch shuffles what the first has shuffled, be it X and y or the row numbers. It "
    "would train as well, but the same rng gives other batches than those asked for: cut a fresh "
    "rng.permutation(N) in each epoch, and leave X and y as they are."
)
def train_shuffles_the_shuffled(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        X, y = X[order], y[order]
        for start in range(0, N, B):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "You leave out batches that are not full. Complaint B asks for a step of the right length, not "
    "for none."
)
def train_drops_the_last(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N - N % B, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / B
    return W, np.array(losses)


@train_softmax.wrong(
    "You do not divide at all: the gradient is a sum, and steps grow with the size of the batch."
)
def train_summed(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P
    return W, np.array(losses)


@train_softmax.wrong(
    "You draw a permutation for each batch: some samples come twice in an epoch, others never. "
    "Draw it once at the top of the epoch, before the loop over the batches."
)
def train_order_for_each_batch(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        for start in range(0, N, B):
            order = rng.permutation(N)
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "You shuffle the samples, and the starts of the batches besides. That trains as well, but the "
    "batches are to be cut from left to right: let start run through range(0, N, B)."
)
def train_shuffles_starts_too(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in rng.permutation(np.arange(0, N, B)):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong("You change the W that you are given: keep the line with W.copy().")
def train_in_place(W, X, y, B, lr, epochs, rng):
    N, losses = len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        for start in range(0, N, B):
            rows = order[start : start + B]
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


@train_softmax.wrong(
    "You shuffle the caller's X and y themselves. They have to stay as they are: take the rows "
    "order[start : start + B] of them."
)
def train_shuffles_the_data(W, X, y, B, lr, epochs, rng):
    W, N, losses = W.copy(), len(X), []
    for _ in range(epochs):
        order = rng.permutation(N)
        X[:], y[:] = X[order], y[order]
        for start in range(0, N, B):
            rows = np.arange(start, min(start + B, N))
            n = np.arange(len(rows))
            P = softmax(X[rows] @ W)
            losses.append(-np.log(P[n, y[rows]]).mean())
            P[n, y[rows]] -= 1
            W -= lr * X[rows].T @ P / len(rows)
    return W, np.array(losses)


# ---------------------------------------------------------------- powers_of_two

powers_of_two = lab.choice(
    "powers_of_two",
    "d",
    choices={
        "a": "Powers of two run at full speed, all other sizes cost a tenth or more",
        "b": "The powers of two never come first: their fame is a mere legend",
        "c": "Twice the batch gives about twice the samples a second, up to 512",
        "d": "Powers of two lead by a few per cent at most, and the repeats overlap; the size "
        "itself counts far more",
        "e": "A batch of 512 trains best, because it handles the most samples a second",
        "f": "Powers of two are a law: on any machine they are faster than their neighbours",
    },
    title="Powers of two, read honestly",
    points=1,
    minutes=5,
    section=("sec-powers", "Powers of two"),
    hints=(
        "Make two comparisons: a power of two with its neighbours in the same row of the table, "
        "and one row with the next.",
        "A difference between two medians means little if the slowest repeat of one lies below the "
        "fastest of the other. Look at the ranges, not only at the medians.",
        "Compute the lead of each power of two over its better neighbour, in per cent, and the "
        "growth from the first row to the last. Which of the two is large? And does the table say "
        "anything about what is learnt?",
    ),
)
powers_of_two.wrong_value(
    "a",
    "Compute it: by how many per cent does the better neighbour of each power of two lie behind?",
)
powers_of_two.wrong_value(
    "b",
    "Look at the medians again: the power of two is the largest of its three in most rows. The "
    "question is by how much, and whether the repeats agree.",
)
powers_of_two.wrong_value(
    "c",
    "From 16 to 512 the batch grows 32 times. How many times do the samples a second grow?",
)
powers_of_two.wrong_value(
    "e",
    "The table counts samples a second. How much a sample teaches, in a batch of this size, is "
    "another axis: with 512 there are few updates.",
)
powers_of_two.wrong_value(
    "f",
    "One table from one machine, with leads as small as the spread of the repeats, cannot carry a "
    "law. What does it show?",
)


# ---------------------------------------------------------------- train_on_budget


def train_on_budget(gradient, W, N, budget, rng, B=4, lr=1.0):
    W = W.copy()
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


budgeted = lab.question(
    "train_on_budget",
    title="The most from a budget of samples",
    points=4,
    minutes=14,
    section=("sec-mb-modes", "Batch, incremental, mini-batch"),
    accuracy=0.75,
    hints=(
        "Write the loop first, with any B and lr: orders of all N samples, batches cut from them, "
        "and an end as soon as the budget is spent. Then turn the two knobs.",
        "With few samples to spend, updates are what you lack: a small batch buys more of them. A "
        "larger batch bears, and needs, a larger rate. Try B in powers of two against lr in steps "
        "of three, on the validation digits.",
        "Cut what the budget does not pay for from the order itself: rng.permutation(N)[:budget], "
        "and take its length off the budget. Look among batches below ten and rates between 0.1 "
        "and 1.",
    ),
)(train_on_budget)

DIGITS = mini_mnist()


def drawn_digits(rng, n_train, n_new, part=DIGITS.test):
    """Digits of 7 x 7 and a constant input, sorted by label; with other pixels, other names."""
    rows, new = rng.permutation(7000)[:n_train], rng.permutation(1500)[:n_new]
    pixels, names = rng.permutation(50), rng.permutation(10)
    y, y_new = names[DIGITS.train.y[rows]], names[part.y[new]]
    by_label = np.argsort(y, kind="stable")
    X = pooled(DIGITS.train.X[rows])[by_label]
    return X[:, pixels], y[by_label], pooled(part.X[new])[:, pixels], y_new


def pooled(X):
    small = X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    return np.hstack([small.round(1), np.ones((len(X), 1))])


@budgeted.inputs(points=1, seconds=10)
def budget_small(rng):
    y = DIGITS.train.y[:400]
    by_label = np.argsort(y, kind="stable")
    X, y = pooled(DIGITS.train.X[:400])[by_label], y[by_label]
    X_new, y_new = pooled(DIGITS.val.X[:150]), DIGITS.val.y[:150]

    def program(student):
        gradient = student.metered(X, y, 1500)
        rng = np.random.default_rng(0)
        W = student.train_on_budget(gradient, np.zeros((50, 10)), 400, 1500, rng)
        return [student.answers(W, X_new)]

    return [(record(program), y_new)]


def reaches(student, rng, N, budget, goal=0.7):
    """Two runs on other digits; here the gradient, and what it costs, come from this side.

    With B = 1 each sample is asked for across the wall of the sandbox: allow time for it.
    """
    scores = []
    for _ in range(2):
        X, y, X_new, y_new = drawn_digits(rng, N, 1500)
        W = student(metered(X, y, budget), np.zeros((50, 10)), N, budget, rng)
        assert isinstance(W, np.ndarray), "expected the trained weights, an array"
        assert W.shape == (50, 10), f"expected shape (50, 10), got {W.shape}"
        assert W.dtype.kind == "f", f"expected floats, got {W.dtype}"
        scores.append(np.mean(answers(W, X_new) == y_new))
    score = np.mean(scores)
    assert score >= goal, f"expected {goal:.0%} of the new digits, got {score:.1%}"


@budgeted.test(points=1, seconds=30, about="1,000 other digits, a budget of 3 epochs")
def budget_of_three_epochs(student, rng):
    reaches(student, rng, 1000, 3000)


@budgeted.test(points=1, seconds=30, about="1,500 digits, a budget that ends within an epoch")
def budget_ends_within_an_epoch(student, rng):
    reaches(student, rng, 1500, 2500)


@budgeted.test(points=1, seconds=30, about="4,000 digits, a budget for half of them")
def budget_of_half_an_epoch(student, rng):
    reaches(student, rng, 4000, 2000)


@budgeted.wrong(
    "Full batches: the budget pays for a handful of updates. Each is nearly exact, and they are "
    "far too few."
)
def budget_full_batches(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), N, 1.0
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "You step along the gradient. It points to where the loss grows; the step goes against it."
)
def budget_ascends(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W += lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "The samples come in the order of the data, which are sorted by label: the last class wipes "
    "out what the others taught."
)
def budget_not_shuffled(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    while budget > 0:
        order = np.arange(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "The samples come in the order of the data, which are sorted by label: the last class wipes "
    "out what the others taught."
)
def budget_not_shuffled_with_the_given_rate(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 32, 0.1
    while budget > 0:
        order = np.arange(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "You shuffle where batches start. The data are sorted, so each of your batches holds one "
    "digit only."
)
def budget_of_neighbours(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 32, 1.0
    while budget > 0:
        for start in rng.permutation(np.arange(0, N, B)):
            rows = np.arange(start, min(start + B, N))[:budget]
            if len(rows):
                W -= lr * gradient(W, rows)
                budget -= len(rows)
    return W


@budgeted.wrong(
    "B = 32 and a rate of 0.1 or below: few updates, each of them short. With this budget the "
    "weights hardly leave the start."
)
def budget_short_steps(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 32, 0.1
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "You spend more than the budget: every sample that you ask a gradient for costs one, also in "
    "the second epoch."
)
def budget_overspent(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    for _ in range(30):
        order = rng.permutation(N)
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
    return W


@budgeted.wrong(
    "Every answer is 0. Either you return the weights that you were given and not those that your "
    "steps changed, or your batches come from the first rows alone, which are all of one class."
)
def budget_returns_the_start(gradient, W, N, budget, rng):
    return W


@budgeted.wrong(
    "One sample at a time, with a rate that is far too large for it: each step undoes much of what "
    "the steps before it learnt."
)
def budget_wild_steps(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 1, 10.0
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "A large batch and a small rate: a dozen updates, and each of them short. You pay for quiet "
    "gradients, and lack steps."
)
def budget_few_short_steps(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 128, 0.1
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong("Your function does not return the weights: the last line has to be return W.")
def budget_returns_nothing(gradient, W, N, budget, rng):
    W = W.copy()


@budgeted.wrong(
    "All your updates use the same few samples. The weights know these by heart, and the rest of "
    "the budget buys nothing new."
)
def budget_one_batch(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    rows = rng.permutation(N)[:B]
    for _ in range(budget // B):
        W -= lr * gradient(W, rows)
    return W


@budgeted.wrong(
    "You step once an epoch, with the gradient of its last batch: all others are paid for and "
    "thrown away."
)
def budget_steps_once_an_epoch(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            dW = gradient(W, order[start : start + B])
        W -= lr * dW
        budget -= len(order)
    return W


@budgeted.wrong(
    "Your rate is so small that the weights hardly leave the start: the whole budget buys a few "
    "tiny steps."
)
def budget_tiny_rate(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 0.001
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows)
        budget -= len(order)
    return W


@budgeted.wrong(
    "You add each gradient to all those before it. A step then follows what was true many batches "
    "ago: complaint C of the clinic."
)
def budget_never_clears(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 4, 1.0
    dW = np.zeros_like(W)
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            dW += gradient(W, order[start : start + B])
            W -= lr * dW
        budget -= len(order)
    return W


@budgeted.wrong(
    "You divide by B once more. gradient(W, rows) is the mean over its samples already, so your "
    "steps are B times too short."
)
def budget_divides_again(gradient, W, N, budget, rng):
    W, B, lr = W.copy(), 8, 0.3
    while budget > 0:
        order = rng.permutation(N)[:budget]
        for start in range(0, len(order), B):
            rows = order[start : start + B]
            W -= lr * gradient(W, rows) / B
        budget -= len(order)
    return W
