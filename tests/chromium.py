"""A real Chromium for pages in files, and axe to hold them against rules of accessibility."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _missing(what: str) -> None:
    """Skip the test, or where all must run fail it."""
    if os.environ.get("CI") == "1":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium without a window."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        _missing("there is no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """Give what axe finds wrong with a page, rule and place."""
    script = Path(os.environ.get("AXE_CORE", "/nonexistent"))
    if not script.is_file():
        _missing("AXE_CORE names no axe.min.js: npm pack axe-core@4, and unpack it")
    page.evaluate(script.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run()")
    return [
        f"{rule['id']}: {node['html'][:120]}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]
