"""The sources that a report refers to: as a list, and as a file of BibTeX."""

import re
from collections.abc import Iterable

from analysis.pages.report_parts import Reference
from analysis.words.report import METHODS, SOFTWARE
from conf.stated_sources import evidence

SOFTWARE_KEY = "lrrc_sim"


def references(ids: Iterable[str], methods: Iterable[str], version: str) -> list[Reference]:
    """Return the software, the methods and the publications that are referred to, each once.

    ``ids``: of the evidence table; others are passed over.
    """
    found = [Reference("Software", f"{SOFTWARE}, version {version}", {SOFTWARE_KEY: ""})]
    found += [Reference("Method", METHODS[key][0], {key: ""}) for key in methods]
    by_source: dict[str, dict[str, str]] = {}
    for name in sorted(set(ids) & set(evidence())):
        row = evidence()[name]
        by_source.setdefault(row["source"], {})[name] = ", ".join(filter(None, (row["endpoint"], row["arm"])))
    for source, figures in by_source.items():
        found.append(Reference(evidence()[next(iter(figures))]["study"], source, figures))
    return found


def bibtex(entries: Iterable[Reference]) -> str:
    """Return the references as BibTeX, an entry for each publication.

    A publication's words stand as the evidence table has them, in ``note``; year and DOI are fields of their
    own where it states them; the ids that are read from it are its keywords.
    """
    made, taken = [], set[str]()
    for entry in entries:
        first = next(iter(entry.figures))
        if first == SOFTWARE_KEY:
            made.append(_entry("misc", first, _software(entry.source)))
            continue
        if first in METHODS:
            kind = "article" if "journal" in METHODS[first][1] else "book"
            made.append(_entry(kind, first, METHODS[first][1]))
            continue
        key = next(name for name in _names(first.partition(".")[0]) if name not in taken)
        taken.add(key)
        fields = {"title": entry.study, "note": entry.source}
        if year := re.search(r"\b(19|20)\d\d\b", entry.source):
            fields["year"] = year[0]
        if doi := re.search(r"\b10\.\d{4,9}/[^\s,;]+", entry.source):
            fields["doi"] = doi[0].rstrip(".")
        fields["keywords"] = ", ".join(entry.figures)
        made.append(_entry("misc", key, fields))
    return "\n".join(made)


def _software(source: str) -> dict[str, str]:
    author, _, title = source.partition(". ")
    return {"author": f"{{{author}}}", "title": title}


def _names(stem: str) -> Iterable[str]:
    yield stem
    for number in range(2, 10_000):
        yield f"{stem}_{number}"


def _entry(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = [f"  {name} = {{{_escaped(words)}}}," for name, words in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _escaped(words: str) -> str:
    """Return words that TeX takes as they are; braces of an author's name that is not split are kept."""
    return re.sub(r"([&%$#_])", r"\\\1", words) if not words.startswith("10.") else words
