"""How to ask the API for members of some statuses, where its reference leaves it open.

Not documented: how a server answers a status that it does not know, which of two ways of writing a
list it reads, and whether it reads all of one. Servers that heed only the first word, only the
last, or no list at all, answer 200. So what comes back is held against what was asked: where a
status is not on the first page, it is asked for alone, and a list that brings fewer members than
its words do one by one was not read. Then each is asked for by itself.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coursectl.printable import shortened
from coursectl.roster.glance import Glance, glance
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.sources.api.client import Answer
from coursectl.sources.api.session import BadRequest

if TYPE_CHECKING:
    from concurrent.futures import Future

Ask = Callable[[dict[str, str | int]], "Future[Answer]"]
"""Begins a request for the first page by a part of a query."""
Wait = Callable[["Future[Answer]"], Answer]
"""Waits for its answer. Raises BadRequest, and others."""

DEFAULT = frozenset({JoinStatus.MANAGER.value, JoinStatus.JOINED.value})
"""Whom the API lists, as documented, where it is not asked by status."""

_DOCUMENTED = tuple(status.value for status in JoinStatus)


@dataclass(frozen=True, slots=True)
class Listing:
    """By which values of `statuses` the members can be had who were asked for."""

    forms: tuple[str, ...]
    """Each of these has to be listed; all of them are everybody."""
    first: Answer | None
    """The first page by the first form, if it is there already."""
    words: tuple[str, ...]
    """The statuses that are looked for."""
    refused: frozenset[str] = frozenset()
    """Those that it does not take."""
    count: int | None = None
    """How many members there are, where one form is all."""

    def caveats(self, asked: frozenset[str | None] | None) -> Iterator[str]:
        """Yield what the roster may lack of those that were `asked` for; None is everybody."""
        if asked is not None and None in asked:
            yield (
                "the API cannot be asked for members without a status; only those that it sent"
                " all the same are listed"
            )
        for word in sorted(word for word in asked or () if word is not None):
            if word in self.refused:
                yield (
                    f"the server does not take the status {shortened(word)!r},"
                    " so nobody with it can be listed"
                )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A first page by one form."""

    form: str
    answer: Answer
    glance: Glance | None
    """None where what came is no page."""

    def is_of(self, words: Iterable[str]) -> bool:
        """Whether nobody is on it whose status is another."""
        return self.glance is None or self.glance.statuses <= {*words, None}

    @property
    def count(self) -> int:
        """How many members the server says there are."""
        return self.glance.count if self.glance else 0


class Listings:
    """Finds out how members can be listed, with one request if the answer leaves no question."""

    def __init__(
        self, ask: Ask, wait: Wait, has_nobody: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._ask = ask
        self._wait = wait
        self._has_nobody = has_nobody  # known from elsewhere
        self._lacking: list[tuple[str, Future[Answer]]] = []
        self._alone: dict[str, _Seen] = {}
        """What was on the first page by a word alone, where that is of nobody else."""
        self._unheeded: set[str] = set()
        self._refused: set[str] = set()
        self._refusal: BadRequest | None = None

    def find(self, statuses: frozenset[str | None] | None, *, at_once: bool = True) -> Listing:
        """Return how members with these statuses are listed; None is everybody.

        Unless `at_once`, a list of several pages may be one that has to be held against who is on
        them, by `leave_out`. Raises BadRequest when the server takes none of the forms, and what
        waiting raises.
        """
        words = _words(statuses)
        seen: list[_Seen] = []
        listed = words
        while listed:
            for form in _forms(listed):
                page = self._page(form)
                if page is None:
                    continue
                if page.glance is None or self._is_whole(page, listed, at_once=at_once):
                    return self._listing((page.form,), listed, page)
                seen.append(page)
            listed = self._fewer(listed, was_refused=not seen) if listed == words else ()
        if seen:
            return self._one_by_one(words, seen)
        if self._refusal is not None and set(words) <= {*_DOCUMENTED, *SEEN_STATUSES}:
            raise self._refusal
        # Nobody can have a status that the server does not take.
        self._refused |= set(words)
        return self.find(None)

    @property
    def unheeded(self) -> frozenset[str]:
        """The statuses of which the server showed that it does not list by them."""
        return frozenset(self._unheeded - DEFAULT)

    def leave_out(self, found: AbstractSet[str | None]) -> bool:
        """Return whether somebody has a status that was asked for and that nobody found has."""
        words = [word for word, _ in self._lacking if word not in found]
        self._take([(word, answer, word) for word, answer in self._lacking])
        self._lacking.clear()
        return self._total(words) > 0

    def cancel(self) -> None:
        """Let go of what is still under way."""
        for _, answer in self._lacking:
            answer.cancel()

    def count_of(self, word: str) -> int | None:
        """Return how many members the server says have a status; None if it does not list by it."""
        self._probe([word])
        page = self._alone.get(word)
        return None if page is None else page.count

    def _fewer(self, words: tuple[str, ...], *, was_refused: bool) -> tuple[str, ...]:
        """Return those of several words that the server knows: over another it may drop them all.

        Empty where these are all of them, or none.
        """
        others = [word for word in words if word not in _DOCUMENTED]
        if len(words) == 1 or not others:
            return ()
        if was_refused and len(others) == 1:
            self._refused |= {*others}
        else:
            self._probe(others)
        known = tuple(word for word in words if word not in others or self._total([word]))
        return () if known == words else known

    def _is_whole(self, page: _Seen, words: tuple[str, ...], *, at_once: bool) -> bool:
        """Whether a list was read to its end, as far as can be told from who is on it."""
        found = page.glance
        if found is None or not page.is_of(words):
            return False
        lacking = [word for word in words if word not in found.statuses]
        if not lacking or (len(words) == 1 and page.count):
            return True
        if len(words) == 1:
            return page.form != words[0]  # what one way of writing does not find, another may
        if None not in found.statuses:
            if found.count <= len(found.ids):
                return not self._total(lacking)
            if not at_once:
                self._begin([word for word in lacking if not self._has_nobody(word)])
                return True
        if self._total(words) <= page.count:
            return True
        again = self._page(page.form)  # somebody may have come in between
        return again is not None and self._total(words) <= again.count

    def _total(self, words: Iterable[str]) -> int:
        """Return how many members the server says have these statuses, one by one."""
        words = [word for word in words if not self._has_nobody(word)]
        self._probe(words)
        return sum(self._alone[word].count for word in words if word in self._alone)

    def _probe(self, words: Iterable[str]) -> None:
        """Ask for each of these words alone, all at once, and again as a list of one."""
        left = [
            word
            for word in words
            if word not in self._alone and word not in self._unheeded | self._refused
        ]
        self._take([(word, self._alone_by(word), word) for word in left])

    def _begin(self, words: list[str]) -> None:
        """Ask for each of these words alone, while the pages of all of them are fetched."""
        self._lacking = [(word, self._alone_by(word)) for word in words]

    def _alone_by(self, form: str) -> "Future[Answer]":
        return self._ask({"statuses": form, "limit": 1})

    def _take(self, asked: "list[tuple[str, Future[Answer], str]]") -> None:
        """Take the answers for words alone, each with its form, and ask again for a list of one."""
        left = []
        for word, answer, form in asked:
            try:
                page = _seen(form, self._wait(answer))
            except BadRequest:
                self._refused.add(word)
                continue
            if page.glance is not None and page.is_of([word]):
                self._alone[word] = page
            elif form == word:
                left.append((word, self._alone_by(_as_list(word)), _as_list(word)))
            else:
                self._unheeded.add(word)
        if left:
            self._take(left)

    def _page(self, form: str) -> _Seen | None:
        """Return the first page by a form; None if the server does not take it."""
        try:
            return _seen(form, self._wait(self._ask({"statuses": form})))
        except BadRequest as error:
            self._refusal = error
            return None

    def _listing(self, forms: tuple[str, ...], words: tuple[str, ...], page: _Seen) -> Listing:
        is_all = forms == (page.form,)
        return Listing(
            forms,
            page.answer if is_all else None,
            words,
            refused=frozenset(self._refused),
            count=page.count if is_all else None,
        )

    def _one_by_one(self, words: tuple[str, ...], seen: list[_Seen]) -> Listing:
        """Return a listing of each status by itself, as no list was read to its end."""
        self._probe(words)
        alone = [self._alone[word] for word in words if word in self._alone]
        forms = [page.form for page in alone if page.count]
        best = max(seen, key=lambda page: (page.is_of(words), page.count))
        if self._unheeded.intersection(words) or not forms:
            forms.append(best.form)  # whoever it brings may be some of them
        return self._listing(tuple(dict.fromkeys(forms)), words, best)


def _seen(form: str, answer: Answer) -> _Seen:
    return _Seen(form, answer, glance(answer.body))


def _words(statuses: frozenset[str | None] | None) -> tuple[str, ...]:
    """Give the words to ask for, documented ones first.

    The API has no word for members without a status, and its default leaves out the creator, the
    invited and the requested. So everybody, and those without a status, are asked for by every
    word that is known; the criteria are applied again to what comes.
    """
    words = {status for status in statuses or () if status is not None}
    if statuses is None or None in statuses:
        words |= {*_DOCUMENTED, *SEEN_STATUSES}
    documented = (word for word in _DOCUMENTED if word in words)
    return (*documented, *sorted(words.difference(_DOCUMENTED)))


def _forms(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ways in which a list, or a word, may be written."""
    if len(words) == 1:
        return words[0], _as_list(words[0])
    return json.dumps(words, separators=(",", ":")), ",".join(words)


def _as_list(word: str) -> str:
    return json.dumps([word])
