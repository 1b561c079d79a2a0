"""Variants of the methods as papers and lecture notes print them, to compare; none is a default.

Each class says what differs from its relative in :mod:`mlcourse.optim` and what follows.
"""

from __future__ import annotations

import numpy as np

from mlcourse.checks import FloatArray, check_range
from mlcourse.optim.base import HasParameters, Optimizer

__all__ = [
    "AdamEpsInside",
    "AdamScaledVelocity",
    "AdamUncorrected",
    "MomentumEMA",
    "MomentumStepFirst",
    "MomentumVelocityStep",
    "NesterovLookahead",
]


class _Momentum(Optimizer):
    def __init__(self, model: HasParameters, lr: float = 1e-3, *, momentum: float = 0.9) -> None:
        super().__init__(model, lr)
        self.momentum = check_range("momentum", momentum, 0, 1)
        self.state["v"] = np.zeros_like(model.theta)


class MomentumStepFirst(_Momentum):
    r"""Momentum with the step printed before the velocity (N0): it lags one step behind.

    .. math:: \theta \leftarrow \theta - \eta v, \qquad v \leftarrow \alpha v + g

    The first step goes nowhere. With constant η, θ after step t + 1 would be what
    :class:`~mlcourse.optim.SGD` has after step t, were the gradients the same.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0]))
    >>> point.grad[:] = 1.0
    >>> MomentumStepFirst(point, lr=0.1).step()
    >>> point.theta
    array([1.])
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v = self.state["v"]
        theta -= np.multiply(v, self.lr, out=self._work)
        v *= self.momentum
        v += g


class MomentumVelocityStep(_Momentum):
    r"""Momentum with the rate inside the velocity (N3; Polyak 1964; Sutskever et al. 2013).

    .. math:: v \leftarrow \alpha v - \eta g, \qquad \theta \leftarrow \theta + v

    With constant η the same path as :class:`~mlcourse.optim.SGD`, whose velocity is -v/η. When η
    falls, this form goes on with steps of the old size for a while.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0]))
    >>> point.grad[:] = 1.0
    >>> MomentumVelocityStep(point, lr=0.1).step()
    >>> point.theta
    array([0.9])
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v = self.state["v"]
        v *= self.momentum
        v -= np.multiply(g, self.lr, out=self._work)
        theta += v


class MomentumEMA(_Momentum):
    r"""Momentum as an exponential moving average of the gradient.

    .. math:: v \leftarrow \alpha v + (1 - \alpha) g, \qquad \theta \leftarrow \theta - \eta v

    The path of :class:`~mlcourse.optim.SGD` at the rate (1 - α)η: the effective rate is η.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0]))
    >>> point.grad[:] = 1.0
    >>> MomentumEMA(point, lr=0.1, momentum=0.5).step()
    >>> point.theta
    array([0.95])
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v = self.state["v"]
        v *= self.momentum
        v += np.multiply(g, 1 - self.momentum, out=self._work)
        theta -= np.multiply(v, self.lr, out=self._work)


class NesterovLookahead(_Momentum):
    r"""Nesterov's momentum as printed: the gradient is taken at the looked-ahead point.

    .. math:: v \leftarrow \alpha v - \eta\, g(\theta + \alpha v), \qquad
              \theta \leftarrow \theta + v

    A network computes its gradient where its parameters are, so ``model.theta`` holds the
    looked-ahead point :math:`\tilde\theta = \theta + \alpha v`, and a step with the new velocity
    v' moves it to the next one, :math:`\tilde\theta - \alpha v + (1 + \alpha) v'`. With constant
    η these points are those of ``SGD(nesterov=True)``.

    References
    ----------
    Nesterov (1983); Sutskever et al. (2013); Bengio et al. (2013), "Advances in optimizing
    recurrent networks", section 3.5.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0]))
    >>> optimizer = NesterovLookahead(point, lr=0.1, momentum=0.5)
    >>> point.grad[:] = 1.0
    >>> optimizer.step()
    >>> point.theta, optimizer.position()
    (array([0.85]), array([0.9]))
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v = self.state["v"]
        theta -= np.multiply(v, self.momentum, out=self._work)
        v *= self.momentum
        v -= np.multiply(g, self.lr, out=self._work)
        theta += np.multiply(v, 1 + self.momentum, out=self._work)

    def position(self) -> FloatArray:
        """Return θ itself, without the look ahead: the point to evaluate at the end."""
        return self.model.theta - self.momentum * self.state["v"]


class _AdamLike(Optimizer):
    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(model, lr)
        self.betas = (
            check_range("betas[0]", betas[0], 0, 1),
            check_range("betas[1]", betas[1], 0, 1),
        )
        self.eps = check_range("eps", eps, 0)
        self.state["v"] = np.zeros_like(model.theta)
        self.state["s"] = np.zeros_like(model.theta)

    def _share(self) -> float:
        """Return the weight with which the gradient enters v."""
        return 1 - self.betas[0]

    def _average(self, g: FloatArray) -> tuple[FloatArray, FloatArray]:
        v, s = self.state["v"], self.state["s"]
        v *= self.betas[0]
        v += np.multiply(g, self._share(), out=self._work)
        s *= self.betas[1]
        np.multiply(g, g, out=self._work)
        self._work *= 1 - self.betas[1]
        s += self._work
        return v, s


class AdamUncorrected(_AdamLike):
    r"""Adam without bias correction (N3, there with ε = 1e-7).

    .. math:: v \leftarrow \beta_1 v + (1 - \beta_1) g, \qquad
              s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{v}{\sqrt{s} + \varepsilon}

    The first step is (1 - β₁)/√(1 - β₂) ≈ 3.16 times the corrected one at the usual β.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0]))
    >>> point.grad[:] = 1.0
    >>> AdamUncorrected(point, lr=1.0).step()
    >>> point.theta.round(3)
    array([-3.162])
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v, s = self._average(g)
        step = np.sqrt(s, out=self._work)
        step += self.eps
        np.divide(v, step, out=step)
        step *= self.lr
        theta -= step


class AdamScaledVelocity(AdamUncorrected):
    r"""Adam with a velocity that sums instead of averaging, and no correction (N0).

    .. math:: v \leftarrow \beta_1 v + g, \qquad
              s \leftarrow \beta_2 s + (1 - \beta_2) g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{v}{\sqrt{s} + \varepsilon}

    The velocity, and so every step, is 1/(1 - β₁) = 10 times that of
    :class:`AdamUncorrected`. N0 has no ε either: with ``eps=0`` a gradient of 0 in the first step
    gives 0/0.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0]))
    >>> point.grad[:] = 1.0
    >>> AdamScaledVelocity(point, lr=1.0).step()
    >>> point.theta.round(2)
    array([-31.62])
    """

    def _share(self) -> float:
        return 1.0


class AdamEpsInside(_AdamLike):
    r"""Adam with ε under the root.

    .. math:: \theta \leftarrow \theta - \eta \frac{\hat v}{\sqrt{\hat s + \varepsilon}}

    The same number then acts as √ε outside: 1e-8 here damps like 1e-4 there.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0]))
    >>> point.grad[:] = 1e-4
    >>> AdamEpsInside(point, lr=1.0).step()
    >>> point.theta.round(3)
    array([-0.707])
    """

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v, s = self._average(g)
        correction1, correction2 = (1 - beta**self.t for beta in self.betas)
        step = np.divide(s, correction2, out=self._work)
        step += self.eps
        np.sqrt(step, out=step)
        np.divide(v, step, out=step)
        step *= self.lr / correction1
        theta -= step
