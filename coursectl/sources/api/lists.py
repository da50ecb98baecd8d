"""All pages of a short list that is in no order, such as that of the courses of whoever asks."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from coursectl.sources.api.walk import refuse_endless

if TYPE_CHECKING:
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Api

PAGE_SIZE = 100
"""Rows asked for in one request; the server may grant fewer."""

_WALKS = 6
"""Times that a list of several pages is walked, when it does not stand still."""

Row = TypeVar("Row", bound=Mapping[str, Any])


@dataclass(frozen=True, slots=True)
class ListWalk(Generic[Row]):
    """What was on all pages of a list."""

    found: dict[int | None, Row]
    """Its rows, by id."""
    counts: frozenset[int]
    """How many there were, as each page said."""
    count: int
    """The same, as the last one said."""
    pages: int
    is_same: bool = False
    """Whether the walk before found the same, and no count moved."""
    number: int = 1
    """Which of the walks over the list this is."""

    @property
    def is_proved(self) -> bool:
        """Whether these were all that there were at one moment."""
        return self.is_as_counted and (self.pages == 1 or self.is_same)

    @property
    def is_as_counted(self) -> bool:
        """Whether as many rows were found as each page said."""
        return self.counts == {len(self.found)}

    def is_same_as(self, before: "ListWalk[Row]") -> bool:
        """Whether both found the same, and no count moved."""
        return (
            len(self.counts) == 1
            and self.counts == before.counts
            and self.found.keys() == before.found.keys()
        )


def walk_list(
    api: "Api",
    path: str,
    query: dict[str, str | int],
    parse: Callable[..., tuple[int, list[Row]]],
    *,
    ahead: int,
) -> ListWalk[Row]:
    """Fetch the pages of a list, up to `ahead` at once; one with no row that is new ends it.

    Raises what `Api.get` raises, and InvalidData, for a list without end too.
    """
    found: dict[int | None, Row] = {}
    counts: list[int] = []
    under_way: deque[tuple[int, int, Future[Answer]]] = deque()

    def ask(start: int, end: int) -> None:
        answer = api.ask(path, query | {"limit": end - start, "offset": start})
        under_way.append((start, end, answer))

    ask(0, PAGE_SIZE)
    try:
        while under_way:
            start, end, awaited = under_way.popleft()
            answer = api.wait_for(awaited)
            count, rows = parse(answer.body, answer.where, quotes=api.quotes)
            counts.append(count)
            known = len(found)
            found |= {row["id"]: row for row in rows}
            if len(found) == known:
                break
            if start == 0:
                end = granted = planned = len(rows)
            refuse_endless(answer.where, len(counts), counts[0], granted, f"{len(found):,} rows")
            if (rest := start + len(rows)) < min(end, count):
                ask(rest, end)  # the server granted fewer this time
            while len(under_way) < ahead and planned < count:
                ask(planned, planned + granted)
                planned += granted
    finally:
        for _, _, awaited in under_way:
            awaited.cancel()
    return ListWalk(found, frozenset(counts), counts[-1], len(counts))


def whole_list(
    api: "Api",
    path: str,
    query: dict[str, str | int],
    parse: Callable[..., tuple[int, list[Row]]],
) -> ListWalk[Row]:
    """Fetch a list until it is proved, or it keeps changing; raises what `walk_list` does.

    Several pages are of several moments, so the list is walked until two walks in a row found the
    same rows, and as many as the server said all the time: these were they between the two.
    """
    before: ListWalk[Row] | None = None
    for number in range(1, _WALKS + 1):
        walk = walk_list(api, path, query, parse, ahead=2 * api.concurrency)
        is_same = before is not None and walk.is_same_as(before)
        walk = replace(walk, is_same=is_same, number=number)
        if walk.is_proved or is_same:
            break
        before = walk
    return walk
