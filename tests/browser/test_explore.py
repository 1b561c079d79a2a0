"""An `explore` figure on a built page, in a real Chromium, opened from a file."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest

from mlcourse.interactive import explore

ROOT = Path(__file__).parents[2]
RATES, INITS = [0.01, 0.1, 1.0], ["zero", "He"]
CONF = f"""
import sys
sys.path.insert(0, {str(ROOT / "_ext")!r})
project = "scratch"
extensions = ["myst_nb", "explore"]
html_theme = "basic"
nb_execution_mode = "off"
"""


def finding(lr, init):
    return f"From {init}, rate {lr} ends at {lr / 2:.3f}."


def draw(lr, init):
    fig, ax = plt.subplots(figsize=(4, 3))
    ax.plot([0, lr], [0, len(init)])
    return fig


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build a book of two pages, one of them with two figures."""
    source = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as patch, mpl.rc_context({"backend": "agg"}):
        patch.setenv("MLCOURSE_STATIC", "1")
        default = {"lr": 0.1}
        first = explore(draw, alt=finding, default=default, lr=RATES, init=INITS)
        second = explore(lambda T: draw(T, "He"), alt="A line.", T=[2, 3])
        bundles = [figure._repr_mimebundle_() for figure in (first, second)]
    outputs = [nbformat.v4.new_output("execute_result", data=data) for data in bundles]
    cells = [nbformat.v4.new_markdown_cell("# Figures")]
    cells += [nbformat.v4.new_code_cell("explore(...)", outputs=[output]) for output in outputs]
    (source / "chapters").mkdir()
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=language)
    nbformat.write(notebook, source / "chapters/one.ipynb")
    (source / "index.md").write_text("# Book\n\n```{toctree}\nchapters/one\n```\n")
    (source / "conf.py").write_text(CONF)
    built = source / "_build"
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", str(source), str(built)]
    subprocess.run(command, check=True)
    return built


@pytest.fixture
def page(browser, site):
    """The page with the figures; anything on the console and any failed request is a failure."""
    page = browser.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.requests = []
    page.on("request", lambda request: page.requests.append(request.url))
    page.goto((site / "chapters/one.html").as_uri())
    yield page
    page.close()
    assert complaints == []


def figure(page):
    return page.locator(".mlcourse-explore").first


def frame(page):
    """Return the picture that is shown, once it is loaded."""
    img = figure(page).locator("img")
    page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=img.element_handle())
    return img.get_attribute("src")


def test_frames_are_files_named_after_their_content_and_the_page_is_light(site):
    html = (site / "chapters/one.html").read_text()
    assert "data:image" not in html
    named = set(re.findall(r"\.\./_images/(explore-\w{16}\.svg)", html))
    assert named == {file.name for file in (site / "_images").glob("explore-*.svg")}
    assert len(named) == len(RATES) * len(INITS) + 2
    assert len(html.encode()) < 30_000


def test_style_and_script_come_once_and_only_where_there_is_a_figure(site):
    html = (site / "chapters/one.html").read_text()
    assert html.count("../_static/book/explore.css?v=") == 1
    assert html.count("../_static/book/explore.js?v=") == 1
    assert "<style>" not in html
    assert "explore" not in (site / "index.html").read_text()


def test_arrow_keys_change_picture_value_and_alt_text(page):
    img, lr = figure(page).locator("img"), figure(page).get_by_label("lr")
    assert img.get_attribute("alt") == finding(0.1, "zero")
    still = frame(page)
    lr.focus()
    page.keyboard.press("ArrowRight")
    assert frame(page) != still
    assert img.get_attribute("alt") == finding(1.0, "zero")
    assert lr.get_attribute("aria-valuetext") == "1"
    assert figure(page).locator("output").all_inner_texts() == ["1", "zero"]
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert img.get_attribute("alt") == finding(1.0, "He")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert img.get_attribute("alt") == finding(0.1, "He")
    assert page.locator(".mlcourse-explore img").last.get_attribute("alt") == "A line. (T=2)"


def test_every_position_shows_its_own_frame(page):
    lr, init = figure(page).get_by_label("lr"), figure(page).get_by_label("init")
    shown = {}
    for i, rate in enumerate(RATES):
        for j, name in enumerate(INITS):
            lr.fill(str(i))
            init.fill(str(j))
            assert figure(page).locator("img").get_attribute("alt") == finding(rate, name)
            shown[frame(page)] = (rate, name)
    assert len(shown) == 6


def test_frames_load_when_needed_and_neighbours_ahead(page):
    frames = json.loads(figure(page).get_attribute("data-frames"))["src"]
    slow, slow_he, still, he, fast, fast_he = (src.rpartition("/")[2] for src in frames)

    def fetched(*expected):
        """Wait until these frames were asked for, and no others."""
        for _ in range(50):
            names = {url.rpartition("/")[2] for url in page.requests}
            asked = names & {slow, slow_he, still, he, fast, fast_he}
            if asked >= set(expected):
                break
            page.wait_for_timeout(100)
        assert asked == set(expected)

    fetched(still)
    figure(page).get_by_label("lr").focus()
    fetched(still, slow, fast, he)
    page.keyboard.press("ArrowLeft")
    fetched(still, slow, fast, he, slow_he)


def test_a_screen_reader_hears_the_finding_once_the_slider_rests(page):
    page.clock.install(time=datetime(2030, 1, 1))
    page.clock.pause_at(datetime(2030, 1, 1, 0, 1))  # or it runs on while the test waits for a core
    status = figure(page).get_by_role("status").last
    figure(page).get_by_label("lr").focus()
    page.keyboard.press("ArrowLeft")
    page.clock.run_for(700)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.clock.run_for(700)
    assert status.inner_text() == ""
    page.clock.run_for(200)
    assert status.inner_text() == finding(1.0, "zero")
    assert figure(page).locator("output[aria-live=off]").count() == 2


def test_nothing_moves_when_the_picture_arrives_or_changes(page):
    place = figure(page).locator("input").first.bounding_box()
    frame(page)
    figure(page).get_by_label("lr").press("ArrowRight")
    frame(page)
    assert figure(page).locator("input").first.bounding_box() == place


def test_without_a_script_the_still_picture_and_its_values_remain(browser, site):
    page = browser.new_page(java_script_enabled=False)
    page.goto((site / "chapters/one.html").as_uri())
    assert figure(page).locator("img").get_attribute("alt") == finding(0.1, "zero")
    assert figure(page).locator("img").bounding_box()["height"] > 100
    assert figure(page).locator("input:visible").count() == 0
    assert figure(page).locator("output").all_inner_texts() == ["0.1", "zero"]
    page.close()


def test_paper_shows_the_chosen_frame_and_values_without_sliders(page):
    figure(page).get_by_label("lr").press("ArrowRight")
    page.emulate_media(media="print")
    assert figure(page).locator("img").is_visible()
    assert figure(page).locator("input:visible").count() == 0
    assert figure(page).inner_text().split() == ["lr", "1", "init", "zero"]


def test_fits_a_phone_and_fingers(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for slider in figure(page).locator("input").all():
        assert slider.bounding_box()["height"] >= 24  # WCAG 2.2, target size
