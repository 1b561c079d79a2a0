"""Splits of N samples into parts: random, stratified, grouped; k folds.

A split is a tuple of index arrays: ``train, val, test = split(len(X), rng=rng)``, then
``X[train], y[train]``. Every sample is in exactly one part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlcourse.checks import Array, check_range, check_rng, check_shape
from mlcourse.data.idx import IndexArray


def split(
    N: int,
    fractions: Sequence[float] = (0.7, 0.15, 0.15),
    *,
    rng: np.random.Generator,
    stratify: Array | None = None,
    groups: Array | None = None,
) -> tuple[IndexArray, ...]:
    r"""Split N samples at random into parts with the given fractions.

    **Sizes.** Part i of fraction :math:`f_i` has :math:`\lfloor f_i N \rfloor` samples; those still
    missing to N go, one each, to the parts with the largest remainders
    :math:`f_i N - \lfloor f_i N \rfloor`, the earlier part first where two are equal (the *largest
    remainder* rule). So :math:`|N_i - f_i N| < 1` and :math:`\sum_i N_i = N`, always.

    **Random.** Every sample is in part i with probability :math:`N_i / N`.

    **Stratified** (``stratify=y``). The sizes are the same, and each class is divided in nearly the
    same fractions. Of the :math:`n_c` samples of class c, with K parts,

    .. math:: \left| n_{ci} - \frac{N_i}{N} n_c \right| \le 1 + (K - 2) \frac{N_i}{N}

    and the division is exact where it can be: if all :math:`n_c N_i / N` are whole numbers, they
    are the :math:`n_{ci}`.

    **Grouped** (``groups=g``). Samples of one group, for instance all digits of one writer, stay
    together. The groups, largest first and equal ones in random order, go one after the other to
    the part with the most room left. So no part exceeds its size by as much as the largest group.

    Parameters
    ----------
    N
        Number of samples.
    fractions
        One positive number for each part; their sum is 1.
    rng
        Source of randomness.
    stratify
        Class of each sample (N,).
    groups
        Group of each sample (N,). Not together with ``stratify``.

    Returns
    -------
    tuple of arrays
        For each part the indices of its samples, ascending.

    Raises
    ------
    ValueError
        If the fractions are not positive with sum 1, a part would be empty, or ``stratify`` or
        ``groups`` has not N entries.

    Examples
    --------
    >>> y = np.repeat([0, 1], [20, 80])
    >>> train, val, test = split(100, rng=np.random.default_rng(0), stratify=y)
    >>> len(train), len(val), len(test)
    (70, 15, 15)
    >>> np.bincount(y[train]), np.bincount(y[val]), np.bincount(y[test])
    (array([14, 56]), array([ 3, 12]), array([ 3, 12]))
    """
    part = _assign(N, fractions, rng, stratify, groups)
    return tuple(np.flatnonzero(part == i) for i in range(len(fractions)))


def k_folds(
    N: int,
    k: int = 5,
    *,
    rng: np.random.Generator,
    stratify: Array | None = None,
    groups: Array | None = None,
) -> list[tuple[IndexArray, IndexArray]]:
    """Return k pairs ``(train, val)`` for cross-validation; each sample is validated on once.

    The k validation parts are those of ``split`` with k equal fractions: N/k samples, rounded up or
    down. Stratified and grouped mean the same as there.

    Raises
    ------
    ValueError
        If k is less than 2 or a fold would be empty.

    References
    ----------
    M. Stone: Cross-Validatory Choice and Assessment of Statistical Predictions, J. R. Stat. Soc. B
    36 (1974).

    Examples
    --------
    >>> for train, val in k_folds(5, k=2, rng=np.random.default_rng(0)):
    ...     print(train, val)
    [0 4] [1 2 3]
    [1 2 3] [0 4]
    """
    check_range("k", k, 2)
    fold = _assign(N, [1 / k] * k, rng, stratify, groups)
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def _assign(
    N: int,
    fractions: Sequence[float],
    rng: np.random.Generator,
    stratify: Array | None,
    groups: Array | None,
) -> IndexArray:
    """Return the part of each sample, as described in ``split``."""
    check_range("N", N, 1)
    check_rng("rng", rng)
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions: expected positive numbers with sum 1, got {fractions}")
    if stratify is not None and groups is not None:
        raise ValueError("expected stratify or groups, got both")
    sizes = _sizes(N, fractions)
    if groups is None:
        order = rng.permutation(N)
        if stratify is not None:
            check_shape("stratify", stratify, (N,))
            order = order[np.argsort(np.asarray(stratify)[order], kind="stable")]
        part = np.empty(N, np.intp)
        # The random start gives every sample the same chances, also the only one of its class.
        part[order] = np.roll(_deal(sizes), rng.integers(N))
    else:
        check_shape("groups", groups, (N,))
        part = _deal_groups(np.asarray(groups), sizes, rng)
    empty = np.flatnonzero(np.bincount(part, minlength=len(sizes)) == 0)
    if len(empty):
        what = f"{N} samples" if groups is None else f"{len(np.unique(groups))} groups"
        raise ValueError(f"{what} are too few: part {empty[0]} of {len(sizes)} gets none")
    return part


def _sizes(N: int, fractions: Sequence[float]) -> IndexArray:
    """Divide N by the largest remainder rule."""
    shares = np.round(N * np.asarray(fractions), 9)  # 0.35 * 90 is 31.499999999999996
    sizes = np.floor(shares).astype(np.intp)
    largest_first = np.argsort(np.round(sizes - shares, 9), kind="stable")  # 3.6 - 3 is not 0.6
    sizes[largest_first[: N - sizes.sum()]] += 1
    return sizes


def _deal(sizes: IndexArray) -> IndexArray:
    """Deal cards: a row of part numbers, each part as often as its size and spread evenly.

    Card j of a part with n cards belongs at (j + 1/2) / n of the row. Any stretch of the row holds
    the parts in nearly the same fractions, so samples sorted by class are stratified by it.

    >>> _deal(np.array([4, 2]))
    array([0, 1, 0, 0, 1, 0])
    """
    places = np.concatenate([(np.arange(n) + 0.5) / n for n in sizes])
    parts: IndexArray = np.repeat(np.arange(len(sizes)), sizes)
    return parts[np.argsort(places, kind="stable")]


def _deal_groups(groups: Array, sizes: IndexArray, rng: np.random.Generator) -> IndexArray:
    _, group_of, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(counts))
    room = sizes.copy()
    part_of = np.empty(len(counts), np.intp)
    for group in order[np.argsort(-counts[order], kind="stable")]:
        part_of[group] = np.argmax(room)
        room[part_of[group]] -= counts[group]
    return part_of[group_of]
