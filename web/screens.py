"""Takes the pictures of the main screens in `docs/screens` from a running demo: `make screens` beside it.

Every screen on a phone and on a desk, light and dark, as WebP. The demo's figures move: no set is as another.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

from mita.entrypoints.keys import DEMO_OPERATOR, DEMO_RESIDENT, demo_password, load_keys
from mita.kit.settings import Settings

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

OUT = Path(__file__).resolve().parent.parent / "docs" / "screens"
WINDOWS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1440, "height": 900}}
SCHEMES = ("light", "dark")
RESIDENT = {"home": "", "usage": "/usage", "wallet": "/wallet", "top-up": "/top-up"}
STAFF = {
    "portfolio": "",
    "estate": "/1",
    "unit": "/1/units/1",
    "meters": "/1/meters",
    "rates": "/1/rates",
    "ledger": "/1/ledger",
}
_QUALITY = 0.82
_SETTLES_MS = 2500


async def sign_in(context: BrowserContext, *, email: str, password: str) -> Page:
    """Sign in as one of the demo's people, with the six digits where they are asked for."""
    page = await context.new_page()
    await page.goto("/app/sign-in")
    await page.get_by_label("Email or phone number").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    code = page.get_by_label("Code", exact=True)
    main = page.locator("#main")
    await code.or_(main).first.wait_for()
    if await code.is_visible():
        mita = Path(sys.executable).with_name("mita")
        said = await asyncio.to_thread(
            subprocess.run, [mita, "demo-code"], capture_output=True, text=True, check=True
        )
        await code.fill(said.stdout.strip())
        await page.get_by_role("button", name="Confirm").click()
        await main.wait_for()
    return page


async def take(browser: Browser, page: Page, *, name: str, path: str) -> None:
    """Go to a page and keep its four pictures."""
    await page.goto(path)
    for window, size in WINDOWS.items():
        await page.set_viewport_size(size)
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.wait_for_timeout(_SETTLES_MS)
            picture = await page.screenshot()
            (OUT / f"{name}-{window}-{scheme}.webp").write_bytes(await webp(browser, picture))
            print(f"{name}-{window}-{scheme}", flush=True)


async def webp(browser: Browser, png: bytes) -> bytes:
    """Return a picture as WebP, which the browser itself writes."""
    page = await browser.new_page()
    made = await page.evaluate(
        """async ([png, quality]) => {
            const picture = new Image();
            picture.src = `data:image/png;base64,${png}`;
            await picture.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [picture.width, picture.height];
            canvas.getContext("2d").drawImage(picture, 0, 0);
            return canvas.toDataURL("image/webp", quality);
        }""",
        [base64.b64encode(png).decode(), _QUALITY],
    )
    await page.close()
    return base64.b64decode(made.split(",", 1)[1])


async def main() -> None:
    """Take all pictures."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--url", default=f"http://127.0.0.1:{Settings().port}", help="where Mita answers")
    url = asked.parse_args().url
    secret = load_keys(Settings().data).device_secret
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    OUT.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for email, who in ((DEMO_RESIDENT, "resident"), (DEMO_OPERATOR, "staff")):
            context = await browser.new_context(base_url=url, locale="en-GB")
            page = await sign_in(context, email=email, password=demo_password(secret, who=who))
            if who == "resident":
                await page.get_by_role("link", name="Top up").wait_for()
                home = re.sub(r"^https?://[^/]+", "", page.url)
                for name, path in RESIDENT.items():
                    await take(browser, page, name=name, path=f"{home}{path}")
            else:
                for name, path in STAFF.items():
                    await take(browser, page, name=name, path=f"/app/estates{path}")
            await context.close()
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
