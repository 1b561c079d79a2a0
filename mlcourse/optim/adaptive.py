"""Methods with a step size for each parameter: Rprop, Adagrad, RMSprop, Adam, AdamW."""

from __future__ import annotations

import math

import numpy as np

from mlcourse.checks import FloatArray, check_range
from mlcourse.optim.base import HasParameters, Optimizer


class Rprop(Optimizer):
    r"""Resilient propagation: the sign of the gradient alone, with a step size per parameter.

    .. math:: \Delta_i \leftarrow \begin{cases}
              \min(\eta^+ \Delta_i, \Delta_{\max}) & g_i\, g_i^{\text{prev}} > 0 \\
              \max(\eta^- \Delta_i, \Delta_{\min}) & g_i\, g_i^{\text{prev}} < 0 \\
              \Delta_i & \text{otherwise} \end{cases}, \qquad
              \theta_i \leftarrow \theta_i - \Delta_i\, \mathrm{sign}(g_i)

    After a change of sign the gradient counts as 0: no step is taken, and the next one neither
    grows nor shrinks Δ. It needs the sign of the *true* gradient: use full batches.

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Initial Δ.
    etas : (float, float)
        Factors η⁻ in (0, 1) and η⁺ > 1.
    step_sizes : (float, float)
        Bounds Δ_min and Δ_max.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Riedmiller and Braun (1993), "A direct adaptive method for faster backpropagation learning";
    the variant is that of ``torch.optim.Rprop`` (iRprop-, Igel and Hüsken 2000).

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0, 0.0]))
    >>> optimizer = Rprop(point, lr=0.1)
    >>> point.grad[:] = [1e-6, -1e6]
    >>> optimizer.step()
    >>> point.theta
    array([-0.1,  0.1])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-2,
        *,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
    ) -> None:
        super().__init__(model, lr)
        self.etas = (
            check_range("etas[0]", etas[0], 0, 1, closed="()"),
            check_range("etas[1]", etas[1], 1, closed="()"),
        )
        self.step_sizes = (
            check_range("step_sizes[0]", step_sizes[0], 0, closed="()"),
            check_range("step_sizes[1]", step_sizes[1], step_sizes[0]),
        )
        self.state["delta"] = np.full_like(model.theta, lr)
        self.state["g_prev"] = np.zeros_like(model.theta)
        self._mask = np.empty(model.theta.shape, np.bool_)

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        delta, g_prev = self.state["delta"], self.state["g_prev"]
        product, mask = self._work, self._mask
        np.multiply(g, g_prev, out=product)
        np.multiply(delta, self.etas[1], out=delta, where=np.greater(product, 0, out=mask))
        np.less(product, 0, out=mask)
        np.multiply(delta, self.etas[0], out=delta, where=mask)
        np.clip(delta, *self.step_sizes, out=delta)
        np.copyto(g_prev, g)
        np.copyto(g_prev, 0, where=mask)
        step = np.sign(g_prev, out=self._work)
        step *= delta
        theta -= step


class Adagrad(Optimizer):
    r"""Adagrad: rates divided by the root of all squared gradients so far.

    .. math:: s \leftarrow s + g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{g}{\sqrt{s} + \varepsilon}

    g² is the square of the first derivative, elementwise; not a second derivative. The sum only
    grows, so the rates only fall.

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Learning rate η ≥ 0.
    eps : float
        ε > 0, outside the root.
    weight_decay : float
        λ ≥ 0; adds λθ to the gradient.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods".

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0, 0.0]))
    >>> point.grad[:] = [100.0, -0.01]
    >>> Adagrad(point, lr=0.1).step()
    >>> point.theta.round(6)
    array([-0.1,  0.1])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-2,
        *,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(model, lr, weight_decay)
        self.eps = check_range("eps", eps, 0, closed="()")
        self.state["s"] = np.zeros_like(model.theta)

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        s, step = self.state["s"], self._work
        np.multiply(g, g, out=step)
        s += step
        np.sqrt(s, out=step)
        step += self.eps
        np.divide(g, step, out=step)
        step *= self.lr
        theta -= step


class RMSprop(Optimizer):
    r"""RMSprop: rates divided by the root of a running average of squared gradients.

    .. math:: s \leftarrow \beta s + (1 - \beta) g^2, \qquad
              \theta \leftarrow \theta - \eta \frac{g}{\sqrt{s} + \varepsilon}

    On a constant gradient the step tends to η·sign(g).

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Learning rate η ≥ 0.
    alpha : float
        Decay rate β in [0, 1); the name ``alpha`` is that of ``torch.optim.RMSprop``.
    eps : float
        ε > 0, outside the root.
    weight_decay : float
        λ ≥ 0; adds λθ to the gradient.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Tieleman and Hinton (2012), "Lecture 6.5: RMSProp", Coursera.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0]))
    >>> optimizer = RMSprop(point, lr=0.1)
    >>> point.grad[:] = 3.0
    >>> for _ in range(1000):
    ...     before = point.theta.copy()
    ...     optimizer.step()
    >>> (point.theta - before).round(4)
    array([-0.1])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-2,
        *,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(model, lr, weight_decay)
        self.alpha = check_range("alpha", alpha, 0, 1)
        self.eps = check_range("eps", eps, 0, closed="()")
        self.state["s"] = np.zeros_like(model.theta)

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        s, step = self.state["s"], self._work
        np.multiply(g, g, out=step)
        step *= 1 - self.alpha
        s *= self.alpha
        s += step
        np.sqrt(s, out=step)
        step += self.eps
        np.divide(g, step, out=step)
        step *= self.lr
        theta -= step


class Adam(Optimizer):
    r"""Adam: momentum over RMSprop's scaling, both corrected for their start at zero.

    .. math:: v \leftarrow \beta_1 v + (1 - \beta_1) g, \qquad
              s \leftarrow \beta_2 s + (1 - \beta_2) g^2

    .. math:: \hat v = \frac{v}{1 - \beta_1^t}, \qquad \hat s = \frac{s}{1 - \beta_2^t}, \qquad
              \theta \leftarrow \theta - \eta \frac{\hat v}{\sqrt{\hat s} + \varepsilon}

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Learning rate η ≥ 0.
    betas : (float, float)
        Decay rates β₁ and β₂ in [0, 1).
    eps : float
        ε > 0, outside the root.
    weight_decay : float
        λ ≥ 0; adds λθ to the gradient, where the scaling then acts on it too (L2, not decay:
        see :class:`AdamW`).

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.

    Examples
    --------
    The first step is η long in every coordinate, whatever the gradient's size:

    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([0.0, 0.0]))
    >>> point.grad[:] = [100.0, -0.01]
    >>> Adam(point, lr=0.1).step()
    >>> point.theta.round(6)
    array([-0.1,  0.1])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(model, lr, weight_decay)
        self.betas = (
            check_range("betas[0]", betas[0], 0, 1),
            check_range("betas[1]", betas[1], 0, 1),
        )
        self.eps = check_range("eps", eps, 0, closed="()")
        self.state["v"] = np.zeros_like(model.theta)
        self.state["s"] = np.zeros_like(model.theta)

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        v, s, step = self.state["v"], self.state["s"], self._work
        beta1, beta2 = self.betas
        np.multiply(g, 1 - beta1, out=step)
        v *= beta1
        v += step
        np.multiply(g, g, out=step)
        step *= 1 - beta2
        s *= beta2
        s += step
        # η v̂ / (√ŝ + ε) with the corrections taken out of the vectors: two passes fewer.
        root = math.sqrt(1 - beta2**self.t)
        np.sqrt(s, out=step)
        step += self.eps * root
        np.divide(v, step, out=step)
        step *= self.lr * root / (1 - beta1**self.t)
        theta -= step


class AdamW(Adam):
    r"""Adam with weight decay apart from the gradient.

    .. math:: \theta \leftarrow (1 - \eta\lambda)\,\theta, \qquad \text{then Adam's step}

    Adding λθ to the gradient, as L2 does, would let Adam divide the decay by the gradient's
    scale; here every parameter decays at the same rate.

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Learning rate η ≥ 0.
    betas : (float, float)
        Decay rates β₁ and β₂ in [0, 1).
    eps : float
        ε > 0.
    weight_decay : float
        λ ≥ 0.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Loshchilov and Hutter (2019), "Decoupled weight decay regularization"; as in PyTorch, η
    multiplies λ.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0]))
    >>> AdamW(point, lr=0.1, weight_decay=0.5).step()
    >>> point.theta
    array([0.95])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(model, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _decay(self, theta: FloatArray, g: FloatArray) -> FloatArray:
        theta *= 1 - self.lr * self.weight_decay
        return g
