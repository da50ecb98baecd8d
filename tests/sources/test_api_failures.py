"""Why there was no answer: TLS and proxies, in words that name the culprit."""

import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from urllib3.exceptions import SSLError

from coursectl.errors import ServerError
from coursectl.settings import Settings
from coursectl.sources.api.client import Api
from coursectl.sources.api.failures import Proxy, failure_of
from tests.certificates import Certificates, served
from tests.community import TOKEN
from tests.trust_wire import Wire, ok, saying

PATH = "/api/v2/course/42/users/"
VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
INSECURE = f"{PATH}: the connection is not secure: "


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in VARIABLES or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def signed(tmp_path_factory) -> tuple[Path, Path]:
    """An authority, and a server's certificate from it."""
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    return certificates.authority(), certificates.signed()


def failure(url: str) -> ServerError:
    with pytest.raises(ServerError) as caught:
        Api(Settings(url=url, token=TOKEN)).get(PATH)
    return caught.value


def failure_with(certificate: Path, host: str = "localhost") -> ServerError:
    """The error for a server with a certificate, which is asked once and hears nothing."""
    with Wire(saying(ok(b"{}")), served(certificate)).running() as wire:
        error = failure(f"https://{host}:{wire.port}")
        assert wire.heard == [b""]
    return error


def is_trusted(certificate: Path) -> bool:
    with Wire(saying(ok(b"{}")), served(certificate)).running() as wire:
        settings = Settings(url=f"https://localhost:{wire.port}", token=TOKEN)
        try:
            return Api(settings).get(PATH)[0] == b"{}"
        except ServerError:
            return False


def test_a_self_signed_certificate_is_named_and_so_is_the_remedy(tmp_path):
    error = failure_with(Certificates(tmp_path).self_signed())
    assert error.message.endswith(f"{INSECURE}the server's certificate is self-signed")
    assert "REQUESTS_CA_BUNDLE" in error.hints[0]


@pytest.mark.slow
@pytest.mark.measured
def test_an_unknown_issuer_is_named_and_so_is_the_remedy(signed):
    error = failure_with(signed[1])
    assert error.message.endswith("not known here (unknown issuer)")
    assert "REQUESTS_CA_BUNDLE or SSL_CERT_FILE" in error.hints[0]


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize(
    ("begin", "end", "said"),
    [
        ("20200101000000Z", "20210101000000Z", "has expired"),
        ("20980101000000Z", "20990101000000Z", "is not valid yet"),
    ],
)
def test_a_certificate_out_of_its_time_is_told(tmp_path, monkeypatch, begin, end, said):
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority()))
    error = failure_with(certificates.signed(begin, end))
    assert error.message.endswith(f"{INSECURE}the server's certificate {said}")
    assert "clock" in error.hints[0]


def test_a_certificate_for_another_name_is_told(signed, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(signed[0]))
    error = failure_with(signed[1], "127.0.0.1")
    assert error.message.endswith(f"{INSECURE}the server's certificate is for another name")


class _Deaf(Wire):
    """A server that answers whatever comes with the same, as one without TLS does."""

    def _serve(self, connection: socket.socket) -> None:
        self.heard.append(bytearray(connection.recv(65536)))
        connection.sendall(b"".join(self.speech(b"")))
        connection.close()


def test_a_port_without_tls_is_told_after_one_try():
    speech = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with _Deaf(speech).running() as wire:
        error = failure(f"https://localhost:{wire.port}")
        assert len(wire.heard) == 1
    assert error.message.endswith(f"{INSECURE}what answers at that port speaks no TLS (https)")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_in_a_file_that_is_named_is_believed(signed, monkeypatch, variable):
    monkeypatch.setenv(variable, str(signed[0]))
    assert is_trusted(signed[1])


def test_an_authority_in_a_folder_that_is_named_is_believed(signed, monkeypatch, tmp_path):
    certificate = signed[0].read_text()
    name = _hash_of(signed[0])
    (tmp_path / f"{name}.0").write_text(certificate)
    monkeypatch.setenv("SSL_CERT_DIR", f"/nowhere:{tmp_path}")
    assert is_trusted(signed[1])


def _hash_of(certificate: Path) -> str:
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_requests_own_variable_goes_before_that_of_openssl(signed, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(signed[0]))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Certificates(tmp_path).self_signed()))
    assert not is_trusted(signed[1])


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_file_of_authorities_that_is_missing_is_named(monkeypatch, variable):
    monkeypatch.setenv(variable, "/nowhere/at-all.pem")
    error = failure("https://localhost:9")
    assert f"{variable} names no file of certificate authorities: /nowhere" in error.message


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_file_of_authorities_that_holds_none_is_told(signed, monkeypatch, tmp_path, variable):
    (tmp_path / "notes.txt").write_text("no certificate at all")
    monkeypatch.setenv(variable, str(tmp_path / "notes.txt"))
    with Wire(saying(ok(b"{}")), served(signed[1])).running() as wire:
        error = failure(f"https://localhost:{wire.port}")
    assert "holds no certificate in PEM form" in error.message


# Proxies


def failure_through(monkeypatch, value: str, variable: str = "HTTPS_PROXY") -> ServerError:
    monkeypatch.setenv(variable, value)
    return failure("https://community.example")


@pytest.mark.parametrize(
    "value",
    [
        "http://me:hush@127.0.0.1:abc",
        "http://me:hush@",
        "me:hush@127.0.0.1:99999999",
        "http://me:hush@[::1",
        "gopher://me:hush@127.0.0.1:9",
    ],
)
def test_a_proxy_that_is_no_address_is_named(monkeypatch, value):
    error = failure_through(monkeypatch, value)
    assert "(from HTTPS_PROXY) is no address of a proxy" in error.message
    assert error.hints == ("Check the proxy in HTTPS_PROXY, or unset it.",)
    assert "hush" not in error.message


def test_a_socks_proxy_needs_an_extra_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "socks", None)
    monkeypatch.delitem(sys.modules, "urllib3.contrib.socks", raising=False)
    error = failure_through(monkeypatch, "socks5://me:hush@127.0.0.1:9", "ALL_PROXY")
    assert "127.0.0.1:9 (from ALL_PROXY) needs an extra for SOCKS" in error.message
    assert "hush" not in error.message


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_does_not_answer_is_named(monkeypatch, variable):
    error = failure_through(monkeypatch, "http://me:hush@127.0.0.1:9", variable)
    assert error.message.endswith(
        f"the proxy 127.0.0.1:9 (from {variable}) does not answer (tried 6 times)"
    )


def test_a_proxy_that_asks_for_a_login_is_asked_once(monkeypatch):
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with Wire(saying(answer)).running() as wire:
        error = failure_through(monkeypatch, f"http://127.0.0.1:{wire.port}")
        assert len(wire.heard) == 1
        assert TOKEN.encode() not in wire.heard[0]
    assert f"127.0.0.1:{wire.port} (from HTTPS_PROXY) asks for a login (407)" in error.message
    assert "HTTPS_PROXY" in error.hints[0]


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize(("status", "tries"), [(403, 1), (502, 6)])
def test_a_proxy_that_does_not_connect_is_named(monkeypatch, status, tries):
    with Wire(saying(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)).running() as wire:
        error = failure_through(monkeypatch, f"http://127.0.0.1:{wire.port}")
        assert len(wire.heard) == tries
    assert f"(from HTTPS_PROXY) does not connect to it ({status})" in error.message


def test_a_certificate_behind_a_proxy_names_both(monkeypatch, tmp_path):
    certificates = Certificates(tmp_path)
    certificates.authority()  # which no test before this one has had believed
    server = served(certificates.signed())

    class Tunnel(Wire):
        """A proxy that answers in the place of every server."""

        def _serve(self, connection: socket.socket) -> None:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            self.context = server
            super()._serve(connection)

    with Tunnel(saying(ok(b"{}"))).running() as wire:
        error = failure_through(monkeypatch, f"http://127.0.0.1:{wire.port}")
    assert "from an authority that is not known here" in error.message
    assert error.message.endswith(f"through the proxy 127.0.0.1:{wire.port} (from HTTPS_PROXY)")


def test_a_host_that_needs_no_proxy_has_none(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "community.example")
    assert Proxy.of("https://community.example") is None
    assert Proxy.of("http://127.0.0.1:1") is None
    assert str(Proxy.of("https://elsewhere.example")) == "the proxy 127.0.0.1:9 (from HTTPS_PROXY)"


def test_what_ends_a_handshake_early_may_get_better():
    failure = failure_of(SSLError(ssl.SSLEOFError(8, "EOF")), "http://127.0.0.1:1")
    assert (failure.told, failure.is_final) == ("the TLS connection broke off", False)
