"""Mini-batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mlcourse.checks import Array, check_batch, check_range, check_rng


class DataLoader:
    r"""Iterate over the data in mini-batches, in a new random order each epoch.

    One pass over the loader is one *epoch*. With N samples and batch size B it has

    .. math:: \lceil N/B \rceil \quad\text{iterations, or}\quad \lfloor N/B \rfloor
              \text{ with } \texttt{drop\_last}.

    Every epoch draws a permutation of all N samples and cuts it into batches, so each sample
    comes exactly once (at most once with ``drop_last``) and batches differ from epoch to epoch.

    Parameters
    ----------
    X
        Samples (N, ...), for instance (N, D).
    y
        Labels or targets (N, ...).
    batch_size
        Samples in a batch; the last batch holds what is left.
    rng
        Source of the permutations; required if ``shuffle``, not used otherwise.
    shuffle
        False keeps the order of the data, for instance to evaluate. The batches are then views of X
        and y.
    drop_last
        Leave out the last batch if it is smaller than ``batch_size``.
    transform
        Applied to the X of each batch, for instance an ``Augment``.

    Raises
    ------
    TypeError
        If X or y is no array, or ``shuffle`` is true and ``rng`` is missing or no generator.
    ValueError
        If X and y have different lengths, there is no sample, or no full batch to keep.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> loader = DataLoader(X, y, batch_size=2, rng=np.random.default_rng(0))
    >>> len(loader)
    3
    >>> for epoch in range(2):
    ...     print([batch_y.tolist() for batch_X, batch_y in loader])
    [[2, 4], [3, 0], [1]]
    [[4, 1], [2, 0], [3]]

    The iterations of one epoch of MNIST, 60,000 / 64 = 937.5, rounded up or down:

    >>> X, y, rng = np.zeros((60000, 1)), np.zeros(60000), np.random.default_rng(0)
    >>> len(DataLoader(X, y, 64, rng=rng)), len(DataLoader(X, y, 64, rng=rng, drop_last=True))
    (938, 937)
    """

    def __init__(
        self,
        X: Array,
        y: Array,
        batch_size: int = 32,
        *,
        rng: np.random.Generator | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
        transform: Callable[[Array], Array] | None = None,
    ) -> None:
        for name, array in (("X", X), ("y", y)):
            if not isinstance(array, np.ndarray):
                raise TypeError(
                    f"DataLoader {name}: expected an array, got a {type(array).__name__}"
                )
        check_batch("DataLoader X", X)
        check_range("batch_size", batch_size, 1)
        if len(X) != len(y):
            raise ValueError(
                f"DataLoader: expected as many samples in y as in X, {len(X)}, got {len(y)}"
            )
        if drop_last and len(X) < batch_size:
            raise ValueError(
                f"DataLoader: expected at least batch_size = {batch_size} samples with drop_last, "
                f"got {len(X)}"
            )
        if shuffle and rng is None:
            raise TypeError(
                "DataLoader: shuffle=True needs rng=np.random.default_rng(seed); pass one, or "
                "shuffle=False"
            )
        if rng is not None:
            check_rng("DataLoader rng", rng)
        self.X, self.y = X, y
        self.batch_size = batch_size
        self.rng = rng if shuffle else None
        self.drop_last = drop_last
        self.transform = transform

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(len(self.X), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Yield the batches (X, y) of one epoch."""
        order = None if self.rng is None else self.rng.permutation(len(self.X))
        for i in range(len(self)):
            rows = slice(i * self.batch_size, (i + 1) * self.batch_size)
            # Shuffle the samples, not the starts of the batches: those would keep their members.
            chosen = rows if order is None else order[rows]
            X, y = self.X[chosen], self.y[chosen]
            yield (X if self.transform is None else self.transform(X)), y
