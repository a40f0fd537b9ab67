"""CITATION.cff: the keys that the Citation File Format 1.2 asks for, with the version of the package."""

import datetime
import re
import tomllib
from pathlib import Path

import yaml

import conf

ROOT = Path(conf.__file__).parent.parent
# Of the schema of the format, those that are used here; it allows no key that it does not know.
KEYS = {
    "cff-version", "message", "type", "title", "abstract", "authors", "version", "date-released", "license",
    "keywords", "repository-code", "url", "doi", "identifiers", "contact",
}  # fmt: skip


def test_the_citation_has_what_the_format_asks_for():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert set(cited) <= KEYS
    assert {"cff-version", "message", "title", "authors"} <= set(cited)  # required
    assert cited["cff-version"] == "1.2.0" and cited["type"] in ("software", "dataset")
    assert isinstance(cited["version"], str)
    for key in ("message", "title", "abstract"):
        assert isinstance(cited[key], str) and cited[key].strip()
    assert cited["authors"]
    for author in cited["authors"]:
        assert {"name"} <= set(author) or {"family-names"} <= set(author)
    assert len(set(cited["keywords"])) == len(cited["keywords"]) > 0
    assert re.fullmatch(r"[A-Za-z0-9.+-]+", cited["license"])
    assert isinstance(cited["date-released"], str)  # in quotes, so that every reader of YAML takes it so
    datetime.date.fromisoformat(cited["date-released"])


def test_the_version_and_the_licence_are_those_of_the_package():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert cited["version"] == project["version"]
    assert cited["license"] == project["license"]
    assert cited["title"] == project["name"]
    assert [author["name"] for author in cited["authors"]] == [a["name"] for a in project["authors"]]
    assert set(project["keywords"]) & set(cited["keywords"])


def test_no_address_is_invented():
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert not re.search(r"https?:|doi|github|gitlab", text)  # until there is one: then this test says which
