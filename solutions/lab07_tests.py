"""Right answers, tests and known wrong answers of lab 7, Gradient descent and momentum."""

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab07",
    title="Gradient descent and momentum",
    chapter="chapters/07-gradient-descent.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)


# ---------------------------------------------------------------- descent_plan


@lab.question(
    "descent_plan",
    title="A plan for a valley",
    points=3,
    minutes=14,
    section=("sec-zigzag", "Valleys and the zig-zag"),
    hints=(
        "Everything here is a matter of two numbers, the largest and the smallest eigenvalue. Only "
        "in a diagonal matrix are they the entries of the diagonal.",
        "np.linalg.eigvalsh(H) gives the eigenvalues in rising order. The number of steps: write "
        "down what is left of the error after T steps, set it equal to shrink, and take logarithms "
        "on both sides.",
        "T is the logarithm of shrink over that of the factor, rounded up with np.ceil. In a round "
        "bowl the factor is 0 and has no logarithm: how many steps does it need? A loop that "
        "multiplies until it is small enough needs no logarithm at all.",
    ),
)
def descent_plan(H, shrink):
    lams = np.linalg.eigvalsh(H)
    limit, best = 2 / lams[-1], 2 / (lams[0] + lams[-1])
    factor, left, steps = (lams[-1] - lams[0]) / (lams[-1] + lams[0]), 1.0, 0
    while left > shrink:
        left *= factor
        steps += 1
    return limit, best, steps


@descent_plan.inputs(points=1)
def plan_small(rng):
    return [
        (np.diag([1.0, 9.0]), 0.01),
        (np.array([[3.0, 1.0], [1.0, 2.0]]), 0.01),
        (np.array([[2.0, 0.0], [0.0, 2.0]]), 0.001),
        (np.diag([4.0, 0.5, 1.0]), 1e-3),
    ]


def bowl(rng, lams):
    """A bowl with these curvatures, turned somehow."""
    turn, _ = np.linalg.qr(rng.normal(size=(len(lams), len(lams))))
    H = turn * lams @ turn.T
    return (H + H.T) / 2


def far_from_whole(lams, shrink):
    """Whether rounding errors cannot change the number of steps."""
    steps = np.log(shrink) / np.log((max(lams) - min(lams)) / (max(lams) + min(lams)))
    return 0.02 < steps % 1 < 0.98


@descent_plan.inputs(points=1, hidden=True, about="turned valleys in up to twelve dimensions")
def plan_fresh(rng):
    cases = []
    for D in (2, 3, 5, 12):
        lams, shrink = rng.uniform(0.1, 5, D), 0.0
        while not far_from_whole(lams, shrink := 10 ** rng.uniform(-8, -0.5)):
            pass
        cases.append((bowl(rng, lams), shrink))
    return cases


@descent_plan.inputs(points=1, hidden=True, about="round bowls, one dimension, very long valleys")
def plan_extremes(rng):
    return [
        (np.array([[rng.uniform(0.1, 9)]]), 1e-3),
        (np.eye(4) * 2.0 ** rng.integers(-4, 5), 1e-9),
        (np.diag([1.0, 1234.5]) * 2.0 ** rng.integers(-4, 5), 0.05),
        (np.diag([300.0, 1.0, 20.0]) * 2.0 ** rng.integers(-4, 5), 0.5),
    ]


@descent_plan.wrong(
    "You read the curvatures off the diagonal of H. That is right for a valley along the axes "
    "only; for any other you need the eigenvalues."
)
def plan_diagonal(H, shrink):
    lams = np.sort(np.diag(H))
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor == 0 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "Your limit is 1 / λ_max. That rate jumps to the bottom of the steepest direction in one step; "
    "up to which rate does jumping too far still bring you nearer?"
)
def plan_half_limit(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 1 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "You take the limit of the flattest direction. The steepest one is the first to run away."
)
def plan_limit_of_the_flattest(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[0], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "Your best rate is 1 / λ_max: perfect for the steepest direction, slow in the flattest. The "
    "best rate is somewhat larger, so that both ends shrink equally fast."
)
def plan_cautious(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 1 / lams[-1], steps


@descent_plan.wrong(
    "Your best rate divides by the mean of all curvatures. Only the two ends count: those between "
    "them shrink faster than both."
)
def plan_mean_of_all(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 1 / lams.mean(), steps


@descent_plan.wrong(
    "Your best rate divides by the sum of all curvatures. Only the two ends count: those between "
    "them shrink faster than both."
)
def plan_sum_of_all(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / lams.sum(), steps


@descent_plan.wrong(
    "Your best rate is half of what it should be: at both ends of the valley 1 - ηλ is to have the "
    "same size, and at the steep end it may be negative."
)
def plan_half_of_the_best(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 1 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. Your κ stands upside down, and the factor becomes negative: the larger "
    "eigenvalue is divided by the smaller."
)
def plan_kappa_upside_down(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor, steps = (lams[0] - lams[-1]) / (lams[0] + lams[-1]), 0
    while factor**steps > shrink:
        steps += 1
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. You count one step too many: look at what is left before the first step, "
    "and after it."
)
def plan_one_step_too_many(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps + 1


@descent_plan.wrong(
    "The rates are right. You count the steps with the factor 1 - 1/κ of the rate 1 / λ_max; the "
    "best rate has the factor (κ - 1) / (κ + 1)."
)
def plan_other_factor(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = 1 - lams[0] / lams[-1]
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. You round the number of steps down: then the error is still larger than "
    "asked for."
)
def plan_rounds_down(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.log(shrink) / np.log(factor))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right, and the number of steps before you round it, too. The smallest whole "
    "number that is enough is the next one above."
)
def plan_not_rounded(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1.0 if factor < 1e-12 else np.log(shrink) / np.log(factor)
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. You round the steps to the nearest number; whenever that rounds down, "
    "one step is missing."
)
def plan_rounds_to_nearest(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else round(np.log(shrink) / np.log(factor))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. Your steps are those of the rule of thumb for long valleys, (κ/2) "
    "ln(1/shrink). Here the exact factor is to be used."
)
def plan_rule_of_thumb(H, shrink):
    lams = np.linalg.eigvalsh(H)
    steps = int(np.ceil(lams[-1] / lams[0] / 2 * np.log(1 / shrink)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. You count until the loss has shrunk, which goes with the square of the "
    "factor. Here the error is to shrink, the distance from the bottom."
)
def plan_for_the_loss(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = ((lams[-1] - lams[0]) / (lams[-1] + lams[0])) ** 2
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "The rates are right. Your steps are those of the best momentum, with the root of κ. Here "
    "plain descent is planned."
)
def plan_with_momentum(H, shrink):
    lams = np.linalg.eigvalsh(H)
    root = np.sqrt(lams[-1] / lams[0])
    factor = (root - 1) / (root + 1)
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "Right but for the round bowl, κ = 1. There the best rate reaches the bottom at once, and that "
    "is one step, not none."
)
def plan_round_bowl_needs_none(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 0 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "Right but for the round bowl, κ = 1: the factor is 0 there, and 0 has no logarithm. What does "
    "one step do in such a bowl?"
)
def plan_fails_in_a_round_bowl(H, shrink):
    import math

    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = math.ceil(math.log(shrink) / math.log(factor))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong("The best rate comes first in what you return. Asked are limit, best, steps.")
def plan_best_first(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / (lams[0] + lams[-1]), 2 / lams[-1], steps


@descent_plan.wrong(
    "You take the eigenvalues in the order in which np.linalg.eig gives them, which is no order at "
    "all. Take the largest and the smallest."
)
def plan_unsorted(H, shrink):
    lams = np.linalg.eig(H)[0].real
    factor = abs(lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], 2 / (lams[0] + lams[-1]), steps


@descent_plan.wrong(
    "Your best rate is the mean of 1 / λ at the two ends. In a long valley that is far beyond the "
    "limit. What has to be averaged, before anything is divided?"
)
def plan_mean_of_limits(H, shrink):
    lams = np.linalg.eigvalsh(H)
    factor = (lams[-1] - lams[0]) / (lams[-1] + lams[0])
    steps = 1 if factor < 1e-12 else int(np.ceil(np.log(shrink) / np.log(factor)))
    return 2 / lams[-1], (1 / lams[0] + 1 / lams[-1]) / 2, steps


# ---------------------------------------------------------------- steps_to_escape

steps_to_escape = lab.number(
    "steps_to_escape",
    284.0,
    tolerance=0.5,
    title="Off the ridge of a saddle",
    points=1,
    minutes=6,
    section=("sec-saddle", "Saddles"),
    hints=(
        "The two coordinates do not know of each other. Write down ∂E/∂y, and what one step makes "
        "of y.",
        "∂E/∂y = -y/2, so that a step multiplies y by a fixed factor a little above 1. Which one? "
        "And which power of it takes a millionth to 1?",
        "The factor is 1 + 0.1/2 = 1.05. The number of steps is the logarithm of a million over "
        "that of the factor, rounded up.",
    ),
)
for value, message in (
    (283, "At this step y is still a little below 1. The first whole step beyond it is asked for."),
    (
        145,
        "You let y grow by the factor 1 + η. The curvature of the saddle along y is not 1: look at "
        "∂E/∂y.",
    ),
    (144, "You let y grow by the factor 1 + η, and round down. What is the curvature along y?"),
    (139, "You let y grow as e to the power of ηt. What is the curvature of the saddle along y?"),
    (138, "You let y grow as e to the power of ηt. What is the curvature of the saddle along y?"),
    (
        560,
        "You take the coefficient of y², a quarter, for the curvature. The derivative of y² brings "
        "a factor of 2.",
    ),
    (559, "You take the coefficient of y², a quarter, for the curvature, and round down."),
    (
        277,
        "You let y grow continuously, as e to the power of ηt/2. A step multiplies by 1 + η/2, "
        "which is a little less.",
    ),
    (
        276,
        "You let y grow continuously, as e to the power of ηt/2, and round down. A step multiplies "
        "by a fixed number.",
    ),
    (
        1.9999980e7,
        "You go on with the length of the first step. Each step makes y larger, and the next step "
        "with it.",
    ),
    (
        2e7,
        "You go on with the length of the first step. Each step makes y larger, and so the next.",
    ),
    (
        20,
        "That is how many steps of 0.05 make 1. But the first step is a twentieth of a millionth: "
        "all of them are proportional to y.",
    ),
    (
        123,
        "You took the logarithm to base 10 of one of the numbers and the natural one of the other. "
        "Use the same for both.",
    ),
    (
        35,
        "That would be a factor of 1.5: the step of y is η times its gradient, not the gradient "
        "itself.",
    ),
):
    steps_to_escape.wrong_value(value, message)


# ---------------------------------------------------------------- Momentum


@lab.question(
    "Momentum",
    title="A step with a memory",
    points=5,
    minutes=16,
    section=("sec-momentum", "Momentum"),
    hints=(
        "Between two calls the object has to remember two arrays: where it is, and its velocity. "
        "Write step for nesterov=False first: two lines, and their order matters.",
        "The velocity keeps the share alpha of itself and adds the whole gradient; the rate stands "
        "in the second line alone. Nesterov's step goes along g + alpha * v, with the velocity "
        "that is already the new one; the velocity itself is the same in both.",
        "alpha * v + g makes a new array, and so does theta - lr * v: give the results their names "
        "with =, never with += or -=, and nobody else's array is changed. The velocity starts as "
        "np.zeros_like(theta); self.lr is read in step, not before.",
    ),
)
class Momentum:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


def driven(theta, lr, gradients, rates=(), **more):
    """Where the optimizer is after each of these gradients.

    ``rates`` are what the caller sets ``lr`` to before some of the steps.
    """

    def program(student):
        optimizer = student.Momentum(theta, lr, **more)
        shown = []
        for number, g in enumerate(gradients):
            if number in dict(rates):
                optimizer.lr = dict(rates)[number]
            optimizer.step(g)
            shown.append(optimizer.theta)
        return shown

    return record(program)


GRADIENTS = [np.array(g) for g in ([1.0, -2.0], [3.0, 0.5], [-1.0, 4.0], [2.0, 1.0])]


@Momentum.inputs(points=2)
def momentum_small(rng):
    theta = np.array([1.0, 2.0])
    return [
        driven(theta, 0.1, GRADIENTS),
        driven(theta, 0.5, GRADIENTS, rates=[(2, 0.05)], alpha=0.5),
        driven(theta, 0.1, GRADIENTS, alpha=0.8, nesterov=True),
    ]


def pushes(rng, *shape, n=5):
    return [rng.normal(0, 2, shape) for _ in range(n)]


@Momentum.inputs(
    points=1, hidden=True, about="matrices, alpha = 0, rates that change on the way, two at a time"
)
def momentum_fresh(rng):
    theta, first, second = rng.normal(size=(3, 2)), pushes(rng, 3, 2), pushes(rng, 3, 2)

    def two(student):
        one, other = student.Momentum(theta, 0.1), student.Momentum(theta, 0.2, alpha=0.5)
        shown = []
        for g, h in zip(first, second, strict=True):
            one.step(g)
            other.step(h)
            shown += [one.theta, other.theta]
        return shown

    rates = list(enumerate(rng.uniform(0.01, 1, 5).tolist()))
    return [
        record(two),
        driven(theta, 0.3, first, alpha=float(rng.uniform(0.3, 0.95)), rates=rates),
        driven(theta, 0.3, second, alpha=0.0),
        driven(rng.normal(size=7), 0.01, pushes(rng, 7, n=12), alpha=0.99),
    ]


@Momentum.inputs(points=1, hidden=True, about="Nesterov, with changing rates and other alphas")
def momentum_fresh_nesterov(rng):
    theta = rng.normal(size=4)
    rates = [(1, 0.5), (3, 0.02)]
    return [
        driven(theta, 0.2, pushes(rng, 4, n=8), nesterov=True),
        driven(theta, 0.2, pushes(rng, 4), alpha=0.6, nesterov=True, rates=rates),
    ]


@Momentum.test(points=1, about="a valley: the same points as Nesterov's look-ahead as printed")
def momentum_looks_ahead(student, rng):
    """What the object holds is the looked-ahead point of v <- αv - ηg(θ + αv), θ <- θ + v."""
    H, alpha, lr = bowl(rng, np.array([0.5, 1.0, 4.0])), float(rng.uniform(0.5, 0.9)), 0.1
    theta = rng.normal(size=3)
    v = np.zeros(3)
    optimizer = student(theta, lr, alpha=alpha, nesterov=True)
    for _ in range(12):
        here = optimizer.get("theta")
        expect(here, theta + alpha * v, rtol=1e-6)
        optimizer.call("step", H @ here)
        v = alpha * v - lr * H @ (theta + alpha * v)
        theta = theta + v


@Momentum.wrong(
    "You step before you update the velocity, as one set of notes prints it. The first step then "
    "goes nowhere, and each later one uses the gradient of the step before it."
)
class MomentumStepFirst:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        old = self.v
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * old


@Momentum.wrong(
    "You step before you update the velocity, with Nesterov as well. In both forms the velocity "
    "takes the new gradient in first."
)
class MomentumStepFirstInBoth:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v
        self.v = self.alpha * self.v + g


@Momentum.wrong(
    "Your rate stands inside the velocity. As long as it is constant, nobody can tell; when the "
    "caller lowers lr, your object coasts on with steps of the old size."
)
class MomentumRateInside:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v - self.lr * g
        if self.nesterov:
            self.theta = self.theta - self.lr * g + self.alpha * self.v
        else:
            self.theta = self.theta + self.v


@Momentum.wrong(
    "You average: the gradient enters with the share 1 - alpha. Here it enters whole, so that the "
    "steps are 1 / (1 - alpha) times as long."
)
class MomentumAverages:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + (1 - self.alpha) * g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "You treat alpha as friction, the share that is lost. It is the share of the velocity that is "
    "kept."
)
class MomentumFriction:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = (1 - self.alpha) * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "Your brackets are too wide: alpha * (v + g) also shrinks the new gradient. Only the old "
    "velocity is multiplied by alpha."
)
class MomentumShrinksTheGradient:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * (self.v + g)
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "This is plain descent: nothing is remembered from one step to the next. Keep the velocity in "
    "the object."
)
class MomentumForgets:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov

    def step(self, g):
        self.theta = self.theta - self.lr * g


@Momentum.wrong(
    "You compute the new velocity, but do not keep it: each step starts again from a velocity of "
    "0. Write it to self.v."
)
class MomentumDoesNotKeep:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * v)
        else:
            self.theta = self.theta - self.lr * v


@Momentum.wrong(
    "You add the step. The gradient points to where the loss grows; the step goes against it."
)
class MomentumClimbs:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta + self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta + self.lr * self.v


@Momentum.wrong(
    "You mix two forms: a velocity that takes the gradient with a minus sign, and a step that has "
    "another. The signs cancel, and you climb."
)
class MomentumMixesSigns:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v - g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "The classical form is right. Nesterov's does not look ahead yet: either nesterov is not asked "
    "about, or you add g to alpha times the *old* velocity, which is the classical step again."
)
class MomentumWithoutNesterov:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "The classical form is right. Nesterov's step is g + alpha * v; you add the whole new velocity."
)
class MomentumNesterovWhole:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "The classical form is right. Nesterov's step lacks the gradient itself: it goes along g + "
    "alpha * v."
)
class MomentumNesterovWithoutGradient:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * self.alpha * self.v
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "The classical form is right. With Nesterov you write g + alpha * v back into the velocity, so "
    "that the look ahead is counted again in every later step. It belongs to this step alone."
)
class MomentumNesterovKeepsTheLook:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.v = g + self.alpha * self.v
        self.theta = self.theta - self.lr * self.v


@Momentum.wrong("It is the other way round: you look ahead if nesterov is False.")
class MomentumNesterovSwapped:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * self.v
        else:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)


@Momentum.wrong("You always look ahead. With nesterov=False the step goes along v alone.")
class MomentumAlwaysNesterov:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        self.theta = self.theta - self.lr * (g + self.alpha * self.v)


@Momentum.wrong(
    "You change an array that belongs to the caller. It is theta, if nothing copies it before -= "
    "works on it; or the first g, if it is kept as the velocity, and the next += writes into it."
)
class MomentumWritesIntoTheta:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta, lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta -= self.lr * (g + self.alpha * self.v)
        else:
            self.theta -= self.lr * self.v


@Momentum.wrong(
    "You keep the rate of the start. The caller may set lr between two steps: read self.lr when a "
    "step is taken."
)
class MomentumKeepsTheRate:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v, self.rate = np.zeros_like(theta), lr

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.rate * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.rate * self.v


@Momentum.wrong("You use 0.9 in every case. The caller chooses alpha.")
class MomentumAlwaysNineTenths:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, 0.9, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


@Momentum.wrong(
    "Your step leaves self.theta where it was. The new point has to be kept in the object; what "
    "step returns is not looked at."
)
class MomentumReturnsTheStep:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = np.zeros_like(theta)

    def step(self, g):
        self.v = self.alpha * self.v + g
        if self.nesterov:
            return self.theta - self.lr * (g + self.alpha * self.v)
        return self.theta - self.lr * self.v


@Momentum.wrong(
    "Your velocity starts as the first gradient, and then the first step adds that gradient to it "
    "once more. It starts at 0."
)
class MomentumStartsMoving:
    def __init__(self, theta, lr, alpha=0.9, nesterov=False):
        self.theta, self.lr, self.alpha, self.nesterov = theta.copy(), lr, alpha, nesterov
        self.v = None

    def step(self, g):
        if self.v is None:
            self.v = g
        self.v = self.alpha * self.v + g
        if self.nesterov:
            self.theta = self.theta - self.lr * (g + self.alpha * self.v)
        else:
            self.theta = self.theta - self.lr * self.v


# ---------------------------------------------------------------- momentum_path


@lab.question(
    "momentum_path",
    title="Clinic: three faults in a descent",
    points=4,
    minutes=18,
    section=("sec-momentum-forms", "Four forms of momentum"),
    hints=(
        "Take one complaint at a time, and the smallest run that shows it. A and B: one dimension, "
        "two steps, by hand, and print theta and v after each line. C: print the losses of the "
        "last steps before the end.",
        "A: the velocity that theta moves by does not know this step's gradient yet. B: the rate "
        "is multiplied into the velocity, where it stays for many steps. C: two neighbouring "
        "losses are compared, and patience is not used at all.",
        "A and B: first the new v, which is alpha * v plus g; then theta minus lr * v. C: keep two "
        "numbers, the best loss and the steps since it improved. An improvement sets both anew; "
        "any other step adds one to the second.",
    ),
)
def momentum_path(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.inputs(points=1)
def path_small(rng):
    saddle, valley = np.diag([1.0, -0.5]), np.array([[2.0, 0.5], [0.5, 1.0]])
    swings = np.array([[1.0]]), np.array([2.0]), np.full(14, 0.5), 0.8, 0.02
    return [
        (valley, np.array([1.0, -2.0]), np.full(4, 0.2), 0.5, -1e9, 2),
        (valley, np.array([1.0, -2.0]), np.array([0.2, 0.2, 0.2, 0.02, 0.02]), 0.9, -1e9, 2),
        (saddle, np.array([1.0, 0.01]), np.full(20, 0.5), 0.5, 0.005, 4),
        (*swings, 3),
        (*swings, 6),
        (np.array([[1.0]]), np.array([1.0]), np.full(16, 0.05), 0.0, 0.06, 4),
    ]


# A point for each complaint, on runs where the other two faults make no difference.


@momentum_path.inputs(points=1, hidden=True, about="complaint A: the first steps of a run")
def path_a_first_steps(rng):
    """At a constant rate it does not matter where the rate stands; a negative tol never stops."""
    return [
        (bowl(rng, rng.uniform(0.5, 2, D)), rng.normal(size=D), np.full(T, 0.3), alpha, -1e9, 2)
        for D, T, alpha in ((1, 3, 0.5), (3, 6, 0.9), (2, 8, 0.0))
    ]


@momentum_path.inputs(points=1, hidden=True, about="complaint B: the step after a change of rate")
def path_b_rate_changes(rng):
    """The step at another rate, over the step that the old rate would have taken."""
    cases = []
    for D, T, factor in ((1, 4, 0.1), (1, 6, 3.0), (1, 3, 0.01)):
        H, theta = bowl(rng, rng.uniform(0.5, 2, D)), rng.normal(size=D) + 3
        constant = np.full(T, 0.1)
        changed = np.array([*constant[1:], 0.1 * factor])

        def program(student, H=H, theta=theta, constant=constant, changed=changed, T=T):
            old = student.momentum_path(H, theta, constant, 0.9, -1e9, 2)
            new = student.momentum_path(H, theta, changed, 0.9, -1e9, 2)
            return [(new[T] - new[T - 1]) / (old[T] - old[T - 1])]

        cases.append(record(program))
    return cases


@momentum_path.inputs(points=1, hidden=True, about="complaint C: losses that stand still for long")
def path_c_plateau(rng):
    """With a rate of 0 nothing moves, whatever the form."""
    return [
        (bowl(rng, rng.uniform(0.5, 2, D)), rng.normal(size=D), np.zeros(9), 0.9, tol, patience)
        for D, tol, patience in ((2, 1e-6, 4), (1, 0.0, 1), (3, 0.1, 7), (2, 0.1, 20))
    ]


@momentum_path.wrong(
    "The three faults are still there, as you got it. Begin with complaint A: where is theta after "
    "the first step?"
)
def path_as_given(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        g = H @ theta
        theta = theta + v
        v = alpha * v - lr * g
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "Complaint A is cured: the velocity comes before the step. B and C are left. Where does the "
    "rate stand?"
)
def path_a_cured(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        g = H @ theta
        v = alpha * v - lr * g
        theta = theta + v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "Complaint B is cured: a new rate acts on the whole step. A and C are left. Which gradients "
    "does the first step know?"
)
def path_b_cured(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        g = H @ theta
        theta = theta - lr * v
        v = alpha * v + g
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "Complaint C is cured: the run waits as long as it should. A and B are left. Which gradients "
    "does the first step know?"
)
def path_c_cured(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        g = H @ theta
        theta = theta + v
        v = alpha * v - lr * g
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "Only complaint A is left: you step by a velocity that does not know this step's gradient yet."
)
def path_a_left(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        g = H @ theta
        theta = theta - lr * v
        v = alpha * v + g
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "Only complaint B is left: the rate is inside the velocity, which carries the old one along "
    "for many steps."
)
def path_b_left(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v - lr * H @ theta
        theta = theta + v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "Only complaint C is left: one small change ends the run. A ball at the turning point of a "
    "swing hardly changes its height, and it is not at rest."
)
def path_c_left(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you count small changes in a row, between neighbours. While the loss "
    "swings, each change is large and nothing is gained; and a slow, steady fall looks like rest. "
    "Compare the best losses."
)
def path_counts_small_changes(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses, small = [theta], [0.5 * theta @ H @ theta], 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        small = small + 1 if abs(losses[-1] - losses[-2]) <= tol else 0
        if small >= patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you lower the best loss by every small gain, so that a slow, steady "
    "fall never gets tol below it. Only an improvement, a fall by more than tol, sets a new best."
)
def path_counts_small_gains(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, best, waited = [theta], 0.5 * theta @ H @ theta, 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        loss = 0.5 * theta @ H @ theta
        waited = 0 if loss < best - tol else waited + 1
        best = min(best, loss)
        if waited >= patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you compare the best loss of now with that of patience steps ago. "
    "Here the rule counts the steps since the last improvement on the best loss kept."
)
def path_compares_windows(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if len(losses) > patience and min(losses[:-patience]) - min(losses) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you compare the last loss with that of patience steps ago. With "
    "momentum both may stand anywhere in a swing: keep the best loss, and count the steps "
    "since it improved."
)
def path_compares_two_losses(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if len(losses) > patience and losses[-1 - patience] - losses[-1] <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you take the size of the change between the last loss and that of "
    "patience steps ago: a swing that happens to return to its height would end the run. Compare "
    "the best losses."
)
def path_compares_sizes(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if len(losses) > patience and abs(losses[-1 - patience] - losses[-1]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured, and C nearly: your run waits one step too long. It ends with the last of "
    "patience steps that bring no improvement."
)
def path_waits_too_long(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited > patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured, and C nearly: your run ends one step too early. It ends with the last of "
    "patience steps that bring no improvement."
)
def path_stops_too_early(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited >= patience - 1:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C you compare the range of the last losses with tol. A swing has a wide "
    "range for ever: what counts is whether the best loss got better."
)
def path_compares_the_range(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        last = losses[-1 - patience :]
        if len(losses) > patience and max(last) - min(last) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "A and B are cured. In C the run never stops before the rates end: the rule is gone, or it can "
    "never hold."
)
def path_never_stops(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path = [theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta - lr * v
        path.append(theta)
    return np.array(path)


@momentum_path.wrong(
    "The order is cured, but the signs do not fit: a velocity that takes the gradient with a minus "
    "sign is added to theta, one that takes it with a plus sign is subtracted."
)
def path_climbs(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta + lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "The order is cured, but the signs do not fit: a velocity that takes the gradient with a minus "
    "sign is added to theta, one that takes it with a plus sign is subtracted."
)
def path_climbs_without_patience(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + H @ theta
        theta = theta + lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "The rate stands in both lines now, so that each step is multiplied by it twice. It belongs to "
    "the step alone."
)
def path_uses_the_rate_twice(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + lr * H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


@momentum_path.wrong(
    "The rate stands in both lines now, so that each step is multiplied by it twice. It belongs to "
    "the step alone."
)
def path_uses_the_rate_twice_without_patience(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    for lr in rates:
        v = alpha * v + lr * H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        if abs(losses[-1] - losses[-2]) <= tol:
            break
    return np.array(path)


@momentum_path.wrong(
    "You made an average of the velocity: the gradient enters with 1 - alpha. That is another "
    "form, with steps 1 - alpha times as long; here the gradient enters whole."
)
def path_averages(H, theta, rates, alpha, tol, patience):
    v = np.zeros_like(theta)
    path, losses = [theta], [0.5 * theta @ H @ theta]
    best, waited = losses[0], 0
    for lr in rates:
        v = alpha * v + (1 - alpha) * H @ theta
        theta = theta - lr * v
        path.append(theta)
        losses.append(0.5 * theta @ H @ theta)
        waited += 1
        if losses[-1] < best - tol:
            best, waited = losses[-1], 0
        if waited == patience:
            break
    return np.array(path)


# ---------------------------------------------------------------- noise_left

noise_left = lab.choice(
    "noise_left",
    "c",
    choices={
        "a": "variance of one step 1/19, variance of the place 1/19",
        "b": "variance of one step 1/10, variance of the place 1/10",
        "c": "variance of one step 1/19, variance of the place about the same as before",
        "d": "variance of one step 1/10, variance of the place about the same as before",
        "e": "variance of one step 1/19, variance of the place 19 times as large",
        "f": "variance of one step 5.3 times as large, variance of the place 100 times as large",
    },
    title="Where the noise goes",
    points=1,
    minutes=7,
    section=("sec-momentum-variance", "What averaging does to the noise"),
    hints=(
        "There are two questions. For one step: the variance of an average with falling weights. "
        "For the place: add up all the steps. What becomes of one gradient in that sum?",
        "Independent noise: the variance of a weighted sum is the sum of the squared weights. The "
        "weights of v are (1 - α), (1 - α)α, (1 - α)α², and so on.",
        "Squared and summed, the weights give (1 - α)/(1 + α). But over the steps that follow, one "
        "gradient is used again and again, with weights that add up to 1: it arrives in full, only "
        "later.",
    ),
)
noise_left.wrong_value(
    "a",
    "One step is right. But neighbouring steps now share most of their noise, and what is shared "
    "does not cancel in a sum. How much of one gradient arrives in the end?",
)
noise_left.wrong_value(
    "b",
    "1 - α is the weight of the newest gradient, not the variance of the average. And do the "
    "steps, which now resemble one another, still cancel as before?",
)
noise_left.wrong_value(
    "d",
    "The place is right. For one step, sum the squares of all weights, not only that of the newest "
    "gradient.",
)
noise_left.wrong_value(
    "e",
    "One step is right. Neighbouring steps do resemble one another, but each is also much shorter. "
    "How much of one gradient arrives in the end?",
)
noise_left.wrong_value(
    "f",
    "That is so for v ← αv + g at the same rate, with steps ten times as long in the end. Here the "
    "gradient enters with 1 - α.",
)


# ---------------------------------------------------------------- train_blind


@lab.give
def lent(X, y, budget):
    left, Y = budget, np.eye(10)[y]

    def f(W):
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"the budget of {budget} calls is spent")
        R = X @ W - Y
        return (R**2).sum() / len(X) / 2, X.T @ R / len(X)

    return f


@lab.give
def answers(W, X):
    return (X @ W).argmax(axis=1)


@lab.question(
    "train_blind",
    title="A rate for an unknown scale",
    points=4,
    minutes=18,
    section=("sec-gd-rate", "The learning rate and its limit"),
    accuracy=0.74,
    hints=(
        "You need one small function inside yours: a run of so many steps from the given start, at "
        "one rate, which returns the weights and the last loss. Everything else calls it.",
        "Try every power of ten from 1e-5 to 1, thirty steps each, always from the given start, "
        "and keep the rate with the smallest last loss. Then run with all calls that are left. If "
        "that falls short, what does a long valley need besides a good rate?",
        "Momentum, in the trials and in the long run, as its limit is another: the two lines of "
        "part 2, with dW for g and an alpha of 0.9 to 0.97. Six rates of thirty steps cost 180 "
        "calls: the long run has budget - 180.",
    ),
)
def train_blind(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    best = rates[int(np.argmin(trials))]
    return run(best, budget - 30 * len(rates))[1]


DIGITS = mini_mnist()


def photographed(X, factor):
    """Digits of 7 x 7 as dark ink on bright paper, in the units of an unknown camera."""
    ink = X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    return factor * (2 - ink.round(1))


@train_blind.inputs(points=1, seconds=20)
def blind_small(rng):
    X, y = photographed(DIGITS.train.X[1000:1400], 3.0).round(1), DIGITS.train.y[1000:1400]
    X_new, y_new = photographed(DIGITS.val.X[:150], 3.0).round(1), DIGITS.val.y[:150]

    def program(student):
        W = student.train_blind(student.lent(X, y, 500), np.zeros((49, 10)), 500)
        return [student.answers(W, X_new)]

    return [(record(program), y_new)]


def reached(student, rng, exponent, budget):
    """The share of 1,500 new digits that are read, after training on 1,000 others.

    Pixels and classes have other names each time; the loss, and what it costs, come from this side.
    """
    rows, pixels, names = rng.permutation(7000)[:1000], rng.permutation(49), rng.permutation(10)
    X = photographed(DIGITS.train.X[rows], 10 ** (exponent / 2))[:, pixels]
    X_new = photographed(DIGITS.test.X, 10 ** (exponent / 2))[:, pixels]
    W = student(lent(X, names[DIGITS.train.y[rows]], budget), np.zeros((49, 10)), budget)
    assert isinstance(W, np.ndarray), "expected the trained weights, an array"
    assert W.shape == (49, 10), f"expected shape (49, 10), got {W.shape}"
    assert W.dtype.kind == "f", f"expected floats, got {W.dtype}"
    assert np.isfinite(W).all(), "the weights are not finite"
    return np.mean(answers(W, X_new) == names[DIGITS.test.y])


def reaches(student, rng, exponents, budget=500, goal=0.74):
    score = np.mean([reached(student, rng, exponent, budget) for exponent in exponents])
    assert score >= goal, f"expected {goal:.1%} of the new digits, got {score:.1%}"


@train_blind.test(points=1, seconds=30, about="three cameras with small numbers")
def blind_with_small_numbers(student, rng):
    reaches(student, rng, [-2, -1, int(rng.integers(-2, 0))])


@train_blind.test(points=1, seconds=30, about="three cameras with large numbers")
def blind_with_large_numbers(student, rng):
    reaches(student, rng, [1, 2, int(rng.integers(1, 3))])


@train_blind.test(points=1, seconds=30, about="any cameras, and a budget of 700")
def blind_with_another_budget(student, rng):
    reaches(student, rng, (rng.permutation(5)[:3] - 2).tolist(), 700, 0.75)


@train_blind.wrong(
    "You reach no more than plain descent. Is there momentum in the long run? If so, look at the "
    "trials: after only a few steps the swings make a timid rate look best; thirty are enough."
)
def blind_without_momentum(f, W, budget):
    def run(lr, steps):
        there = W.copy()
        for _ in range(steps):
            E, dW = f(there)
            there -= lr * dW
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget - 30 * len(rates))[1]


@train_blind.wrong(
    "You reach no more than plain descent. Is there momentum in the long run? If so, look at the "
    "trials: after only a few steps the swings make a timid rate look best; thirty are enough."
)
def blind_without_momentum_short_trials(f, W, budget):
    def run(lr, steps):
        there = W.copy()
        for _ in range(steps):
            E, dW = f(there)
            there -= lr * dW
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 10)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget - 10 * len(rates))[1]


@train_blind.wrong(
    "You reach no more than plain descent. Is there momentum in the long run? If so, look at the "
    "trials: after only a few steps the swings make a timid rate look best; thirty are enough."
)
def blind_trials_too_short(f, W, budget):
    def run(lr, steps, alpha=0.9):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 5)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget - 5 * len(rates))[1]


@train_blind.wrong(
    "Every answer is 0, the first class. Either your weights are still those that you were given, "
    "or the rate is beyond the limit and they have grown to inf or nan: print them."
)
def blind_fixed_rate(f, W, budget):
    W, v = W.copy(), np.zeros_like(W)
    for _ in range(budget):
        _, dW = f(W)
        v = 0.9 * v + dW
        W -= 0.1 * v
    return W


@train_blind.wrong(
    "The rate of the long run is far too small. If it is the first of your list, compare the "
    "losses at the end of the trials, not those at the start, which are all the same. If you fixed "
    "it: what is right for one camera is wrong for the next."
)
def blind_tiny_rate(f, W, budget):
    W, v = W.copy(), np.zeros_like(W)
    for _ in range(budget):
        _, dW = f(W)
        v = 0.9 * v + dW
        W -= 1e-5 * v
    return W


@train_blind.wrong(
    "The rate of the long run is far too small. If it is the first of your list, compare the "
    "losses at the end of the trials, not those at the start, which are all the same. If you fixed "
    "it: what is right for one camera is wrong for the next."
)
def blind_compares_first_losses(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v, losses = W.copy(), np.zeros_like(W), []
        for _ in range(steps):
            E, dW = f(there)
            losses.append(E)
            v = alpha * v + dW
            there -= lr * v
        return losses[0], there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget - 30 * len(rates))[1]


@train_blind.wrong(
    "You return the weights of the best trial. Thirty steps are enough to choose a rate, not to "
    "learn: run on with what is left of the budget."
)
def blind_returns_the_trial(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30) for lr in rates]
    return min(trials, key=lambda trial: trial[0])[1]


@train_blind.wrong(
    "Every rate gets the same share of the budget, and five of the six shares are wasted. Keep the "
    "trials short, and give all that is left to the winner."
)
def blind_shares_the_budget(f, W, budget):
    def run(lr, steps, alpha=0.9):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    trials = [run(lr, budget // 6) for lr in [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]]
    return min(trials, key=lambda trial: trial[0])[1]


@train_blind.wrong(
    "You spend more than the budget: the calls of the trials count, too. The long run has what is "
    "left."
)
def blind_overspends(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget)[1]


@train_blind.wrong(
    "Every answer is the same class, although the weights are finite. Do all trials start from the "
    "W that you were given? After one beyond the limit there is nothing left to compare."
)
def blind_trials_go_on(f, W, budget):
    W = W.copy()

    def run(lr, steps, alpha=0.95):
        v = np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(W)
            v = alpha * v + dW
            W[...] -= lr * v
        return E

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30) for lr in rates]
    run(rates[int(np.argmin(trials))], budget - 30 * len(rates))
    return W


@train_blind.wrong(
    "You step along the gradient. It points to where the loss grows; the step goes against it."
)
def blind_climbs(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there += lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    return run(rates[int(np.argmin(trials))], budget - 30 * len(rates))[1]


@train_blind.wrong("Your function does not return the weights: the last line has to return them.")
def blind_returns_nothing(f, W, budget):
    W = W.copy()


@train_blind.wrong("You change the W that you are given. Work on a copy: W.copy().")
def blind_in_place(f, W, budget):
    def run(lr, steps, alpha=0.95):
        there, v = W.copy(), np.zeros_like(W)
        for _ in range(steps):
            E, dW = f(there)
            v = alpha * v + dW
            there -= lr * v
        return E, there

    rates = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1.0]
    trials = [run(lr, 30)[0] for lr in rates]
    W[...] = run(rates[int(np.argmin(trials))], budget - 30 * len(rates))[1]
    return W
