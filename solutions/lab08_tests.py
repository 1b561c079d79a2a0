"""Right answers, tests and known wrong answers of lab 8, Adaptive methods."""

import numpy as np

from mlcourse.data import mini_mnist
from mlcourse.grading.bank import Lab, expect, record

lab = Lab(
    "lab08",
    title="Adaptive methods",
    chapter="chapters/08-adaptive-methods.ipynb",
    modules=("mlcourse.data", "mlcourse.checks"),
)


@lab.give
def softmax(Z):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@lab.give
def lend(X, y, B, steps, rng):
    left = steps

    def gradient(W):
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"all {steps} gradients are spent")
        rows = rng.integers(len(X), size=B)
        P = softmax(X[rows] @ W)
        P[np.arange(B), y[rows]] -= 1
        return X[rows].T @ P / B

    return gradient


@lab.give
def answers(W, X):
    return (X @ W).argmax(axis=1)


# ---------------------------------------------------------------- expected_step


@lab.question(
    "expected_step",
    title="What the root is made of",
    points=3,
    minutes=12,
    section=("sec-second", "A square is not a second derivative"),
    hints=(
        "Take one weight and do it on paper. The mean of a square is the square of the mean plus "
        "the variance; what are the mean and the variance of the gradient of a batch?",
        "The mean of g_B is g. Its variance is that of one sample divided by B, as for every mean "
        "of B independent draws: (G - g)**2, averaged over the samples, over B.",
        "With g the mean over axis 0, and noise = G.var(axis=0) / B, the root is that of "
        "g**2 + noise. Where it is 0, so is g: divide by 1 there, for instance with np.where.",
    ),
)
def expected_step(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0) / B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.inputs(points=1)
def expected_small(rng):
    G = np.array([[3.0, 1.0, 0.0], [1.0, -1.0, 0.0], [2.0, 3.0, 0.0], [4.0, -1.0, 0.0]])
    return [
        (G, 1, 0.1),
        (G, 4, 0.1),
        (np.array([[2.0, -1e-9], [1.0, -3e-9], [-6.0, 0.0]]), 2, 0.5),
    ]


@expected_step.inputs(points=1, hidden=True, about="more samples and weights, batches of any size")
def expected_fresh(rng):
    return [
        (rng.normal(size=(N, K)) * 3 + rng.normal(size=K), B, lr)
        for N, K, B, lr in ((30, 4, 5, 0.01), (7, 9, 7, 1.0), (50, 1, 400, 0.3), (1, 3, 2, 0.1))
    ]


@expected_step.test(points=1, about="gradients in other units, and some that are always 0")
def expected_in_any_units(student, rng):
    G, B = rng.normal(size=(40, 6)) + 0.3, int(rng.integers(2, 20))
    G[:, 2] = 0
    units = 10.0 ** rng.integers(-9, 9, size=6)
    plain, scaled = student(G, B, 0.01), student(G * units, B, 0.01)
    expect(plain, expected_step.reference(G, B, 0.01))
    expect(scaled, plain)


@expected_step.wrong(
    "That is lr times the sign, as if every batch had the full gradient. The root also holds what "
    "the batches scatter about it."
)
def expected_sign(G, B, lr):
    return -lr * np.sign(G.mean(axis=0))


@expected_step.wrong(
    "You square the gradients of single samples. The method squares the mean of B of them, which "
    "is quieter: where is B in your formula?"
)
def expected_single_samples(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(np.mean(G**2, axis=0))
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "The root is missing: the gradient is divided by its square, and the step gets shorter where "
    "the gradient is large."
)
def expected_without_root(G, B, lr):
    g = G.mean(axis=0)
    s = g**2 + G.var(axis=0) / B
    return -lr * g / np.where(s > 0, s, 1)


@expected_step.wrong(
    "The sign is wrong: this is the change of the weight, which goes against the gradient."
)
def expected_uphill(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0) / B)
    return lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "0 / 0: a weight whose gradients are all 0 gives NaN, and one NaN spoils a whole network. "
    "Such a weight stays where it is."
)
def expected_nan(G, B, lr):
    g = G.mean(axis=0)
    return -lr * g / np.sqrt(g**2 + G.var(axis=0) / B)


@expected_step.wrong(
    "You add an ε, which is not small beside gradients of 1e-9. Here it is left out; treat the "
    "weights without any gradient on their own."
)
def expected_with_eps(G, B, lr):
    g = G.mean(axis=0)
    return -lr * g / (np.sqrt(g**2 + G.var(axis=0) / B) + 1e-8)


@expected_step.wrong(
    "You add an ε under the root, which is not small beside the squares of gradients of 1e-9. "
    "Here it is left out; treat the weights without any gradient on their own."
)
def expected_with_eps_inside(G, B, lr):
    g = G.mean(axis=0)
    return -lr * g / np.sqrt(g**2 + G.var(axis=0) / B + 1e-8)


@expected_step.wrong(
    "Your root holds the scatter alone. Without noise it would be 0, and the step without bound: "
    "the square of the mean belongs to it, too."
)
def expected_noise_only(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(G.var(axis=0) / B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You divide the whole mean square by B. Averaging makes the scatter smaller; the square of "
    "the full gradient stays."
)
def expected_all_by_b(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(np.mean(G**2, axis=0) / B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "The scatter of a batch is not divided by B: a mean of B independent draws has a B-th of the "
    "variance."
)
def expected_twice_the_noise(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0) * B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You divide the variance by B squared. It is the standard deviation squared that falls as "
    "1 / B."
)
def expected_b_squared(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0) / B**2)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You divide by N - 1. These N samples are all there are, not a sample of more: σ² is the mean "
    "over them."
)
def expected_ddof(G, B, lr):
    g = G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0, ddof=1) / B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You use the factor (N - B) / (N - 1) of lab 5. It belongs to batches without repetition; here "
    "each draw is from all N samples."
)
def expected_without_replacement(G, B, lr):
    N, g = len(G), G.mean(axis=0)
    root = np.sqrt(g**2 + G.var(axis=0) / B * (N - B) / max(N - 1, 1))
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You average over the weights. Each row of G is a sample: the mean over samples is "
    "G.mean(axis=0), a number for each weight."
)
def expected_wrong_axis(G, B, lr):
    g = G.mean(axis=1)
    root = np.sqrt(g**2 + G.var(axis=1) / B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You divide all weights by one number, the length of the gradient. The point of the root is "
    "that each weight has its own."
)
def expected_one_root(G, B, lr):
    g = G.mean(axis=0)
    return -lr * g / np.sqrt(np.sum(g**2 + G.var(axis=0) / B))


@expected_step.wrong(
    "You add the scatter to the gradient before squaring: (g + σ)² is not g² + σ². Squares add, "
    "roots do not."
)
def expected_sum_of_roots(G, B, lr):
    g = G.mean(axis=0)
    root = np.abs(g) + G.std(axis=0) / np.sqrt(B)
    return -lr * g / np.where(root > 0, root, 1)


@expected_step.wrong(
    "You divide by the mean size of the gradients, without square and root. The method averages "
    "squares."
)
def expected_mean_size(G, B, lr):
    g, size = G.mean(axis=0), np.abs(G).mean(axis=0)
    return -lr * g / np.where(size > 0, size, 1)


@expected_step.wrong("You change G itself. The caller still needs it: write into a new array.")
def expected_in_place(G, B, lr):
    g = G.mean(axis=0)
    G -= g
    root = np.sqrt(g**2 + np.mean(G**2, axis=0) / B)
    return -lr * g / np.where(root > 0, root, 1)


# ---------------------------------------------------------------- adagrad_steps

adagrad_steps = lab.number(
    "adagrad_steps",
    2574.0,
    tolerance=20.0,
    title="A rate that only falls",
    points=1,
    minutes=5,
    section=("sec-adagrad", "Adagrad: rates that only fall"),
    hints=(
        "The gradient is -1 at every step. What is s after t steps, and how long is step t?",
        "Step t is 0.1 / sqrt(t) long. Add up the steps until they make 10; a loop will do.",
        "Compare the sum with an integral: 1/sqrt(1) + ... + 1/sqrt(T) is about 2 sqrt(T) - 1.46, "
        "and it has to be 100.",
    ),
)
adagrad_steps.wrong_value(
    100,
    "100 steps of 0.1 are the way of a method whose steps do not shrink. Adagrad's s is a sum: it "
    "grows with every step.",
)
adagrad_steps.wrong_value(
    2500,
    "The estimate with 2 sqrt(T) is near, but a little short: a sum is not an integral. Count the "
    "steps.",
)
adagrad_steps.wrong_value(
    10000,
    "That would be so if all steps were as short as the last one. The early ones are longer.",
)
adagrad_steps.wrong_value(
    50, "The sum grows as 2 sqrt(T). You have sqrt(T); how many steps are that?"
)
adagrad_steps.wrong_value(
    2474, "You count the steps beyond the first hundred. How many are there in all?"
)
adagrad_steps.wrong_value(
    662, "After so many steps it has gone half of the way. The second half takes longer."
)
adagrad_steps.wrong_value(
    1000, "After 1,000 steps it has gone 6.2. Add up the lengths of the steps."
)


# ---------------------------------------------------------------- Rprop


@lab.question(
    "Rprop",
    title="The sign is enough",
    points=5,
    minutes=18,
    section=("sec-rprop", "Rprop: the sign is enough"),
    hints=(
        "Two arrays of the shape of theta must outlive a call: the step lengths, and the last "
        "gradient as the next call is to see it. Write the case without a change of sign first.",
        "The product of g and the last gradient has the sign that you need: positive, negative or "
        "0. np.where picks by it, entry by entry. np.clip(x, low, high) keeps the bounds.",
        "In this order: the product; the new delta from the old one, then clipped; a copy of g "
        "that is 0 where the product is negative; the step, delta times the sign of that copy; "
        "and the copy is what you remember.",
    ),
)
class Rprop:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


def stepped(theta, gradients, **more):
    """The weights and the step lengths after each of some gradients."""

    def program(student):
        method = student.Rprop(theta, **more)
        shown = [method.theta, method.delta]
        for g in gradients:
            method.step(g)
            shown += [method.theta, method.delta]
        return shown

    return record(program)


@Rprop.inputs(points=2)
def rprop_small(rng):
    first = [[2.0, -0.1, 0.0], [1.0, -5.0, 0.3], [-3.0, -0.2, 0.3], [-1.0, 0.4, 0.0]]
    later = [[-4.0, 0.4, 0.5], [-1.0, -0.3, 0.5]]
    return [
        stepped(np.array([1.0, 1.0, 1.0]), [np.array(g) for g in first + later], lr=0.1),
        stepped(
            np.array([[0.0], [5.0]]),
            [np.array([[1.0], [a]]) for a in (1.0, -1.0, 1.0, -1.0, -1.0)],
            lr=0.5,
            etas=(0.25, 2.0),
            step_sizes=(0.2, 3.0),
        ),
    ]


def walk(rng, T, *shape):
    """Gradients that change their sign now and then, and are 0 now and then."""
    return [rng.normal(size=shape).round(1) + rng.integers(-1, 2, size=shape) for _ in range(T)]


@Rprop.inputs(points=1, hidden=True, about="many steps, arrays of two axes, gradients of 0")
def rprop_fresh(rng):
    return [
        stepped(rng.normal(size=7), walk(rng, 30, 7)),
        stepped(rng.normal(size=(3, 4)), walk(rng, 20, 3, 4), lr=0.03),
        stepped(rng.normal(size=2), [np.zeros(2), np.ones(2), np.zeros(2), np.ones(2)]),
    ]


@Rprop.inputs(points=1, hidden=True, about="other factors and bounds")
def rprop_fresh_bounds(rng):
    return [
        stepped(rng.normal(size=5), walk(rng, 25, 5), etas=(0.4, 1.5), step_sizes=(0.005, 0.02)),
        stepped(np.zeros(3), [np.array([1.0, -1.0, 0.5])] * 60),
        stepped(np.zeros(2), [np.array([1.0, -1.0])] * 4, lr=1.0, step_sizes=(1e-3, 1.3)),
    ]


@Rprop.test(points=1, about="gradients in other units give the same path")
def rprop_in_any_units(student, rng):
    theta, gradients = rng.normal(size=6), walk(rng, 15, 6)
    units = 10.0 ** rng.integers(-8, 8, size=6)
    plain, scaled, right = student(theta), student(theta), Rprop.reference(theta)
    for g in gradients:
        plain.call("step", g)
        scaled.call("step", g * units)
        right.step(g)
    expect(plain.get("theta"), right.theta)
    expect(scaled.get("theta"), right.theta)


@Rprop.wrong(
    "You multiply by the gradient. Its size is what Rprop ignores: the step is as long as delta, "
    "and only the sign of g counts."
)
class RpropUsesTheSize:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * g
        self.g_prev = g


@Rprop.wrong(
    "After a change of sign you take a step all the same, with the shorter delta. Here the "
    "gradient counts as 0 then: this weight waits for one step."
)
class RpropStepsAfterAChange:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = np.where(product < 0, 0.0, g)


@Rprop.wrong(
    "You take no step after a change of sign, which is right, but you remember the new gradient. "
    "It has to count as 0 for the next call, too: that step neither grows nor shrinks delta."
)
class RpropRemembersTheChange:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        sign = np.sign(np.where(product < 0, 0.0, g))
        self.theta = self.theta - self.delta * sign
        self.g_prev = g


@Rprop.wrong(
    "Delta shrinks as it should, but the gradient after a change of sign does not count as 0: you "
    "take a step with it, and you remember it. This is an older variant."
)
class RpropClassic:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong("You never remember the gradient, so no sign ever changes and delta stays as it was.")
class RpropForgets:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)


@Rprop.wrong(
    "Delta shrinks while the signs agree and grows when they differ: it is the other way round."
)
class RpropFactorsSwapped:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        grow, shrink = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "Delta shrinks although there is no last gradient, or one of 0. A product of 0 leaves delta "
    "as it is."
)
class RpropShrinksAtZero:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, shrink)
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "Delta grows although there is no last gradient, or one of 0. A product of 0 leaves delta as "
    "it is."
)
class RpropGrowsAtZero:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product >= 0, grow, shrink)
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "You decide with the sum of all products, and all weights share the decision. Each weight has "
    "a delta of its own."
)
class RpropOneDelta:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = np.sum(g * self.g_prev) * np.ones(g.shape)
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong("The bounds are missing: step_sizes holds the shortest and the longest delta.")
class RpropUnbounded:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = self.delta * factor
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong("Delta grows beyond the second number of step_sizes, its upper bound.")
class RpropNoLongest:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.maximum(self.delta * factor, self.step_sizes[0])
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong("Delta shrinks below the first number of step_sizes, its lower bound.")
class RpropNoShortest:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.minimum(self.delta * factor, self.step_sizes[1])
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong("You step along the gradient, uphill. The step goes against its sign.")
class RpropUphill:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta + self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "You step with the delta of the last step and change it afterwards. First delta, then the step."
)
class RpropOldDelta:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev, self.delta = g, delta


@Rprop.wrong(
    "You multiply the step by lr. It is only where delta begins; after that, delta alone is the "
    "length of the step."
)
class RpropRateTwice:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)
        self.lr = lr

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.lr * self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "You take the last step back when the sign changes. That is another variant: here the weight "
    "stays where it is."
)
class RpropBacktracks:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)
        self.last = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        step = np.where(product < 0, -self.last, -self.delta * np.sign(g))
        self.theta, self.last = self.theta + step, step
        self.g_prev = g


@Rprop.wrong(
    "You add the factors to delta. They multiply it: a length that doubles every four steps soon "
    "fits any scale."
)
class RpropLengthForAdding:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta + factor - 1, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "You write into an array of the caller's: the theta or the gradient that you were given. Take "
    "a copy of theta when the object is made, and write zeros into a new array."
)
class RpropChangesTheta:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta, etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.delta * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta -= self.delta * np.sign(g)
        self.g_prev = g


@Rprop.wrong(
    "The factor is applied to lr each time, not to the delta of the last step: delta then has "
    "three values only. It must remember how often it grew."
)
class RpropDropsTheDelta:
    def __init__(self, theta, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        self.theta, self.etas, self.step_sizes = theta.copy(), etas, step_sizes
        self.delta = np.full(theta.shape, lr)
        self.g_prev = np.zeros(theta.shape)
        self.lr = lr

    def step(self, g):
        product = g * self.g_prev
        shrink, grow = self.etas
        factor = np.where(product > 0, grow, np.where(product < 0, shrink, 1.0))
        self.delta = np.clip(self.lr * factor, *self.step_sizes)
        g = np.where(product < 0, 0.0, g)
        self.theta = self.theta - self.delta * np.sign(g)
        self.g_prev = g


# ---------------------------------------------------------------- adamw_path


@lab.question(
    "adamw_path",
    title="Clinic: three faults in AdamW",
    points=4,
    minutes=18,
    section=("sec-adam", "Adam and its first steps"),
    hints=(
        "Take one complaint at a time and do it by hand for one weight. A: two steps with a "
        "gradient of 1; write down v and s after each line. B: one step with a gradient of 1e-5. "
        "C: one step with a gradient of 0.",
        "A: what does the second step start from, if the first has divided v by 1 - 0.9? B: how "
        "large is the root of 1e-8? C: what becomes of λθ, however small, when it is divided by "
        "the root of its own square?",
        "A: keep v and s as they are and give the corrected ones names of their own. B: the root "
        "first, then + eps. C: leave g alone, and take lr * weight_decay * theta from theta in "
        "the step.",
    ),
)
def adamw_path(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.inputs(points=1)
def adamw_small(rng):
    ones, few = np.ones((3, 1)), np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 1.0]])
    return [
        (np.array([0.0]), ones, 0.01, 0.0),
        (np.array([1.0, 1.0]), np.array([[1e-5, -1e-4]]), 0.1, 0.0),
        (np.array([1.0, -2.0]), np.array([[0.0, 1.0], [0.0, 1.0]]), 0.01, 0.1),
        (np.array([3.0, 1.0]), few, 0.1, 0.5, (0.5, 0.75), 1e-8),
        (np.array([1.0, 1.0]), np.array([[1.0, 0.0]]), 0.1, 0.0, (0.9, 0.999), 0.5),
    ]


# A point for each complaint, on runs where the other two faults make no difference.


def far_from_zero(rng, *shape):
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(1, 3, size=shape)


@adamw_path.inputs(points=1, hidden=True, about="complaint A: several steps in a row")
def adamw_a_memory(rng):
    """Large gradients and no decay."""
    return [(rng.normal(size=K), far_from_zero(rng, T, K), 0.01, 0.0) for T, K in ((2, 3), (12, 4))]


@adamw_path.inputs(points=1, hidden=True, about="complaint B: one step with small gradients")
def adamw_b_eps(rng):
    """The first step has no memory, and there is no decay."""
    return [
        (rng.normal(size=4), far_from_zero(rng, 1, 4) * size, 0.1, 0.0) for size in (1e-4, 1e-6)
    ]


@adamw_path.inputs(points=1, hidden=True, about="complaint C: one step with decay")
def adamw_c_decay(rng):
    """The first step has no memory; a gradient is large, or exactly 0."""
    cases = []
    for decay in (0.01, 0.3):
        gradients = far_from_zero(rng, 1, 5)
        gradients[0, rng.integers(5)] = 0
        cases.append((far_from_zero(rng, 5), gradients, 0.1, decay))
    return cases


@adamw_path.wrong(
    "The three faults are still there, as you got it. Begin with complaint A: write down v and s "
    "for two steps with a gradient of 1."
)
def adamw_as_given(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v = v / (1 - betas[0] ** t)
        s = s / (1 - betas[1] ** t)
        step = v / np.sqrt(s + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Complaint A is cured: the memory is left alone. B and C are left. How large is the root of "
    "1e-8?"
)
def adamw_a_cured(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / np.sqrt(s_hat + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Complaint B is cured: small gradients make full steps. A and C are left. What does the "
    "second step start from?"
)
def adamw_b_cured(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v = v / (1 - betas[0] ** t)
        s = s / (1 - betas[1] ** t)
        step = v / (np.sqrt(s) + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Complaint C is cured: the decay is a share of the weight. A and B are left. What does the "
    "second step start from?"
)
def adamw_c_cured(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v = v / (1 - betas[0] ** t)
        s = s / (1 - betas[1] ** t)
        step = v / np.sqrt(s + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Only complaint A is left: v and s are the memory. What is corrected for this step must not "
    "be what the next one starts from."
)
def adamw_a_left(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v = v / (1 - betas[0] ** t)
        s = s / (1 - betas[1] ** t)
        step = v / (np.sqrt(s) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Only complaint B is left: which gradients are small beside eps, if it is added under the root?"
)
def adamw_b_left(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / np.sqrt(s_hat + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Only complaint C is left: what is added to the gradient gets divided by the root like the "
    "gradient."
)
def adamw_c_left(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You took the correction out. Then the first step is 3.16 times too long, and not lr: v and s "
    "begin at 0, and both averages start too small."
)
def adamw_uncorrected(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for g in gradients:
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        step = v / (np.sqrt(s) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("You correct v alone. s begins at 0 as well.")
def adamw_half_corrected(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        step = v_hat / (np.sqrt(s) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("You correct s alone. v begins at 0 as well.")
def adamw_other_half_corrected(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        s_hat = s / (1 - betas[1] ** t)
        step = v / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You still write one of the two, s, back into the memory: half of complaint A is left."
)
def adamw_a_half_cured(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You still write one of the two, v, back into the memory: half of complaint A is left."
)
def adamw_a_other_half_cured(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("You left ε out. A gradient that is 0 from the start then gives 0 / 0.")
def adamw_no_eps(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / np.sqrt(s_hat)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("You left ε out. A gradient that is 0 from the start then gives 0 / 0.")
def adamw_no_eps_without_decay(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / np.sqrt(s_hat)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You keep ε under the root and square it. With a small gradient that is nearly the same, but "
    "it is not what was asked for: ε stands outside the root."
)
def adamw_eps_squared(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / np.sqrt(s_hat + eps**2)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You add ε before the correction, which then makes it larger in the first steps. The "
    "corrected root comes first, then ε."
)
def adamw_eps_before_correction(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        step = v_hat * np.sqrt(1 - betas[1] ** t) / (np.sqrt(s) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You took the decay out altogether. A weight without gradient is to shrink by lr times "
    "weight_decay of itself."
)
def adamw_no_decay(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "The decay is not multiplied by lr: the weights shrink by weight_decay itself at every step."
)
def adamw_decay_without_rate(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You let the moved weights decay. Both changes start from the weights before the step."
)
def adamw_decay_afterwards(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = (theta - lr * step) * (1 - lr * weight_decay)
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You add λθ to v after the average. It is still divided by the root, so weights with small "
    "gradients decay faster than asked."
)
def adamw_decay_in_the_step(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = (v_hat + weight_decay * theta) / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You take the decay from the weights and add it to the gradient as well. It acts twice: "
    "remove it from the gradient."
)
def adamw_decay_twice(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        g = g + weight_decay * theta
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("The decay has the wrong sign: the weights grow by it.")
def adamw_decay_uphill(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step + lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "Now t starts at 0: 1 - betas[0] ** 0 is 0, and the first step is 0 / 0. Count from 1."
)
def adamw_counts_from_zero(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You correct by 1 - beta in every step, as if each were the first. The power t belongs to it: "
    "later averages need less."
)
def adamw_t_stuck(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for g in gradients:
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0])
        s_hat = s / (1 - betas[1])
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta = theta - lr * step - lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong(
    "You change theta in place, and path holds the same array again and again: every row shows "
    "the end. Make a new array at each step, or store a copy."
)
def adamw_same_array(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    theta, path = theta.copy(), []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta -= lr * step + lr * weight_decay * theta
        path.append(theta)
    return np.array(path)


@adamw_path.wrong("You change the theta that you are given: keep the line with theta.copy().")
def adamw_in_place(theta, gradients, lr, weight_decay, betas=(0.9, 0.999), eps=1e-8):
    path = []
    v, s = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        v = betas[0] * v + (1 - betas[0]) * g
        s = betas[1] * s + (1 - betas[1]) * g**2
        v_hat = v / (1 - betas[0] ** t)
        s_hat = s / (1 - betas[1] ** t)
        step = v_hat / (np.sqrt(s_hat) + eps)
        theta -= lr * step + lr * weight_decay * theta
        path.append(theta.copy())
    return np.array(path)


# ---------------------------------------------------------------- train_mixed


def train_mixed(gradient, W, steps, lr=0.02):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return W


mixed = lab.question(
    "train_mixed",
    title="Inputs in mixed units",
    points=4,
    minutes=16,
    section=("sec-rmsprop", "RMSProp: an average that forgets"),
    accuracy=0.66,
    hints=(
        "Draw what the loss looks like along a weight whose input is large, and along one whose "
        "input is small. Which rate does each of them want? Then look for a method that gives "
        "each weight its own.",
        "RMSProp is enough: s, an array of the shape of W, holds a running average of g**2, and "
        "the step is lr * g / (sqrt(s) + eps). The rate is then about the length of a step; see "
        "below the check what other rates do.",
        "Begin with s at 0. At each step s becomes 0.99 times s plus 0.01 times the square of g, "
        "and W loses lr times g, divided by the root of s plus 1e-8. Try lr = 0.01 and 0.03. Adam, "
        "with its correction, or Adagrad, at a rate of 0.3, does as well.",
    ),
)(train_mixed)

DIGITS = mini_mnist()
UNITS = np.logspace(-1.5, 1.5, 10).round(3)


def pooled(X):
    small = X.astype(np.float64).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)
    return np.hstack([small.round(1), np.ones((len(X), 1))])


def units_for(X, rng):
    """Ten units, given out so that pixels with much ink and with little get them alike."""
    units = np.empty(50)
    for some in np.argsort(X.std(axis=0)).reshape(5, 10):
        units[some] = rng.permutation(UNITS)
    return units


def mixed_digits(rng, n_train):
    """Digits of 7 x 7 and a constant input, in mixed units; with other pixels, other names."""
    rows, pixels, names = rng.permutation(7000)[:n_train], rng.permutation(50), rng.permutation(10)
    X, X_new = pooled(DIGITS.train.X[rows]), pooled(DIGITS.test.X)
    units = units_for(X, rng)
    y, y_new = names[DIGITS.train.y[rows]], names[DIGITS.test.y]
    return (X * units)[:, pixels], y, (X_new * units)[:, pixels], y_new


@mixed.inputs(points=1, seconds=10)
def mixed_small(rng):
    X, X_new = pooled(DIGITS.train.X[:600]), pooled(DIGITS.val.X[:300])
    units = units_for(X, np.random.default_rng(9))
    y, y_new = DIGITS.train.y[:600], DIGITS.val.y[:300]

    def program(student):
        gradient = student.lend(X * units, y, 20, 300, np.random.default_rng(0))
        W = student.train_mixed(gradient, np.zeros((50, 10)), 300)
        return [student.answers(W, X_new * units)]

    return [(record(program), y_new)]


def reaches(student, rng, unit=1.0, steps=600, goal=0.7):
    """Four runs on other digits; here the gradient, and what it costs, come from this side."""
    scores = []
    for _ in range(4):
        X, y, X_new, y_new = mixed_digits(rng, 2000)
        lent = lend(X, y, 20, steps, rng)
        W = student(lambda W, lent=lent: unit * lent(W), np.zeros((50, 10)), steps)
        assert isinstance(W, np.ndarray), "expected the trained weights, an array"
        assert W.shape == (50, 10), f"expected shape (50, 10), got {W.shape}"
        assert W.dtype.kind == "f", f"expected floats, got {W.dtype}"
        scores.append(np.mean(answers(W, X_new) == y_new))
    score = np.mean(scores)
    assert score >= goal, f"expected {goal:.0%} of the new digits, got {score:.1%}"


@mixed.test(points=1, seconds=30, about="2,000 other digits, their units given out anew")
def mixed_other_digits(student, rng):
    reaches(student, rng)


@mixed.test(points=1, seconds=30, about="the loss counted in thousandths: gradients 1,000 times")
def mixed_large_loss(student, rng):
    reaches(student, rng, unit=1000.0)


@mixed.test(points=1, seconds=30, about="the loss counted in thousands: gradients / 1,000")
def mixed_small_loss(student, rng):
    reaches(student, rng, unit=0.001)


@mixed.wrong(
    "One rate serves all weights. Where the inputs are large it is too large, where they are "
    "small it is too small, and no value mends both: each weight needs a rate of its own."
)
def mixed_plain(gradient, W, steps, lr=0.02):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * g
    return W


@mixed.wrong(
    "One rate serves all weights. Where the inputs are large it is too large, where they are "
    "small it is too small, and no value mends both: each weight needs a rate of its own."
)
def mixed_plain_given_rate(gradient, W, steps, lr=0.001):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * g
    return W


@mixed.wrong(
    "One rate serves all weights. Where the inputs are large it is too large, where they are "
    "small it is too small, and no value mends both: each weight needs a rate of its own."
)
def mixed_plain_slower(gradient, W, steps, lr=0.003):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * g
    return W


@mixed.wrong(
    "One rate serves all weights. Where the inputs are large it is too large, where they are "
    "small it is too small, and no value mends both: each weight needs a rate of its own."
)
def mixed_plain_slow(gradient, W, steps, lr=0.01):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * g
    return W


@mixed.wrong(
    "Momentum remembers the direction, but all weights still share one rate. It helps a little; "
    "the units differ by a factor of 1,000."
)
def mixed_momentum(gradient, W, steps, lr=0.01):
    W = W.copy()
    v = np.zeros_like(W)
    for _ in range(steps):
        g = gradient(W)
        v = 0.9 * v + g
        W -= lr * v
    return W


@mixed.wrong(
    "Momentum remembers the direction, but all weights still share one rate. It helps a little; "
    "the units differ by a factor of 1,000."
)
def mixed_momentum_given_rate(gradient, W, steps, lr=0.001):
    W = W.copy()
    v = np.zeros_like(W)
    for _ in range(steps):
        g = gradient(W)
        v = 0.9 * v + g
        W -= lr * v
    return W


@mixed.wrong(
    "You divide by the length of the whole gradient. That makes the units of the loss vanish, but "
    "the weights still share one rate."
)
def mixed_normalised(gradient, W, steps, lr=0.1):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * g / (np.linalg.norm(g) + 1e-8)
    return W


@mixed.wrong(
    "The sign alone gives each weight the same step in every batch, and a weight whose gradient "
    "is mostly noise moves as far as any. Let an average of squares tell noise from signal."
)
def mixed_sign(gradient, W, steps, lr=0.02):
    W = W.copy()
    for _ in range(steps):
        g = gradient(W)
        W -= lr * np.sign(g)
    return W


@mixed.wrong(
    "Rprop on mini-batches: signs change because other samples come, and each change halves a "
    "step. The weights freeze before they have learnt. Average the squares of many batches "
    "instead."
)
def mixed_rprop(gradient, W, steps, lr=0.02):
    W = W.copy()
    d, last = np.full_like(W, lr), np.zeros_like(W)
    for _ in range(steps):
        g = gradient(W)
        d *= np.where(g * last > 0, 1.2, np.where(g * last < 0, 0.5, 1.0))
        last = np.where(g * last < 0, 0.0, g)
        W -= d * np.sign(last)
    return W


@mixed.wrong(
    "The root is missing: you divide by the average of the squares, so weights with small "
    "gradients take huge steps."
)
def mixed_without_root(gradient, W, steps, lr=0.02):
    W = W.copy()
    s = np.zeros_like(W)
    for _ in range(steps):
        g = gradient(W)
        s = 0.99 * s + 0.01 * g**2
        W -= lr * g / (s + 1e-8)
    return W


@mixed.wrong(
    "The method fits, the rate does not: each weight moves by about lr in a step, so 600 steps of "
    "0.0001 lead nowhere far."
)
def mixed_tiny_rate(gradient, W, steps, lr=0.0001):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return W


@mixed.wrong(
    "The method fits, the rate does not: each weight moves by about lr in a step, and a few "
    "hundred steps of 0.001 are a short way. Look at the table below."
)
def mixed_given_rate(gradient, W, steps, lr=0.001):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return W


@mixed.wrong(
    "Adagrad's rates only fall. At this lr they are too small after a few dozen steps: it wants a "
    "far larger one than RMSProp does."
)
def mixed_adagrad_small_rate(gradient, W, steps, lr=0.01):
    W = W.copy()
    s = np.zeros_like(W)
    for _ in range(steps):
        g = gradient(W)
        s = s + g**2
        W -= lr * g / (np.sqrt(s) + 1e-8)
    return W


@mixed.wrong(
    "You step along the gradient. It points to where the loss grows; the step goes against it."
)
def mixed_uphill(gradient, W, steps, lr=0.02):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W += lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return W


@mixed.wrong(
    "You divide all weights by one number, the average of all squares. Keep s as an array of the "
    "shape of W, one for each weight."
)
def mixed_one_scale(gradient, W, steps, lr=0.005):
    W = W.copy()
    s = 0.0
    for _ in range(steps):
        g = gradient(W)
        s = 0.99 * s + 0.01 * np.mean(g**2)
        W -= lr * g / (np.sqrt(s) + 1e-8)
    return W


@mixed.wrong(
    "Your ε is as large as the root that it stands beside: where gradients are small, it takes "
    "the place of the root, and the rate is the same for all again."
)
def mixed_large_eps(gradient, W, steps, lr=0.02):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1.0)
    return W


@mixed.wrong("You ask for more gradients than you were promised: one for each step, and no more.")
def mixed_too_many(gradient, W, steps, lr=0.02):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, 2 * steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return W


@mixed.wrong("Your function does not return the weights: the last line has to be return W.")
def mixed_returns_nothing(gradient, W, steps, lr=0.02):
    W = W.copy()
    v, s = np.zeros_like(W), np.zeros_like(W)
    for t in range(1, steps + 1):
        g = gradient(W)
        v = 0.9 * v + 0.1 * g
        s = 0.999 * s + 0.001 * g**2
        W -= lr * v / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)


@mixed.wrong(
    "Every answer is the same. Either you return the weights that you were given, or they are no "
    "numbers any more: print them. The root of a negative average, or 0 / 0, is NaN."
)
def mixed_returns_the_start(gradient, W, steps, lr=0.02):
    return W


# ---------------------------------------------------------------- compare_tuned


@lab.question(
    "compare_tuned",
    title="A fair comparison",
    points=4,
    minutes=16,
    section=("sec-choice", "Which optimizer? A fair comparison"),
    hints=(
        "Three steps, in this order: a rate for each method, from val alone; the scores of that "
        "rate, from test; then differences, seed by seed, to method 0.",
        "np.nan_to_num makes 0 of NaN. The mean of val over its last axis, (M, R), has its best "
        "rate at argmax(axis=1). test[np.arange(M), chosen] picks the (M, F) scores.",
        "The differences are scores - scores[0]. Their mean and their standard deviation go over "
        "axis 1; the deviation needs ddof=1, and t times it is divided by the root of F.",
    ),
)
def compare_tuned(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.inputs(points=2)
def compare_small(rng):
    nan = np.nan
    val = [
        [[0.50, 0.54, 0.52], [0.80, 0.70, 0.72], [0.79, 0.75, 0.74]],
        [[0.60, 0.62, 0.61], [0.71, 0.73, 0.72], [nan, 0.95, 0.94]],
    ]
    test = [
        [[0.6, 0.64, 0.62, 0.6, 0.6], [0.79, 0.73, 0.8, 0.81, 0.8], [0.7, 0.8, 0.77, 0.8, 0.75]],
        [[0.7, 0.66, 0.65, 0.7, 0.7], [0.7, 0.81, 0.81, 0.84, 0.8], [0.9, nan, 0.94, 0.9, 0.9]],
    ]
    third = [[0.5, 0.5, 0.5], [0.9, 0.4, 0.4], [0.2, 0.3, 0.4]], [[0.4, 0.6, nan, 0.5, 0.7]] * 3
    return [
        (np.array(val), np.array(test), 2.78),
        (np.array([*val, third[0]]), np.array([*test, third[1]]), 2.78),
        (np.array(val)[:, 1:], np.array(test)[:, 1:], 2.78),
    ]


def scored(rng, M, R, S, F, diverged=0.0):
    """Scores as they come: seeds that are easy for all, methods that differ, runs that diverge."""
    level = rng.uniform(0.5, 0.9, size=(M, R, 1))
    val = level + rng.normal(0, 0.02, size=(M, R, S))
    test = level + rng.normal(0, 0.05, size=F) + rng.normal(0, 0.01, size=(M, R, F))
    for scores in (val, test):
        scores[rng.random(scores.shape) < diverged] = np.nan
    return val, test


@compare_tuned.inputs(points=1, hidden=True, about="other numbers of methods, rates and seeds")
def compare_fresh(rng):
    sizes = ((3, 5, 4, 10), (2, 1, 2, 2), (1, 4, 3, 6), (6, 8, 2, 5))
    return [(*scored(rng, *size), float(rng.uniform(2, 4))) for size in sizes]


@compare_tuned.inputs(points=1, hidden=True, about="runs that diverged, some or all of a rate")
def compare_fresh_diverged(rng):
    cases = []
    for share in (0.1, 0.3):
        val, test = scored(rng, 4, 6, 3, 8, share)
        val[:, 0] = test[:, 0] = np.nan
        cases.append((val, test, 2.36))
    return cases


@compare_tuned.wrong(
    "You choose the rates by the scores that you report. The best of several tries looks better "
    "than it is: choose by val."
)
def compare_tuned_on_test(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = test.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You choose the rate with the luckiest single seed. Take the mean over seeds, which luck "
    "moves less."
)
def compare_best_seed(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.max(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You choose by the worst seed of each rate. That is a careful rule, but another one: asked is "
    "the mean."
)
def compare_worst_seed(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.min(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("You choose by the median over the seeds. Asked is the mean.")
def compare_median_seed(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = np.median(val, axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "One rate for all methods, the one that is best on average. A method that wants another rate "
    "is then judged by a rate that nobody would use for it."
)
def compare_one_rate(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = np.full(len(val), val.mean(axis=(0, 2)).argmax())
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "All methods run at the rate that is best for method 0. That favours method 0: each one needs "
    "its own."
)
def compare_rate_of_the_first(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = np.full(len(val), val[0].mean(axis=1).argmax())
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("You take the rate with the lowest score. These are accuracies, not losses.")
def compare_smallest(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmin(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "A diverged run makes the mean of its rate NaN, and argmax takes NaN for the largest. "
    "Diverged runs count as 0."
)
def compare_nan_wins(val, test, t):
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You leave diverged runs out of the means. Then a rate that diverges now and then looks as "
    "good as its lucky runs: they count as 0."
)
def compare_nan_left_out(val, test, t):
    finished = np.maximum(np.isfinite(val).sum(axis=2), 1)
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = (val.sum(axis=2) / finished).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "Diverged runs count as 0 when you choose, but not in test: there, too, a run may diverge."
)
def compare_nan_on_test(val, test, t):
    val = np.nan_to_num(val)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You add the variances of the two methods, as if their seeds had nothing to do with each "
    "other. The runs of a seed share their digits: take differences seed by seed, and let them "
    "tell their own scatter."
)
def compare_unpaired(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    spread = np.sqrt(scores.var(axis=1, ddof=1) + scores[0].var(ddof=1))
    half = t * spread / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "Your interval is that of the method's own scores. Asked is that of its difference to method "
    "0, seed by seed."
)
def compare_own_spread(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * scores.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "The standard deviation divides by F. With few seeds it is too small then: the mean was taken "
    "from the same numbers, so F - 1 are left."
)
def compare_ddof(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("That is how single seeds scatter. The mean of F seeds scatters less.")
def compare_no_root_of_n(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1)
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You divide by F. The scatter of a mean falls with the root of the number of seeds."
)
def compare_divided_by_n(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / test.shape[2]
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You divide by the root of the number of tuning seeds. The differences come from the fresh "
    "ones."
)
def compare_seeds_of_val(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(val.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("The factor t is missing: your half width is one standard error.")
def compare_without_t(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("You use the variance. The half width has the unit of a score: take its root.")
def compare_variance(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.var(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("That is the whole width of the interval. Asked is the half: mean ± half.")
def compare_full_width(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = 2 * t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "Your differences have the other sign: a method that beats method 0 is to have a positive one."
)
def compare_reversed(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores[0] - scores
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You compare with the best method. Asked is method 0, whichever wins: a baseline is named "
    "before the race."
)
def compare_to_the_best(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[scores.mean(axis=1).argmax()]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("You return the scores themselves. Asked are the differences to method 0.")
def compare_no_baseline(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You take the size of each difference. Losing by a little on some seeds then counts as winning."
)
def compare_absolute(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = np.abs(scores - scores[0])
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You average test over all rates. Only the chosen rate of a method is reported."
)
def compare_all_rates(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test.mean(axis=1)
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong(
    "You report the scores that chose the rate. A score that was chosen for being high is too "
    "high: take test, with its fresh seeds."
)
def compare_scores_of_val(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = val[np.arange(len(val)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(val.shape[2])
    return chosen, differences.mean(axis=1), half


@compare_tuned.wrong("The order is chosen, mean, half.")
def compare_order(val, test, t):
    val, test = np.nan_to_num(val), np.nan_to_num(test)
    chosen = val.mean(axis=2).argmax(axis=1)
    scores = test[np.arange(len(test)), chosen]
    differences = scores - scores[0]
    half = t * differences.std(axis=1, ddof=1) / np.sqrt(test.shape[2])
    return differences.mean(axis=1), half, chosen
