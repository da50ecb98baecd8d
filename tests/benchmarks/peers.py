"""Other tools at coursectl's job: the members who have joined, eight columns, CSV on stdout.

Each does it the shortest way that its documentation offers, and where there were two, the faster
one. None validates a row or notices a repeated one; each writes a null and a number as it pleases.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.rosters import Shape
from tests.running import COURSECTL as _RUN_COURSECTL

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


@dataclass(frozen=True, eq=False, slots=True)
class Peer:
    """A tool and how it is run."""

    name: str
    version: tuple[str, ...]
    """The command that prints its version, and fails where it is not installed."""
    commands: Mapping[Shape, tuple[str, ...]]
    """The command for an export of each shape, without the export's path, which comes last."""

    def command(self, shape: Shape, export: Path) -> tuple[str, ...]:
        """Give the command that does the job."""
        return (*self.commands[shape], str(export))


COURSECTL = Peer(
    "coursectl",
    (*_RUN_COURSECTL, "--version"),
    dict.fromkeys(Shape, (*_RUN_COURSECTL, "members", "--status", "joined", "--csv")),
)


def _jq() -> Peer:
    each = {
        Shape.PAGE: "inputs.results[]",
        Shape.LIST: "inputs[]",
        Shape.NDJSON: "inputs",
        Shape.PAGES: "inputs.results[]",
    }
    values = ", ".join(f".{field}" for field in _FIELDS)
    wanted = 'select(.join_status == "joined")'
    return Peer(
        "jq",
        ("jq", "--version"),
        {
            shape: ("jq", "-nr", f"[{_QUOTED_FIELDS}], ({members} | {wanted} | [{values}]) | @csv")
            for shape, members in each.items()
        },
    )


def _miller() -> Peer:
    wanted = ("filter", '$join_status == "joined"', "then", "cut", "-o", "-f", ",".join(_FIELDS))
    # A page object is one record to Miller, with a list in a field.
    row = f"mapselect(member, {_QUOTED_FIELDS})"
    of_page = f'if (member["join_status"] == "joined") {{ emit1 {row} }}'
    in_page = (
        "mlr",
        "--ijson",
        "--ocsv",
        "put",
        "-q",
        f"for (_, member in $results) {{ {of_page} }}",
    )
    return Peer(
        "Miller",
        ("mlr", "--version"),
        {
            Shape.PAGE: in_page,
            Shape.LIST: ("mlr", "--ijson", "--ocsv", *wanted),
            Shape.NDJSON: ("mlr", "--ijsonl", "--ocsv", *wanted),
            Shape.PAGES: in_page,
        },
    )


def _package(name: str, package: str, scripts: Mapping[Shape, str]) -> Peer:
    """Give a peer that is a Python package; a script finds the export's path in `path`."""
    start = f"import sys\npath = sys.argv[1]\nfields = {_FIELDS!r}\n"
    return Peer(
        name,
        (sys.executable, "-c", f"import {package}; print({package}.__version__)"),
        {
            shape: (sys.executable, "-c", f"{start}import {package}\n{script}")
            for shape, script in scripts.items()
        },
    )


_DUCKDB_ROWS = """
columns = dict.fromkeys(fields, 'VARCHAR')
duckdb.execute(f'''
    COPY (
        SELECT * FROM read_json($path, format = {layout!r}, columns = {columns})
        WHERE join_status = 'joined'
    ) TO '/dev/stdout' (FORMAT csv, HEADER)
''', {'path': path})
"""

_DUCKDB_PAGES = """
import os
row = ', '.join(f'{field} VARCHAR' for field in fields)
duckdb.execute(f'''
    COPY (
        SELECT member.* FROM (
            SELECT unnest(results) AS member FROM read_json(
                $path, format = {layout!r}, columns = {{results: 'STRUCT({row})[]'}},
                maximum_object_size = {max(2**24, os.path.getsize(path))}
            )
        ) WHERE member.join_status = 'joined'
    ) TO '/dev/stdout' (FORMAT csv, HEADER)
''', {'path': path})
"""


def _duckdb() -> Peer:
    return _package(
        "DuckDB",
        "duckdb",
        {
            Shape.PAGE: f"layout = 'unstructured'{_DUCKDB_PAGES}",
            Shape.LIST: f"layout = 'array'{_DUCKDB_ROWS}",
            Shape.NDJSON: f"layout = 'newline_delimited'{_DUCKDB_ROWS}",
            Shape.PAGES: f"layout = 'newline_delimited'{_DUCKDB_PAGES}",
        },
    )


_POLARS_ROWS = """
row = dict.fromkeys(fields, polars.String)
rows = polars.{read}(path, schema=row).lazy()
rows.filter(polars.col('join_status') == 'joined').select(fields).sink_csv(sys.stdout.buffer)
"""

_POLARS_PAGES = """
row = dict.fromkeys(fields, polars.String)
pages = polars.{read}(path, schema={{'results': polars.List(polars.Struct(row))}}).lazy()
rows = pages.select(polars.col('results').explode().struct.unnest())
rows.filter(polars.col('join_status') == 'joined').select(fields).sink_csv(sys.stdout.buffer)
"""


def _polars() -> Peer:
    return _package(
        "polars",
        "polars",
        {
            Shape.PAGE: _POLARS_PAGES.format(read="read_json"),
            Shape.LIST: _POLARS_ROWS.format(read="read_json"),
            Shape.NDJSON: _POLARS_ROWS.format(read="scan_ndjson"),
            Shape.PAGES: _POLARS_PAGES.format(read="scan_ndjson"),
        },
    )


_PANDAS = """
import json

def frame(rows):
    return pandas.DataFrame(rows, dtype=object)

for number, rows in enumerate({frames}):
    rows = rows[rows['join_status'] == 'joined']
    rows.to_csv(sys.stdout, columns=fields, index=False, header=not number)
"""


def _pandas() -> Peer:
    frames = {
        Shape.PAGE: "[frame(json.load(open(path, 'rb'))['results'])]",
        Shape.LIST: "[frame(json.load(open(path, 'rb')))]",
        Shape.NDJSON: "pandas.read_json(path, lines=True, chunksize=10_000, dtype=False)",
        Shape.PAGES: "[pandas.concat(frame(json.loads(p)['results']) for p in open(path, 'rb'))]",
    }
    return _package(
        "pandas",
        "pandas",
        {shape: _PANDAS.format(frames=each) for shape, each in frames.items()},
    )


PEERS = (_jq(), _miller(), _duckdb(), _polars(), _pandas())
