r"""Optimizers on one flat parameter vector θ and its gradient g.

An optimizer takes anything that has ``theta`` and ``grad``: a network, or :class:`Parameters`
around a bare vector. ``step()`` changes ``theta`` in place, without allocating an array of its
size. Names and defaults are those of :mod:`torch.optim`; its order of arguments is not, so all
after ``lr`` are passed by name. The variants that the lecture notes print are in
:mod:`mlcourse.optim.variants`.
"""

from mlcourse.optim.adaptive import Adagrad, Adam, AdamW, RMSprop, Rprop
from mlcourse.optim.base import Optimizer, Parameters
from mlcourse.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Optimizer", "Parameters", "RMSprop", "Rprop"]
