"""A server one layer below HTTP: it says whatever bytes it is given, and keeps what it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

Speech = Callable[[bytes], Iterable[bytes]]
"""What is said, in pieces, to the head of a request; then the connection is closed."""


class Wire:
    """A listener on loopback; `heard` is every byte that arrived, connection by connection."""

    def __init__(self, speech: Speech, context: ssl.SSLContext | None = None) -> None:
        self.speech = speech
        self.context = context
        self.heard: list[bytearray] = []
        self.port = 0
        self._open: set[socket.socket] = set()
        self._over = threading.Event()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Wire"]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._listen, args=(listener,))
            thread.start()
            try:
                yield self
            finally:
                self._over.set()
                for each in [listener, *self._open]:
                    with suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
                thread.join()

    def wait(self, seconds: float) -> bool:
        """Wait, but not beyond the end; tell whether it goes on."""
        return not self._over.wait(seconds)

    def _listen(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        heard = bytearray()
        self.heard.append(heard)
        with suppress(OSError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            while b"\r\n\r\n" not in heard:
                some = connection.recv(65536)
                if not some:
                    break
                heard += some
            else:
                for piece in self.speech(bytes(heard)):
                    connection.sendall(piece)
        self._open.discard(connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def saying(*pieces: bytes) -> Speech:
    return lambda _: pieces


def ok(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    """A whole answer; `length` is what it claims in place of the truth."""
    length = len(body) if length is None else length
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % length, *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
