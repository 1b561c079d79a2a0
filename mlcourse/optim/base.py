"""What all optimizers share: the vectors they work on, and their state."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from mlcourse.checks import Array, FloatArray, check_dtype, check_range, check_shape


class HasParameters(Protocol):
    """Anything with a parameter vector and its gradient, in place."""

    theta: FloatArray
    grad: FloatArray


class Parameters:
    """A bare parameter vector with its gradient, to run an optimizer on a test function.

    Parameters
    ----------
    theta : array (P,)
        Starting point; copied.

    Raises
    ------
    ValueError
        If it is no vector.
    TypeError
        If it does not hold floating-point numbers.

    Examples
    --------
    Gradient descent on E(θ) = θ²/2, whose gradient is θ itself:

    >>> from mlcourse.optim import SGD
    >>> point = Parameters(np.array([8.0]))
    >>> optimizer = SGD(point, lr=0.5)
    >>> for _ in range(3):
    ...     point.grad[:] = point.theta
    ...     optimizer.step()
    >>> point.theta
    array([1.])
    """

    def __init__(self, theta: FloatArray) -> None:
        self.theta = np.array(theta)
        check_shape("theta", self.theta, ("P",))
        if self.theta.dtype.kind != "f":
            raise TypeError(f"theta: expected floating-point numbers, got {self.theta.dtype}")
        self.grad = np.zeros_like(self.theta)


class Optimizer:
    """Base of all optimizers.

    Parameters
    ----------
    model : object with ``theta`` (P,) and ``grad`` (P,)
        Both are looked up anew in every step, so the model may replace them.
    lr : float
        Learning rate η ≥ 0. It may be changed between steps (``optimizer.lr = ...``).
    weight_decay : float
        λ ≥ 0; adds λθ to the gradient (L2 regularisation of *all* parameters, as in PyTorch).

    Attributes
    ----------
    t : int
        Steps taken.
    state : dict of arrays (P,)
        What the method remembers from step to step, by its symbol.

    Raises
    ------
    TypeError
        If the model lacks ``theta`` or ``grad``.
    """

    def __init__(self, model: HasParameters, lr: float, weight_decay: float = 0.0) -> None:
        if not (hasattr(model, "theta") and hasattr(model, "grad")):
            raise TypeError(
                f"{type(self).__name__} model: expected an object with theta and grad, such as a "
                f"network, got a {type(model).__name__}; wrap a bare vector in Parameters"
            )
        self.model = model
        self.lr = lr
        self.weight_decay = check_range("weight_decay", weight_decay, 0)
        self.t = 0
        self.state: dict[str, FloatArray] = {}
        # Scratch space of θ's size, so that a step allocates nothing.
        self._work = np.empty_like(model.theta)
        self._decayed: FloatArray | None = None

    @property
    def lr(self) -> float:
        """Learning rate η."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = check_range("lr", value, 0)

    def step(self) -> None:
        """Change ``theta`` according to the gradient now in ``grad``."""
        theta, g = self.model.theta, self.model.grad
        if self.weight_decay:
            g = self._decay(theta, g)
        self.t += 1
        self._update(theta, g)

    def _decay(self, theta: FloatArray, g: FloatArray) -> FloatArray:
        """Return the gradient with λθ added; ``g`` must be left as it is."""
        if self._decayed is None:
            self._decayed = np.empty_like(theta)
        np.multiply(theta, self.weight_decay, out=self._decayed)
        self._decayed += g
        return self._decayed

    def _update(self, theta: FloatArray, g: FloatArray) -> None:
        """Change ``theta`` in place; ``g`` must be left as it is."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return copies of the state, with the step count and the learning rate."""
        return {"t": self.t, "lr": self.lr} | {k: v.copy() for k, v in self.state.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy a state that :meth:`state_dict` returned into this optimizer.

        Raises
        ------
        ValueError, TypeError
            If its names, shapes or dtypes are not those of this optimizer's state.
        """
        expected = {"t", "lr", *self.state}
        if expected != state.keys():
            raise ValueError(
                f"state: expected {', '.join(sorted(expected))}, got {', '.join(sorted(state))}"
            )
        for key, array in self.state.items():
            value: Array = state[key]
            check_shape(f"state {key}", value, array.shape)
            check_dtype(f"state {key}", value, array.dtype)
        self.t, self.lr = state["t"], state["lr"]
        for key, array in self.state.items():
            array[...] = state[key]
