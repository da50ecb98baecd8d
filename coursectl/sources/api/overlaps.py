"""What the overlaps between the pages of one walk show of the order of the list."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursectl.roster.glance import Glance
    from coursectl.sources.api.walk import Page

_NEVER = datetime.min.replace(tzinfo=UTC)

_MOST_OPEN = 32
"""Overlaps that are refetched."""

Key = tuple[int, datetime]
"""What the server sorts a row by."""


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """Where one page ends and a later one goes on, with rows that no order tells apart."""

    start: int
    """The offset of the first of these rows, as far as the two pages show it."""
    end: int
    """The offset behind the last of them."""
    keys: tuple[Key, Key] | None
    """The last key of the earlier page and the first of the later one, if both are in order."""

    def centred(self, rows: int) -> int:
        """Return the offset of a page of so many rows with these in the middle."""
        return max(0, (self.start + self.end - rows) // 2)


class Overlaps:
    """The overlaps of one walk, looked at in the order of their offsets."""

    def __init__(self, first: "Glance") -> None:
        self.open: list[Overlap] = []
        """Overlaps that are not strict; the first few of them, if there are many."""
        self.are_aligned = True
        """Whether rows at the same offset always had the same key."""
        self._not_strict = 0
        self._null: Key = (0 if first.joined_at[:1] == (None,) else 2, _NEVER)
        # The later page of one overlap is the earlier one of the next.
        self._last: tuple[Glance, list[Key], bool] | None = None

    @property
    def are_strict(self) -> bool:
        """Whether each page begins strictly before the last row of the page before it."""
        return not self._not_strict

    def can_be_bridged(self, rows: int) -> bool:
        """Return whether pages of so many rows, one for each that is open, may show all strict."""
        return len(self.open) == self._not_strict and all(
            overlap.keys is not None and overlap.end - overlap.start + 2 <= rows
            for overlap in self.open
        )

    def check(self, page: "Page", later: "Page") -> None:
        """Look at two pages that should overlap."""
        if not later.glance.ids:
            self._not_strict += later.offset < later.glance.count
            return
        keys, is_sorted = self._keys(page.glance)
        later_keys, later_is_sorted = self._keys(later.glance)
        shared = page.end - later.offset
        if shared > 0 and keys[-shared:][: len(later_keys)] != later_keys[:shared]:
            self.are_aligned = False
        are_sorted = is_sorted and later_is_sorted
        if are_sorted and later_keys[0] < keys[-1]:
            return
        self._not_strict += 1
        if len(self.open) < _MOST_OPEN:
            tied = next((n for n, key in enumerate(reversed(keys)) if key != keys[-1]), len(keys))
            behind = next(
                (n for n, key in enumerate(later_keys) if key > keys[-1]), len(later_keys)
            )
            self.open.append(
                Overlap(
                    page.end - tied,
                    max(page.end, later.offset + behind),
                    (keys[-1], later_keys[0]) if are_sorted else None,
                )
            )

    def bridge(self, overlap: Overlap, page: "Page") -> None:
        """Look at an overlap again, by way of a page that holds rows of both sides."""
        if not page.glance.ids or overlap.keys is None:
            return
        keys, is_sorted = self._keys(page.glance)
        last, first = overlap.keys
        if is_sorted and keys[0] < last and first < keys[-1]:
            self.open.remove(overlap)
            self._not_strict -= 1

    def _keys(self, glance: "Glance") -> tuple[list[Key], bool]:
        """Return the keys of a page, and whether they are in order."""
        if self._last is None or glance is not self._last[0]:
            keys = [self._null if at is None else (1, at) for at in glance.joined_at]
            self._last = glance, keys, keys == sorted(keys)
        return self._last[1], self._last[2]
