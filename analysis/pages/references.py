"""The sources that a report refers to: as a list, and as a file of BibTeX."""

import re
from collections.abc import Iterable

from analysis.pages.report_parts import Reference
from analysis.words.report import METHODS, SOFTWARE
from conf.stated_sources import evidence

SOFTWARE_KEY = "lrrc_sim"


def references(ids: Iterable[str], methods: Iterable[str], version: str) -> list[Reference]:
    """Return the software, the methods and the rows of the evidence table that are referred to, each once."""
    found = [Reference(SOFTWARE_KEY, "Software", f"{SOFTWARE}, version {version}")]
    found += [Reference(key, "Method", METHODS[key][0]) for key in methods]
    for name in sorted(set(ids) & set(evidence())):
        row = evidence()[name]
        measured = ", ".join(filter(None, (row["endpoint"], row["population"], row["arm"])))
        found.append(Reference(name, f"{row['study']}: {measured}", row["source"]))
    return found


def bibtex(entries: Iterable[Reference]) -> str:
    """Return the references as BibTeX, an entry for each publication.

    A publication's words stand as the evidence table has them, in ``note``; year and DOI are fields of their
    own where it states them.
    """
    made = []
    by_source: dict[str, list[str]] = {}
    for entry in entries:
        if entry.id == SOFTWARE_KEY:
            made.append(_entry("misc", SOFTWARE_KEY, _software(entry.source)))
        elif entry.id in METHODS:
            kind = "article" if "journal" in METHODS[entry.id][1] else "book"
            made.append(_entry(kind, entry.id, {**METHODS[entry.id][1]}))
        elif entry.id in evidence():
            by_source.setdefault(entry.source, []).append(entry.id)
    taken: set[str] = set()
    for source, ids in by_source.items():
        stem = ids[0].partition(".")[0]
        key = next(name for name in _names(stem) if name not in taken)
        taken.add(key)
        fields = {"title": evidence()[ids[0]]["study"], "note": source}
        if year := re.search(r"\b(19|20)\d\d\b", source):
            fields["year"] = year[0]
        if doi := re.search(r"\b10\.\d{4,9}/[^\s,;]+", source):
            fields["doi"] = doi[0].rstrip(".")
        fields["keywords"] = ", ".join(ids)
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
