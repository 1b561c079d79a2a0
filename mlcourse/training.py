"""Training: the loop around the three lines of a step, its history, and early stopping."""

from __future__ import annotations

import importlib.util
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mlcourse.checks import Array, FloatArray, check_batch, check_labels, check_range
from mlcourse.network import Ensemble, Sequential, evaluation
from mlcourse.optim import Optimizer

__all__ = ["EarlyStopping", "History", "accuracy", "evaluate", "fit", "predict"]

Loss = Callable[[FloatArray, Array], tuple[float, FloatArray]]
Penalty = Callable[[FloatArray], tuple[float, FloatArray]]


class Loader(Protocol):
    """What :func:`fit` expects of the data: a known number of batches (X, y) an epoch."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[tuple[Array, Array]]: ...


@dataclass
class History:
    """What happened during :func:`fit`.

    Attributes
    ----------
    loss : list of float
        Loss of each iteration's mini-batch, penalty included, before its step.
    train_loss : list of float
        Mean of those losses over each epoch, each batch weighted by its size.
    val_loss, val_accuracy : list of float
        On the validation data after each epoch, in evaluation mode; accuracy for labels only.
    seconds : list of float
        Training time up to the end of each epoch, validation not counted.
    best_epoch : int or None
        The epoch (counted from 0) whose state early stopping restored.
    interrupted : bool
        Whether Ctrl-C ended the training; what was recorded until then is kept.
    """

    loss: list[float] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    interrupted: bool = False

    def __repr__(self) -> str:
        parts = [f"{len(self.train_loss)} epochs, {len(self.loss)} iterations"]
        for name in ("train_loss", "val_loss", "val_accuracy"):
            if values := getattr(self, name):
                parts.append(f"{name} {values[-1]:.4f}")
        return f"History({', '.join(parts)}{', interrupted' if self.interrupted else ''})"


class EarlyStopping:
    r"""Stop when the validation loss has not improved for a while, and go back to the best epoch.

    .. math:: \text{improved at epoch } t \iff E_t < E_{t^*} - \delta

    where t* is the epoch that improved last, the *best* one. Its whole state is kept: weights,
    running statistics, and the optimizer's memory, so that training may go on from there.

    Parameters
    ----------
    patience : int
        Epochs without improvement to wait before stopping, ≥ 1.
    min_delta : float
        δ ≥ 0; smaller improvements do not count.

    Raises
    ------
    ValueError
        On a parameter out of range.

    References
    ----------
    Prechelt (1998), "Early stopping - but when?".

    Examples
    --------
    >>> from mlcourse.network import mlp
    >>> from mlcourse.optim import SGD
    >>> net = mlp([2, 2], rng=np.random.default_rng(0))
    >>> optimizer, stopping = SGD(net, lr=0.1), EarlyStopping(patience=2)
    >>> [stopping.update(E, net, optimizer) for E in (1.0, 0.5, 0.7, 0.6)]
    [False, False, False, True]
    >>> stopping.best_epoch
    1

    Small steps count together, once they have passed δ:

    >>> stopping = EarlyStopping(patience=3, min_delta=0.1)
    >>> _ = [stopping.update(E, net, optimizer) for E in (1.0, 0.95, 0.88)]
    >>> stopping.best_epoch
    2
    """

    def __init__(self, patience: int = 5, min_delta: float = 0.0) -> None:
        check_range("patience", patience, 1)
        check_range("min_delta", min_delta, 0)
        self.patience, self.min_delta = patience, min_delta
        self.start()

    def start(self) -> None:
        """Forget the epochs so far; :func:`fit` does so first."""
        self.best_loss = math.inf
        self.best_epoch: int | None = None
        self._epoch = -1
        self._best: tuple[dict[str, Array], dict[str, Any]] | None = None

    def update(self, val_loss: float, net: Sequential, optimizer: Optimizer) -> bool:
        """Take note of an epoch's validation loss and return whether to stop."""
        self._epoch += 1
        if self.best_epoch is None or val_loss < self.best_loss - self.min_delta:
            self._best = net.state_dict(), optimizer.state_dict()
            self.best_loss, self.best_epoch = val_loss, self._epoch
        return self._epoch - self.best_epoch >= self.patience

    def restore(self, net: Sequential, optimizer: Optimizer) -> None:
        """Put network and optimizer back to the best epoch, if there was one."""
        if self._best is not None:
            net.load_state_dict(self._best[0])
            optimizer.load_state_dict(self._best[1])


def predict(net: Sequential | Ensemble, X: FloatArray, batch_size: int = 1000) -> FloatArray:
    """Return the network's outputs for all of X in evaluation mode, in batches.

    Parameters
    ----------
    net : Sequential or Ensemble
        Its mode is what it was afterwards.
    X : array (N, D)
    batch_size : int
        Rows at a time: bounds the memory, changes no result beyond rounding.

    Returns
    -------
    array (N, M)

    Raises
    ------
    ValueError
        If there is no sample.

    Examples
    --------
    >>> from mlcourse.network import mlp
    >>> predict(mlp([4, 3], rng=np.random.default_rng(0)), np.zeros((2500, 4), np.float32)).shape
    (2500, 3)
    """
    check_batch("predict X", X)
    check_range("batch_size", batch_size, 1)
    starts = range(0, len(X), batch_size)
    if isinstance(net, Ensemble):
        return np.concatenate([net(X[i : i + batch_size]) for i in starts])
    with evaluation(net):
        return np.concatenate([net(X[i : i + batch_size]) for i in starts])


def accuracy(net: Sequential | Ensemble, X: FloatArray, y: Array) -> float:
    r"""Return the share of samples whose largest logit is that of their label.

    .. math:: \mathrm{accuracy} = \frac1N \sum_n [\arg\max_c z_{nc} = y_n]

    Parameters
    ----------
    net : Sequential or Ensemble
    X : array (N, D)
    y : integer array (N,)

    Raises
    ------
    TypeError, ValueError
        If y does not hold one label for each sample.

    Examples
    --------
    >>> from mlcourse.network import mlp
    >>> net = mlp([2, 2], rng=np.random.default_rng(0))
    >>> net.layers[0].W[:] = np.eye(2)
    >>> accuracy(net, np.array([[1, 0], [0, 1]], np.float32), np.array([0, 0]))
    0.5
    """
    return _accuracy(predict(net, X), y)


def evaluate(
    net: Sequential | Ensemble, loss: Loss, X: FloatArray, y: Array
) -> tuple[float, float]:
    """Return the loss and, for labels, the accuracy on (X, y) in evaluation mode.

    The accuracy is NaN where the targets are no labels.

    Examples
    --------
    >>> from mlcourse.losses import cross_entropy
    >>> from mlcourse.network import mlp
    >>> from mlcourse import init
    >>> net = mlp([4, 10], rng=np.random.default_rng(0), init=init.zeros)
    >>> E, acc = evaluate(net, cross_entropy, np.ones((5, 4), np.float32), np.zeros(5, int))
    >>> round(E, 4), acc
    (2.3026, 1.0)
    """
    Z = predict(net, X)
    E, _ = loss(Z, y)
    return E, _accuracy(Z, y) if y.dtype.kind in "iu" else math.nan


def _accuracy(Z: FloatArray, y: Array) -> float:
    check_labels(y, Z.shape[1], len(Z))
    return float((Z.argmax(axis=1) == y).mean())


def fit(
    net: Sequential,
    loss: Loss,
    optimizer: Optimizer,
    loader: Loader,
    *,
    epochs: int,
    val: tuple[FloatArray, Array] | None = None,
    penalty: Penalty | None = None,
    early_stopping: EarlyStopping | None = None,
    on_epoch: Callable[[int, History], None] | None = None,
    progress: bool = True,
) -> History:
    """Train ``net`` for some epochs and return what happened.

    Around the step itself, ``E, dZ = loss(net(X), y); net.backward(dZ); optimizer.step()``, there
    are only a progress bar, the recording, validation after each epoch, and a check that the loss
    is a number. Ctrl-C ends the training and still returns the history.

    Parameters
    ----------
    net : Sequential
    loss : callable
        ``loss(net(X), y) -> (E, dZ)``.
    optimizer : Optimizer
        Built on ``net``.
    loader : iterable with a length
        Batches (X, y); one pass is one epoch. See :class:`mlcourse.data.DataLoader`.
    epochs : int
        At least 1.
    val : (X, y), optional
        Validation data.
    penalty : callable, optional
        ``penalty(net.theta) -> (value, gradient)``, see :mod:`mlcourse.regularizers`; added to
        loss and gradient.
    early_stopping : EarlyStopping, optional
        Needs ``val``. The best epoch's state is restored at the end, also after Ctrl-C.
    on_epoch : callable, optional
        Called as ``on_epoch(epoch, history)`` after each epoch, to print or to change
        ``optimizer.lr``.
    progress : bool
        Show a bar (with tqdm, where it is installed; never where ``MLCOURSE_STATIC`` is set).

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If ``epochs`` is below 1, the loader has no batch, early stopping no validation data, or
        the optimizer is another network's.
    FloatingPointError
        If a loss is NaN or infinite: with the epoch, the iteration and the rate. The exception's
        ``history`` attribute holds what was recorded until then.

    Examples
    --------
    >>> from mlcourse.data import DataLoader, mini_mnist
    >>> from mlcourse.losses import cross_entropy
    >>> from mlcourse.network import mlp
    >>> from mlcourse.optim import SGD
    >>> digits, rng = mini_mnist(), np.random.default_rng(0)
    >>> net = mlp([784, 32, 10], rng=rng)
    >>> loader = DataLoader(*digits.train, batch_size=64, rng=rng)
    >>> history = fit(net, cross_entropy, SGD(net, lr=0.1), loader, epochs=2, val=digits.val,
    ...               progress=False)
    >>> len(history.loss), history.val_accuracy[-1] > 0.85
    (220, True)
    """
    check_range("epochs", epochs, 1)
    check_range("len(loader)", len(loader), 1)
    if not np.may_share_memory(optimizer.model.theta, net.theta):
        raise ValueError("optimizer: expected one built on this network, got another network's")
    if early_stopping is not None:
        if val is None:
            raise ValueError("early_stopping needs validation data: pass val=(X, y)")
        early_stopping.start()
    history = History()
    net.train()
    try:
        with (
            # A diverging run is reported below, once, with the place and the rate.
            np.errstate(over="ignore", invalid="ignore"),
            _progress_bar(epochs * len(loader), progress) as advance,
        ):
            for epoch in range(epochs):
                _train_epoch(epoch, net, loss, optimizer, loader, penalty, history, advance)
                if val is not None:
                    val_loss, val_accuracy = evaluate(net, loss, *val)
                    _check_finite("validation loss", val_loss, f"epoch {epoch}", optimizer)
                    history.val_loss.append(val_loss)
                    if not math.isnan(val_accuracy):
                        history.val_accuracy.append(val_accuracy)
                stop = early_stopping is not None and early_stopping.update(
                    history.val_loss[-1], net, optimizer
                )
                if on_epoch is not None:
                    on_epoch(epoch, history)
                if stop:
                    break
    except KeyboardInterrupt:
        history.interrupted = True
    except FloatingPointError as error:
        error.history = history  # type: ignore[attr-defined]
        raise
    if early_stopping is not None:
        early_stopping.restore(net, optimizer)
        history.best_epoch = early_stopping.best_epoch
    return history


def _train_epoch(
    epoch: int,
    net: Sequential,
    loss: Loss,
    optimizer: Optimizer,
    loader: Loader,
    penalty: Penalty | None,
    history: History,
    advance: Callable[[float], None],
) -> None:
    start = time.perf_counter()
    total, n_samples = 0.0, 0
    for iteration, (X, y) in enumerate(loader):
        E, dZ = loss(net(X), y)
        net.backward(dZ)
        if penalty is not None:
            value, gradient = penalty(net.theta)
            E += value
            net.grad += gradient
        E = float(E)  # a loss of your own may return a NumPy number
        _check_finite("loss", E, f"epoch {epoch}, iteration {iteration}", optimizer)
        optimizer.step()
        history.loss.append(E)
        total += E * len(X)
        n_samples += len(X)
        advance(E)
    history.train_loss.append(total / n_samples)
    before = history.seconds[-1] if history.seconds else 0.0
    history.seconds.append(before + time.perf_counter() - start)


def _check_finite(what: str, E: float, place: str, optimizer: Optimizer) -> None:
    if not math.isfinite(E):
        raise FloatingPointError(
            f"{what} is {E} at {place} (lr={optimizer.lr}); lower lr or check the data"
        )


@contextmanager
def _progress_bar(total: int, show: bool) -> Iterator[Callable[[float], None]]:
    """Yield a function to call once an iteration with its loss."""
    if not show or os.environ.get("MLCOURSE_STATIC") or not importlib.util.find_spec("tqdm"):
        yield lambda E: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="it", dynamic_ncols=True) as bar:

        def advance(E: float) -> None:
            if bar.update():  # only when the bar is drawn anew, a few times a second
                bar.set_postfix(loss=f"{E:.4f}", refresh=False)

        yield advance
