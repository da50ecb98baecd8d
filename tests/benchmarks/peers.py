"""Other tools at coursectl's job: the members who have joined, eight columns, CSV on stdout.

In the order of the export, or the furthest first: by `user_completion_rate`, nulls last, equals by
id. Each does it the shortest way that its documentation offers, and where there were two, the
faster one. None validates a row or notices a repeated one; each writes a null and a number as it
pleases.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.rosters import Shape

COURSECTL_SCRIPT = (str(Path(sys.executable).with_name("coursectl")),)
"""What people run."""

_FIELDS = (
    "id",
    "username",
    "real_name",
    "avatar",
    "join_status",
    "user_completion_rate",
    "last_active_at",
    "joined_at",
)
_QUOTED_FIELDS = ", ".join(f'"{field}"' for field in _FIELDS)
_ORDER = "user_completion_rate"


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for, of an export of which shape."""

    shape: Shape
    is_sorted: bool = False


Command = tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Peer:
    """A tool and how it is run."""

    name: str
    version: Command
    """The command that prints its version, and fails where it is not installed."""
    command: Callable[[Task], Command]
    """Gives the command for a task without the export's path, which comes last."""


def _coursectl(task: Task) -> Command:
    order = ("--sort", f"-{_ORDER}") if task.is_sorted else ()
    return (*COURSECTL_SCRIPT, "members", "--status", "joined", *order, "--csv")


def _jq(task: Task) -> Command:
    members = "inputs.results[]" if task.shape is Shape.PAGE else "inputs"
    wanted = f'{members} | select(.join_status == "joined")'
    if task.is_sorted:
        wanted = f"[{wanted}] | sort_by(-(.{_ORDER} // -1), .id)[]"
    values = ", ".join(f".{field}" for field in _FIELDS)
    return ("jq", "-nr", f"[{_QUOTED_FIELDS}], ({wanted} | [{values}]) | @csv")


def _miller(task: Task) -> Command:
    order: Command = ()
    if task.is_sorted:
        known = f"$known = is_null(${_ORDER}) ? -1 : ${_ORDER}"
        order = ("then", "put", known, "then", "sort", "-nr", "known", "-nf", "id")
    chosen = (*order, "then", "cut", "-o", "-f", ",".join(_FIELDS))
    if task.shape is Shape.NDJSON:
        wanted = ("filter", '$join_status == "joined"')
        return ("mlr", "--ijsonl", "--ocsv", *wanted, *chosen)
    # A page object is one record to Miller, with a list in a field.
    row = f"mapselect(member, {_QUOTED_FIELDS})"
    of_page = f'if (member["join_status"] == "joined") {{ emit1 {row} }}'
    each = f"for (_, member in $results) {{ {of_page} }}"
    return ("mlr", "--ijson", "--ocsv", "put", "-q", each, *(chosen if order else ()))


_NODE = """
const fs = require('fs');
const path = process.argv[1];
const fields = %(fields)s;
const kept = [];
let text = fields.join(',') + '\\n';

function cell(value) {
  if (value === null) return '';
  if (typeof value !== 'string') return value;
  return /[",\\r\\n]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value;
}
function write(rows) {
  for (const row of rows) {
    text += fields.map((field) => cell(row[field])).join(',') + '\\n';
    if (text.length > 1 << 20) flush();
  }
}
function flush() { fs.writeSync(1, text); text = ''; }

const hasJoined = (row) => row.join_status === 'joined';
const furthest = (a, b) => (b.%(order)s ?? -1) - (a.%(order)s ?? -1) || a.id - b.id;
"""

_NODE_PAGE = """
const rows = JSON.parse(fs.readFileSync(path, 'utf8')).results.filter(hasJoined);
write(%(rows)s);
flush();
"""

_NODE_LINES = """
(async () => {
  let rest = '';
  for await (const chunk of fs.createReadStream(path, {encoding: 'utf8', highWaterMark: 1 << 20})) {
    const lines = (rest + chunk).split('\\n');
    rest = lines.pop();
    %(take)s
  }
  %(end)sflush();
})();
"""


def _node(task: Task) -> Command:
    if task.shape is Shape.PAGE:
        rest = _NODE_PAGE % {"rows": "rows.sort(furthest)" if task.is_sorted else "rows"}
    else:
        joined = "lines.map((line) => JSON.parse(line)).filter(hasJoined)"
        rest = _NODE_LINES % (
            {"take": f"kept.push(...{joined});", "end": "write(kept.sort(furthest)); "}
            if task.is_sorted
            else {"take": f"write({joined});", "end": ""}
        )
    return ("node", "-e", _NODE % {"fields": list(_FIELDS), "order": _ORDER} + rest)


def _package(name: str, package: str, script: Callable[[Task], str]) -> Peer:
    """Give a peer that is a Python package; a script finds the export's path in `path`."""
    start = f"import sys\npath = sys.argv[1]\nfields = {_FIELDS!r}\nimport {package}\n"
    return Peer(
        name,
        (sys.executable, "-c", f"import {package}; print({package}.__version__)"),
        lambda task: (sys.executable, "-c", start + script(task)),
    )


_DUCKDB_ROWS = """
columns = dict.fromkeys(fields, 'VARCHAR')
members = f"read_json($path, format = 'newline_delimited', columns = {columns})"
"""

_DUCKDB_PAGE = """
import os
row = ', '.join(f'{field} VARCHAR' for field in fields)
members = f'''(
    SELECT member.* FROM (
        SELECT unnest(results) AS member FROM read_json(
            $path, format = 'unstructured', columns = {{results: 'STRUCT({row})[]'}},
            maximum_object_size = {max(2**24, os.path.getsize(path))}
        )
    )
)'''
"""

# A job of more than two seconds would draw its progress into the CSV.
_DUCKDB = """
duckdb.execute('SET enable_progress_bar = false')
duckdb.execute(f'''
    COPY (SELECT * FROM {members} WHERE join_status = 'joined' ORDER_BY)
    TO '/dev/stdout' (FORMAT csv, HEADER)
''', {'path': path})
"""


def _duckdb(task: Task) -> str:
    order = f"ORDER BY {_ORDER}::DOUBLE DESC NULLS LAST, id::BIGINT" if task.is_sorted else ""
    members = _DUCKDB_PAGE if task.shape is Shape.PAGE else _DUCKDB_ROWS
    return members + _DUCKDB.replace("ORDER_BY", order)


_POLARS_ROWS = """
row = dict.fromkeys(fields, polars.String)
rows = polars.scan_ndjson(path, schema=row)
"""

_POLARS_PAGE = """
row = dict.fromkeys(fields, polars.String)
page = polars.read_json(path, schema={'results': polars.List(polars.Struct(row))}).lazy()
rows = page.select(polars.col('results').explode().struct.unnest())
"""

_POLARS_SORT = f"""
order = [polars.col('{_ORDER}').cast(polars.Float64), polars.col('id').cast(polars.Int64)]
joined = joined.sort(order, descending=[True, False], nulls_last=True)
"""


def _polars(task: Task) -> str:
    rows = _POLARS_PAGE if task.shape is Shape.PAGE else _POLARS_ROWS
    joined = "joined = rows.filter(polars.col('join_status') == 'joined')\n"
    order = _POLARS_SORT if task.is_sorted else ""
    return f"{rows}{joined}{order}joined.select(fields).sink_csv(sys.stdout.buffer)\n"


_PANDAS = """
import json

for number, rows in enumerate({frames}):
    rows = rows[rows['join_status'] == 'joined']{order}
    rows.to_csv(sys.stdout, columns=fields, index=False, header=not number)
"""

_PANDAS_SORT = f""".sort_values(
        ['{_ORDER}', 'id'], ascending=[False, True], key=pandas.to_numeric
    )"""


def _pandas(task: Task) -> str:
    if task.shape is Shape.PAGE:
        frames = "[pandas.DataFrame(json.load(open(path, 'rb'))['results'], dtype=object)]"
    else:
        frames = "pandas.read_json(path, lines=True, chunksize=10_000, dtype=False)"
        if task.is_sorted:
            frames = f"[pandas.concat({frames})]"
    return _PANDAS.format(frames=frames, order=_PANDAS_SORT if task.is_sorted else "")


COURSECTL = Peer("coursectl", (*COURSECTL_SCRIPT, "--version"), _coursectl)
JQ = Peer("jq", ("jq", "--version"), _jq)
MILLER = Peer("Miller", ("mlr", "--version"), _miller)
NODE = Peer("node", ("node", "--version"), _node)
DUCKDB = _package("DuckDB", "duckdb", _duckdb)
PANDAS = _package("pandas", "pandas", _pandas)
POLARS = _package("polars", "polars", _polars)
