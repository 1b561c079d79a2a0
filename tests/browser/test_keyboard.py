"""What a page offers can be done with the keyboard alone."""


def focused(page):
    return page.evaluate("document.activeElement.textContent.trim()")


def test_skip_link(page):
    page.goto("intro.html")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the text"
    assert page.locator("a.skip").bounding_box()["y"] >= 0, "the focused link can be seen"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_theme(page):
    page.goto("intro.html")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    button = page.get_by_role("button", name="Dark")
    assert button.get_attribute("aria-pressed") == "false"
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.evaluate(background) != light
    page.goto("appendices/notation.html")
    assert page.evaluate(background) != light, "the choice holds on the next page"


def test_contents_on_a_phone(page):
    page.goto("intro.html")
    link = page.get_by_role("link", name="Notation").first
    assert not page.locator("#nav").is_visible()
    page.get_by_role("button", name="Contents").focus()
    page.keyboard.press("Enter")
    assert page.locator("#nav").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#nav").is_visible()
    assert focused(page) == "Contents"
    page.keyboard.press("Enter")
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/notation.html")


def test_search(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("intro.html")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("momentum")
    page.keyboard.press("Enter")
    page.locator("#search-results a[href*='notation.html']").first.wait_for()


def test_next_page(page):
    page.goto("intro.html")
    page.locator("a[rel=next]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("intro.html"))
    page.locator("a[rel=prev]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/intro.html")


def test_copy(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("intro.html")
    button = page.get_by_role("button", name="Copy").first
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("make book"), "without the prompt"


def test_wide_boxes_scroll(page):
    page.goto("appendices/notation.html")
    wide = page.locator("main .wide[tabindex='0']").first
    wide.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_selector("main .wide:not([tabindex])", state="attached")


def test_sliders_move_the_figure(page, explore_path):
    page.goto(explore_path)
    figure = page.locator(".mlcourse-explore").first
    image, before = figure.locator("img"), figure.locator("img").get_attribute("src")
    slider = figure.locator("input[type=range]").first
    slider.focus()
    key = (
        "ArrowRight"
        if slider.get_attribute("value") == slider.get_attribute("min")
        else "ArrowLeft"
    )
    page.keyboard.press(key)
    assert image.get_attribute("src") != before
    assert image.evaluate("img => img.decode().then(() => img.naturalWidth > 0)")
