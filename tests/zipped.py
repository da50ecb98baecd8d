"""What unpacks to far more than it is, made in a moment."""

import zlib

_MIB = 2**20


def zipped(byte: bytes, size: int) -> bytes:
    """Return the same byte so many times, in whole MiB, as gzip has it, but for the checksum.

    After a full flush the same input is packed as the same output.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(byte * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(byte * _MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + again * (size // _MIB - 1)
