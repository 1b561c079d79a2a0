"""Figures with sliders that work in two places: in a live notebook and on a page without a kernel.

:func:`explore` draws a figure for every combination of the listed values. The page of the book
shows these frames one at a time, behind sliders and about 2 KB of script (``explore.js``). A live
notebook shows widgets instead, whose sliders also draw the values in between.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from numbers import Integral, Real
from typing import Any
from urllib.parse import quote

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

__all__ = ["Exploration", "explore"]

FRAME_LIMIT = 120  # about 3 MB in the notebook
SLOW = 2.0  # seconds of drawing without a sign of life
STYLE = resources.files(__name__).joinpath("explore.css").read_text(encoding="utf-8")
SCRIPT = resources.files(__name__).joinpath("explore.js").read_text(encoding="utf-8")


def explore(
    draw: Callable[..., Figure],
    /,
    *,
    alt: str | Callable[..., str],
    default: Mapping[str, Any] | None = None,
    **choices: Sequence[Any],
) -> Exploration:
    """Show ``draw(lr=..., momentum=...)`` with a slider for each choice.

    Parameters
    ----------
    draw
        Draws one frame and returns its Figure, which is closed afterwards. It is called with one
        value of each choice. Fix the limits of the axes in it, and make its random generator
        inside it, so that a frame depends on nothing but the choices.
    alt
        The text in place of the picture, a sentence that states the finding: a function of the
        choices, or one string for all frames (the values are added to it).
    default
        The values of the first frame, which also stands for the figure in print; the first value
        of each choice that is not named here.
    **choices
        The values of each slider, at most 120 combinations.

    Returns
    -------
    Exploration
        The last expression of a cell: the notebook displays it.

    Raises
    ------
    TypeError
        If a choice is not a list or ``draw`` does not return a Figure.
    ValueError
        If a choice is empty, a default is not among the values, there are too many combinations,
        or the frames differ in size. An error in ``draw`` carries a note that names the frame.

    Notes
    -----
    A live notebook lets numbers take any value between the smallest and the largest one listed,
    evenly spaced, or on a logarithmic scale if the listed values grow by factors. With the
    environment variable ``MLCOURSE_STATIC`` set, the output holds only what a page needs, and is
    the same on every run.

    Examples
    --------
    >>> def draw(power):
    ...     fig, ax = plt.subplots()
    ...     ax.plot([x**power for x in range(9)])
    ...     return fig
    >>> explore(draw, alt=lambda power: f"x to the power of {power} ends at {8**power}.",
    ...         power=[1, 2, 3])
    explore(power=[1, 2, 3]): 3 frames
    """
    return Exploration(draw, alt, _checked(choices), default or {})


class Exploration:
    """A figure with sliders; made by :func:`explore`."""

    def __init__(
        self,
        draw: Callable[..., Figure],
        alt: str | Callable[..., str],
        choices: dict[str, list[Any]],
        default: Mapping[str, Any],
    ) -> None:
        self._draw, self._alt, self._choices = draw, alt, choices
        self._start = {name: values[0] for name, values in choices.items()} | dict(default)
        for name, value in default.items():
            if value not in choices.get(name, []):
                raise ValueError(f"explore default: {name}={value} is not among the listed values")
        # Drawn now, not when the cell is displayed: an error must stop the notebook.
        self._html = self._static_html()

    def __repr__(self) -> str:
        values = (f"{name}=[{', '.join(map(_label, v))}]" for name, v in self._choices.items())
        return f"explore({', '.join(values)}): {self._n_frames} frames"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": repr(self), "text/html": self._html}
        if not os.environ.get("MLCOURSE_STATIC"):
            try:
                view = self.widget()._repr_mimebundle_()
            except ImportError:  # without ipywidgets the page's version serves the notebook too
                return bundle
            mime = "application/vnd.jupyter.widget-view+json"
            bundle[mime] = view[mime]
        return bundle

    @property
    def _n_frames(self) -> int:
        return math.prod(map(len, self._choices.values()))

    def _frame(self, choice: dict[str, Any]) -> tuple[str, str, tuple[int, int]]:
        """Draw one frame: its address, its alt text, its width and height in pixels."""
        values = ", ".join(f"{name}={_label(value)}" for name, value in choice.items())
        before = set(plt.get_fignums())
        try:
            alt = f"{self._alt} ({values})" if isinstance(self._alt, str) else self._alt(**choice)
            figure = self._draw(**choice)
            if not isinstance(figure, Figure):
                got = "None; end draw with `return fig`" if figure is None else repr(figure)
                raise TypeError(f"draw({values}): expected a matplotlib Figure, got {got}")
            width, height = figure.get_size_inches() * 96
            return _address(figure), alt, (round(width), round(height))
        except Exception as error:
            error.add_note(f"explore was drawing the frame {values}")
            raise
        finally:
            for number in set(plt.get_fignums()) - before:
                plt.close(number)

    def _static_html(self) -> str:
        names, values = list(self._choices), list(self._choices.values())
        combinations = [dict(zip(names, c, strict=True)) for c in itertools.product(*values)]
        frames = [self._frame(choice) for choice in _with_progress(combinations)]
        sizes = {size for _, _, size in frames}
        if len(sizes) > 1:
            raise ValueError(f"explore: draw must return figures of one size, got {sorted(sizes)}")
        first = combinations.index(self._start)
        data = {"src": [src for src, _, _ in frames], "alt": [alt for _, alt, _ in frames]}
        return (
            f"<style>\n{STYLE}</style>\n"
            f'<figure class="mlcourse-explore" data-frames="{_json_attribute(data)}">\n'
            f"{_img(*frames[first])}\n"
            '<div class="mlcourse-explore-choices">\n'
            + "".join(_slider(name, v, self._start[name]) for name, v in self._choices.items())
            + f'</div>\n<p role="status"></p>\n</figure>\n<script>\n{SCRIPT}</script>'
        )

    def widget(self) -> Any:
        """Build the sliders for a live notebook (needs ipywidgets)."""
        import ipywidgets as widgets
        from IPython.display import HTML, display

        def show(**choice: Any) -> None:
            img = _img(*self._frame(choice))
            figure = f'<style>\n{STYLE}</style><figure class="mlcourse-explore">{img}</figure>'
            display(HTML(figure))  # type: ignore[no-untyped-call]

        sliders = {
            name: widgets.SelectionSlider(
                options=[(_label(value), value) for value in _between(values)],
                value=self._start[name],
                description=_words(name),
                continuous_update=False,  # a drawing takes longer than a movement of the hand
                style={"description_width": "initial"},
            )
            for name, values in self._choices.items()
        }
        return widgets.VBox([widgets.interactive_output(show, sliders), *sliders.values()])


def _checked(choices: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    if not choices:
        raise ValueError("explore: expected at least one choice, such as lr=[0.01, 0.1]")
    for name, values in choices.items():
        if isinstance(values, str) or not isinstance(values, (Sequence, np.ndarray)):
            raise TypeError(f"explore {name}: expected a list of values, got {values!r}")
        if len(values) == 0:
            raise ValueError(f"explore {name}: expected at least one value, got an empty list")
    sizes = [len(values) for values in choices.values()]
    if math.prod(sizes) > FRAME_LIMIT:
        product = " x ".join(map(str, sizes))
        raise ValueError(
            f"explore: {product} = {math.prod(sizes)} frames, at most {FRAME_LIMIT}; "
            "list fewer values"
        )
    return {name: list(values) for name, values in choices.items()}


def _with_progress(items: Sequence[Any]) -> Iterator[Any]:
    """Count the items aloud from the moment that they take long; never into a page."""
    start, line = time.monotonic(), ""
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - start > SLOW and not os.environ.get("MLCOURSE_STATIC"):
            line = f"frame {done} of {len(items)}"
            print(f"\r{line}", end="", flush=True)
    if line:
        print(f"\r{' ' * len(line)}\r", end="", flush=True)


def _address(figure: Figure) -> str:
    """Return the figure as an SVG inside a ``data:`` address, the same bytes on every run.

    SVG rather than WebP: for line plots it is three to five times smaller when compressed, sharp
    at every zoom, and drawn faster; digits are small in both.
    """
    file = io.StringIO()
    no_metadata = dict.fromkeys(["Creator", "Date", "Format", "Type"])
    with plt.rc_context({"svg.hashsalt": "mlcourse", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", transparent=True, metadata=no_metadata)
    svg = file.getvalue()
    svg = re.sub(r"<!--.*?-->|\s+", " ", svg[svg.index("<svg") :])
    # A hundredth of a point cannot be seen; more digits double the size of a noisy curve, and let
    # the last bits of a float reach the page.
    svg = re.sub(r' (?:d|x|y)="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), svg)
    return "data:image/svg+xml," + quote(svg, safe=" /:;,=()+-.")


def _img(src: str, alt: str, size: tuple[int, int]) -> str:
    width, height = size
    return f'<img src="{src}" alt="{escape(alt)}" width="{width}" height="{height}" loading="lazy">'


def _slider(name: str, values: list[Any], value: Any) -> str:
    labels = [_label(v) for v in values]
    position = values.index(value)
    return (
        f"<label><span>{escape(_words(name))}</span>"
        f'<input type="range" min="0" max="{len(values) - 1}" value="{position}" '
        f'aria-valuetext="{escape(labels[position])}" data-values="{_json_attribute(labels)}" '
        # Firefox must not restore an old position; JupyterLab must leave the arrow keys to it.
        'autocomplete="off" data-lm-suppress-shortcuts="true"></label>'
        # The slider already speaks its value: the output must not say it again.
        f'<output aria-live="off">{escape(labels[position])}</output>\n'
    )


def _json_attribute(data: object) -> str:
    return escape(json.dumps(data, ensure_ascii=False))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _label(value: Any) -> str:
    is_float = isinstance(value, Real) and not isinstance(value, Integral)
    return f"{float(value):g}" if is_float else str(value)


def _between(values: list[Any]) -> list[Any]:
    """Return what a live slider offers: about 100 numbers over the range, or the values as listed.

    Examples
    --------
    >>> _between(["zero", "He"])
    ['zero', 'He']
    >>> _between([1, 5, 3])
    [1, 2, 3, 4, 5]
    >>> _between([0.01, 0.1, 1.0])[:4]
    [0.01, 0.0105, 0.011, 0.0115]
    """
    if not all(isinstance(v, Real) and not isinstance(v, bool) for v in values):
        return values
    listed = np.unique(np.array(values, dtype=float))
    if len(listed) == 1:
        return values[:1]
    steps, factors = np.diff(listed), np.diff(np.log(listed)) if listed[0] > 0 else None
    grows = factors is not None and np.ptp(factors) / factors.mean() < np.ptp(steps) / steps.mean()
    grid = (np.geomspace if grows else np.linspace)(listed[0], listed[-1], 101)
    if all(isinstance(v, Integral) for v in values):
        return sorted({round(v) for v in grid} | {int(v) for v in values})
    return sorted({float(f"{v:.3g}") for v in grid} | {float(v) for v in values})
