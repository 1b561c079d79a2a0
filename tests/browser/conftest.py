"""The built site, served with compression, in one Chromium.

Without a site (`make book`) or a Chromium these tests are skipped, loudly; with CI=true they fail.
"""

import os
import shutil
import threading
from pathlib import Path

import pytest

from tools.serve import SITE, server

ROOT = Path(__file__).parents[2]
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
# index.html only sends the reader on to the first page.
PAGES = [page for page in PAGES if page != "index.html"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        metafunc.parametrize("path", PAGES or ["no page is built"])
    if "explore_path" in metafunc.fixturenames:
        explore = [p for p in PAGES if '<figure class="mlcourse-explore"' in (SITE / p).read_text()]
        metafunc.parametrize("explore_path", explore or ["no page has a figure with sliders"])


UNTESTED = "THE SITE IS NOT TESTED IN A BROWSER: "


def require(condition, what):
    if not condition:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(UNTESTED + what)


def pytest_terminal_summary(terminalreporter):
    skipped = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(skipped):
        if UNTESTED in reason:
            terminalreporter.section(reason.removeprefix("Skipped: "), red=True)


@pytest.fixture(scope="session")
def built():
    """Return the folder of the built site."""
    require(PAGES, "run `make book` first")
    return SITE


@pytest.fixture(scope="session")
def axe():
    """Return the script of axe-core, which finds what keeps people out."""
    return ROOT / "node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def origin(built):
    with server() as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(scope="session")
def browser():
    require(CHROMIUM, f"none of {', '.join(NAMES)} is on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-quic"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, origin):
    """A fresh page, on a phone in the light theme; links are relative to the site."""
    context = browser.new_context(
        base_url=origin, viewport={"width": 390, "height": 844}, color_scheme="light"
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
