"""A roster as one JSON document, to be read back as an export or by any reader of JSON.

It has the shape of a page of the API: what is known of the roster, then `results`, a member a line
with every field as the server sent it and every number as it wrote it, and last `count`, which only
then is known for every source. `incomplete` says behind it how it showed that members are
missing, where a person took that, and `left_out` whose rows were not valid. `pseudonyms` before the
members says that they are under some.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from coursectl import __version__
from coursectl.render.interface import Batch, Sink
from coursectl.render.json import escaped
from coursectl.roster.member import Provenance
from coursectl.roster.parsing import RowAsWritten

_BETWEEN = b",\n"


def render_export(
    provenance: Provenance,
    batches: Iterable[Batch],
    ending: Callable[[], dict[str, object]],
    out: Sink,
) -> None:
    """Write the document as its members come; its `ending` is asked for once all of them have.

    It is closed only then: reading on may raise CoursectlError.
    """
    out.write(escaped(_opening(provenance)))
    before = b"\n"
    for batch in batches:
        if batch.rows:
            out.write(before + escaped(_lines(batch.rows)))
            before = _BETWEEN
    out.write(b"" if before == b"\n" else b"\n")
    out.write(b"],\n%b\n}\n" % escaped(_fields(ending())))


def _opening(provenance: Provenance) -> bytes:
    missing = {key: None for key in ("id", "name", "slug") if key not in provenance.course}
    fields: dict[str, object] = {
        "coursectl": __version__,
        "community": provenance.community,
        "course": provenance.course | missing,
        "fetched_at": provenance.fetched_at,
        **({"pseudonyms": provenance.pseudonyms} if provenance.pseudonyms else {}),
        "next": None,
        "previous": None,
    }
    return b'{\n%b,\n"results":[' % _fields(fields)


def _fields(fields: dict[str, object]) -> bytes:
    """Give fields of an object, each on a line."""
    return _BETWEEN.join(b"%b:%b" % (to_json(key), to_json(fields[key])) for key in fields)


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Give each row on a line of its own, with commas between."""
    rows = list(rows)
    if any(isinstance(row, RowAsWritten) for row in rows):
        return _BETWEEN.join(
            row.text if isinstance(row, RowAsWritten) else to_json(row) for row in rows
        )
    text = to_json(rows)
    # Where this stands between two rows and nowhere else, it is found natively.
    if text.count(b"},{") == len(rows) - 1:
        return text[1:-1].replace(b"},{", b"}" + _BETWEEN + b"{")
    return _BETWEEN.join(map(to_json, rows))
