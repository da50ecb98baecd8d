"""How fast all requests of a run go together: how many at once, when to wait, when to give up."""

from threading import Condition
from time import monotonic, sleep
from typing import TYPE_CHECKING, Self

from coursectl.sources.interface import no_wait

if TYPE_CHECKING:
    from coursectl.sources.interface import OnWait


class OutOfTime(Exception):
    """The deadline comes before what has to be waited for; `wait` is that wait, in seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__()
        self.wait = wait


class Pace:
    """The pace that the threads of one run share.

    `most` requests are under way at once. After a rate limit it is half of that, for good, and
    none begins before the time that the server named. All has to be done within `deadline`
    seconds from now.
    """

    def __init__(self, most: int, deadline: float, on_wait: "OnWait" = no_wait) -> None:
        self.most = most
        self.on_wait = on_wait
        self._until = monotonic() + deadline
        self._opens = 0.0
        self._under_way = 0
        self._changed = Condition()

    def left(self) -> float:
        """Give the seconds until the deadline. Raises OutOfTime when there are none."""
        left = self._until - monotonic()
        if left <= 0:
            raise OutOfTime
        return left

    def begin(self) -> None:
        """Wait until one more request may begin. Raises OutOfTime."""
        with self._changed:
            while (closed := self._opens - monotonic()) > 0 or self._under_way >= self.most:
                if self._opens > self._until:
                    raise OutOfTime(closed)
                left = self.left()
                self._changed.wait(min(closed, left) if closed > 0 else left)
            self._under_way += 1

    def end(self) -> None:
        """Let another request begin."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def close_for(self, seconds: float) -> None:
        """Let nobody begin for some time; several answers to one burst count once."""
        now = monotonic()
        with self._changed:
            if now >= self._opens:
                self.most = max(1, self.most // 2)
            self._opens = max(self._opens, now + seconds)


class Turn:
    """One request's turn, from its beginning to the end of its answer, pauses between included."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._is_held = False
        self._pauses = 0
        self.failure = ""
        """What came of the last try, in words, if it is to be tried again."""

    @property
    def told(self) -> str:
        """How often the request was tried, as the end of a sentence; nothing if once."""
        return f" (tried {self._pauses + 1} times)" if self._pauses else ""

    def __enter__(self) -> Self:
        """Wait for the turn. Raises OutOfTime."""
        self._pace.begin()
        self._is_held = True
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next one begin."""
        if self._is_held:
            self._is_held = False
            self._pace.end()

    def pause(self, seconds: float, *, everyone: bool) -> None:
        """Wait and take another turn; with `everyone`, nobody begins before, and fewer after.

        Raises OutOfTime at once if the deadline comes before.
        """
        if everyone:
            self._pace.close_for(seconds)
        if seconds > self._pace.left():
            raise OutOfTime(seconds)
        if everyone:
            self._pace.on_wait(seconds, self.failure)
        self._pauses += 1
        self.__exit__()
        sleep(seconds)
        self.__enter__()
