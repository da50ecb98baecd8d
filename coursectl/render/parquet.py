"""Parquet: columns with types, for engines that read many files as one data set.

A null is a null, text is exactly what the API sent, moments are in UTC. Rows are written in groups
as they come, so that memory stays flat.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from coursectl import __version__
from coursectl.render.binary import as_file
from coursectl.render.columns import Column, Kind
from coursectl.render.interface import Answer, Sink
from coursectl.render.values import moment_in, raw_values

GROUP = 65_536
"""Rows of a row group, the last one aside."""

_TYPES = {
    Kind.NUMBER: pa.int64(),
    Kind.TEXT: pa.string(),
    Kind.STATUS: pa.string(),
    Kind.PERCENT: pa.float64(),
    Kind.POINTS: pa.float64(),
    Kind.ACTIVITY: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True, slots=True)
class ParquetRenderer:
    """A Parquet file of one column for each column of the answer, under its key.

    Numbers are int64, percentages double, moments timestamps of microseconds in UTC, all else is
    text, with repeated values written once.
    """

    def render(self, answer: Answer, out: Sink) -> None:
        """Write the rows. The end of the file, without which nothing reads it, comes last."""
        schema = pa.schema(
            [(column.key, _TYPES[column.kind]) for column in answer.columns],
            metadata={"coursectl": __version__},
        )
        with as_file(out) as file:
            # Not in a `with` of its own, which would complete what has failed.
            writer = parquet.ParquetWriter(file, schema, compression="zstd")
            for table in _groups(answer, schema):
                writer.write_table(table, row_group_size=GROUP)
            writer.close()


def _groups(answer: Answer, schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in answer.batches:
        if batch.rows:
            waiting.append(_record_batch(raw_values(batch, answer.columns), answer, schema))
            rows += len(batch.rows)
        while rows >= GROUP:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, GROUP)
            waiting = table.slice(GROUP).to_batches()
            rows -= GROUP
    if waiting:
        yield pa.Table.from_batches(waiting)


def _record_batch(rows: list[tuple[Any, ...]], answer: Answer, schema: pa.Schema) -> pa.RecordBatch:
    cells = zip(*rows, strict=True)
    arrays = [_array(values, column) for values, column in zip(cells, answer.columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: tuple[Any, ...], column: Column) -> pa.Array:
    if column.kind in (Kind.ACTIVITY, Kind.DATE):
        values = tuple(None if value is None else moment_in(value) for value in values)
    return pa.array(values, type=_TYPES[column.kind])
