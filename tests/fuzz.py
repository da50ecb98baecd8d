"""Look for exports that coursectl reads or writes otherwise than it should, branch by branch.

By hand, with atheris, which learns from an input whether it leads anywhere new:

    pip install atheris
    python -m tests.fuzz --minutes 10

Half of the inputs are exports as they stand, beginning with one of each shape; the others choose
what `tests.hostile` makes. What was found worth keeping is in `coursectl-fuzz` below the system's
folder for temporary files, and so is an input that ended the run by making a difference.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from random import Random

_CHOOSING = 8
"""Bytes that choose how an export that stands there is cut."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes

    import atheris

    # Which of its branches are taken is seen of what is imported here for the first time.
    with atheris.instrument_imports(include=["coursectl"]):
        from tests.hostile import Choices, Cut, compare, hostile_export, some_cut

    def try_one(data: bytes) -> None:
        stands_there = data[:1] == b"\0"
        choices = Choices(data[1 : _CHOOSING + 1] if stands_there else data[1:])
        cut = some_cut(choices)
        compare(data[_CHOOSING + 1 :] if stands_there else hostile_export(choices), Cut(), cut)

    folder = Path(tempfile.gettempdir()) / "coursectl-fuzz"
    corpus = folder / "corpus"
    if not corpus.exists():
        _begin(corpus)
    limits = (f"-max_total_time={minutes * 60:.0f}", "-max_len=4096", "-timeout=60")
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", str(corpus)], try_one)
    atheris.Fuzz()


def _begin(corpus: Path) -> None:
    from tests.roster.strategies import EXPORT_SHAPES

    corpus.mkdir(parents=True)
    rows = [{"id": 1, "real_name": 'a},{"}]', "x": [{}]}, {"id": 2, "joined_at": None}, {"id": 3}]
    for name, shape in EXPORT_SHAPES.items():
        (corpus / name).write_bytes(bytes(_CHOOSING + 1) + shape(rows))
    source = Random(1)
    for number in range(200):
        (corpus / f"choices {number}").write_bytes(b"\1" + source.randbytes(200))


if __name__ == "__main__":
    main()
