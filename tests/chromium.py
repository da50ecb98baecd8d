"""A real Chromium for pages in files, and axe to hold them against rules of accessibility."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.missing import missing, program

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window."""
    found = program("chromium", "chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """Give what axe finds wrong with a page, rule and place."""
    script = Path(os.environ.get("AXE_CORE", "axe.min.js"))
    if not script.is_file():
        missing("axe-core", "npm pack axe-core@4, and name its axe.min.js in AXE_CORE")
    page.evaluate(script.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run()")
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
