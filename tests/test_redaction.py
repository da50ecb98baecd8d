"""Secrets are struck out, however they are written."""

import json
import re
import threading
from time import process_time
from urllib.parse import quote, quote_plus

import pytest

from coursectl.redaction import MASK, keep_secret, redacted, redacted_bytes

SECRET = keep_secret('quartz-7/"Hold"+back=é\\99')
SPACED = keep_secret("walnut  2 & kernel")
LONG = keep_secret("".join(f"{number:04x}" for number in range(1000, 1400)))


def lowered(text: str) -> str:
    """With escapes of a URL in small letters."""
    return re.sub("%..", lambda escape: escape[0].lower(), text)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        lowered(quote(SECRET, safe="")),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{ord(c):04x}" for c in SECRET),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()),
        "\n".join(SECRET),
        "\u200b".join(SECRET),
        SECRET[:9] + "\r\n  " + SECRET[9:],
    ],
)
def test_a_secret_is_struck_out_whichever_way_it_is_written(written):
    assert redacted(f"before {written} behind") == f"before {MASK} behind"
    assert redacted_bytes(f"before {written} behind".encode()) == f"before {MASK} behind".encode()


@pytest.mark.parametrize(
    "written",
    [
        SPACED,
        quote(SPACED),
        quote_plus(SPACED),
        json.dumps(SPACED).replace(" ", "\\u0020")[1:-1],
        SPACED.replace(" ", ""),
        SPACED.replace("  ", "\r\n\t"),
    ],
)
def test_a_secret_with_blanks_is_struck_out_whichever_way_it_is_written(written):
    assert redacted(f"before {written} behind") == f"before {MASK} behind"


@pytest.mark.parametrize(
    "text",
    [
        "walnut" + " " * 200_000,
        "walnut" + "%20" * 60_000 + "3",
        "w a" * 60_000,
        ("walnut" + " " * 100) * 2_000,
        "quartz-7" + "\u200b" * 200_000 + "x",
        SECRET[:8] * 20_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_looking_for_secrets_takes_time_in_proportion_to_the_text(text):
    began = process_time()
    redacted(text)
    assert process_time() - began < 2


@pytest.mark.parametrize("secret", [SECRET, LONG])
@pytest.mark.parametrize("size", [12, 20])
def test_a_part_of_a_secret_is_struck_out_too(secret, size):
    for start in (0, 3, len(secret) - size):
        assert redacted(f"<{secret[start : start + size]}>") == f"<{MASK}>"


def test_other_text_and_bytes_stay_as_they_are():
    assert redacted("quartz, held back") == "quartz, held back"
    assert redacted_bytes(b"\xff\xfe quartz") == b"\xff\xfe quartz"


def test_secrets_may_be_kept_by_several_threads_at_once():
    def keep(number: int) -> None:
        for each in range(3):
            keep_secret(f"thread-{number}-{each}-secret")
            assert "secret" not in redacted(f"thread-{number}-{each}-secret")

    failures: list[object] = []
    threads = [threading.Thread(target=keep, args=(number,)) for number in range(4)]
    hook, threading.excepthook = threading.excepthook, failures.append
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = hook
    assert failures == []
