"""`explore` draws every frame, says what is wrong, and shows the right face in each place."""

import html
import json
import re
import subprocess
import sys
import textwrap
from urllib.parse import unquote
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbclient
import nbformat
import numpy as np
import pytest

from mlcourse import interactive
from mlcourse.interactive import explore

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _page(monkeypatch):
    monkeypatch.setenv("MLCOURSE_STATIC", "1")
    with mpl.rc_context({"backend": "agg"}):
        yield
    assert plt.get_fignums() == [], "a figure stayed open"


def draw(**choice):
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.set_title(str(choice))
    return fig


def frames(exploration):
    """Return addresses and alt texts as the script reads them."""
    page = exploration._repr_mimebundle_()["text/html"]
    return json.loads(html.unescape(re.search(r'data-frames="([^"]*)"', page)[1]))


def test_one_frame_for_each_combination_in_the_order_the_script_counts():
    asked = []

    def drawn(**choice):
        asked.append(choice)
        return draw(**choice)

    explore(drawn, alt="", lr=[0.1, 1.0], momentum=[0, 0.5, 0.9])
    assert asked == [{"lr": lr, "momentum": m} for lr in (0.1, 1.0) for m in (0, 0.5, 0.9)]


def test_frames_are_svg_without_background_and_differ():
    src = frames(explore(draw, alt="", lr=[0.1, 1.0]))["src"]
    assert len(set(src)) == 2
    for address in src:
        kind, _, body = address.partition(",")
        assert kind == "data:image/svg+xml"
        root = ElementTree.fromstring(unquote(body))
        patch = root.find(".//*[@id='patch_1']/{*}path")
        assert patch.get("style") == "fill: none"


def test_coordinates_are_cut_to_hundredths_and_scales_are_not():
    address = interactive._address(draw(k=1))
    svg = unquote(address)
    assert re.search(r'd="M [\d.]+ [\d.]+ L', svg)
    assert not re.search(r' d="[^"]*\.\d{3}', svg)
    assert "scale(0.015625)" in svg  # font units: cutting them would distort the letters
    plt.close("all")


def test_alt_text_says_the_finding_of_each_frame():
    exploration = explore(draw, alt=lambda lr: f"Rate {lr} is “< 2”.", lr=[0.1, 1.0])
    assert frames(exploration)["alt"] == ["Rate 0.1 is “< 2”.", "Rate 1.0 is “< 2”."]


def test_one_alt_text_for_all_frames_gets_the_values():
    alt = frames(explore(draw, alt="A path.", lr=[0.1, 1.0], init=["He"]))["alt"]
    assert alt == ["A path. (lr=0.1, init=He)", "A path. (lr=1, init=He)"]


def test_the_still_picture_is_the_default_frame():
    exploration = explore(draw, alt="Rate", default={"lr": 1.0}, lr=[0.1, 1.0], init=["0", "He"])
    page = exploration._repr_mimebundle_()["text/html"]
    data = frames(exploration)
    assert f'<img src="{data["src"][2]}" alt="Rate (lr=1, init=0)" width="288" height="192"' in page
    assert re.search(r'value="1" aria-valuetext="1"', page)
    assert ">1</output>" in page


def test_markup_in_names_and_values_is_escaped():
    page = explore(draw, alt='<b>"', init=["<i>"])._repr_mimebundle_()["text/html"]
    assert "<b>" not in page
    assert "<i>" not in page
    ElementTree.fromstring(  # and the figure is well-formed, once void tags are closed
        re.sub(r"<(img|input)([^>]*)>", r"<\1\2/>", re.search(r"(?s)<figure.*</figure>", page)[0])
    )


def test_summary_in_plain_text():
    exploration = explore(draw, alt="", lr=np.array([0.1, 1e-5]), depth=[1, 2], init=["He"])
    assert repr(exploration) == "explore(lr=[0.1, 1e-05], depth=[1, 2], init=[He]): 4 frames"


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({}, ValueError, "expected at least one choice"),
        ({"lr": 0.1}, TypeError, "explore lr: expected a list of values, got 0.1"),
        ({"init": "He"}, TypeError, "explore init: expected a list of values, got 'He'"),
        ({"lr": []}, ValueError, "explore lr: expected at least one value"),
        (
            {"lr": range(11), "momentum": range(12)},
            ValueError,
            "explore: 11 x 12 = 132 frames, at most 120",
        ),
    ],
)
def test_wrong_choices(choices, error, message):
    with pytest.raises(error, match=message):
        explore(draw, alt="", **choices)


@pytest.mark.parametrize("default", [{"lr": 0.5}, {"rate": 0.1}])
def test_a_default_must_be_one_of_the_values(default):
    with pytest.raises(ValueError, match=r"explore default: \w+=0.\d is not among the listed"):
        explore(draw, alt="", default=default, lr=[0.1, 1.0])


def test_draw_must_return_the_figure():
    with pytest.raises(
        TypeError, match=r"draw\(lr=0.1\): expected a matplotlib Figure, got None; "
    ):
        explore(lambda lr: None, alt="", lr=[0.1])
    with pytest.raises(TypeError, match=r"expected a matplotlib Figure, got 'a plot'"):
        explore(lambda lr: "a plot", alt="", lr=[0.1])


def test_an_error_in_draw_names_the_frame_and_leaves_no_figure():
    def fails(lr, momentum):
        fig = draw()
        return fig if lr < 1 else 1 / 0

    with pytest.raises(ZeroDivisionError) as caught:
        explore(fails, alt="", lr=[0.1, 1.0], momentum=[0.9])
    assert caught.value.__notes__ == ["explore was drawing the frame lr=1, momentum=0.9"]


def test_frames_must_have_one_size():
    with pytest.raises(ValueError, match=r"figures of one size, got \[\(96, 96\), \(192, 96\)\]"):
        explore(lambda w: plt.figure(figsize=(w, 1)), alt="", w=[1, 2])


def test_figures_of_the_reader_stay_open():
    mine = plt.figure()
    explore(draw, alt="", lr=[0.1])
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


@pytest.mark.parametrize("listed", [[0.01, 0.03, 0.1, 0.3, 1], [0, 0.5, 0.9], [8, 1, 128]])
def test_a_live_slider_offers_every_listed_value_and_those_between(listed):
    offered = interactive._between(listed)
    assert (offered[0], offered[-1]) == (min(listed), max(listed))
    assert set(listed) <= set(offered)
    assert offered == sorted(offered)
    assert 50 < len(offered) < 110


def test_a_live_slider_offers_as_listed_what_has_nothing_between():
    assert interactive._between([0.1]) == [0.1]
    assert interactive._between([True, False]) == [True, False]
    assert interactive._between(["zero", "He"]) == ["zero", "He"]


def test_factors_give_a_logarithmic_slider_and_steps_an_even_one():
    middle = lambda listed: interactive._between(listed)[50]  # noqa: E731
    assert middle([0.01, 0.1, 1.0]) == pytest.approx(0.1)
    assert middle([0.0, 0.5, 1.0]) == pytest.approx(0.5)
    assert all(isinstance(size, int) for size in interactive._between([1, 8, 32, 128]))


def test_progress_shows_only_when_drawing_is_slow_and_never_on_a_page(monkeypatch, capsys):
    list(interactive._with_progress([1, 2]))
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(interactive, "SLOW", -1.0)
    list(interactive._with_progress([1, 2]))
    assert capsys.readouterr().out == ""
    monkeypatch.delenv("MLCOURSE_STATIC")
    list(interactive._with_progress([1, 2]))
    assert capsys.readouterr().out == "\rframe 1 of 2\rframe 2 of 2\r            \r"


def test_works_without_ipywidgets(monkeypatch):
    monkeypatch.delenv("MLCOURSE_STATIC")
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(explore(draw, alt="", lr=[1])._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_importing_the_module_does_not_import_ipywidgets():
    code = "import sys, mlcourse.interactive; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


CELLS = [
    """
    import matplotlib.pyplot as plt
    from mlcourse import plots
    from mlcourse.interactive import explore
    plots.setup()
    drawn = []
    def draw(lr):
        drawn.append(lr)
        fig, ax = plt.subplots()
        ax.plot([0, lr])
        return fig
    exploration = explore(draw, alt=lambda lr: f"A line up to {lr}.", lr=[0.01, 0.1, 1.0])
    """,
    "exploration",
    "draw(0.5);",
]


def run_notebook(*more):
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell)) for cell in (*CELLS, *more)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    # nbclient answers an Output widget on the socket it waits on. On a busy machine it may then
    # see the kernel's reply only when the time is up: so the cell with the imports alone gets much.
    client = nbclient.NotebookClient(
        notebook,
        kernel_name="python3",
        timeout_func=lambda cell: 60 if "import" in cell.source else 15,
    )
    client.execute()
    return notebook


def test_a_page_gets_the_same_bytes_on_every_run():
    first, second = run_notebook(), run_notebook()
    outputs = [[cell.outputs for cell in notebook.cells] for notebook in (first, second)]
    assert outputs[0] == outputs[1]
    assert set(first.cells[1].outputs[0].data) == {"text/plain", "text/html"}
    assert "widgets" not in first.metadata
    picture = first.cells[2].outputs[0].data  # an ordinary figure, the way plots.setup() asks
    assert picture["image/svg+xml"].startswith("<?xml")
    assert "<metadata>" not in picture["image/svg+xml"]


def test_a_live_kernel_gets_sliders_that_draw_afresh(monkeypatch):
    monkeypatch.delenv("MLCOURSE_STATIC")
    notebook = run_notebook(
        """
        box = exploration.widget()
        slider = box.children[1]
        del drawn[:]
        slider.value = 0.0316
        drawn
        """
    )
    assert set(notebook.cells[1].outputs[0].data) == {"text/plain", "text/html", WIDGET}
    assert notebook.cells[3].outputs[-1].data["text/plain"] == "[0.0316]"
    states = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    shown = [
        output["data"]["text/html"]
        for widget in states.values()
        for output in widget["state"].get("outputs", [])
    ]
    assert any('alt="A line up to 0.0316."' in page for page in shown)
