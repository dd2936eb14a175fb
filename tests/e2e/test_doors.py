"""What stands before the sign-in, and that itself: readable by all, nothing to push sideways on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from mita.entrypoints.web import BUILT

from .conftest import VIOLATIONS

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from .conftest import Site

SIGN_IN = "/app/sign-in"
# three operations of each method stand for the rest of theirs
OTHERS_ALIKE = """() => {
  const seen = {};
  const others = [...document.querySelectorAll('section.operation')].filter(each => {
    const method = each.querySelector('.method').dataset.method;
    seen[method] = (seen[method] ?? 0) + 1;
    return seen[method] > 3;
  });
  others.forEach(each => { each.dataset.alike = ''; });
  return others.length;
}"""


@pytest.mark.parametrize(("path", "scheme"), [("/docs", "light"), (SIGN_IN, "light"), (SIGN_IN, "dark")])
async def test_a_page_for_everybody_fits_and_is_accessible(
    browser: Browser, site: Site, path: str, scheme: Literal["light", "dark"]
):
    if path == SIGN_IN and not (BUILT / "index.html").is_file():
        pytest.skip("the web app is not built")
    context = await browser.new_context(
        base_url=site.url, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    await page.goto(path)
    await expect(page.locator("h1")).to_have_count(1)
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"it is {wide} px too wide"
    if path != SIGN_IN:
        # hundreds of operations alike: their words, order and names are all looked at, their colours of some
        found = await Axe().run(page, options={**VIOLATIONS, "rules": {"color-contrast": {"enabled": False}}})
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate(OTHERS_ALIKE) > 0
    found = await Axe().run(page, context={"exclude": [["[data-alike]"]]}, options=VIOLATIONS)
    assert found.violations_count == 0, found.generate_report()
    assert problems == []
    await context.close()
