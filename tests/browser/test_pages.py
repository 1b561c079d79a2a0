"""Every page of the built site: quiet, self-contained, light, and usable by everyone."""

import json

TRANSFER_LIMIT = 1_500_000  # bytes, compressed
# Also the pictures further down, which a browser fetches when they come near.
LOAD_ALL = """Promise.all([document.fonts.ready, ...Array.from(document.images, (img) => {
    img.loading = "eager";
    return img.decode();
})])"""


def findings(page, **options):
    """Return what axe-core calls serious or critical: the rule and the first element."""
    result = page.evaluate(
        "options => axe.run(document, {resultTypes: ['violations'], ...options})", options
    )
    return [
        (finding["id"], finding["nodes"][0]["html"][:200], finding["nodes"][0]["failureSummary"])
        for finding in result["violations"]
        if finding["impact"] in ("serious", "critical")
    ]


def test_page(page, origin, axe, path):
    messages, requests, failed = [], [], []
    page.on("console", lambda m: messages.append(m.text) if m.type in ("error", "warning") else 0)
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request))
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(path)
    page.evaluate(LOAD_ALL)

    assert not messages
    assert not failed
    assert [r.url for r in requests if not r.url.startswith((origin, "data:"))] == []
    assert [r.url for r in requests if (reply := r.response()) and reply.status >= 400] == []
    transfer = sum(r.sizes()["responseBodySize"] for r in requests if r.url.startswith(origin))
    assert transfer < TRANSFER_LIMIT

    width, content = page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
    assert content <= width, "the page scrolls sideways on a phone"
    silent = "img => !img.alt && !img.closest('.home')"
    assert page.eval_on_selector_all("img", f"all => all.filter({silent}).length") == 0

    page.add_script_tag(path=axe)
    assert findings(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    assert findings(page, runOnly=["color-contrast", "scrollable-region-focusable"]) == []


def test_axe_reports_findings(page, axe):
    page.set_content("<html lang=en><title>t</title><p style='color: #bbb'>Too pale to read.")
    page.add_script_tag(path=axe)
    assert [rule for rule, *_ in findings(page)] == ["color-contrast"]


def test_a_page_opens_from_a_file(browser, built):
    page = browser.new_page()
    messages = []
    page.on("console", lambda m: messages.append(m.text) if m.type in ("error", "warning") else 0)
    page.goto((built / "intro.html").as_uri())
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not messages
    page.close()


def test_a_dark_page_prints_dark_ink_on_white_paper(page, explore_path):
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(explore_path)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    ink = page.evaluate("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)")
    assert max(ink) < 100
    filters = "all => all.map(img => getComputedStyle(img).filter)"
    assert set(page.eval_on_selector_all("article .cell_output img", filters)) == {"none"}


def test_mathematics_needs_no_script(browser, origin):
    context = browser.new_context(base_url=origin, java_script_enabled=False)
    page = context.new_page()
    page.goto("appendices/api/losses.html")
    equation = page.locator("div.math").first
    assert equation.locator(".katex-html").is_visible()
    assert equation.locator("math").count() == 1, "screen readers need the MathML"
    assert page.locator("text=/\\\\frac|\\\\sum/ >> visible=true").count() == 0
    context.close()


def test_fonts_of_the_mathematics_load(page):
    page.goto("appendices/api/losses.html")
    loaded = "[...document.fonts].filter(f => f.status == 'loaded').map(f => f.family)"
    page.wait_for_function(f"({loaded}).length > 0")
    assert "KaTeX_Main" in json.dumps(page.evaluate(loaded))
