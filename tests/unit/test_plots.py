"""The colours are told apart by every eye on both pages; the helpers draw what they are given."""

import itertools
import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mlcourse import plots

METHODS = list(plots.COLORS)[:9]
BATCH_SIZES = ["B=1", "B=8", "B=32", "B=128", "B=N"]
ROLES = ["train", "val", "test"]
ACTIVATIONS = ["sigmoid", "tanh", "relu"]
INITIALISATIONS = ["zero", "small", "large", "xavier", "he"]
PAIRS = [["loop", "batch"], ["kl", "l2"]]
GROUPS = [METHODS, BATCH_SIZES, ROLES, ACTIVATIONS, INITIALISATIONS, *PAIRS]
DARK_PAGE = "#14181e"  # the theme's; a darker page gives more contrast, not less

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
EYES = {
    "normal": np.eye(3),
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deutan": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
}


@pytest.fixture(autouse=True)
def look():
    with plt.rc_context(), mpl.rc_context({"backend": "agg"}):
        plots.setup()
        yield
        plt.close("all")


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(color, page):
    """WCAG 2 contrast ratio."""
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] for c in (color, page))
    return (high + 0.05) / (low + 0.05)


def in_dark_mode(color):
    """Apply the CSS filter ``invert(1) hue-rotate(180deg)``."""
    half_turn = 2 * np.outer(np.ones(3), [0.213, 0.715, 0.072]) - np.eye(3)
    return np.clip(half_turn @ (1 - np.array(to_rgb(color))), 0, 1)


def oklab(rgb):
    lms = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]
    lab = [[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.array(lab) @ np.cbrt(np.array(lms) @ np.clip(rgb, 0, 1))


@pytest.mark.parametrize("name", plots.COLORS)
def test_every_colour_has_contrast_on_the_light_and_the_dark_page(name):
    assert contrast(plots.COLORS[name], "white") >= 3
    assert contrast(in_dark_mode(plots.COLORS[name]), DARK_PAGE) >= 3


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("group", GROUPS)
def test_colours_that_meet_in_a_figure_differ_for_every_eye(group, eye):
    """A difference of 0.02 in OKLab is just visible; ask for three times that."""
    seen = {name: oklab(np.array(EYES[eye]) @ linear(plots.COLORS[name])) for name in group}
    for a, b in itertools.combinations(group, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 0.06, (a, b)


def test_a_larger_batch_is_darker():
    lightness = [oklab(linear(plots.COLORS[name]))[0] for name in BATCH_SIZES]
    assert all(a > b + 0.05 for a, b in itertools.pairwise(lightness))


@pytest.mark.parametrize("group", GROUPS)
def test_markers_differ_in_grey_print_too(group):
    assert len({plots.MARKERS[name] for name in group}) == len(group)


@pytest.mark.parametrize("group", GROUPS)
def test_line_styles_differ_in_grey_print_too(group):
    styles = [str(plots.LINESTYLES[name]) for name in group]
    assert len(set(styles)) == len(styles)


def test_labels_have_the_contrast_of_text_and_do_not_overlap():
    _, ax = plt.subplots()
    for k, name in enumerate(METHODS):
        ax.plot([0, 1], [0, 0.01 * k], color=plots.COLORS[name], label=name)
    ax.plot([0, 1], [0, 1])  # no label: nothing is written
    plots.label_lines(ax)
    assert [text.get_text() for text in ax.texts] == METHODS
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    for text in ax.texts:
        assert contrast(text.get_color(), "white") >= 4.5
        assert contrast(in_dark_mode(text.get_color()), DARK_PAGE) >= 4.5


def test_a_label_stands_at_the_last_finite_value_inside_the_axes():
    _, ax = plt.subplots()
    ax.plot([1, 2, 3], [0.5, 7.0, np.nan], label="diverged")
    ax.set_ylim(0, 1)
    plots.label_lines(ax)
    assert ax.texts[0].xy == (2, 1)


def test_curve_draws_the_mean_and_the_range_over_runs():
    _, ax = plt.subplots()
    runs = np.array([[1.0, 2.0], [3.0, 6.0]])
    plots.curve(ax, np.array([10, 20]), runs, "adam", label="Adam")
    line = ax.get_lines()[0]
    assert line.get_ydata().tolist() == [2, 4]
    assert (line.get_label(), line.get_color()) == ("Adam", plots.COLORS["adam"])
    band = ax.collections[0].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == (1, 6)


def test_curve_names_the_wrong_shape():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"curve adam runs: expected shape \(S, 3\), got \(2, 2\)"):
        plots.curve(ax, np.arange(3), np.zeros((2, 2)), "adam")


def test_digit_grid_shows_each_digit_with_its_label():
    X = np.random.default_rng(0).random((10, 784), dtype=np.float32)
    fig = plots.digit_grid(X, labels=range(10), columns=4)
    shown = [ax for ax in fig.axes if ax.images]
    assert len(fig.axes) == 12
    assert len(shown) == 10
    assert [ax.get_title() for ax in shown] == [str(n) for n in range(10)]
    np.testing.assert_array_equal(shown[9].images[0].get_array(), X[9].reshape(28, 28))


def test_digit_grid_wants_rows_of_784():
    with pytest.raises(ValueError, match=r"digit_grid X: expected shape \(N, 784\)"):
        plots.digit_grid(np.zeros((28, 28)))


def test_heat_writes_every_value_readably():
    _, ax = plt.subplots()
    M = np.array([[-2.0, 0.0], [0.126, 2.0]])
    plots.heat(ax, M, title="W")
    assert [text.get_text() for text in ax.texts] == ["-2.00", "0.00", "0.13", "2.00"]
    cells = ax.images[0].to_rgba(M)[..., :3].reshape(-1, 3)
    assert min(contrast("black", cell) for cell in cells) > 7
    assert np.allclose(cells[1], 1, atol=1e-3)  # zero is white
    assert cells[0][2] > cells[0][0]  # blue below
    assert cells[3][0] > cells[3][2]  # orange above


def test_shape_strip_names_every_matrix_with_its_shape():
    fig = plots.shape_strip([784, 256, 10], N=8)
    written = [text.get_text() for text in fig.axes[0].texts]
    for text in ("$X$", "(8, 784)", "$W_1$", "(784, 256)", "(1, 256)", "$A_1$", "$Z_2$", "(8, 10)"):
        assert text in written
    sides = [(box.get_width() ** 2, box.get_height() ** 2) for box in fig.axes[0].patches]
    assert np.allclose(sides[:2], [(784, 8), (256, 784)])


def test_the_same_script_gives_the_same_svg_bytes():
    script = (
        "import sys, matplotlib; matplotlib.use('agg')\n"
        "import matplotlib.pyplot as plt\n"
        "from mlcourse import plots\n"
        "plots.setup(); fig, ax = plt.subplots(); ax.plot([1, 3, 2], 'o-')\n"
        "fig.savefig(sys.stdout, format='svg', metadata={'Date': None})\n"
    )
    command = [sys.executable, "-c", script]
    first, second = (subprocess.run(command, capture_output=True, check=True) for _ in range(2))
    assert first.stdout.startswith(b"<?xml")
    assert first.stdout == second.stdout
