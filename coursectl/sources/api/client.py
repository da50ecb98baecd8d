"""Requests to one community, several at once, and what came of them."""

import logging
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, cast
from urllib.parse import quote_plus, urlencode

import requests
from pydantic_core import from_json
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from coursectl import threads
from coursectl.errors import InvalidData, ServerError, UsageError
from coursectl.printable import shortened
from coursectl.redaction import redacted_bytes
from coursectl.roster.documents import MOST_VALUES, values_in
from coursectl.roster.error_body import LONGEST, message_in
from coursectl.sources.api.failures import unanswered
from coursectl.sources.api.pace import OutOfTime, Pace, Turn
from coursectl.sources.api.refusals import clock_of, refusal
from coursectl.sources.api.retries import Retries
from coursectl.sources.api.session import (
    CONNECT_TIMEOUT,
    READ_TIMEOUT,
    Session,
    target_of,
)
from coursectl.sources.api.tokens import Credentials, credentials_of
from coursectl.sources.interface import no_wait

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from coursectl.settings import Settings
    from coursectl.sources.interface import OnWait

    Query = Mapping[str, str | int]

    _Answered = tuple[int, bytes, datetime | None]  # status, body, and the server's time at a 401

_LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes; a page is some 30 KB, and several are held at once."""

_BLOCK = 64 * 1024

_REDIRECTS = 5

_GRACE = 0.5
"""Seconds after the deadline in which a request may still say what kept it."""

_log = logging.getLogger("coursectl")

# The queries of all pages of a roster are the same but for one number.
_quoted = lru_cache(64)(quote_plus)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered with success."""

    body: bytes
    """What it sent, with whatever of ours it repeats: data is data."""
    where: str
    """Where it is from: the path, and the offset if any."""
    at: float
    """When it had arrived, in seconds of a clock that only runs forward."""


@dataclass(frozen=True, slots=True)
class _Job:
    path: str
    query: str
    """As it is sent."""
    offset: str | int | None
    answer: "Future[Answer]"

    @property
    def where(self) -> str:
        return f"{self.path}?offset={self.offset}" if self.offset else self.path

    def __str__(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


class Api:
    """GET requests to one community, with one pace and one deadline for all of them.

    `credentials` are those that the settings name, unless others are to be tried. `on_wait` is told
    when the server wants everybody to wait. Raises NotConfigured when there are no credentials.
    """

    def __init__(
        self,
        settings: "Settings",
        credentials: Credentials | None = None,
        *,
        on_wait: "OnWait" = no_wait,
    ) -> None:
        self.settings = settings
        self.credentials = credentials or credentials_of(settings)
        self.concurrency = settings.concurrency
        self.quotes = not settings.names_nobody
        """Whether errors may repeat what the server says."""
        self._pace = Pace(settings.concurrency, settings.deadline, on_wait)
        self._waiting: deque[_Job] = deque()
        self._idle: list[Session] = []
        self._threads = 0
        self._lock = Lock()

    def get(self, path: str, query: "Query | None" = None) -> tuple[bytes, str]:
        """Give the body of the answer, and where it is from: its path, and its offset if any.

        Raises AccessDenied (401, 403), NotFound (404, 410), BadRequest (400), InvalidData for an
        answer of unbounded size, and ServerError for all else that is no success, after retries
        where these may help.
        """
        answer = self.wait_for(self.ask(path, query))
        return answer.body, answer.where

    def ask(self, path: str, query: "Query | None" = None) -> "Future[Answer]":
        """Begin a request, or line it up behind those that are under way.

        Raises UsageError for a query that cannot be sent.
        """
        query = query or {}
        try:
            sent = urlencode(query, quote_via=_quoted)
        except UnicodeEncodeError as error:
            text = f'"{shortened(error.object)}"' if self.quotes else "a text"
            raise UsageError(
                f"{text} is not UTF-8, so no server can be asked for it",
                "Check the encoding of your terminal, or of the script.",
            ) from None
        job = _Job(path, sent, query.get("offset"), Future())
        with self._lock:
            self._waiting.append(job)
            needs_thread = self._threads < self.concurrency
            self._threads += needs_thread
        if needs_thread:
            try:
                threads.start(Thread(target=self._work, name="coursectl-request"))
            except RuntimeError:  # the system gives no more threads: those that there are will do
                with self._lock:
                    self._threads -= 1
                    if not self._threads:
                        raise
        return job.answer

    def wait_for(self, answer: "Future[Answer]") -> Answer:
        """Give the answer once it is there. Raises what `get` raises."""
        try:
            return answer.result(timeout=self._pace.left() + _GRACE)
        except (NotInTime, OutOfTime):
            answer.cancel()
            raise self._too_late(f"{self.settings.url}: ") from None

    def _work(self) -> None:
        """Answer one request after the other until none waits."""
        with self._lock:
            session = self._idle.pop() if self._idle else Session(self.settings.url)
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle.append(session)
                    self._threads -= 1
                    return
                job = self._waiting.popleft()
            if job.answer.set_running_or_notify_cancel():
                try:
                    job.answer.set_result(self._answer(session, job))
                except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                    job.answer.set_exception(error)

    def _answer(self, session: Session, job: _Job) -> Answer:
        turn = Turn(self._pace)
        try:
            with turn:
                status, body, server_time = self._exchange(session, job, turn)
        except OutOfTime as error:
            failure = f"{turn.failure}{turn.told}; " if turn.failure else ""
            raise self._too_late(f"{job.where}: {failure}", error.wait) from None
        if status != requests.codes.ok:
            said = message_in(redacted_bytes(body)) if self.quotes else ""
            said = turn.told + (f": {said}" if said else "")
            raise refusal(status, said, job.where, self.settings, self.credentials, server_time)
        return Answer(body, job.where, monotonic())

    def _exchange(self, session: Session, job: _Job, turn: Turn) -> "_Answered":
        """Send a request as often as it takes, and return the last answer."""
        token = self.credentials.token()
        answered = self._retried(session, job, turn, token)
        if answered[0] == requests.codes.unauthorized and self.credentials.renew(token):
            answered = self._retried(session, job, turn, self.credentials.token())
        return answered

    def _retried(self, session: Session, job: _Job, turn: Turn, token: str) -> "_Answered":
        """Send a request until there is a whole answer, or no more use in trying."""
        url, query = self.settings.url + job.path, job.query
        retries, redirects = Retries.within(self.settings.url, turn, quotes=self.quotes), 0
        began = monotonic()
        try:
            while True:
                session.retries = retries
                left = self._pace.left()
                timeout = min(CONNECT_TIMEOUT, left), min(READ_TIMEOUT, left)
                with session.ask(url, query, token, timeout) as response:
                    status = response.status_code
                    retries = cast("Retries", response.raw.retries)
                    if response.is_redirect:
                        redirects += 1
                        if redirects > _REDIRECTS:
                            raise ServerError(
                                f"{job.where}: the server redirects in a circle", "Tell its owner."
                            )
                        url, query = target_of(response), ""
                        continue
                    try:
                        body = self._body(response, job)
                    except (ProtocolError, ReadTimeoutError) as error:
                        # The session's own retries end where the body begins.
                        retries = retries.increment("GET", str(job), error=error)
                    else:
                        seconds = monotonic() - began
                        size = len(body)
                        _log.debug("GET %s -> %s, %s bytes, %.3f s", job, status, size, seconds)
                        if status != requests.codes.unauthorized:
                            return status, body, None
                        headers = response.headers
                        return status, body, clock_of(headers.get("Date"), headers.get("Age"))
                retries.sleep()
        except (HTTPError, OSError) as error:  # which requests' own errors are
            failed = unanswered(error, self.settings.url, job.where, turn.told)
            _log.debug("GET %s -> %s, %.3f s", job, failed.message, monotonic() - began)
            raise failed from None

    def _body(self, response: requests.Response, job: _Job) -> bytes:
        body = bytearray()
        # Whatever has come is taken at once, so that a body that drips meets the deadline.
        while part := response.raw.read1(_BLOCK, decode_content=True):
            body += part
            self._pace.left()
            if response.status_code != requests.codes.ok and len(body) >= LONGEST:
                return bytes(body)  # enough to say what the server said
            if len(body) > _LARGEST_ANSWER:
                raise InvalidData(
                    f"{job.where}: the answer is larger than {_LARGEST_ANSWER:,} bytes",
                    "This is not a page of members; check the community's URL.",
                )
        if values_in(body) > MOST_VALUES:
            raise InvalidData(
                f"{job.where}: the answer holds more than {MOST_VALUES:,} values",
                "This is not a page of members; check the community's URL.",
            )
        if (
            response.status_code == requests.codes.ok
            and response.raw.length_remaining is None
            and not response.raw.chunked
            and _ends_early(body)
        ):
            # It ended with the connection, and only what is in it tells whether that was its end.
            raise ProtocolError("the JSON ends in the middle")
        return bytes(body)

    def _too_late(self, begun: str, wait: float = 0.0) -> ServerError:
        """Give the error of a run that is at its end; `begun` is how the sentence begins."""
        deadline = f"the deadline ({self.settings.deadline:g} s in all)"
        return ServerError(
            f"{begun}the next try would be in {wait:.0f} s, after {deadline}"
            if wait
            else f"{begun}not done within {deadline}",
            "Try again later, or allow more time with --deadline.",
        )


def _ends_early(body: bytearray) -> bool:
    """Whether that is the beginning of a JSON text, and not all of it."""
    try:
        from_json(body)
    except ValueError as error:
        return "EOF while parsing" in str(error)
    return False
