"""Who owns a file and who may read it, and how another one in its place is given the same."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

_ACCESS_LIST = "system.posix_acl_access"

_KEPT_ATTRIBUTES = ("user.", "security.selinux", "system.nfs4_acl", "system.richacl")
"""How the names of those begin that a file keeps when it is replaced, where they can be set."""

_NOT_SUPPORTED = {
    getattr(errno, name)
    for name in ("EINVAL", "ENODATA", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EACCES")
    if hasattr(errno, name)
}
"""What a file system answers that has no owners, modes, lists or such."""


class AccessRefused(Exception):
    """A file in the place of another would have another owner, or let in others."""


class Access(NamedTuple):
    """Who owns a file and who may do what with it, and what else is noted of it."""

    status: os.stat_result
    access_list: bytes | None
    attributes: dict[str, bytes]

    @classmethod
    def of(cls, path: Path) -> "Access | None":
        """Return that of a file; None where there is no regular one."""
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        attributes = _attributes(path)
        return cls(status, attributes.pop(_ACCESS_LIST, None), attributes)

    def give(self, descriptor: int) -> None:
        """Let a new file have it. Raise AccessRefused where that cannot be."""
        found = os.fstat(descriptor)
        if hasattr(os, "fchown") and (found.st_uid, found.st_gid) != (
            self.status.st_uid,
            self.status.st_gid,
        ):
            with _refused():
                os.fchown(descriptor, self.status.st_uid, self.status.st_gid)
        self._give_attributes(descriptor)
        with _refused():
            set_mode(descriptor, stat.S_IMODE(self.status.st_mode))

    def give_less(self, descriptor: int) -> None:
        """Let a new file have what of it can be had, and let in nobody whom it keeps out."""
        if hasattr(os, "fchown"):
            with suppress(OSError):
                os.fchown(descriptor, -1, self.status.st_gid)
        if sys.platform == "linux":
            with suppress(OSError):
                os.removexattr(descriptor, _ACCESS_LIST)
        mode = self.status.st_mode
        # Who was the owner or in the group may be anybody else now, and the other way round.
        shared = mode >> 6 & mode >> 3 & mode & 0o7
        is_of_group = os.fstat(descriptor).st_gid == self.status.st_gid and not self.access_list
        group = mode & 0o070 if is_of_group else shared << 3
        with suppress(OSError):
            set_mode(descriptor, mode & 0o700 | group | shared)

    def _give_attributes(self, descriptor: int) -> None:
        if sys.platform != "linux":  # Python knows none elsewhere
            return
        found = _attributes(descriptor)
        inherited = found.pop(_ACCESS_LIST, None)
        if inherited != self.access_list:
            with _refused():
                if self.access_list is None:
                    os.removexattr(descriptor, _ACCESS_LIST)
                else:
                    os.setxattr(descriptor, _ACCESS_LIST, self.access_list)
        for name, value in self.attributes.items():
            if found.get(name) != value:
                with suppress(OSError):
                    os.setxattr(descriptor, name, value)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        raise AccessRefused from None


def _attributes(file: Path | int) -> dict[str, bytes]:
    """Return the access list of a file and the attributes that it keeps, where there are such."""
    found: dict[str, bytes] = {}
    if sys.platform == "linux":
        with suppress(OSError):
            for name in os.listxattr(file):
                if name == _ACCESS_LIST or name.startswith(_KEPT_ATTRIBUTES):
                    found[name] = os.getxattr(file, name)
    return found


def set_mode(descriptor: int, mode: int) -> None:
    """Set the permissions of a file that has others. Raise OSError."""
    if hasattr(os, "fchmod") and stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)


def synchronize(descriptor: int) -> None:
    """Have all of a file on the disk, if its file system knows what that is. Raise OSError."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
