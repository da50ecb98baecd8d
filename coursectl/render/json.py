"""JSON and NDJSON: the chosen columns under the API's names, null stays null."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic_core import to_json

from coursectl.render.columns import Column
from coursectl.render.interface import Answer, Batch, Rendered, Sink
from coursectl.render.values import raw_values

# In UTF-8: DEL and C1 control codes, bidi marks, embeddings, overrides and isolates, line and
# paragraph separators. JSON allows them bare; a terminal acts on some, readers of lines on others.
_ACTING = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf"
)

# One of these is in all that has any, and to look for them takes a third of the time.
_SIGNS = (b"\x7f", b"\xc2", b"\xd8\x9c", b"\xe2", b"\xef")


@dataclass(frozen=True, slots=True)
class JsonRenderer:
    """One array of objects, an object a line; or with `lines` the objects alone (NDJSON)."""

    lines: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write the rows. The array is closed only when all of them have been read."""
        opening, end, nothing = (b"", b"\n", b"") if self.lines else (b"[\n", b"\n]\n", b"[]\n")
        is_open = False
        for piece in self.body(answer.batches, answer.columns):
            out.write(piece if is_open else opening + piece)
            is_open = True
        out.write(end if is_open else nothing)

    def body(self, batches: Iterable[Batch], columns: tuple[Column, ...]) -> Iterator[bytes]:
        """Give an object a row, and what stands between them."""
        before = b""
        for batch in batches:
            if isinstance(batch, Rendered):
                for piece in batch.pieces:
                    yield before + piece
                    before = b""
            elif batch.rows:
                yield before + _objects(batch, columns, self.between)
            else:
                continue
            before = self.between

    def records(self, batch: Batch, columns: tuple[Column, ...]) -> list[bytes]:
        """Give an object a row, in which no line ends."""
        return _objects(batch, columns, b"\n").split(b"\n")

    @property
    def takes_cells(self) -> bool:
        """No: the names of fields stand in an object, too."""
        return False

    @property
    def between(self) -> bytes:
        """What stands between two objects."""
        return b"\n" if self.lines else b",\n"


def _objects(batch: Batch, columns: tuple[Column, ...], between: bytes) -> bytes:
    keys = [column.key for column in columns]
    if keys == list(batch.rows[0]):
        text = to_json(batch.rows)
    else:
        rows = raw_values(batch, columns)
        text = to_json([dict(zip(keys, row, strict=True)) for row in rows])
    # A quote in a string is escaped and one at its end is followed by a comma or a bracket, so this
    # can only be where one object meets the next.
    opening = b'{"%b":' % columns[0].key.encode()
    text = text[1:-1].replace(b"}," + opening, b"}" + between + opening)
    return escaped(text)


def escaped(text: bytes) -> bytes:
    """Escape what JSON allows bare and what acts on a terminal or ends a line somewhere."""
    return _ACTING.sub(_escaped, text) if any(map(text.__contains__, _SIGNS)) else text


def _escaped(match: re.Match[bytes]) -> bytes:
    return rb"\u%04x" % ord(match[0].decode())
