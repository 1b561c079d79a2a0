r"""Augmentation: small random deformations of images, all of them affine maps.

Coordinates are pixels, with the origin in the image's centre: x to the right, y down. A map takes a
pixel of the *new* image to the place in the *old* one where its value comes from,

.. math::

    \begin{pmatrix} x_\text{old} \\ y_\text{old} \\ 1 \end{pmatrix} =
    B \begin{pmatrix} x_\text{new} \\ y_\text{new} \\ 1 \end{pmatrix},
    \qquad B = \begin{pmatrix} b_{11} & b_{12} & t_x \\ b_{21} & b_{22} & t_y \\ 0 & 0 & 1
    \end{pmatrix}

which is the inverse of what happens to the digit: to move it by +2, look at −2. Maps in a row
multiply, :math:`B = B_1 B_2 \cdots`, so a chain of six costs one resampling and blurs once.

>>> from mlcourse.data import mini_mnist
>>> X = mini_mnist().train.X[:64]
>>> augment = Augment([rotation(15), scale(0.1), translation(2)], rng=np.random.default_rng(0))
>>> augment(X).shape, augment(X).dtype
((64, 784), dtype('float32'))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mlcourse.checks import FloatArray, check_range, check_rng

Maps = npt.NDArray[np.float64]  # (N, 3, 3), one B for each image
Shape = tuple[int, int]  # (H, W)
Draw = Callable[[int, Shape, np.random.Generator], Maps]  # draws N maps for images of this shape


class Augment:
    r"""Deform each image of a batch by its own random map.

    Parameters
    ----------
    steps
        What happens to the image, in this order: any of ``crop``, ``scale``, ``translation``,
        ``rotation``, ``stretch`` and ``shear``.
    rng
        Source of randomness.

    Examples
    --------
    >>> X = np.ones((2, 28, 28))
    >>> augment = Augment([rotation(0), translation(0)], rng=np.random.default_rng(0))
    >>> bool((augment(X) == X).all())
    True
    """

    def __init__(self, steps: Sequence[Draw], *, rng: np.random.Generator) -> None:
        check_rng("Augment rng", rng)
        self.steps = list(steps)
        self.rng = rng

    def __call__(self, X: FloatArray) -> FloatArray:
        """Return X, (N, H*H) or (N, H, W), deformed; same shape and dtype."""
        shape = _image_shape(X)
        B = np.eye(3)
        for draw in self.steps:
            B = B @ draw(len(X), shape, self.rng)
        return resample(X, B)


def crop(pixels: int) -> Draw:
    r"""Cut out a window at a random place, ``pixels`` smaller than the image, and enlarge it.

    .. math:: x_\text{old} = \frac{W - \text{pixels}}{W} x_\text{new} + t_x, \qquad
              t_x \sim U[-\tfrac12 \text{pixels}, \tfrac12 \text{pixels}], \quad y \text{ alike}

    Examples
    --------
    >>> maps = crop(4)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[ 0.857  0.     0.548]
     [ 0.     0.857 -0.921]
     [ 0.     0.     1.   ]]
    """
    check_range("pixels", pixels, 0)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        height, width = shape
        check_range("pixels", pixels, 0, min(shape))
        t_x, t_y = rng.uniform(-pixels / 2, pixels / 2, (2, N))
        return _maps(N, (1 - pixels / width, 0, t_x), (0, 1 - pixels / height, t_y))

    return draw


def scale(limit: float) -> Draw:
    r"""Enlarge or shrink about the centre.

    .. math:: (x_\text{old}, y_\text{old}) = (x_\text{new}, y_\text{new}) / s, \qquad
              s \sim U[1 - \text{limit}, 1 + \text{limit}]

    Examples
    --------
    >>> maps = scale(0.1)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[0.973 0.    0.   ]
     [0.    0.973 0.   ]
     [0.    0.    1.   ]]
    """
    check_range("limit", limit, 0, 1)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        s = rng.uniform(1 - limit, 1 + limit, N)
        return _maps(N, (1 / s, 0, 0), (0, 1 / s, 0))

    return draw


def stretch(limit: float) -> Draw:
    r"""Stretch or squeeze in x and, independently, in y.

    .. math:: x_\text{old} = x_\text{new} / s_x, \quad y_\text{old} = y_\text{new} / s_y, \qquad
              s_x, s_y \sim U[1 - \text{limit}, 1 + \text{limit}]

    Examples
    --------
    >>> maps = stretch(0.1)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[0.973 0.    0.   ]
     [0.    1.048 0.   ]
     [0.    0.    1.   ]]
    """
    check_range("limit", limit, 0, 1)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        s_x, s_y = rng.uniform(1 - limit, 1 + limit, (2, N))
        return _maps(N, (1 / s_x, 0, 0), (0, 1 / s_y, 0))

    return draw


def translation(pixels: float) -> Draw:
    r"""Move in x and y.

    .. math:: x_\text{old} = x_\text{new} - t_x, \quad y_\text{old} = y_\text{new} - t_y, \qquad
              t_x, t_y \sim U[-\text{pixels}, \text{pixels}]

    Examples
    --------
    >>> maps = translation(2)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[ 1.     0.    -0.548]
     [ 0.     1.     0.921]
     [ 0.     0.     1.   ]]
    """
    check_range("pixels", pixels, 0)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        t_x, t_y = rng.uniform(-pixels, pixels, (2, N))
        return _maps(N, (1, 0, -t_x), (0, 1, -t_y))

    return draw


def rotation(degrees: float) -> Draw:
    r"""Turn about the centre, either way.

    .. math::

        x_\text{old} = x_\text{new} \cos\varphi - y_\text{new} \sin\varphi, \quad
        y_\text{old} = x_\text{new} \sin\varphi + y_\text{new} \cos\varphi, \qquad
        \varphi \sim U[-\text{degrees}, \text{degrees}]

    Examples
    --------
    >>> maps = rotation(15)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[ 0.997 -0.072  0.   ]
     [ 0.072  0.997  0.   ]
     [ 0.     0.     1.   ]]
    """
    check_range("degrees", degrees, 0)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        phi = np.deg2rad(rng.uniform(-degrees, degrees, N))
        return _maps(N, (np.cos(phi), -np.sin(phi), 0), (np.sin(phi), np.cos(phi), 0))

    return draw


def shear(limit: float) -> Draw:
    r"""Slant: move each row sideways in proportion to its height.

    .. math:: x_\text{old} = x_\text{new} - k y_\text{new}, \quad
              y_\text{old} = y_\text{new}, \qquad k \sim U[-\text{limit}, \text{limit}]

    Examples
    --------
    >>> maps = shear(0.2)(1, (28, 28), np.random.default_rng(0))
    >>> print(maps[0].round(3))
    [[ 1.    -0.055  0.   ]
     [ 0.     1.     0.   ]
     [ 0.     0.     1.   ]]
    """
    check_range("limit", limit, 0)

    def draw(N: int, shape: Shape, rng: np.random.Generator) -> Maps:
        return _maps(N, (1, -rng.uniform(-limit, limit, N), 0), (0, 1, 0))

    return draw


def resample(X: FloatArray, B: FloatArray) -> FloatArray:
    r"""Return the images deformed by given maps, with bilinear interpolation.

    With :math:`(x, y)` the place in the old image, in pixels from its first one,
    :math:`i = \lfloor y \rfloor, j = \lfloor x \rfloor` and the fractions
    :math:`u = x - j, v = y - i`, the new pixel is

    .. math::

        (1-v) \bigl[(1-u)\, X_{i,j} + u\, X_{i,j+1}\bigr]
        + v \bigl[(1-u)\, X_{i+1,j} + u\, X_{i+1,j+1}\bigr]

    where X is 0 outside the image. The identity, shifts by whole pixels and quarter turns come out
    exact.

    Parameters
    ----------
    X
        Images (N, H, W), or (N, H*H) for square ones; float32 or float64.
    B
        Maps (N, 3, 3), one for each image, or (3, 3), one for all.

    Returns
    -------
    FloatArray
        Fresh array with the shape and dtype of X. It takes about 50 bytes a pixel on the way, so
        pass batches rather than a whole data set.

    Examples
    --------
    >>> X = np.array([[[1.0, 2.0, 3.0]]])
    >>> half_a_pixel = np.array([[1, 0, 0.5], [0, 1, 0], [0, 0, 1]])
    >>> resample(X, half_a_pixel)
    array([[[1.5, 2.5, 1.5]]])
    """
    height, width = _image_shape(X)
    N = len(X)
    if B.shape not in ((3, 3), (N, 3, 3)):
        raise ValueError(f"maps B: expected shape ({N}, 3, 3) or (3, 3), got {B.shape}")

    # A border of zeros, one pixel before and two after, replaces all tests for the outside.
    padded = np.zeros((N, height + 3, width + 3), X.dtype)
    padded[:, 1:-2, 1:-2] = X.reshape(N, height, width)

    # Places in the padded image; a place outside is moved to the border.
    rows = np.moveaxis(B.astype(X.dtype), (-2, -1), (0, 1))[:2, ..., None, None]
    (b11, b12, t_x), (b21, b22, t_y) = rows
    x_new = np.arange(width, dtype=X.dtype) - (width - 1) / 2
    y_new = (np.arange(height, dtype=X.dtype) - (height - 1) / 2)[:, None]
    x = np.clip(b11 * x_new + (b12 * y_new + t_x) + (width + 1) / 2, 0, width + 1)
    y = np.clip(b21 * x_new + (b22 * y_new + t_y) + (height + 1) / 2, 0, height + 1)

    j, i = np.floor(x), np.floor(y)
    u, v = x - j, y - i
    row, image = width + 3, (height + 3) * (width + 3)
    first = (i * row + j).astype(np.intp) + image * np.arange(N)[:, None, None]
    flat = padded.ravel()
    above = _blend(flat.take(first), flat[1:].take(first), u)
    below = _blend(flat[row:].take(first), flat[row + 1 :].take(first), u)
    return _blend(above, below, v).reshape(X.shape)


def _blend(a: FloatArray, b: FloatArray, t: FloatArray) -> FloatArray:
    """Return (1 - t) a + t b, computed as a + t (b - a) in the memory of b."""
    b -= a
    b *= t
    b += a
    return b


def _image_shape(X: FloatArray) -> Shape:
    """Return (H, W) of images (N, H, W) or (N, H*H)."""
    if X.dtype not in (np.float32, np.float64):
        raise TypeError(f"images X: expected float32 or float64, got {X.dtype}")
    if X.ndim == 3:
        return X.shape[1], X.shape[2]
    side = math.isqrt(X.shape[1]) if X.ndim == 2 else 0
    if X.ndim != 2 or side * side != X.shape[1]:
        raise ValueError(
            f"images X: expected shape (N, H, W), or (N, H*H) for square ones, got {X.shape}"
        )
    return side, side


def _maps(N: int, x: tuple[Any, Any, Any], y: tuple[Any, Any, Any]) -> Maps:
    """Return N maps from the entries of their first and second rows, numbers or arrays (N,)."""
    B = np.zeros((N, 3, 3))
    for row, entries in enumerate((x, y, (0, 0, 1))):
        for column, entry in enumerate(entries):
            B[:, row, column] = entry
    return B
