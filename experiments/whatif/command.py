"""``lrrc whatif``: the page "What if?", one file that holds the model."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

from conf import units
from conf.input_error import InputError, shown
from conf.request import Request

OWN_KEYS = ("out", "open")
KEY_WORDS = {
    "out": "the page's file; default: whatif.html",
    "open": "true or false: whether a browser opens it; default: true",
    "key=value": "a scenario, policies, a country's prices (economics=dutch) or a number, as lrrc compare "
    "takes them, with which the page opens; also --config-dir DIR",
}
FILE = "whatif.html"


def whatif(asked: Request, words: Sequence[str]) -> int:
    """Write the page, open it unless that is not wanted, print its path; return 0.

    Raises InputError for other words, for a comparison that cannot be run, and for a file that cannot be
    written.
    """
    settings = read(words)
    path, opens = out_file(settings.get("out", FILE)), flag(settings.get("open", "true"))
    from conf.schema import read_run

    run = read_run(asked.config)
    # Imported late: what compiles is not needed to refuse.
    from experiments.results.partial import write_whole
    from experiments.whatif.assembled import assembled
    from experiments.whatif.exported import exported

    page = assembled(exported(asked, run))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page.encode())
    except OSError as error:
        raise InputError(f"out={shown(str(path))}: cannot be written: {error.strerror}") from error
    if opens:
        webbrowser.open(path.resolve().as_uri())
    print(path)
    return 0


def read(words: Sequence[str]) -> dict[str, str]:
    """Return the command's own settings. Raises InputError for a word that is none."""
    settings = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"{shown(word)}: lrrc whatif takes keys, as in: lrrc whatif cohort=dutch_tme")
        if key in settings:
            raise InputError(f"{shown(word)}: {key} appears twice")
        settings[key] = value
    return settings


def out_file(name: str) -> Path:
    """Return the file that ``out`` names. Raises InputError."""
    path = Path(name).expanduser()
    if not name or "\0" in name or path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"out={shown(name)}: must be the name of a file that ends in .html")
    if path.is_dir():
        raise InputError(f"out={shown(name)}: is a folder; name a file that ends in .html")
    return path


def flag(value: str) -> bool:
    """Return what ``open`` says. Raises InputError."""
    said = units.flag({"true": True, "false": False}.get(value.lower(), value))
    if said is None:
        raise InputError(f"open={shown(value)}: must be true or false")
    return said
