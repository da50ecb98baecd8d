"""Certificates of servers on loopback, made with openssl."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.missing import program

_CONFIGURATION = """
[ca]
default_ca = made
[made]
new_certs_dir = .
database = index
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
unique_subject = no
[any]
commonName = supplied
[leaf]
subjectAltName = DNS:localhost
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Certificates:
    """A folder of certificates for `localhost`, each beside its key."""

    folder: Path

    def authority(self) -> Path:
        """Return an authority of its own."""
        (self.folder / "cnf").write_text(_CONFIGURATION)
        (self.folder / "index").touch()
        self._make(
            "req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem"
            " -addext keyUsage=critical,keyCertSign"  # Python 3.13 wants it
        )
        return self.folder / "authority.pem"

    def signed(self, begin: str = "20200101000000Z", end: str = "20990101000000Z") -> Path:
        """Return one that the authority has signed, valid from `begin` to `end`."""
        self._make("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr")
        self._make(
            "ca -batch -config cnf -cert authority.pem -keyfile authority.key -in server.csr"
            f" -notext -out server.pem -startdate {begin} -enddate {end}"
        )
        return self.folder / "server.pem"

    def self_signed(self) -> Path:
        """Return one that is signed by itself."""
        self._make(
            "req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem"
            " -addext subjectAltName=DNS:localhost"
        )
        return self.folder / "own.pem"

    def _make(self, command: str) -> None:
        words = command.split()
        if words[0] == "req":
            words += [
                "-subj",
                f"/CN={'An authority' if 'authority.pem' in command else 'localhost'}",
            ]
        subprocess.run(
            [program("openssl"), *words], cwd=self.folder, check=True, capture_output=True
        )


def served(certificate: Path) -> ssl.SSLContext:
    """Return what a server with a certificate, and the key beside it, speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context
