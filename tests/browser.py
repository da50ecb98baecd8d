"""A browser for $BROWSER, with a person at it who consents: it opens an address and reads on."""

import sys
import urllib.error
import urllib.request
from pathlib import Path


def browser(folder: Path, then: str = "") -> str:
    """Give a command for $BROWSER.

    `then` is Python that knows `url`, which is to be opened, and `visit` and `destination`; without
    it the address is opened.
    """
    script = folder / "browser"
    script.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent.parent)!r})\n"
        "from tests.browser import destination, visit\n"
        f"url = sys.argv[1]\n{then or 'visit(url)'}\n"
    )
    script.chmod(0o755)
    return str(script)


def visit(url: str) -> tuple[int, dict[str, str], str]:
    """Open an address, go wherever it leads; give status, headers and text of the page."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=20) as page:
            return page.status, dict(page.headers), page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def destination(url: str) -> str:
    """Open an address; give the one that it redirects to, without going there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
    try:
        opener.open(url, timeout=20)
    except urllib.error.HTTPError as error:
        return str(error.headers["Location"])
    raise AssertionError(f"{url} leads nowhere")
