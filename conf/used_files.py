"""The files that a run was composed from: the user's own, kept whole, and shipped ones, by their digest."""

import hashlib
from dataclasses import dataclass, field


@dataclass
class UsedFiles:
    """``own``: the content of a user's files by their place, such as ``policy/mine.yaml``; ``shipped``: the
    SHA-256 of shipped files whose content the composed configuration does not hold, by their place."""

    own: dict[str, bytes] = field(default_factory=dict)
    shipped: dict[str, str] = field(default_factory=dict)


used = UsedFiles()  # by whoever composes now; composing is one thing at a time


def begin() -> None:
    """Forget the files of the configuration before."""
    used.own.clear()
    used.shipped.clear()


def note_own(place: str, content: bytes) -> None:
    """Note a user's file that was read."""
    used.own[place] = content


def note_shipped(place: str, digest: str) -> None:
    """Note a shipped file that was read, by ``digest_of`` its content."""
    used.shipped[place] = digest


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a text, whatever its ends of lines, in hexadecimal."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
