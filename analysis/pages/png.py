"""A picture in PNG that was received: what draws it is kept, and its title and note are read."""

import struct
import zlib
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"pHYs", b"sRGB", b"gAMA")
LARGEST_PIXELS = 20_000  # on a side
LARGEST_TEXT = 10_000


@dataclass(frozen=True)
class Drawn:
    """A picture of a run in PNG: its name, bytes, size in pixels, and what is written above it."""

    name: str
    png: bytes
    width: int
    height: int
    title: str
    note: str


def read_png(name: str, content: bytes) -> Drawn | None:
    """Return a picture with no chunk but those that hold it, and its text; None for what is no sound PNG."""
    if not content.startswith(SIGNATURE):
        return None
    kept, said, at = [SIGNATURE], {"Title": "", "Description": ""}, len(SIGNATURE)
    size = (0, 0)
    kind = b""
    while kind != b"IEND":
        if at + 12 > len(content):
            return None
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body, end = content[at + 8 : at + 8 + length], at + 12 + length
        if end > len(content) or zlib.crc32(kind + body) != struct.unpack(">I", content[end - 4 : end])[0]:
            return None
        if kind == b"IHDR" and length == 13:
            size = struct.unpack(">II", body[:8])
        if kind in KEPT:
            kept.append(content[at:end])
        elif kind in (b"tEXt", b"iTXt") and length <= LARGEST_TEXT:
            key, words = _text(kind, body)
            if key in said:
                said[key] = words
        at = end
    if not all(0 < side <= LARGEST_PIXELS for side in size):
        return None
    return Drawn(name, b"".join(kept), *size, said["Title"], said["Description"])


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    key, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return key.decode("latin-1"), rest.decode("latin-1")
    if rest[:1] != b"\0":  # compressed, which Matplotlib does not write
        return "", ""
    return key.decode("latin-1"), rest[2:].split(b"\0", 2)[-1].decode("utf-8", "replace")
