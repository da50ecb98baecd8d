"""Where the members of a JSON document begin and end.

A *document* is what one file, one pipe or one answer of the API holds: a page object, a list of
members, a list or a run of page objects, or NDJSON. It is read in blocks and never held whole: a
million members pass through in a few MB.

Speed comes from letting pydantic read all members of a block as one list. Where that list may be
cut is guessed from the bytes (`},{` and `}]`) and proved by the parser. A piece that begins at a
member, and is valid once brackets are put around it, was not cut inside a member: a cut inside a
string leaves the string open, and one inside a nested value leaves the member open. A piece that
is not valid is cut again by matching brackets, which needs no guess; if it is not valid even so,
its members are looked at one by one.
"""

import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import cache
from typing import NoReturn, Protocol

from pydantic_core import from_json

from coursectl.errors import InvalidData
from coursectl.printable import shortened
from coursectl.roster.error_body import title_in
from coursectl.roster.member import Member
from coursectl.roster.remedies import NAME_A_ROSTER, NO_ROSTER, SAVE_AGAIN, SAVE_AS_UTF_8

BLOCK = 64 * 1024
"""Bytes that are looked at in one go."""

LIMIT = 16 * 1024 * 1024
"""Bytes that one member may take, or all values beside those of a page, or nothing but blanks."""

_WINDOW = 4 * BLOCK
"""Bytes that are looked at in one go behind a member that took more."""

_LARGE = 1024 * 1024
"""Bytes of a member, or of values beside those of a page, above which what is in it is counted."""

MOST_VALUES = 200_000
"""Values that may be in so large a one: each takes up to half a kilobyte until it is validated."""

_MOST_NAMES = 10_000
_MOST_LISTS = 1_000
"""Names that a page object may have, and lists of results."""

_MANY = 100_000
_LEAST = 100
_LEAST_PAGE = 500
"""Objects that may stand one by one, not in a list or on lines, and page objects; and the bytes of
each, on average, if there are more. To find one takes as long as to read a kilobyte of others."""

_LONGEST_SHALLOW = 4 * BLOCK
"""Bytes in which shallow members are looked for at a time: to match them takes memory."""

# CPython before 3.11.5, as Debian 12 has it, matches a possessive quantifier wrongly where what
# it repeats backtracks, or fails after its first byte (issue 106052). So what one repeats here has
# one way to match and cannot fail there; all else is an atomic group, which takes memory.
_SPACE = re.compile(rb"[ \t\n\r]*+")
_SCALAR = re.compile(rb'[^\s,:"{}\[\]]++')
STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""A pattern (DOTALL) of a JSON string."""
_STRING = re.compile(STRING, re.DOTALL)
_ANY_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_TO_BRACKET = re.compile(
    rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.?+[^"\\]*+)*+"?+[^"{}\[\]]*+)*+', re.DOTALL
)
_AFTER_OBJECT = re.compile(rb"\}[ \t\r,]")
_END_OF_LIST = re.compile(rb"\}[ \t\n\r]*+\]")
_JOINT = re.compile(rb"\}[ \t\n\r]*+(,)[ \t\n\r]*+\{")
_COMMA = re.compile(rb"[ \t\n\r]*+,[ \t\n\r]*+")
_NEXT_MEMBER = re.compile(rb"\}[ \t\n\r]*+,[ \t\n\r]*+\Z")
_BEFORE_VALUES = (b",", b"[", b"{")
_BLANKS = b" \t\r"
_BLANK = re.compile(rb"[ \t\r]*+")
_BOM = b"\xef\xbb\xbf"
_MARKS = re.compile(rb"\A(?:%b)+" % _BOM)

_WIDEST = 4
"""Bytes that one character takes in UTF-32."""

_PLAIN_LINE = b"{}\n"
_NO_MARKS = bytes(byte for byte in range(256) if byte not in _PLAIN_LINE)


_FEW_BRACKETS = 100
"""Brackets that are looked at one by one."""

_MOST_LEVELS = 300
"""Lists and objects inside each other; the parser takes 200."""

_TOO_DEEP = -2

_BRACKETS = 32
"""Brackets at the end of a page object that are tried for the one that ends its members."""

_ENOUGH = 50
"""Objects one after the other that are taken for members, not for a list within one."""

Fields = list[tuple[str, bytes]]
"""The fields of an object, their values as JSON texts that nobody has looked into yet."""


class Rows(Protocol):
    """What becomes of the members that a document finds."""

    def together(self, piece: bytes, rows: int | None = None) -> list[Member] | None:
        """Validate comma-separated members; None if not valid JSON or not `rows` valid members."""

    def one_by_one(self, members: list[tuple[bytes, int]]) -> list[Member]:
        """Validate members of which some are not valid, each given with its line."""

    def not_a_page(self, fields: Fields) -> None:
        """Look at an object without a list of results: raise InvalidData if it is no member."""

    def bare(self) -> None:
        """Take note that no page holds the next member, nor those behind it in a list or NDJSON."""

    def envelope(self, fields: Fields) -> None:
        """Take what stands beside the members of a page object, so far or in all."""


class Document:
    """The members of one document, found in its blocks of bytes.

    `name` is what an error calls the document: a path, or the URL path of a page. Without `quotes`,
    no error repeats what stands in it. One member, or one value beside the members, may take
    `limit` bytes.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        name: str,
        rows: Rows,
        *,
        quotes: bool = True,
        limit: int = LIMIT,
    ) -> None:
        self._blocks = blocks
        self._name = name
        self._rows = rows
        self._quotes = quotes
        self._limit = limit
        self._buffer = b""
        self._at = 0  # the first byte of the buffer that is not yet done with
        self._ahead: deque[bytes] = deque()  # blocks that were read and are not looked at yet
        self._read = 0
        self._objects = self._pages = 0
        self._blank_lines = 0  # bytes of them, up to here
        self._lines_before = 0
        self._counted = self._lines = 0  # bytes of the buffer whose lines are counted, and these
        self._column_before = 0  # bytes of the buffer's first line that came before the buffer

    def batches(self) -> Iterator[list[Member]]:
        """Yield the members, some hundreds at a time; raise InvalidData where they end wrongly."""
        while len(self._buffer) < _WIDEST and self._fill():
            pass
        if (found := _wide(self._buffer)) is not None:
            raise InvalidData(f"{self._name}: {found} text, expected UTF-8", SAVE_AS_UTF_8)
        first = self._first_byte()
        if first is None:
            raise InvalidData(f"{self._name}: empty, expected a roster in JSON")
        if first not in (ord("{"), ord("[")):
            self._not_a_roster(first)
        ended = 0
        while (byte := self._first_byte()) is not None:
            if byte == ord("{"):
                line = self._line(self._at)
                is_page = yield from self._object()
                began, ended = ended < line, self._line(self._at)
                if not is_page and began and ended == line and self._ends_line():
                    yield from self.lines()
            elif byte == ord("["):
                self._at += 1
                yield from self._list()
            else:
                self._broken(self._at, "expected an object or a list")

    def _first_byte(self) -> int | None:
        """Go to where a value at the top begins, past a byte order mark, and give its first byte.

        One stands before each export where several have been put together, and two where a program
        put one before text that began with one.
        """
        while (byte := self._peek()) == _BOM[0]:
            self._drop()
            while len(self._buffer) < len(_BOM) and self._fill():
                pass
            if not self._buffer.startswith(_BOM):
                break
            self._at = len(_BOM)
        return byte

    # What a document is made of

    def _list(self) -> Iterator[list[Member]]:
        """Read a list at the top, of members or of page objects; its bracket is behind us."""
        first = True
        pages = False
        while self._element(first):
            if first or pages:
                pages = yield from self._object()
            else:
                yield from self._run()
            first = False

    def _members(self) -> Iterator[list[Member]]:
        """Read the members of a page object; the bracket of their list is behind us."""
        first = True
        while self._element(first):
            yield from self._run()
            first = False

    def _element(self, first: bool) -> bool:
        """Go to the next element of a list, or past its end; tell which."""
        byte = self._peek()
        if byte == ord("]"):
            self._at += 1
            return False
        if not first:
            if byte is not None and byte != ord(","):
                self._broken(self._at, "expected a comma or the end of the list")
            self._at += 1
            byte = self._peek()
        if byte is None:
            self._truncated()
        if byte == ord("]"):
            self._broken(self._at, "expected a member after the comma")
        return True

    def _run(self) -> Iterator[list[Member]]:
        """Read as many elements of a list as lie in the buffer, at least one."""
        self._drop()
        if len(self._buffer) < BLOCK:
            self._fill()
        cut = _guess(self._buffer)
        members = self._rows.together(self._buffer[:cut]) if cut else None
        if members is None and (
            shallow := _shallow_members().match(self._buffer, 0, _LONGEST_SHALLOW)
        ):
            cut = shallow.end()
            members = self._rows.together(self._buffer[:cut])
        if members is None:
            elements, cut = self._count_brackets()
            members = self._rows.one_by_one(elements)
        self._at = cut
        yield members

    def _count_brackets(self) -> tuple[list[tuple[bytes, int]], int]:
        """Cut the elements that lie whole in the buffer, at least one, and say where they end."""
        elements = []
        at, end = 0, self._end(0)
        while True:
            elements.append((self._buffer[at:end], self._line(at)))
            at = self._after_space(end)
            if self._buffer[at : at + 1] != b",":
                return elements, end
            at = self._after_space(at + 1)
            next_end = _value_end(self._buffer, at)
            if next_end <= at:
                return elements, end
            end = next_end

    def _object(self) -> Generator[list[Member], None, bool]:
        """Read a page object, or else one member; return whether it was a page object."""
        if self._at > BLOCK:
            self._drop()
        fields: Fields = []
        is_page = is_member = False
        lists = size = values = 0
        start = at = end = self._at
        line = self._line(start)
        if self._buffer[at] == ord("{"):
            at = self._skip(at + 1)
            while self._buffer[at] != ord("}"):
                if fields or is_page:
                    at = self._expect(at, b",", "a comma or the end of the object")
                key, at = self._key(at)
                if key == "results" and self._buffer[at] == ord("[") and not is_member:
                    lists += 1
                    if lists > _MOST_LISTS:
                        self._too_much(at, f"more than {_MOST_LISTS:,} lists of results in a page")
                    self._rows.envelope(fields)
                    self._at = at + 1
                    yield from self._members()
                    is_page, end = True, self._at
                else:
                    end = self._end(at)
                    text = self._buffer[at:end]
                    size += len(key) + len(text)
                    values += values_in(text)
                    self._check_beside(at, len(fields), size, values)
                    fields.append((key, text))
                    is_member = is_member or key == "id"
                at = self._skip(end)
            end = at + 1
            if not is_page:
                self._rows.not_a_page(fields)
        else:
            end = self._end(at)
        self._count_object(at, is_page=is_page)
        if is_page:
            self._rows.envelope(fields)
        else:
            self._rows.bare()
            yield self._rows.one_by_one([(self._buffer[start:end], line)])
        self._at = end
        return is_page

    def _check_beside(self, at: int, names: int, size: int, values: int) -> None:
        """Refuse what takes too much beside the members of a page, or in a member at the top."""
        if names >= _MOST_NAMES:
            self._too_much(at, f"an object of more than {_MOST_NAMES:,} names")
        if size > self._limit:
            self._too_much(at, f"values of more than {self._limit:,} bytes in one object")
        if values > MOST_VALUES:
            self._too_much(at, f"an object of more than {MOST_VALUES:,} values")

    def _count_object(self, at: int, *, is_page: bool) -> None:
        """Refuse many small ones, one by one."""
        self._objects += 1
        self._pages += is_page
        for number, least, what in (
            (self._objects, _LEAST, "objects"),
            (self._pages, _LEAST_PAGE, "pages"),
        ):
            if number > _MANY and self._read < least * number:
                self._too_much(at, f"more than {_MANY:,} {what} of less than {least} bytes each")

    def lines(self) -> Iterator[list[Member]]:
        """Read NDJSON from the second member on: each line is one member, or blank.

        Raises InvalidData.
        """
        number = None
        while True:
            self._drop(number)
            if len(self._buffer) < BLOCK:
                self._fill()
            while not (cut := self._end_of_lines()):
                if not self._fill():
                    cut = len(self._buffer)
                    break
            if not cut:
                return
            lines = self._buffer[:cut]
            self._check_lines(lines)
            number = _count_of_plain(lines)
            yield self._line_run(lines, number)
            self._at = cut

    def _end_of_lines(self) -> int:
        """Give where the last line ends of those that are looked at together; 0 for nowhere."""
        return self._buffer.rfind(b"\n", 0, _WINDOW) + 1 or self._buffer.find(b"\n", _WINDOW) + 1

    def _check_lines(self, lines: bytes) -> None:
        """Refuse a line of too many values, and too many blank lines."""
        self._blank_lines = 0 if lines.strip() else self._blank_lines + len(lines)
        if self._blank_lines > self._limit:
            self._too_much(0, f"more than {self._limit:,} bytes of nothing but white space")
        self._check_values(0, len(lines))

    def _line_run(self, lines: bytes, plain: int | None) -> list[Member]:
        """Read lines of NDJSON, which joined are a list if no line is two members.

        Of so many `plain` lines, each holds one pair of braces: as many members as lines means that
        each line is one. So it is where each line ends in a brace and none holds `},{`: every place
        where one member could end and the next begin is a joint.
        """
        if plain:
            members = self._rows.together(lines[:-1].replace(b"\n", b","), plain)
            if members is not None:
                return members
        filled = [line for line in lines.split(b"\n") if line]
        ends = {line[-1] for line in filled}
        if not ends <= {ord("}")}:
            filled = [line for each in filled if (line := each.strip(_BLANKS))]
            ends = {line[-1] for line in filled}
        if ends <= {ord("}")} and not any(map(_AFTER_OBJECT.search, filled)):
            members = self._rows.together(b",".join(filled), len(filled))
            if members is not None:
                return members
        # A byte order mark stands before each file where several have been put together.
        unmarked = (_MARKS.sub(b"", line, 1) for line in lines.split(b"\n"))
        numbered = enumerate(unmarked, self._lines_before + 1)
        return self._rows.one_by_one([(line, at) for at, line in numbered if line.strip(_BLANKS)])

    # The buffer

    def _fill(self) -> bool:
        """Read on: a block, or as much again as the buffer holds. False at the end."""
        if len(self._buffer) - self._at > self._limit:
            self._too_much(self._at, f"a member or value of more than {self._limit:,} bytes")
        blocks = []
        wanted = max(BLOCK, len(self._buffer))
        while wanted > 0 and (block := self._block()) is not None:
            blocks.append(block)
            wanted -= len(block)
        self._buffer += b"".join(blocks)
        return bool(blocks)

    def _block(self) -> bytes | None:
        if self._ahead:
            return self._ahead.popleft()
        block = next(self._blocks, None)
        if block is not None:
            self._read += len(block)
        return block

    def _drop(self, lines: int | None = None) -> None:
        """Let go of what is done with, so many lines if they have been counted.

        Offsets into the buffer change. Of what is left no more than a window stays in it: to drop
        a little of much, time and again, would take the square of the time.
        """
        newline = self._buffer.rfind(b"\n", 0, self._at)
        if lines is None:  # to count takes as long as to read, and many a page is one line
            lines = self._line(self._at) - 1 - self._lines_before if newline >= 0 else 0
        self._lines_before += lines
        self._counted = self._lines = 0
        self._column_before = self._at - newline - 1 + (newline < 0) * self._column_before
        end = self._at + _WINDOW
        if len(self._buffer) > end:
            pieces = range(end, len(self._buffer), BLOCK)
            self._ahead.extendleft(self._buffer[at : at + BLOCK] for at in reversed(pieces))
        self._buffer, self._at = self._buffer[self._at : end], 0

    def _peek(self) -> int | None:
        """Go to the next byte that is not white space and give it; None at the end."""
        began = self._read
        while True:
            self._at = self._after_space(self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            self._drop()
            if self._read - began > self._limit:
                self._too_much(0, f"more than {self._limit:,} bytes of nothing but white space")
            if not self._fill():
                return None

    def _skip(self, at: int) -> int:
        """Give the next place at or after `at` that is not white space."""
        while (at := self._after_space(at)) == len(self._buffer):
            if not self._fill():
                self._truncated()
        return at

    def _after_space(self, at: int) -> int:
        match = _SPACE.match(self._buffer, at)
        return match.end() if match else at

    def _ends_line(self) -> bool:
        """Whether nothing but blanks stands between here and the end of the line."""
        at = self._at
        while (blank := _BLANK.match(self._buffer, at)) and blank.end() == len(self._buffer):
            at = blank.end()
            if not self._fill():
                return True
        return blank is not None and self._buffer[blank.end()] == ord("\n")

    def _end(self, at: int) -> int:
        """Give the end of the JSON value at `at`, reading on until it is there.

        Raises InvalidData for one that holds too many others.
        """
        while (end := _value_end(self._buffer, at)) < 0:
            if end == _TOO_DEEP:
                self._broken(at, "recursion limit exceeded")
            self._check_values(at, len(self._buffer))
            if not self._fill():
                if _SCALAR.fullmatch(self._buffer, at):
                    return len(self._buffer)
                self._truncated()
        if end == at:
            self._broken(at, "expected a value")
        self._check_values(at, end)
        return end

    def _check_values(self, at: int, end: int) -> None:
        """Refuse a member, or a value beside the members, that is large and holds many others."""
        if end - at > _LARGE and values_in(self._buffer[at:end]) > MOST_VALUES:
            self._too_much(at, f"a member or value of more than {MOST_VALUES:,} values")

    def _key(self, at: int) -> tuple[str, int]:
        """Read the name at `at` and its colon; give the name and where its value begins."""
        if self._buffer[at] != ord('"'):
            self._broken(at, "expected a name in quotes")
        end = self._end(at)
        try:
            key: str = from_json(self._buffer[at:end])
        except ValueError:
            self._broken(at, "a name that is not valid text")
        return key, self._expect(self._skip(end), b":", "a colon")

    def _expect(self, at: int, byte: bytes, what: str) -> int:
        if self._buffer[at : at + 1] != byte:
            self._broken(at, f"expected {what}")
        return self._skip(at + 1)

    # What can be wrong

    def _line(self, at: int) -> int:
        """Give the line of a byte of the buffer; it is quick if these are asked for in order."""
        if at < self._counted:
            return self._lines_before + self._buffer.count(b"\n", 0, at) + 1
        self._lines += self._buffer.count(b"\n", self._counted, at)
        self._counted = at
        return self._lines_before + self._lines + 1

    def _place(self, at: int) -> str:
        newline = self._buffer.rfind(b"\n", 0, at)
        column = at - newline if newline >= 0 else self._column_before + at + 1
        return f"{self._name}:{self._line(at)}:{column}"

    def _broken(self, at: int, what: str) -> NoReturn:
        found = shortened(self._buffer[at : at + 40].decode(errors="replace"), 20)
        raise InvalidData(
            f"{self._place(at)}: invalid JSON: {what}"
            + (f", found {found!r}" if self._quotes else ""),
            SAVE_AGAIN,
        )

    def _too_much(self, at: int, what: str) -> NoReturn:
        raise InvalidData(
            f"{self._place(at)}: {what}; {self._read:,} bytes were read",
            NO_ROSTER,
        )

    def _truncated(self) -> NoReturn:
        raise InvalidData(
            f"{self._name}:{self._line(len(self._buffer))}: the JSON ends in the middle",
            SAVE_AGAIN,
        )

    def _not_a_roster(self, first: int) -> NoReturn:
        start = self._buffer[self._at : self._at + BLOCK]
        if first == ord("<"):
            named = title_in(start.decode(errors="replace")) if self._quotes else ""
            what = "a web page (HTML)" + (f" titled {shortened(named)!r}" if named else "")
        elif self._quotes:
            what = repr(shortened(start[:80].decode(errors="replace"), 30))
        else:
            what = "something else"
        raise InvalidData(
            f"{self._name}: found {what}, expected a roster in JSON",
            NAME_A_ROSTER,
        )


def _count_of_plain(lines: bytes) -> int | None:
    """Count the lines if each ends and holds one pair of braces, be it in a text; None if not."""
    marks = lines.translate(None, _NO_MARKS)
    number = len(marks) // len(_PLAIN_LINE)
    return number if marks == _PLAIN_LINE * number else None


def _wide(start: bytes) -> str | None:
    """Return how text is encoded whose characters take two bytes or four; None for UTF-8.

    JSON begins with ASCII and holds no zero byte, so these show even without a mark.
    """
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    match start[:_WIDEST].count(0):
        case 3:
            return "UTF-32"
        case 1 | 2 if 0 in start[:2]:
            return "UTF-16"
    return None


def values_in(text: bytes | bytearray) -> int:
    """Count the values in the beginning of a JSON text, or a few more."""
    number = sum(map(text.count, _BEFORE_VALUES))
    if number > MOST_VALUES:  # some of which may stand in strings
        number = sum(map(_ANY_STRING.sub(b"", text).count, _BEFORE_VALUES))
    return number


def _value_end(buffer: bytes, at: int) -> int:
    """Give the end of the JSON value at `at`; `at` if none is there, below 0 if it may go on."""
    byte = buffer[at : at + 1]
    if byte == b'"':
        text = _STRING.match(buffer, at)
        return text.end() if text else -1
    if byte not in (b"{", b"["):
        scalar = _SCALAR.match(buffer, at)
        end = scalar.end() if scalar else at
        return -1 if end == len(buffer) else end
    depth = 0
    for _ in range(_FEW_BRACKETS):
        depth += 1 if byte in (b"{", b"[") else -1
        at += 1
        if not depth:
            return at
        skipped = _TO_BRACKET.match(buffer, at)
        at = skipped.end() if skipped else at
        byte = buffer[at : at + 1]
        if byte in (b"", b'"'):
            return -1
    return _end_of_many(buffer, at, depth)


def _end_of_many(buffer: bytes, at: int, depth: int) -> int:
    """Give the end of a value so deep within which `at` is; -1 if it may go on.

    Values that are not deep are passed over as one, which takes a tenth of the time. Gives
    `_TOO_DEEP` for one that no parser takes.
    """
    shallow = _shallow_values()
    while depth:
        if depth > _MOST_LEVELS:
            return _TOO_DEEP
        passed = shallow.match(buffer, at, at + _LONGEST_SHALLOW)
        at = passed.end() if passed else at
        match buffer[at : at + 1]:
            case b"":
                return -1
            case b'"':  # it goes on behind what was looked at
                text = _STRING.match(buffer, at)
                if text is None:
                    return -1
                at = text.end()
            case b"{" | b"[":
                depth, at = depth + 1, at + 1
            case b"}" | b"]":
                depth, at = depth - 1, at + 1
    return at


def _shallow() -> bytes:
    """Give a pattern of values with at most three levels of others, and of what is between them."""
    flat = rb'[^"{}\[\]]++|%b' % STRING
    inside = b"(?>(?:%b)*)" % flat
    for _ in range(3):
        inside = rb"(?>(?:%b|\{%b\}|\[%b\])*)" % (flat, inside, inside)
    return inside


@cache
def _shallow_values() -> re.Pattern[bytes]:
    return re.compile(_shallow(), re.DOTALL)


@cache
def _shallow_members() -> re.Pattern[bytes]:
    """Match comma-separated objects that hold at most three levels of other values."""
    inside = _shallow()
    return re.compile(rb"\{%b\}(?>(?:\s*+,\s*+\{%b\})*)" % (inside, inside), re.DOTALL)


def joint(text: bytes) -> int | None:
    """Guess at which comma a list of members, some of which lie in `text`, can be cut.

    `text` may begin and end anywhere. None for no idea. A list within a member mostly shows in that
    it soon ends; that the guess is right, only a reader of all that stands before it can prove.
    """
    at = 0
    while found := _JOINT.search(text, at):
        at, elements = found.end() - 1, 0
        while (end := _value_end(text, at)) > at:
            elements += 1
            following = _COMMA.match(text, end)
            if following is None:
                break
            at = following.end()
        if end < 0 or elements >= _ENOUGH:
            return found.start(1)
        at = max(end, found.end())
    return None


def told_behind(end: bytes) -> dict[str, object] | None:
    """Guess from the last bytes of a page object what stands behind its members; None: no idea.

    That is the most that can be taken for the end of an object: a list may stand in it.
    """
    told: dict[str, object] | None = None
    at = len(end)
    for _ in range(_BRACKETS):
        at = end.rfind(b"]", 0, at)
        if at < 0:
            break
        with suppress(ValueError):
            told = from_json(b"{" + end[at + 1 :].strip().removeprefix(b","))
    return told


def _guess(buffer: bytes) -> int:
    """Guess where a list of whole members at the start of `buffer` can be cut; 0 for no idea."""
    if b"]" in buffer and (end := _END_OF_LIST.search(buffer)):
        return end.start() + 1
    at = len(buffer)
    for _ in range(32):
        at = buffer.rfind(b"{", 0, at)
        if at <= 0:
            break
        if joint := _NEXT_MEMBER.search(buffer, max(0, at - 64), at):
            return joint.start() + 1
    return 0
