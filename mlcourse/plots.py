"""The look of the book's figures, and small drawings that teach nothing by themselves.

Colours are fixed: a method looks the same in every chapter. They start from the palette of Okabe
and Ito (2008) and are shifted so that each has a contrast of 3:1 on white and, after the
inversion of dark mode, on the dark page, and no two coincide for a colour-blind reader. A line
style and a marker of its own keep each apart in grey print as well.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .checks import FloatArray, check_shape

__all__ = [
    "COLORS",
    "LINESTYLES",
    "MARKERS",
    "curve",
    "digit_grid",
    "heat",
    "label_lines",
    "setup",
    "shape_strip",
]

_LOOK: dict[str, tuple[str, Any, str]] = {
    # methods
    "gd": ("#000000", "-", "o"),
    "sgd": ("#8d5e6a", ":", "."),
    "momentum": ("#bf4304", "--", "s"),
    "nesterov": ("#ae8900", "-.", "D"),
    "rprop": ("#d86cbb", (0, (5, 1, 1, 1, 1, 1)), "v"),
    "adagrad": ("#00a771", (0, (1, 4)), "^"),
    "rmsprop": ("#4770f5", (0, (8, 2)), "P"),
    "adam": ("#016ca7", (0, (14, 2)), "X"),
    "adamw": ("#592aa9", (0, (14, 2, 1, 2)), "*"),
    # ways to compute
    "loop": ("#bf4304", "--", "s"),
    "batch": ("#016ca7", "-", "o"),
    # batch sizes, the larger the darker
    "B=1": ("#d0640f", "-", "."),
    "B=8": ("#c2354a", "--", "s"),
    "B=32": ("#8f2468", "-.", "^"),
    "B=128": ("#53268f", (0, (8, 2)), "D"),
    "B=N": ("#140b34", (0, (2, 1)), "o"),
    # parts of the data
    "train": ("#016ca7", "-", "o"),
    "val": ("#bf4304", "--", "s"),
    "test": ("#000000", ":", "D"),
    # activations
    "sigmoid": ("#592aa9", "-", "o"),
    "tanh": ("#ae8900", "--", "s"),
    "relu": ("#00a771", "-.", "^"),
    # initialisations
    "zero": ("#000000", (0, (1, 4)), "."),
    "small": ("#8d5e6a", ":", "v"),
    "large": ("#bf4304", "--", "^"),
    "xavier": ("#4770f5", "-", "s"),
    "he": ("#592aa9", "-.", "o"),
    # losses
    "kl": ("#016ca7", "-", "o"),
    "l2": ("#bf4304", "--", "s"),
}
COLORS = {name: color for name, (color, _, _) in _LOOK.items()}
LINESTYLES = {name: linestyle for name, (_, linestyle, _) in _LOOK.items()}
MARKERS = {name: marker for name, (_, _, marker) in _LOOK.items()}

# Ink on nothing, so that a digit has no box around it on a page of any colour.
_INK = LinearSegmentedColormap.from_list("ink", [(0, 0, 0, 0), (0, 0, 0, 1)])
# Pale ends, so that black numbers stay readable on every cell.
_PALE = LinearSegmentedColormap.from_list("pale", ["#6fb1dd", "#ffffff", "#f2a97c"], N=257)


def setup() -> None:
    """Give every figure of the notebook the look of the book.

    Figures become SVG without dates and with reproducible ids (the same bytes on every run),
    transparent (the page shows through, light or dark), and readable at the width of a phone.

    Examples
    --------
    >>> with plt.rc_context():
    ...     setup()
    ...     plt.rcParams["figure.facecolor"]
    'none'
    """
    cycle = [COLORS[name] for name in ("adam", "momentum", "adagrad", "adamw", "nesterov", "rprop")]
    plt.rcParams.update(
        {
            "figure.figsize": (5.6, 3.4),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "axes.prop_cycle": cycler(color=cycle),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": "medium",
            "font.size": 12,
            "image.interpolation": "none",
            "legend.frameon": False,
            "lines.linewidth": 2,
            "svg.hashsalt": "mlcourse",
        }
    )
    # IPython is not imported for this: a plain script has no notebook to set up.
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and "inline" in plt.get_backend():
        no_metadata = dict.fromkeys(["Creator", "Date", "Format", "Type"])
        as_drawn = {"metadata": no_metadata, "bbox_inches": None}
        shell.run_line_magic("config", "InlineBackend.figure_formats = ['svg']")
        shell.run_line_magic("config", f"InlineBackend.print_figure_kwargs = {as_drawn}")


def label_lines(ax: Axes) -> None:
    """Write the label of each line at its right end, in place of a legend.

    Call it last: the places follow from the limits and scales of the axes.
    """
    figure = ax.figure
    points_per_pixel = 72 / figure.dpi
    gap = 1.15 * plt.rcParams["font.size"]
    ends = []
    for line in ax.get_lines():
        if not str(line.get_label()).startswith("_"):
            xy = np.column_stack([np.asarray(line.get_xdata()), np.asarray(line.get_ydata())])
            x, y = xy[np.isfinite(xy).all(axis=1)][-1]
            low, high = sorted(ax.get_ylim())
            y = min(max(y, low), high)
            ends.append((ax.transData.transform((x, y))[1] * points_per_pixel, x, y, line))
    lowest = -np.inf
    for height, x, y, line in sorted(ends, key=lambda end: end[0]):
        lowest = max(height, lowest + gap)  # move up whatever would cover the label below
        ax.annotate(
            str(line.get_label()),
            (x, y),
            xytext=(6, lowest - height),
            textcoords="offset points",
            va="center",
            # Darker than the line: text needs more contrast than a stroke.
            color=tuple(0.75 * channel for channel in to_rgb(line.get_color())),
            annotation_clip=False,
        )


def curve(ax: Axes, x: FloatArray, runs: FloatArray, name: str, label: str | None = None) -> None:
    """Draw the mean of S runs as a line and their range, from lowest to highest, as a band.

    Parameters
    ----------
    ax
        The axes to draw on.
    x
        The T places, (T,).
    runs
        One row for each run (a seed, a repetition), (S, T).
    name
        A key of `COLORS`: the method, the batch size, the part of the data or the activation.
    label
        The text for `label_lines`; ``name`` if not given.
    """
    check_shape(f"curve {name} runs", runs, ("S", len(x)), "one row for each run")
    color = COLORS[name]
    ax.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2, linewidth=0)
    ax.plot(x, runs.mean(axis=0), color=color, linestyle=LINESTYLES[name], label=label or name)


def digit_grid(X: FloatArray, labels: Sequence[object] | None = None, columns: int = 8) -> Figure:
    """Draw N digits, row by row, dark ink on the page, with a label above each.

    Parameters
    ----------
    X
        One digit of 28 x 28 pixels a row, values in [0, 1], (N, 784).
    labels
        N texts or numbers.
    columns
        Digits in a row.
    """
    check_shape("digit_grid X", X, ("N", 784), "one digit a row")
    rows = -(-len(X) // columns)
    height = 0.95 if labels is not None else 0.7
    fig, axes = plt.subplots(rows, columns, figsize=(0.7 * columns, height * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for n, (ax, x) in enumerate(zip(axes.flat, X, strict=False)):
        ax.imshow(x.reshape(28, 28), cmap=_INK, vmin=0, vmax=1)
        if labels is not None:
            ax.set_title(str(labels[n]), loc="center")
    return fig


def heat(ax: Axes, M: FloatArray, title: str = "", digits: int = 2) -> None:
    """Draw a small matrix with its values: blue below zero, white at zero, orange above."""
    check_shape("heat M", M, ("rows", "columns"))
    limit = float(np.abs(M).max()) or 1.0
    ax.imshow(M, cmap=_PALE, vmin=-limit, vmax=limit)
    for (row, column), value in np.ndenumerate(M):
        ax.text(column, row, f"{value:.{digits}f}", ha="center", va="center", color="black")
    ax.set_title(title)
    ax.axis("off")


def shape_strip(sizes: Sequence[int], N: int) -> Figure:
    """Draw the products of a network as boxes, one row a layer: (N, D) (D, M) + (1, M) = (N, M).

    Sides grow with the square root of the sizes: true to scale, 10 beside 784 would be a hair.

    Parameters
    ----------
    sizes
        Inputs and units of each layer, for example ``[784, 256, 128, 10]``.
    N
        Samples in the batch.
    """
    column = max(17.0, *np.sqrt(sizes))  # 17 units hold the text "(784, 256)"
    gap, caption = 5.0, 5.0
    fig, ax = plt.subplots()
    bottom = 0.0
    for layer, (D, M) in enumerate(pairwise(sizes), start=1):
        index = f"_{layer}" if len(sizes) > 2 else ""
        source = "X" if layer == 1 else f"A_{layer - 1}"
        boxes = [(source, N, D), (f"W{index}", D, M), (f"b{index}", 1, M), (f"Z{index}", N, M)]
        height = np.sqrt(max(N, D))
        middle = bottom - caption - height / 2
        for k, (symbol, rows, columns) in enumerate(boxes):
            x, w, h = k * (column + gap), np.sqrt(columns), np.sqrt(rows)
            color = COLORS["adam"] if k in (0, 3) else COLORS["momentum"]
            ax.add_patch(
                Rectangle(
                    (x - w / 2, middle - h / 2), w, h, facecolor=color + "59", edgecolor=color
                )
            )
            ax.text(x, middle + h / 2 + 0.5, f"${symbol}$", ha="center", va="bottom")
            ax.text(x, middle - h / 2 - 0.5, f"({rows}, {columns})", ha="center", va="top", size=10)
            if k:
                ax.text(x - (column + gap) / 2, middle, "·+="[k - 1], ha="center", va="center")
        bottom -= height + 2 * caption
    ax.set(xlim=(-column / 2, 3 * (column + gap) + column / 2), ylim=(bottom, 0), aspect="equal")
    ax.axis("off")
    width = 4 * column + 3 * gap
    fig.set_size_inches(5.6, 5.6 * -bottom / width)
    return fig
