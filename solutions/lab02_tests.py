"""Right answers, tests and known wrong answers of lab 2, Activations and initialisation."""

from itertools import pairwise

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.gradcheck import numerical_gradient as differences
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab02",
    title="Activations and initialisation",
    chapter="chapters/02-activations.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)
lab.given["np"] = np  # programs draw from generators, and take maxima

KINDS = ("sigmoid", "tanh", "relu")


# ---------------------------------------------------------------- activate


def activate(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A * A
    return np.maximum(Z, 0), np.where(Z > 0, 1.0, 0.0)


activation = lab.question(
    "activate",
    title="Three activations and their slopes",
    points=3,
    minutes=10,
    section=("sec-sigmoid", "The sigmoid and its three problems"),
    atol=1e-20,
    hints=(
        "Three cases, each with two arrays of the shape of Z. For sigmoid and tanh compute A "
        "first; its slope needs A and nothing else.",
        "For the sigmoid compute e = exp(-|z|), which lies between 0 and 1 whatever z is. Where "
        "z is at least 0 the result is 1 / (1 + e). Where it is below 0, what do you get if you "
        "multiply numerator and denominator of 1 / (1 + exp(-z)) by exp(z)?",
        "np.where(Z >= 0, 1.0, e) / (1 + e) is the sigmoid, with slope A times (1 - A). For tanh "
        "take NumPy's, with slope 1 minus the square of A. For ReLU the slope is 1.0 where Z is "
        "above 0, and 0.0 elsewhere, at 0 too.",
    ),
)(activate)


@activation.inputs(points=1)
def activate_small(rng):
    Z = np.array([[-2.0, 0.0, 0.5], [1.0, 3.0, -0.25]])
    tails = np.array([-1000.0, -40.0, 5.0, 1000.0])
    return [(Z, kind) for kind in KINDS] + [(tails, kind) for kind in KINDS]


def drawn_inputs(rng, kind):
    shapes = ((7,), (1, 5), (4, 3), (2, 3, 4))
    far = np.array([-1.0, 1.0]) * rng.uniform(1000, 5000, size=(3, 2))
    return [(2 * rng.normal(size=shape), kind) for shape in shapes] + [(far, kind)]


@activation.inputs(points=1, hidden=True, about="the sigmoid of other shapes, and of both tails")
def activate_sigmoid(rng):
    return [*drawn_inputs(rng, "sigmoid"), (rng.uniform(-45, -38, size=4), "sigmoid")]


@activation.inputs(points=0.5, hidden=True, about="tanh of other shapes, and of large numbers")
def activate_tanh(rng):
    return drawn_inputs(rng, "tanh")


@activation.inputs(points=0.5, hidden=True, about="ReLU of other shapes, and of zeros")
def activate_relu(rng):
    return [*drawn_inputs(rng, "relu"), (np.array([0.0, -0.0, 1e-9, -1e-9]), "relu")]


@activation.wrong(
    "exp(1000) is infinite, and infinity divided by infinity is no number. Take the exponential "
    "only of numbers that are not above 0."
)
def activate_overflows(Z, kind):
    if kind == "sigmoid":
        with np.errstate(all="ignore"):
            A = np.exp(Z) / (1 + np.exp(Z))
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your tanh divides infinity by infinity in the tails. NumPy has a tanh that does not."
)
def activate_tanh_overflows(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        with np.errstate(all="ignore"):
            A = (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z))
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your sigmoid is 0 at -40, where it should be 4e-18. In the left tail it comes out as a "
    "difference of two numbers near each other, and all digits cancel."
)
def activate_left_tail_cancels(Z, kind):
    if kind == "sigmoid":
        A = (1 + np.tanh(Z / 2)) / 2
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "You put Z into the formulas of the slopes. They are written in terms of the output: A "
    "times (1 - A), and 1 minus the square of A."
)
def activate_slope_from_z(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        return np.where(Z >= 0, 1.0, e) / (1 + e), Z * (1 - Z)
    if kind == "tanh":
        return np.tanh(Z), 1 - Z**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "You apply the activation a second time before you take its slope: A has already been through "
    "it."
)
def activate_twice(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        S = 1 / (1 + np.exp(-A))
        return A, S * (1 - S)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - np.tanh(A) ** 2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your tanh has the slope of the sigmoid, A times (1 - A). That is below 0 wherever tanh is, "
    "and tanh rises everywhere."
)
def activate_sigmoid_slope_for_tanh(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, A * (1 - A)
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "The slope of tanh is 1 minus the square of its output. Without the square it would be "
    "steeper than 1 on the left."
)
def activate_tanh_without_square(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your tanh rises too slowly. It is a sigmoid stretched to twice the height, and its input "
    "changes too: check it at one number against np.tanh."
)
def activate_tanh_half_as_steep(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z / 2)
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your ReLU has the slope 1 at 0. Both sides could be argued for at the kink; the book, like "
    "PyTorch, takes 0."
)
def activate_kink(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z >= 0) * 1.0


@activation.wrong(
    "The slope of your ReLU comes as True and False. It is a number to multiply by: make it 1.0 "
    "and 0.0."
)
def activate_booleans(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), Z > 0


@activation.wrong(
    "Your ReLU returns its values for its slopes. However large the value, the slope is 1 or 0."
)
def activate_value_for_slope(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), np.maximum(Z, 0)


@activation.wrong(
    "The slope of your tanh is computed from Z. It is 1 minus the square of the *output*, A."
)
def activate_tanh_slope_from_z(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - Z**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "You square the difference, 1 - A. The slope of tanh is 1 minus the square of A: square first, "
    "then subtract."
)
def activate_tanh_square_of_difference(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, (1 - A) ** 2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "Your sigmoid falls where it should rise: the two halves stand in the wrong order. What holds "
    "where the condition is true comes first in np.where."
)
def activate_halves_exchanged(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, e, 1.0) / (1 + e)
        return A, A * (1 - A)
    if kind == "tanh":
        A = np.tanh(Z)
        return A, 1 - A**2
    return np.maximum(Z, 0), (Z > 0) * 1.0


@activation.wrong(
    "You return A alone. The function returns two arrays, A and the slope, for each of the three."
)
def activate_a_alone(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        return np.where(Z >= 0, 1.0, e) / (1 + e)
    if kind == "tanh":
        return np.tanh(Z)
    return np.maximum(Z, 0)


@activation.wrong("The slope comes first and A second. Return A, then the slope.")
def activate_slope_first(Z, kind):
    if kind == "sigmoid":
        e = np.exp(-np.abs(Z))
        A = np.where(Z >= 0, 1.0, e) / (1 + e)
        return A * (1 - A), A
    if kind == "tanh":
        A = np.tanh(Z)
        return 1 - A**2, A
    return (Z > 0) * 1.0, np.maximum(Z, 0)


# ---------------------------------------------------------------- WatchedReLU


class WatchedReLU:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.on = Z > 0
        self.ever = self.ever | self.on.any(axis=0)
        return np.where(self.on, Z, 0.0)

    def backward(self, dA):
        return np.where(self.on, dA, 0.0)

    def dead(self):
        return ~self.ever


watched = lab.question(
    "WatchedReLU",
    title="A ReLU that knows its dead units",
    points=4,
    minutes=12,
    section=("sec-relu", "ReLU and its dead units"),
    hints=(
        "The object remembers two things: which entries of the last batch were on, for backward, "
        "and which units were ever on, for dead. They have different shapes.",
        "forward stores on = Z > 0, of shape (N, M), anew at each call. A unit was on in this "
        "batch if any entry of its column is True. How do you join that with what you know from "
        "earlier batches?",
        "Start with a False for ever. In forward join it with on.any(axis=0) by the operator | "
        'for "or". backward multiplies dA by the last on. dead returns the opposite of ever, '
        "~ for an array of booleans.",
    ),
)(WatchedReLU)


def watch(batches, gradients, *, dead=True):
    """Send batches through a layer; show each result, and who is dead in the end."""

    def program(student):
        layer, shown = student.WatchedReLU(), []
        for Z, dA in zip(batches, gradients, strict=True):
            shown += [layer.forward(Z), layer.backward(dA)]
        return [*shown, layer.dead()] if dead else shown

    return record(program)


@watched.inputs(points=1)
def watched_small(rng):
    Z1 = np.array([[1.0, -2.0, 0.0, -1.0], [-3.0, -1.0, 0.0, -2.0], [2.0, -0.5, 0.0, -1.0]])
    Z2 = np.array([[-1.0, 3.0, -1.0, -4.0], [-2.0, -1.0, 0.0, -1.0]])
    dA1 = np.array([[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0], [0.5, 0.5, 0.5, 0.5]])
    dA2 = np.array([[-2.0, -1.0, 5.0, 1.0], [1.0, 1.0, 1.0, 1.0]])

    def after_each(student):
        layer = student.WatchedReLU()
        layer.forward(Z1)
        first = layer.dead()
        layer.forward(Z2)
        return [first, layer.dead()]

    def two_layers(student):
        a, b = student.WatchedReLU(), student.WatchedReLU()
        a.forward(Z1)
        b.forward(Z2)
        return [a.backward(dA1), b.backward(dA2), a.dead(), b.dead()]

    return [watch([Z1], [dA1]), watch([Z1, Z2], [dA1, dA2]), record(after_each), record(two_layers)]


def drawn_batches(rng):
    for M, sizes in ((3, (4, 1)), (1, (2, 5)), (6, (1, 1, 1)), (20, (8, 3, 8))):
        offset = 2 * rng.normal(size=M) - 1
        yield [rng.normal(size=(N, M)) + offset for N in sizes]


@watched.inputs(points=1, hidden=True, about="forward and backward of other batches")
def watched_passes(rng):
    return [
        watch(batches, [rng.normal(size=Z.shape) for Z in batches], dead=False)
        for batches in drawn_batches(rng)
    ]


@watched.inputs(points=1, hidden=True, about="who is dead after other batches")
def watched_dead(rng):
    def program(batches):
        def run(student):
            layer = student.WatchedReLU()
            for Z in batches:
                layer.forward(Z)
            return [layer.dead()]

        return record(run)

    return [program(batches) for batches in drawn_batches(rng)]


@watched.test(points=1, about="one sample, in many batches, that wakes one unit")
def watched_remembers_one_sample(student, rng):
    """A unit that is on once is alive for good, wherever in the data it happens."""
    awake, sample = rng.choice(9, size=2, replace=False)
    batches = [-1 - rng.random((4, 9)) for _ in range(5)]
    batches[1][2, awake] = batches[3][0, sample] = 0.25

    def program(student):
        layer = student.WatchedReLU()
        passed = [layer.forward(Z).sum() for Z in batches]
        return [*passed, layer.dead(), layer.backward(np.ones((4, 9))).sum()]

    right = np.full(9, True)
    right[[awake, sample]] = False
    *passed, dead, back = student.case(record(program))
    expect(list(map(float, passed)), [0.0, 0.25, 0.0, 0.25, 0.0])
    expect(dead, right)
    expect(float(back), 0.0)


@watched.wrong(
    "Your dead units are those of the last batch alone. A unit that was on in an earlier batch is "
    "not dead: it waits for samples of its kind."
)
class WatchedLastBatch:
    def __init__(self):
        pass

    def forward(self, Z):
        self.on = Z > 0
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.on.any(axis=0)


@watched.wrong(
    "You call a unit dead as soon as one batch leaves it off. Dead means off for every sample of "
    "all batches so far."
)
class WatchedAnyBatch:
    def __init__(self):
        self.off = False

    def forward(self, Z):
        self.on = Z > 0
        self.off = self.off | ~self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return self.off


@watched.wrong(
    "You call a unit dead if one sample leaves it off. That is what a ReLU is for: most units are "
    "off for many samples. Dead is who is off for all of them."
)
class WatchedAnySample:
    def __init__(self):
        self.always = True

    def forward(self, Z):
        self.on = Z > 0
        self.always = self.always & self.on.all(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.always


@watched.wrong(
    "dead has a number for each sample where one for each unit is asked for. Units are columns: "
    "which axis must disappear?"
)
class WatchedOtherAxis:
    def __init__(self):
        self.on = None

    def forward(self, Z):
        self.on = Z > 0
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.on.any(axis=1)


@watched.wrong(
    "dead tells how large the share of dead units is. The question is which units are dead: one "
    "True or False for each."
)
class WatchedShare:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.on = Z > 0
        self.ever = self.ever | self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return np.mean(~self.ever)


@watched.wrong("dead tells which units are alive. Turn True and False around.")
class WatchedAlive:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.on = Z > 0
        self.ever = self.ever | self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return self.ever


@watched.wrong(
    "You let the gradient decide what passes back. What counts is whether the unit was on in the "
    "forward pass."
)
class WatchedGradientMask:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.ever = self.ever | (Z > 0).any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return np.maximum(dA, 0)

    def dead(self):
        return ~self.ever


@watched.wrong(
    "The gradient passes backward unchanged. Where a unit was off, its output did not follow its "
    "input, and nothing may come back."
)
class WatchedNoMask:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.ever = self.ever | (Z > 0).any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA

    def dead(self):
        return ~self.ever


@watched.wrong(
    "backward lets everything through to units that were on for some sample. On or off is "
    "decided for each sample: backward needs the whole mask of the last batch."
)
class WatchedEverMask:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.ever = self.ever | (Z > 0).any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.ever

    def dead(self):
        return ~self.ever


@watched.wrong(
    "backward multiplies by the values of the forward pass. The slope of ReLU is 1 or 0, however "
    "large the value."
)
class WatchedValueForSlope:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.kept = np.maximum(Z, 0)
        self.ever = self.ever | (Z > 0).any(axis=0)
        return self.kept

    def backward(self, dA):
        return dA * self.kept

    def dead(self):
        return ~self.ever


@watched.wrong(
    "You count an entry of exactly 0 as on. Its output is 0, and with the slope 0 nothing comes "
    "back: a unit that never gets above 0 is dead."
)
class WatchedKink:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.on = Z >= 0
        self.ever = self.ever | self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.ever


@watched.wrong(
    "You set the negative entries of Z itself to 0: the caller's array is changed after the call. "
    "Return a new array."
)
class WatchedInPlace:
    def __init__(self):
        self.ever = False

    def forward(self, Z):
        self.on = Z > 0
        self.ever = self.ever | self.on.any(axis=0)
        Z[Z < 0] = 0
        return Z

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.ever


@watched.wrong(
    "All your layers share one memory: what one layer sees wakes the units of another. Give each "
    "object its own, with self."
)
class WatchedShared:
    def __init__(self):
        type(self).ever = False

    def forward(self, Z):
        self.on = Z > 0
        type(self).ever = type(self).ever | self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~type(self).ever


@watched.wrong(
    "You remember who was on in the first batch and learn nothing from later ones. Join each batch "
    "with what you know from those before."
)
class WatchedFirstBatch:
    def __init__(self):
        self.ever = None

    def forward(self, Z):
        self.on = Z > 0
        if self.ever is None:
            self.ever = self.on.any(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return ~self.ever


@watched.wrong(
    "You add up Z and look at the sign of the sum: large negative samples then drown out one that "
    "is above 0. One sample above 0 is enough to be alive."
)
class WatchedSum:
    def __init__(self):
        self.total = 0.0

    def forward(self, Z):
        self.on = Z > 0
        self.total = self.total + Z.sum(axis=0)
        return np.maximum(Z, 0)

    def backward(self, dA):
        return dA * self.on

    def dead(self):
        return self.total <= 0


# ---------------------------------------------------------------- init_weights


def init_weights(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


INITS = ("xavier_normal", "xavier_uniform", "he_normal", "he_uniform")

initialiser = lab.question(
    "init_weights",
    title="Where weights start",
    points=4,
    minutes=10,
    section=("sec-xavier", "Xavier initialisation"),
    rtol=0.03,  # of a standard deviation of 120,000 draws, whose own error is 0.2 %
    atol=2e-3,  # of their mean, whose own error is below 2e-4
    hints=(
        "Two decisions that do not depend on each other: Xavier or He fixes the variance, normal "
        "or uniform how to draw with that variance. Write the first as one line, then the second.",
        "rng.normal wants the standard deviation, the root of the variance. Numbers drawn evenly "
        "between -a and a have the variance a * a / 3: solve for a.",
        "variance is 2 / (D + M) or 2 / D. Then either rng.normal(0, np.sqrt(variance), (D, M)), "
        "or the limit a = np.sqrt(3 * variance) and rng.uniform(-a, a, (D, M)).",
    ),
)(init_weights)


def measured(D, M, kind, rng):
    """Look at the shape, the mean, the spread and, if there is one, the limit."""

    def program(student):
        W = student.init_weights(D, M, kind, rng)
        shown = [W.shape, W.mean(), W.std()]
        return [*shown, W.min(), W.max()] if kind.endswith("uniform") else shown

    return record(program)


@initialiser.inputs(points=1)
def init_small(rng):
    def two_layers(student):
        rng = student.np.random.default_rng(5)
        first = student.init_weights(200, 200, "he_normal", rng)
        second = student.init_weights(200, 200, "he_normal", rng)
        return [(first - second).std()]

    def same_seed_twice(student):
        draw, layers = student.np.random.default_rng, []
        for _ in range(2):
            layers.append(student.init_weights(200, 200, "he_normal", draw(5)))
        return [(layers[0] - layers[1]).std()]

    measure = [
        measured(600, 200, kind, np.random.default_rng(seed)) for seed, kind in enumerate(INITS)
    ]
    return [*measure, record(two_layers), record(same_seed_twice)]


@initialiser.inputs(points=1, hidden=True, about="layers of other sizes")
def init_fresh(rng):
    sizes = ((250, 1000), (1000, 200), (500, 500))
    return [
        measured(D, M, kind, np.random.default_rng(int(rng.integers(2**32))))
        for D, M in sizes
        for kind in INITS
    ]


def moments(W, D, M):
    """The mean, the variance, and the fourth moment in units of the squared variance."""
    assert isinstance(W, np.ndarray), "expected an array of weights"
    assert W.shape == (D, M), f"expected shape {(D, M)}, got {W.shape}"
    assert W.dtype.kind == "f", f"expected floats, got {W.dtype}"
    assert np.isfinite(W).all(), "expected finite weights"
    centred = W - W.mean()
    return W.mean(), W.var(), np.mean(centred**4) / max(W.var() ** 2, 1e-30)


@initialiser.test(points=1, about="whether normal is normal, and uniform uniform")
def init_has_the_right_shape_of_distribution(student, rng):
    """With n draws: mean within 6 of its standard errors, variance 8, fourth moment 8."""
    for D, M in ((40, 500), (400, 50)):
        for kind in INITS:
            mean, variance, fourth = moments(student(D, M, kind, rng), D, M)
            wanted = 2 / (D + M) if kind.startswith("xavier") else 2 / D
            n, normal = D * M, kind.endswith("normal")
            assert abs(mean) < 6 * np.sqrt(wanted / n), f"{kind}: the mean is not 0"
            error = np.sqrt((2 if normal else 0.8) / n)
            assert abs(variance / wanted - 1) < 8 * error, f"{kind}: the variance is not right"
            error = np.sqrt((24 if normal else 2.7) / n)
            assert abs(fourth - (3 if normal else 1.8)) < 8 * error, f"{kind}: not so distributed"


@initialiser.test(points=1, about="the same generator twice, and one after the other")
def init_draws_from_rng_alone(student, rng):
    for kind in INITS:
        first, again = (student(30, 20, kind, np.random.default_rng(1)) for _ in range(2))
        moments(first, 30, 20)
        assert np.array_equal(first, again), "the same rng gives two different layers"
        other = student(30, 20, kind, np.random.default_rng(2))
        moments(other, 30, 20)
        assert np.mean(first == other) < 0.01, "another rng gives the same layer"


@initialiser.wrong(
    "You pass the variance where rng.normal, or the limit's formula, wants a standard deviation. "
    "Your weights are about twenty times too small here, in every layer."
)
def init_variance_for_std(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, variance, (D, M))
    limit = np.sqrt(3) * variance
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "You pass the variance where rng.normal wants the standard deviation; your uniform kinds are "
    "right. The normal weights come out about twenty times too small here."
)
def init_variance_for_std_in_normal(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, variance, (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your uniform limit is the standard deviation. Most numbers between -a and a are much smaller "
    "than a: the variance comes out three times too small."
)
def init_limit_is_std(D, M, kind, rng):
    std = np.sqrt(2 / (D + M) if kind.startswith("xavier") else 2 / D)
    if kind.endswith("normal"):
        return rng.normal(0, std, (D, M))
    return rng.uniform(-std, std, (D, M))


@initialiser.wrong(
    "Your He kinds use the number of units, M. Each z is a sum over the D inputs: that is how "
    "many terms add up. With W stored as in PyTorch, (out, in), this happens by itself."
)
def init_wrong_fan(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / M
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your He kinds are Xavier's. ReLU throws half of each signal away, and He's variance makes up "
    "for that; the number of units does not come in."
)
def init_always_xavier(D, M, kind, rng):
    variance = 2 / (D + M)
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your Xavier kinds look at the inputs alone. That keeps the forward pass level; the backward "
    "pass asks for the number of units, and Xavier's formula stands between the two."
)
def init_xavier_by_inputs(D, M, kind, rng):
    variance = 1 / D if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your Xavier variance is 1 / (D + M), half of what it should be. It is 1 over the mean of D "
    "and M."
)
def init_xavier_without_two(D, M, kind, rng):
    variance = 1 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your W has the shape (M, D), as PyTorch stores it. In this book rows are inputs and columns "
    "are units: (D, M), so that X @ W works."
)
def init_transposed(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (M, D))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (M, D))


@initialiser.wrong(
    "Your uniform weights are all positive. Their mean must be 0: draw from -a to a."
)
def init_only_positive(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    return rng.uniform(0, np.sqrt(3 * variance), (D, M))


@initialiser.wrong(
    "Your uniform kinds are drawn from a normal distribution. The variance is right, but nothing "
    "bounds the weights."
)
def init_never_uniform(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    return rng.normal(0, np.sqrt(variance), (D, M))


@initialiser.wrong(
    "Two layers drawn one after the other are the same, weight for weight: you make a new "
    "generator at each call. Draw from the rng that you are given."
)
def init_own_generator(D, M, kind, rng):
    rng = np.random.default_rng(0)
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Xavier and He are exchanged: the kind whose variance has both D and M in it is Xavier."
)
def init_names_exchanged(D, M, kind, rng):
    variance = 2 / D if kind.startswith("xavier") else 2 / (D + M)
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your He variance is 1 / D. That keeps the signal through the product; the 2 makes up for the "
    "half that the ReLU throws away."
)
def init_he_without_two(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 1 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "Your He variance is twice Xavier's. That agrees for as many units as inputs; He's looks at "
    "the inputs alone, 2 / D."
)
def init_he_twice_xavier(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 4 / (D + M)
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = np.sqrt(3 * variance)
    return rng.uniform(-limit, limit, (D, M))


@initialiser.wrong(
    "You use 1 / sqrt(D) for all kinds, the limit that torch.nn.Linear takes. Each of the four "
    "kinds asks for a variance: write it down first, then draw with it."
)
def init_always_torch(D, M, kind, rng):
    size = 1 / np.sqrt(D)
    if kind.endswith("normal"):
        return rng.normal(0, size, (D, M))
    return rng.uniform(-size, size, (D, M))


@initialiser.wrong(
    "Your uniform limit is three standard deviations. From a * a / 3 = variance follows a as the "
    "root of 3 times the variance: the 3 stands under the root."
)
def init_limit_without_root(D, M, kind, rng):
    variance = 2 / (D + M) if kind.startswith("xavier") else 2 / D
    if kind.endswith("normal"):
        return rng.normal(0, np.sqrt(variance), (D, M))
    limit = 3 * np.sqrt(variance)
    return rng.uniform(-limit, limit, (D, M))


# ---------------------------------------------------------------- depth_plot

lab.manual(
    "depth_plot",
    form="plot",
    rubric=[
        (1, "shows the gradient's std for each of the 12 layers, for all four nets"),
        (1, "has a logarithmic axis, both axes named, each net known without its colour"),
        (1, "shows the right decay: sigmoid steepest, ReLU with Xavier less, tanh nearly level, "
            "ReLU with He level"),
        (1, "says in the title what one sees, as a sentence with a number"),
    ],
    title="Four nets in one picture",
    minutes=9,
    section=("sec-vanishing", "Through many layers"),
    hints=(
        "Four calls of layer_stds, each with twelve weights from init_weights; the second array "
        "that comes back is what you draw, against the layers 1 to 12.",
        "depth_plot, ax = plt.subplots() makes the figure; ax.semilogy draws with a logarithmic "
        "axis. Give each line its own marker or its own label at the end.",
        "Loop over four pairs such as (\"sigmoid\", \"xavier_normal\"). The title could say by "
        "which factor the gradient of layer 1 is smaller than that of layer 12 in one of the nets.",
    ),
)  # fmt: skip


# ---------------------------------------------------------------- TanhNet


class TanhNet:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


clinic = lab.question(
    "TanhNet",
    title="The clinic: a deep net that does not learn",
    points=4,
    minutes=13,
    section=("sec-vanishing", "Through many layers"),
    rtol=0.03,  # weights are compared by their spread
    atol=1e-6,
    hints=(
        "Each complaint has one cause, in one method: A in __init__, B in forward, C in backward. "
        "Ask of each line which formula of this lab it stands for.",
        "A: rng.normal wants a standard deviation; what does it get? B: which values can the "
        "logits take as they are, and which should they? C: a tanh's slope can be written with its "
        "input or with its output; which does this formula belong to?",
        "A: the root of 2 / (D + M). B: the last layer has no tanh, so forward returns the last Z. "
        "C: 1 minus the square of the output of that tanh, which is A[i].",
    ),
)(TanhNet)


def spread(widths, rng):
    """The standard deviation of each layer's weights."""

    def program(student):
        net = student.TanhNet(widths, rng)
        return [net.W[i].std() for i in range(len(widths) - 1)]

    return record(program)


def drawn_normally(seed):
    """The mean size of weights, 0.80 of the std if they are normal; a second net is another one."""

    def program(student):
        rng = student.np.random.default_rng(seed)
        one, other = student.TanhNet([400, 400], rng), student.TanhNet([400, 400], rng)
        return [student.np.abs(one.W[0]).mean(), (one.W[0] - other.W[0]).std()]

    return record(program)


def passed(weights, X, dZ, *, back):
    """Logits, or the gradients of all layers, of a net with these weights."""

    def program(student):
        widths = [len(weights[0]), *(W.shape[1] for W in weights)]
        net = student.TanhNet(widths, np.random.default_rng(0))
        net.W = weights
        Z = net.forward(X)
        return [net.backward(dZ)] if back else [Z]

    return record(program)


def drawn_net(rng, sizes, std):
    weights = [rng.normal(0, std, size) for size in pairwise(sizes)]
    return weights, rng.normal(size=(5, sizes[0])), rng.normal(size=(5, sizes[-1]))


@clinic.inputs(points=1)
def clinic_small(rng):
    weights, X, dZ = drawn_net(rng, (3, 4, 4, 2), 0.8)
    rounded = [W.round(1) for W in weights], X.round(1), dZ.round(1)
    return [
        spread([400, 300, 100], np.random.default_rng(0)),
        passed(*rounded, back=False),
        passed(*rounded, back=True),
    ]


@clinic.inputs(points=1, hidden=True, about="the weights of other nets")
def clinic_a_weights(rng):
    widths = ([500, 100, 400], [200, 200, 200])
    spreads = [spread(w, np.random.default_rng(int(rng.integers(2**32)))) for w in widths]
    return [*spreads, drawn_normally(int(rng.integers(2**32)))]


@clinic.inputs(points=1, hidden=True, about="the logits of other nets")
def clinic_b_logits(rng):
    sizes = ((3, 4, 2), (5,) * 11, (6, 1))
    return [passed(*drawn_net(rng, s, 1.0), back=False) for s in sizes]


@clinic.inputs(points=1, hidden=True, about="the gradients of other nets")
def clinic_c_gradients(rng):
    sizes = ((3, 4, 2), (5,) * 11, (4, 6, 5, 3))
    return [passed(*drawn_net(rng, s, 0.8), back=True) for s in sizes]


@clinic.wrong("This is the class as you got it: all three faults are still there.")
class TanhNetAsGiven:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, 2 / (D + M), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.Z[i - 1] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "A is cured: the weights start with the right spread. The logits and the gradients are as you "
    "got them."
)
class TanhNetWeightsCured:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.Z[i - 1] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "B is cured: the logits can take any value. The start and the gradients are as you got them."
)
class TanhNetLogitsCured:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, 2 / (D + M), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.Z[i - 1] ** 2)
        return gradients[::-1]


@clinic.wrong("C is cured: the gradients are right. The start and the logits are as you got them.")
class TanhNetSlopesCured:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, 2 / (D + M), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "B and C are cured. What the signal loses in each layer, it loses from the start: look at the "
    "first complaint again."
)
class TanhNetWeightsLeft:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, 2 / (D + M), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "A and C are cured. The loss still has a floor: look at the range of what forward returns."
)
class TanhNetLogitsLeft:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong("A and B are cured. The gradients of all layers but the last are still wrong.")
class TanhNetSlopesLeft:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.Z[i - 1] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "One cure goes too far: with the tanh at the end you took away all of them, and ten affine "
    "layers in a row are one. Between the layers the tanh stays."
)
class TanhNetNoTanh:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(self.Z[-1])
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "The spread of your weights is He's, made for ReLU. The net has tanh units, and its start "
    "should be Xavier's: both D and M count."
)
class TanhNetHe:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / D), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "Your slope applies tanh once more, to what has been through it already. A[i] is the output of "
    "the tanh between layer i - 1 and layer i."
)
class TanhNetTwice:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W[:-1]:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1] @ self.W[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - np.tanh(self.A[i]) ** 2)
        return gradients[::-1]


@clinic.wrong(
    "A is cured. You made backward fit the tanh at the end, and the two now agree; but the logits "
    "should have none. Take it out of forward, and its slope with it."
)
class TanhNetFitsTheTanhAtTheEnd:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.A[-1]

    def backward(self, dZ):
        dZ = dZ * (1 - self.A[-1] ** 2)
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


@clinic.wrong(
    "A and B are cured. With the wrong slope you took away the slope itself: the gradient has to "
    "pass the tanh between two layers, which multiplies it by 1 minus the square of its output."
)
class TanhNetNoSlopes:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(2 / (D + M)), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.Z[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = dZ @ self.W[i].T
        return gradients[::-1]


@clinic.wrong(
    "B and C are cured. The variance of your weights is 1 / D, which keeps the way forward alone. "
    "Xavier's stands between D and M."
)
class TanhNetInputsOnly:
    def __init__(self, widths, rng):
        self.W = []
        for D, M in pairwise(widths):
            self.W.append(rng.normal(0, np.sqrt(1 / D), (D, M)))

    def forward(self, X):
        self.A, self.Z = [X], []
        for W in self.W:
            self.Z.append(self.A[-1] @ W)
            self.A.append(np.tanh(self.Z[-1]))
        return self.Z[-1]

    def backward(self, dZ):
        gradients = []
        for i in reversed(range(len(self.W))):
            gradients.append(self.A[i].T @ dZ)
            if i > 0:
                dZ = (dZ @ self.W[i].T) * (1 - self.A[i] ** 2)
        return gradients[::-1]


# ---------------------------------------------------------------- deep_start


def read_digits(X, weights, kind):
    A, slopes = [X], []
    for W in weights[:-1]:
        a, slope = activate(A[-1] @ W, kind)
        A.append(a)
        slopes.append(slope)
    return A[-1] @ weights[-1], A, slopes


@lab.give
def loss_and_dZ(Z, y):
    """The loss that the notebook gives, with its gradient."""
    N = len(y)
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(P[np.arange(N), y]))
    dZ = P.copy()
    dZ[np.arange(N), y] -= 1
    return loss, dZ / N


@lab.give
def train_and_read(start, X, y, X_new):
    """The training that the notebook gives: 400 updates, whatever the start is."""
    kind, weights, lr = start
    weights = [W.copy() for W in weights]
    mean, std = X.mean(), X.std()
    for t in range(400):
        rows = np.arange(50 * t, 50 * t + 50) % len(X)
        Z, A, slopes = read_digits((X[rows] - mean) / std, weights, kind)
        _, dZ = loss_and_dZ(Z, y[rows])
        for i in reversed(range(len(weights))):
            dW = A[i].T @ dZ
            if i > 0:
                dZ = (dZ @ weights[i].T) * slopes[i - 1]
            weights[i] -= lr * dW
    return read_digits((X_new - mean) / std, weights, kind)[0].argmax(axis=1)


def deep_start(widths, rng):
    matrices = [init_weights(*fans, "xavier_normal", rng) for fans in pairwise(widths)]
    return "tanh", matrices, 0.1


start = lab.question(
    "deep_start",
    title="Make a deep net learn",
    uses=("activate", "init_weights"),
    points=4,
    minutes=11,
    section=("sec-he", "He initialisation"),
    accuracy=0.6,
    hints=(
        "The training is fixed; you choose where it starts. Before you train, look at the spread "
        "of the gradients: which pairs of activation and initialisation keep it alive through "
        "sixteen layers?",
        "One matrix for each pair of neighbours in widths, each from your init_weights and the "
        "same rng. Xavier was made for tanh, He for ReLU. Rates to try: 0.01, 0.03, 0.1, 0.3.",
        'weights is a list over pairwise(widths). Return three things: "tanh", this '
        'list with the kind "xavier_normal", and 0.1; or "relu" with "he_normal" and 0.03.',
    ),
)(deep_start)

DIGITS = mini_mnist()
WIDTHS = [49, *[64] * 16, 10]


def pooled(X):
    """Pictures of 28 x 28 as 7 x 7 means, with one decimal."""
    return X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49).round(1)


def drawn_digits(rng, n_train, n_new):
    """Other digits each time, with shuffled pixels and other names for the classes.

    A network does not mind, but nobody finds these pictures in a file.
    """
    rows, new = rng.permutation(7000)[:n_train], rng.permutation(1500)[:n_new]
    X, X_new = pooled(DIGITS.train.X[rows]), pooled(DIGITS.test.X[new])
    pixels, names = rng.permutation(49), rng.permutation(10)
    y, y_new = names[DIGITS.train.y[rows]], names[DIGITS.test.y[new]]
    return X[:, pixels], y, X_new[:, pixels], y_new


def trained_from(widths, rng, X, y, X_new):
    """Start as the student does, train as the notebook does, read."""

    def program(student):
        start = student.deep_start(widths, rng)
        return [student.train_and_read(start, X, y, X_new)]

    return record(program)


@start.inputs(points=1, seconds=10)
def start_small(rng):
    X, y, X_new, y_new = *DIGITS.train[:2], *DIGITS.val[:2]
    few = pooled(X[:600]), y[:600], pooled(X_new[:200])
    return [(trained_from(WIDTHS, np.random.default_rng(0), *few), y_new[:200])]


def usable(start, widths):
    """Return the start if it is one: an activation, a matrix for each layer, a rate."""
    assert isinstance(start, list | tuple), "expected kind, weights, lr"
    assert len(start) == 3, "expected kind, weights, lr"
    kind, weights, lr = start
    assert kind in KINDS, f"expected one of {KINDS}, got {kind!r}"
    assert isinstance(weights, list | tuple), "expected a list of weights"
    assert len(weights) == len(widths) - 1, f"expected {len(widths) - 1} matrices"
    for W, shape in zip(weights, pairwise(widths), strict=True):
        assert isinstance(W, np.ndarray), "expected arrays of weights"
        assert W.dtype.kind == "f", "expected floats"
        assert W.shape == shape, f"expected shape {shape}, got {W.shape}"
    assert isinstance(lr, float | int | np.number), "expected a number for lr"
    assert 0 < lr < np.inf, "expected a positive rate"
    return kind, [W.astype(np.float64) for W in weights], float(lr)


def share_right(start, X, y, X_new, y_new):
    """Train here, with our own code, from the student's start."""
    with np.errstate(all="ignore"):
        return np.mean(train_and_read(start, X, y, X_new) == y_new)


@start.test(points=1.5, about="three other starts and other digits, with shuffled pixels")
def start_learns_other_digits(student, rng):
    """The median of three: one start in a hundred is unlucky, whoever chose it."""
    shares = []
    for _ in range(3):
        begun = usable(student(WIDTHS, np.random.default_rng(int(rng.integers(2**32)))), WIDTHS)
        shares.append(share_right(begun, *drawn_digits(rng, 1000, 1000)))
    assert np.median(shares) >= 0.6, f"expected 60 % of the new digits, got {np.median(shares):.1%}"


@start.test(
    points=1.5, about="a net that narrows from layer to layer, and two different generators"
)
def start_fits_other_widths(student, rng):
    widths = [49, 96, *[80] * 4, *[64] * 6, *[48] * 3, 10]
    begun = usable(student(widths, np.random.default_rng(1)), widths)
    again = usable(student(widths, np.random.default_rng(2)), widths)
    shares = [share_right(each, *drawn_digits(rng, 1000, 1000)) for each in (begun, again)]
    assert max(shares) >= 0.6, f"expected 60 % of the new digits, got {max(shares):.1%}"
    assert not np.array_equal(begun[1][0], again[1][0]), "another rng gives the same start"


@start.wrong(
    "Every digit is read as class 0, as argmax does with ties and with what is no number. Either "
    "all weights are 0, or weights or steps are so large that the logits overflow."
)
def start_zeros(widths, rng):
    matrices = [np.zeros(fans) for fans in pairwise(widths)]
    return "tanh", matrices, 0.1


@start.wrong(
    "Every digit gets the answer that is most frequent in training. Nothing of the picture "
    "arrives at the last layer, or nothing of the error at the first. Measure your start with "
    "layer_stds: what fades, and what is stuck at -1 and 1?"
)
def start_one_answer(widths, rng):
    matrices = [init_weights(*fans, "xavier_normal", rng) for fans in pairwise(widths)]
    return "sigmoid", matrices, 0.1


@start.wrong(
    "Weights this small look harmless, but each layer multiplies the signal by about 0.1. After "
    "sixteen layers nothing of the picture is left, and nothing of the gradient. (Is a variance "
    "standing where a standard deviation should?)"
)
def start_tiny(widths, rng):
    matrices = [rng.normal(0, 0.01, fans) for fans in pairwise(widths)]
    return "tanh", matrices, 0.1


@start.wrong(
    "ReLU with Xavier's variance: the mean square halves in each layer. Your picture of part 3 "
    "shows what twelve of these do."
)
def start_relu_xavier(widths, rng):
    matrices = [init_weights(*fans, "xavier_normal", rng) for fans in pairwise(widths)]
    return "relu", matrices, 0.03


@start.wrong(
    "Your uniform weights have their standard deviation for a limit: three times too little "
    "variance, in each of seventeen layers."
)
def start_limit_is_std(widths, rng):
    matrices = [rng.uniform(-1, 1, fans) * np.sqrt(2 / sum(fans)) for fans in pairwise(widths)]
    return "tanh", matrices, 0.1


@start.wrong(
    "The start is a good one, but the steps are too short: after 400 of them the weights are "
    "nearly where they began."
)
def start_steps_too_short(widths, rng):
    matrices = [init_weights(*fans, "xavier_normal", rng) for fans in pairwise(widths)]
    return "tanh", matrices, 0.0001


@start.wrong(
    "ReLU with He's variance is a good start, but sixteen layers do not stand such long steps: "
    "units die in the first updates. Try a smaller rate."
)
def start_relu_steps_too_long(widths, rng):
    matrices = [init_weights(*fans, "he_normal", rng) for fans in pairwise(widths)]
    return "relu", matrices, 0.1
