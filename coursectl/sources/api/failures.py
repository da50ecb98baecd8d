"""Why there was no answer: the words for it, what to do, and whether to try again is of use."""

import os
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Retry
from urllib3.util.ssl_match_hostname import CertificateError

from coursectl.errors import ServerError
from coursectl.printable import shortened

if TYPE_CHECKING:
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse

CHECK_NETWORK = "Check the community's URL and the network, then try again."
"""What to do where there was no answer."""

_CHECK_URL = "Check the community's URL: a certificate names the hosts that it is for."

_ADD_AUTHORITY = (
    "If your company, school or server has an authority of its own, put its certificate (PEM) into"
    " a file, and the path of that into REQUESTS_CA_BUNDLE or SSL_CERT_FILE."
)

_CHECK_CLOCK = "Check the clock of this machine; if it is right, tell the server's owner."

_SELF_SIGNED = {18}
_UNKNOWN_ISSUER = {2, 19, 20, 21, 24, 27}
_OUT_OF_DATE = {9: "is not valid yet", 10: "has expired"}
_OTHER_NAME = {62, 64}
"""Results of OpenSSL's check of a certificate (X509_V_ERR_...)."""

_NOT_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG"}
"""How OpenSSL says that what came is no TLS; RECORD_LAYER_FAILURE may be that, too."""

_NO_COMMON_WAY = {
    "UNSUPPORTED_PROTOCOL",
    "WRONG_SSL_VERSION",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE",
    "HANDSHAKE_FAILURE",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "DH_KEY_TOO_SMALL",
}
"""How it says that the two ends will not agree."""

_OF_AUTHORITIES = {"X509", "PEM", "ASN1"}
"""Parts of OpenSSL that fail where a file of authorities is none."""


class Failure(NamedTuple):
    """Why there was no answer."""

    told: str
    """In a few words, which are safe to print."""
    hint: str = CHECK_NETWORK
    """What to do."""
    is_final: bool = False
    """Whether another try would fail alike."""


class Proxy(NamedTuple):
    """The proxy that requests to a URL go through."""

    address: str
    """Host and port, without user and password."""
    variable: str
    """The name of the environment variable that it is from, or "the system's settings"."""

    @classmethod
    def of(cls, url: str) -> Self | None:
        """Return the proxy for a URL; None where there is none."""
        if not url.startswith("https://"):
            return None  # plain http is for loopback, where no proxy is used
        proxies = requests.utils.get_environ_proxies(url)
        value = requests.utils.select_proxy(url, proxies)
        if not value:
            return None
        names = [
            name
            for key in ("https_proxy", "all_proxy")
            for name in sorted(os.environ, reverse=True)  # small letters win, as in urllib
            if name.lower() == key and os.environ[name] == value
        ]
        return cls(_without_credentials(value), names[0] if names else "the system's settings")

    def __str__(self) -> str:
        """Return it in words."""
        return f"the proxy {self.address} (from {self.variable})"


def _without_credentials(value: str) -> str:
    address = value.rpartition("@")[2].rpartition("//")[2]
    for mark in "/?#":
        address = address.partition(mark)[0]
    return shortened(address, 80) or '""'


class ProxyUnusable(requests.exceptions.ProxyError):
    """What an environment variable names cannot be used as a proxy, for a reason in words."""


class NoAuthorities(requests.exceptions.RequestException):
    """The file or folder of certificate authorities that a variable names is not there."""


def failure_of(error: BaseException, url: str) -> Failure:
    """Return why there was no answer from `url`; the libraries' words name their innards."""
    match error:
        case (
            requests.ConnectionError(args=[MaxRetryError(reason=cause)])
            | MaxRetryError(reason=cause)
        ) if cause is not None:
            return failure_of(cause, url)
        case ProxyUnusable():
            return _of_proxy(str(error), url, is_final=True)
        case ProxyError():
            return _of_proxy_connection(error.original_error, url)
        case NoAuthorities():
            return Failure(str(error), "Correct the variable, or unset it.", is_final=True)
        case SSLError() | requests.exceptions.SSLError() | ssl.SSLError() | CertificateError():
            return _through_proxy(_of_tls(_innermost(error)), url)
        case NameResolutionError():
            return Failure("no such host")
    told = _of_connection(error)
    return _through_proxy(Failure(told), url)


def _of_connection(error: BaseException) -> str:
    match error:
        case NewConnectionError():
            return "no connection"
        case requests.exceptions.Timeout() | ReadTimeoutError() | ConnectTimeoutError():
            return "no answer in time"
        case (
            ProtocolError()
            | DecodeError()
            | requests.exceptions.ChunkedEncodingError()
            | requests.exceptions.ContentDecodingError()
        ):
            return "the answer broke off"
        case requests.exceptions.ConnectionError():
            return "no connection"
        case requests.exceptions.RequestException() | HTTPError():
            return f"the request cannot be sent ({type(error).__name__})"
        case _:
            return shortened(str(error), 120)


def unanswered(error: BaseException, url: str, where: str, tried: str = "") -> ServerError:
    """Return the error for a request to `where` at `url` that was not answered."""
    failure = failure_of(error, url)
    return ServerError(f"{url}{where}: {failure.told}{tried}", failure.hint)


def _innermost(error: BaseException) -> BaseException:
    """Return the error of OpenSSL that libraries have wrapped."""
    while error.args and isinstance(error.args[0], BaseException):
        error = error.args[0]
    return error


def _of_tls(error: BaseException) -> Failure:
    """Return what is wrong with a certificate, or with TLS at all."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(error)
    if isinstance(error, CertificateError):
        return _insecure("the server's certificate is for another name", _CHECK_URL)
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return Failure(
            "the file of certificate authorities cannot be read",
            "Correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE, or unset it.",
            is_final=True,
        )
    reason = getattr(error, "reason", None) or ""
    if getattr(error, "library", None) in _OF_AUTHORITIES:
        return Failure(
            "the file of certificate authorities holds no certificate in PEM form",
            "Correct REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE, or unset it.",
            is_final=True,
        )
    if reason in _NOT_TLS or reason == "RECORD_LAYER_FAILURE":
        return _insecure("what answers at that port speaks no TLS (https)", "Check the port.")
    if reason in _NO_COMMON_WAY:
        words = reason.lower().replace("_", " ")
        return _insecure(f"no common way of TLS was found ({words})", "Tell the server's owner.")
    return Failure("the TLS connection broke off")


def _of_certificate(error: ssl.SSLCertVerificationError) -> Failure:
    code = error.verify_code
    if code in _SELF_SIGNED:
        return _insecure("the server's certificate is self-signed", _ADD_AUTHORITY)
    if code in _UNKNOWN_ISSUER:
        return _insecure(
            "the server's certificate is from an authority that is not known here (unknown issuer)",
            _ADD_AUTHORITY,
        )
    if code in _OUT_OF_DATE:
        return _insecure(f"the server's certificate {_OUT_OF_DATE[code]}", _CHECK_CLOCK)
    if code in _OTHER_NAME:
        return _insecure("the server's certificate is for another name", _CHECK_URL)
    said = shortened(error.verify_message, 80)
    return _insecure(f"the server's certificate is not valid ({said})", "Tell the server's owner.")


def _insecure(told: str, hint: str) -> Failure:
    return Failure(f"the connection is not secure: {told}", hint, is_final=True)


def _through_proxy(failure: Failure, url: str) -> Failure:
    """Name the proxy, if there is one: what failed may be its doing."""
    proxy = Proxy.of(url)
    return failure._replace(told=f"{failure.told}, through {proxy}") if proxy else failure


def _of_proxy_connection(error: BaseException, url: str) -> Failure:
    """Return why the proxy gave no connection to the server."""
    said = str(error)
    if "Tunnel connection failed" in said:
        status = "".join(said.partition(":")[2].split()[:1])
        if status == "407":
            return _of_proxy(
                "asks for a login (407)",
                url,
                hint="Put user and password into {}: http://USER:PASSWORD@HOST:PORT",
                is_final=True,
            )
        is_final = status.startswith("4") and status not in ("408", "429")
        return _of_proxy(f"does not connect to it ({shortened(status, 8)})", url, is_final=is_final)
    match error:
        case NameResolutionError():
            return _of_proxy("is no host that is known", url)
        case SSLError() | ssl.SSLError() | CertificateError():
            failure = _of_tls(_innermost(error))
            told = failure.told.replace("the server's certificate", "its certificate")
            return _of_proxy(f"cannot be used: {told}", url, is_final=failure.is_final)
        case _:
            return _of_proxy("does not answer", url)


def _of_proxy(
    told: str,
    url: str,
    *,
    hint: str = "Check the proxy in {}, or unset it.",
    is_final: bool = False,
) -> Failure:
    proxy = Proxy.of(url)
    if proxy is None:
        return Failure(f"the proxy {told}", CHECK_NETWORK, is_final)
    return Failure(f"{proxy} {told}", hint.format(proxy.variable), is_final)


class UsefulRetry(Retry):
    """A `Retry` that tries again only where another try may end otherwise."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: "BaseHTTPResponse | None" = None,
        error: Exception | None = None,
        _pool: "ConnectionPool | None" = None,
        *others: Any,
        **more: Any,
    ) -> Self:
        """Count a try. Raise MaxRetryError when no other one is of use, or left."""
        if error is not None and failure_of(error, "").is_final:
            raise MaxRetryError(_pool, url or "", error) from error  # type: ignore[arg-type]
        return super().increment(method, url, response, error, _pool, *others, **more)
