"""Gradient descent: plain, with momentum, with Nesterov's momentum."""

from __future__ import annotations

import numpy as np

from mlcourse.checks import FloatArray, check_range
from mlcourse.optim.base import HasParameters, Optimizer


class SGD(Optimizer):
    r"""Gradient descent; stochastic, mini-batch or full-batch, as the gradient that it is given.

    .. math:: \theta \leftarrow \theta - \eta g

    With momentum α, the velocity comes first, then the step; on a constant gradient the
    effective rate tends to η/(1 - α):

    .. math:: v \leftarrow \alpha v + g, \qquad \theta \leftarrow \theta - \eta v

    With Nesterov's momentum, the step looks ahead along the new velocity:

    .. math:: v \leftarrow \alpha v + g, \qquad \theta \leftarrow \theta - \eta (g + \alpha v)

    Parameters
    ----------
    model : object with ``theta`` and ``grad``
    lr : float
        Learning rate η ≥ 0.
    momentum : float
        Momentum coefficient α in [0, 1): the share of the velocity that is *kept*.
    nesterov : bool
        Whether to look ahead; needs momentum > 0.
    weight_decay : float
        λ ≥ 0; adds λθ to the gradient.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Polyak (1964); Nesterov (1983); Sutskever et al. (2013), "On the importance of
    initialization and momentum in deep learning". The form is that of ``torch.optim.SGD``.

    Examples
    --------
    >>> from mlcourse.optim import Parameters
    >>> point = Parameters(np.array([1.0, 1.0]))
    >>> point.grad[:] = [1.0, -1.0]
    >>> SGD(point, lr=0.1).step()
    >>> point.theta
    array([0.9, 1.1])
    """

    def __init__(
        self,
        model: HasParameters,
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(model, lr, weight_decay)
        self.momentum = check_range("momentum", momentum, 0, 1)
        if nesterov and momentum == 0:
            raise ValueError("nesterov needs momentum greater than 0, got 0")
        self.nesterov = nesterov
        if momentum:
            self.state["v"] = np.zeros_like(model.theta)

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        step = self._work
        if self.momentum:
            v = self.state["v"]
            v *= self.momentum
            v += g
            if self.nesterov:
                np.multiply(v, self.momentum, out=step)
                step += g
                step *= self.lr
            else:
                np.multiply(v, self.lr, out=step)
        else:
            np.multiply(g, self.lr, out=step)
        theta -= step
