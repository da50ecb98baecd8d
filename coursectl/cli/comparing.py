"""What `changes` and `report --since` have in common: two rosters, and what cannot be told."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coursectl.errors import UsageError
from coursectl.printable import shortened
from coursectl.roster.change_kind import OF_WHO_CAME, OF_WHO_WENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coursectl.comparison import Comparison
    from coursectl.roster.changes import Changes
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.settings import Settings
    from coursectl.sources.export import Export
    from coursectl.sources.interface import Source
    from coursectl.streams import Talk


def export_before(option: str, before: str, after: str | None) -> "Export":
    """Give the export to compare with. Raises UsageError for a course as it is now.

    `option` is what `before` was given as.
    """
    from coursectl.sources.export import STDIN
    from coursectl.sources.resolve import export_of

    if not before.strip():
        raise UsageError(f"{option} is empty", "Name an export, or leave it out.")
    if before == after == STDIN:
        raise UsageError("stdin can be read once", "Give - once.")
    export = export_of(before)
    if export is None:
        raise UsageError(
            f"{option} {shortened(before)!r} is not an export, and only these know what was",
            "Save its roster with coursectl export COURSE -o FILE, and compare with FILE later.",
        )
    return export


def roster_after(
    comparison: "Comparison",
    export: "Export",
    after: str | None,
    settings: "Callable[[], Settings]",
    pseudonyms: "Pseudonyms | None",
    talk: "Talk",
) -> "Source":
    """Give the source of the roster to compare with that before, which has been taken.

    It is the course of `export` as it is now, unless another one is named. Raises UsageError for
    what cannot be compared; as far as that is known already, nothing is sent.
    """
    from coursectl.roster.member import Provenance
    from coursectl.sources.resolve import export_of, resolve

    if after is None:
        id_ = comparison.before.course_id
        if id_ is None:
            raise UsageError(
                f"{export.name} does not say which course it is of", "Name AFTER as well."
            )
        after = str(id_)
    elif export_of(after) is not None:
        return resolve([after], settings, talk.wait)[0]

    def check(course: dict[str, object]) -> None:
        mark = None if pseudonyms is None else pseudonyms.mark
        now = datetime.now(UTC)
        comparison.check(Provenance(settings().url, course, now, mark), "the course now")

    check({})
    (source,) = resolve([after], settings, talk.wait)
    check({"id": source.course_id})
    return source


def untold(found: "Changes", before: str, after: str) -> "Iterator[tuple[str, ...]]":
    """Say which changes cannot be told, and why."""
    names = [
        name
        for name, side in ((before, found.before), (after, found.after))
        if side.fetched_at is None
    ]
    if names:
        yield (
            f"{' and '.join(names)}: not known when fetched, so nobody is told to be newly silent,"
            " and which is the older one is not checked",
            "coursectl export saves when.",
        )
    for kinds, name in ((OF_WHO_CAME, before), (OF_WHO_WENT, after)):
        if untold := [kind for kind in kinds if kind in found.unknown]:
            yield (
                f"{name}: not everybody is known who is in it, so nobody is told to have"
                f" {', '.join(untold)}",
            )
