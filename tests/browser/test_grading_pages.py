"""The grader's pages in a real Chromium: quiet, closed to the outside, usable by everyone."""

import pytest

from tests.browser.test_pages import findings
from tests.grading.classroom import classroom, grade, run


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Return the folder of a graded class, marked in part."""
    folder = classroom(tmp_path_factory.mktemp("class"))
    (folder / "late.csv").write_text("student,days\nben,2\n")
    done = grade(folder, "--late", "late.csv", "--late-penalty", "0.25")
    assert done.returncode == 1, done.stderr  # one of them is no notebook
    marks = folder / "marks.csv"
    marks.write_text(
        "student,question,rubric item,mark,comment\n"
        "ann,why,1. names the cause,1,\nann,why,2. names the cure,0,<b>where?</b>\n"
    )
    run(folder, "feedback", "--marks", "marks.csv")
    return folder / "grades"


@pytest.fixture
def open_page(browser, graded):
    """Return a function that opens a page from its file and returns it with what was heard."""
    contexts = []

    def open_it(path, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        heard = []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url))
        page.on("dialog", lambda dialog: heard.append(dialog.message))
        page.goto((graded / path).as_uri())
        assert heard.pop(0) == page.url
        return page, lambda: [text for text in heard if not text.startswith("data:image/png")]

    yield open_it
    for context in contexts:
        context.close()


def names(graded):
    pages = [f"feedback/{path.name}" for path in sorted((graded / "feedback").glob("*.html"))]
    return [*pages, "report.html", "manual.html"]


def test_pages_are_quiet_accessible_and_fit_a_phone(open_page, graded, axe):
    for path in names(graded):
        page, heard = open_page(path, viewport={"width": 390, "height": 844}, bypass_csp=True)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        page.add_script_tag(path=axe)
        assert findings(page) == [], path
        page.emulate_media(color_scheme="dark")
        assert findings(page, runOnly=["color-contrast"]) == [], path
        assert heard() == [], path


def test_the_style_and_the_pictures_pass_the_policy_and_nothing_else_does(open_page, graded):
    page, heard = open_page("manual.html")
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "832px"
    assert page.locator("img").evaluate("img => [img.complete, img.naturalWidth]") == [True, 1]
    assert heard() == []
    # What would run or be fetched if it got past the escaping.
    page.evaluate("""() => {
        const image = new Image(); image.src = "https://example.org/x.png";
        const script = document.createElement("script"); script.textContent = "window.ran = 1";
        document.body.append(image, script);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    assert len([text for text in heard() if "Content Security Policy" in text]) == 2


def test_a_dark_page_prints_dark_ink_on_white_paper(open_page):
    page, _ = open_page("feedback/ben.html", color_scheme="dark")
    ink = "getComputedStyle(document.body).color.match(/\\d+/g).map(Number)"
    assert min(page.evaluate(ink)) > 150
    page.emulate_media(media="print", color_scheme="dark")
    assert max(page.evaluate(ink)) < 100


def test_links_lead_to_their_questions(open_page):
    page, _ = open_page("feedback/ben.html")
    for link in page.locator("table a").all():
        target = page.locator(f"h2[id={link.get_attribute('href')[1:]}]")
        assert target.inner_text() == link.inner_text()
