"""From sources to the members that were asked for: read, select, arrange, prove."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from coursectl.aside import Aside, AsideRendered
from coursectl.deadline import check_deadline
from coursectl.errors import CoursectlError, IncompleteRoster
from coursectl.printable import shortened
from coursectl.roster.criteria import Batch, Criteria, Roster
from coursectl.roster.hindsight import Hindsight
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.roster.left_out import LeftOut
from coursectl.roster.member import Provenance
from coursectl.roster.moments import Age, moment_of
from coursectl.roster.parsing import PROVENANCE, Reading
from coursectl.roster.pseudonyms import check_key, naming_nobody
from coursectl.sources.export import Export
from coursectl.sources.interface import Source, no_progress

if TYPE_CHECKING:
    from coursectl.render.columns import Column
    from coursectl.render.interface import PiecewiseRenderer
    from coursectl.roster.member import Member
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.roster.summary import Counting
    from coursectl.sources.interface import OnProgress

_NAMED_STATUSES = 10
"""Undocumented values of `join_status` that are named of one roster."""


class StartOver(Exception):
    """What was supposed of a roster is not so: it has to be read anew."""


class Tolerance(NamedTuple):
    """What a person is ready to accept in a roster."""

    skip_invalid: bool = False
    allow_incomplete: bool = False


_NOTHING = Tolerance()


class Gathering:
    """The wanted members of one or several sources, and what is to be said of them.

    `now` is the present, UTC; `as_of` is the moment that ages are measured from, where a person
    named one. Otherwise that is the moment when the roster was fetched, or `now`. `shows_ages` and
    `shows_course` tell that the answer shows them, so that they must be known before the members.
    With `tells_provenance`, `provenance` tells where the last of the rosters is from, in the end,
    and the moment that ages are measured from is known before the members.
    With `provenance_first`, what it tells of the last is known before its members. With `as_sent`
    it is, too, and members are the objects that the server sent; no criteria apply. With
    `pseudonyms`, members who are not under them yet are put under them once they are selected, and
    nothing that is told names anybody, but for the names of the sources, which only errors and
    warnings repeat. With `supposes`, what stands behind the members of an export may be a guess
    until it is read, and if it was wrong, `batches` raises StartOver in the end. `number` tells
    which of the sources of an answer the first one is. With a `renderer`, members may be given in
    cells or as it makes them of these `columns`, and with a `counting`, they may be given
    `Tallied`.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        criteria: Criteria,
        *,
        now: datetime,
        as_of: Age | datetime | None = None,
        tolerance: Tolerance = _NOTHING,
        shows_ages: bool = False,
        shows_course: bool = False,
        tells_provenance: bool = False,
        as_sent: bool = False,
        provenance_first: bool = False,
        pseudonyms: "Pseudonyms | None" = None,
        supposes: bool = False,
        number: int = 1,
        counting: "Counting | None" = None,
        renderer: "PiecewiseRenderer | None" = None,
        columns: "tuple[Column, ...]" = (),
        on_progress: "OnProgress" = no_progress,
    ) -> None:
        self.rosters: list[Roster] = []
        """The rosters, once they have been read."""
        self.provenance: Provenance | None = None
        """Where the members are from, where that is told."""
        self.shown = 0
        """Members given so far."""
        self.incomplete: list[str] = []
        """Which of the rosters are not whole, and how it shows."""
        self.left_out: list[str] = []
        """From which of the rosters invalid rows were left out, and how many."""
        self.caveats: list[tuple[str, ...]] = []
        """What a person has to know, however quiet it is to be: what, and lines that say more."""
        self.warnings: list[tuple[str, ...]] = []
        """What else a person should know: what, and lines that say how or why."""
        self.hindsight: dict[Source, Hindsight] = {}
        """What rosters leave open of a moment before they were fetched, where one was named."""
        self._read: list[tuple[Source, Reading]] = []
        self._sources = sources
        self._criteria = criteria
        self._now = now
        self._as_of = as_of
        self._tolerance = tolerance
        self._on_progress = on_progress
        self._as_sent = as_sent
        self._provenance_first = as_sent or provenance_first
        self._pseudonyms = pseudonyms
        self._supposes = supposes
        self._number = number
        self._counting = counting
        self._renderer = renderer
        self._columns = columns
        self._tells_provenance = tells_provenance
        self._shows_ages = shows_ages
        self._takes_cells = (
            renderer is not None
            and renderer.takes_cells
            and criteria.looks_at_status_only
            and pseudonyms is None
            and not as_sent
        )
        self._needs_moment = criteria.needs_moment or shows_ages or tells_provenance
        self._needs_course = shows_course or criteria.needs_course

    def total(self) -> int | None:
        """Give how many members the rosters have, wanted or not, once they have been read.

        None where that cannot be had. May cost requests.
        """
        totals = [source.total(reading) for source, reading in self._read]
        return None if None in totals else sum(total for total in totals if total is not None)

    @property
    def knows_everybody(self) -> bool:
        """Whether it is known of everybody in the rosters that they are, once these are read."""
        return not self.incomplete and not self.members_left_out().nameless

    @property
    def met_statuses(self) -> frozenset[str]:
        """The undocumented statuses of members in the rosters, once these are read."""
        return frozenset[str]().union(*(reading.unknown_statuses for _, reading in self._read))

    @property
    def unknown_statuses(self) -> frozenset[str]:
        """Statuses that are asked for, of which the rosters that were read know nothing.

        They are not documented, no member has one, and no server takes one. Of a roster that was
        not read to its end, that cannot be said.
        """
        if self._has_enough():
            return frozenset()
        words = frozenset(word for word in self._criteria.statuses or () if word is not None)
        return frozenset(
            word
            for word in words.difference(JoinStatus, SEEN_STATUSES, self.met_statuses)
            if not any(source.takes_status(word) for source, _ in self._read)
        )

    def members_left_out(self) -> LeftOut:
        """Give those whose rows are, or were, not valid, by the ids under which they would come."""
        every = LeftOut()
        for _, reading in self._read:
            left_out = reading.left_out
            if self._pseudonyms is not None and not reading.pseudonyms:
                ids = frozenset(self._pseudonyms.of(id_)[0] for id_ in left_out.ids)
                left_out = left_out._replace(ids=ids)
            every = every.along_with(left_out)
        return every

    @property
    def doubt(self) -> str | None:
        """How it shows that members are missing, where a person took that.

        Not with pseudonyms, as it would name the source.
        """
        if not self.incomplete:
            return None
        return "; ".join(self.incomplete) if self._pseudonyms is None else "members are missing"

    def ids_joined_later(self) -> frozenset[int]:
        """Return the ids under which those would come who joined after the moment named."""
        return frozenset(
            id_ if self._pseudonyms is None or reading.pseudonyms else self._pseudonyms.of(id_)[0]
            for source, reading in self._read
            if source in self.hindsight
            for id_ in self.hindsight[source].joined_later
        )

    def conclusion(self) -> dict[str, object]:
        """Give what an export says of itself behind its members: how many there should be.

        Those are as many as came, or it is said how it shows that some are missing. Whose rows were
        left out is said beside that.
        """
        said: dict[str, object] = {"count": sum(reading.claimed for _, reading in self._read)}
        if self.doubt is not None:
            said["incomplete"] = self.doubt
        left_out = self.members_left_out()
        if left_out.rows:
            said["left_out"] = left_out.as_said()
        return said

    def batches(self) -> Generator[Batch, None, None]:
        """Yield the members that the criteria ask for, in order. Raises CoursectlError.

        It begins anew each time.
        """
        for told in (self.rosters, self.incomplete, self.left_out, self._read):
            told.clear()
        self.caveats.clear()
        self.warnings.clear()
        self.hindsight.clear()
        self.provenance, self.shown = None, 0
        selected = (batch for source in self._sources for batch in self._selected(source))
        with closing(self._shelf()) as shelf:
            for batch in self._criteria.arrange(selected, shelf):
                self.shown += len(batch)
                yield batch

    def _shelf(self) -> Aside | AsideRendered:
        if self._renderer is None or self._criteria.limit is not None:
            return Aside()
        return AsideRendered(self._renderer, self._columns)

    def _selected(self, source: Source) -> Iterator[Batch]:
        """Read one source to its end, or until the limit is met by a source that costs requests."""
        reading = self._reading(source)
        roster: Roster | None = None
        held: list[Member] = []
        whole = True
        is_supposed = False
        for members in source.batches(reading, self._criteria, self._on_progress):
            check_deadline(source.name)
            if roster is None:
                held += members
                if not source.is_local or not self._may_tell_later(reading):
                    roster = self._roster(source, reading)
                elif source.is_repeatable:
                    roster = self._roster(source, self._looked_through(source, reading))
                    is_supposed = self._supposes
                else:
                    continue
                members, held = held, []
            yield self._batch(source, reading, roster, members)
            if self._has_enough() and not source.is_local:
                whole = False
                break
        roster = roster or self._roster(source, reading)
        if held:
            yield self._batch(source, reading, roster, held)
        yield from self._elsewhere(source, roster)
        if is_supposed and self._roster(source, reading) != roster:
            self._supposes = False
            raise StartOver
        self._conclude(source, reading, roster, whole=whole)

    def _reading(self, source: Source) -> Reading:
        return Reading(
            skip_invalid=self._tolerance.skip_invalid,
            moments_as_written=self._moments_as_written,
            as_sent=self._as_sent,
            in_cells=self._in_cells(source),
            allow_incomplete=self._tolerance.allow_incomplete,
            names_nobody=self._pseudonyms is not None,
            may_be_marked=source.is_local,  # a server has no say in whom to name
        )

    @property
    def _moments_as_written(self) -> bool:
        return not (self._shows_ages or self._criteria.compares_moments)

    def _in_cells(self, source: Source) -> bool:
        return self._takes_cells and source.is_local

    def _elsewhere(self, source: Source, roster: Roster) -> Iterator[Batch]:  # noqa: ARG002 - see GatheringInHalves
        """Yield what of a roster has been selected elsewhere, behind all that was here: nothing."""
        yield from ()

    def _batch(
        self, source: Source, reading: Reading, roster: Roster, members: "list[Member]"
    ) -> Batch:
        if self._criteria.in_hindsight:
            hindsight = self.hindsight.setdefault(source, Hindsight(roster.as_of))
            hindsight.look_at(members, self._criteria)
        batch = self._criteria.batch(roster, members, in_cells=self._in_cells(source))
        if self._pseudonyms is None:
            return batch
        if reading.pseudonyms is None:
            return Batch(roster, self._pseudonyms.members(batch.members))
        check_key(reading.pseudonyms, self._pseudonyms, source.name)
        return batch

    def _may_tell_later(self, reading: Reading) -> bool:
        """Whether what the first member depends on may still stand behind the last one."""
        if self._provenance_first:
            return reading.in_page and not reading.said.issuperset(PROVENANCE)
        return reading.in_page and (
            (self._needs_moment and self._as_of is None and reading.fetched_at is None)
            or (self._needs_course and reading.course is None)
        )

    def _looked_through(self, source: Source, so_far: Reading) -> Reading:
        """Read a source to its end for what it says of itself, and let go of its members."""
        if self._supposes and isinstance(source, Export) and (end := source.end()) is not None:
            supposed = so_far.supposing(end)
            if supposed is not None:
                return supposed
        reading = Reading(
            skip_invalid=True,
            moments_as_written=True,
            as_sent=self._as_sent,
            names_nobody=self._pseudonyms is not None,
            may_be_marked=source.is_local,
        )
        for _ in source.batches(reading, self._criteria):
            pass
        return reading

    def _has_enough(self) -> bool:
        limit = self._criteria.limit
        return limit is not None and self._criteria.sort is None and self.shown >= limit

    def _roster(self, source: Source, reading: Reading) -> Roster:
        if self._provenance_first:
            self.provenance = self._provenance(source, reading, source.course_as_sent())
        named = reading.course["name"] if reading.course else None
        if named is None and self._needs_course:
            named = source.course_name
        as_of = (
            moment_of(self._as_of, self._now)
            if self._as_of is not None
            else reading.fetched_at or source.fetched_at or self._now
        )
        return Roster(course=named or self._stand_in(source, reading), as_of=as_of)

    def _stand_in(self, source: Source, reading: Reading) -> str:
        """Give what stands for the name of a course. A file may be named after a person."""
        if self._pseudonyms is None:
            return source.name
        id_ = reading.course["id"] if reading.course else source.course_id
        if id_ is not None:
            return f"course {id_}"
        number = self._number + self._sources.index(source)
        return "a course" if number == 1 else f"a course {number}"

    def _course_if_known(self, source: Source) -> dict[str, object] | None:
        try:
            return source.course_as_sent()
        except CoursectlError as error:
            self.warnings.append((f"{source.name}: its name is not known: {error.message}",))
            return {"id": source.course_id}

    def _conclude(self, source: Source, reading: Reading, roster: Roster, *, whole: bool) -> None:
        """Prove that the roster is whole, and take down what is to be said of it."""
        if isinstance(source, Export):
            source.close()  # there may be more of them than can be open at once
        self.rosters.append(roster)
        try:
            if whole:
                reading.prove_complete(source.name)
        except IncompleteRoster as error:
            if not self._tolerance.allow_incomplete:
                raise
            self.incomplete.append(error.message)
        self._read.append((source, reading))
        if self._tells_provenance:
            self.provenance = self._provenance(source, reading, self._course_if_known(source))
        self.caveats += [(caveat,) for caveat in source.caveats]
        self.warnings += [(warning,) for warning in source.warnings]
        if reading.invalid:
            more = reading.invalid - len(reading.problems)
            told = (
                f"{source.name}: left out {reading.invalid:,} invalid of {reading.members:,} rows"
            )
            self.left_out.append(told)
            self.warnings.append(
                (told, *reading.problems, *([f"and {more:,} more"] if more else []))
            )
        if before := reading.left_out_before.rows:
            rows = "1 row that was" if before == 1 else f"{before:,} rows that were"
            told = f"{source.name}: lacks {rows} not valid, and left out when it was exported"
            self.left_out.append(told)
            self.caveats.append((told,))
        if (
            (self._criteria.needs_moment or self._tells_provenance)
            and self._as_of is None
            and not (reading.fetched_at or source.fetched_at)
        ):
            self.caveats.append(
                (
                    f"{source.name}: does not say when it was fetched, so ages are measured from"
                    " now; --as-of names another moment",
                    "What coursectl export saves says when.",
                )
            )
        looking_back = self.hindsight[source].told() if source in self.hindsight else []
        for told in ("; ".join(looking_back), *self._odd_statuses(reading)):
            self.warnings += [(f"{source.name}: {told}",)] * bool(told)

    def _odd_statuses(self, reading: Reading) -> Iterator[str]:
        """Say which statuses the API does not document."""
        found = sorted(reading.unknown_statuses)
        if found and self._pseudonyms is not None:
            yield "not every join_status is one that the API documents; kept as it is"
            return
        for status in found[:_NAMED_STATUSES]:
            yield (
                f"join_status {shortened(status)!r} is not one that the API documents;"
                " kept as it is"
            )
        if more := len(found[_NAMED_STATUSES:]):
            yield f"and {more:,} more values of join_status that the API does not document"

    def _provenance(
        self, source: Source, reading: Reading, course: dict[str, object] | None
    ) -> Provenance:
        provenance = Provenance(
            community=source.community or reading.community,
            course=course or reading.course_as_sent or {},
            fetched_at=reading.fetched_at or source.fetched_at,
            pseudonyms=reading.pseudonyms,
        )
        if self._pseudonyms is None:
            return provenance
        return naming_nobody(provenance._replace(pseudonyms=self._pseudonyms.mark))
