"""Foreign text made safe to show on one line.

A member chooses their own name, and a server its own error message. What either wrote may hold
escape codes, newlines, or characters that turn the direction of the rest of the line. Everything
that reaches a person (a table, a mail, an error) goes through here; JSON and CSV have their own
means, because a reader must get the very same text back.
"""

import re

from coursectl.redaction import redacted

# Characters that end a line somewhere: C0 and C1 ones, LINE SEPARATOR and PARAGRAPH SEPARATOR.
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")

# Characters that act on a terminal or on their neighbours and have no look of their own: control
# codes, bidi marks, embeddings, overrides and isolates, interlinear annotation, byte order mark.
# Joiners (U+200C, U+200D) stay: Persian names and emoji are written with them.
_ACTING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ufeff]"
)

# Undecodable bytes of a file name arrive as these, and no encoder takes them.
_SURROGATES = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """Give `text` as one line that moves no cursor and turns no other text around."""
    if text.isprintable():
        return text
    text = _BREAKS.sub(" ", text)
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _ACTING.sub("", text))


def shortened(text: str, limit: int = 60) -> str:
    """Give `text` printable and at most `limit` characters long, cut with an ellipsis.

    No secret is in it, and no part of one either.
    """
    # Of a name of ten megabytes, so much is enough to find whatever is secret in what is shown.
    text = printable(redacted(text[: 50 * limit]))
    return text if len(text) <= limit else text[: limit - 1] + "…"
