"""Where a shipped number comes from: what the comment behind it says, and the publications of its ids."""

import csv
import functools
import re
from pathlib import Path

from conf.economics import ECONOMICS, read_words
from conf.run import Tree
from conf.schema import shipped, shipped_sections

CONF = Path(__file__).parent
COHORT, CLINIC, DISEASE = "dutch_contemporary", "unlimited", "calibrated"
ASSUMPTION = "assumption"


@functools.cache
def evidence() -> dict[str, dict[str, str]]:
    """Return the rows of ``conf/evidence.csv`` by id."""
    with open(CONF / "evidence.csv", newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def ids_in(words: str) -> list[str]:
    """Return the ids of the evidence table that a text names, and ``assumption``, in their order."""
    named = (word.rstrip(".") for word in re.findall(r"[\w.]+", words))
    return list(dict.fromkeys(word for word in named if word in evidence() or word == ASSUMPTION))


@functools.cache
def comments(file: str) -> dict[str, str]:
    """Return what the comment behind each key of a shipped file says, as in ``parameters/surgery``."""
    lines = (CONF / f"{file}.yaml").read_text("utf-8").splitlines()
    found = (re.match(r"(\w+):[^#]*#\s*(.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def shipped_names(group: str) -> list[str]:
    """Return the names of a group's shipped files, sorted."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


@functools.cache
def shipped_disease(name: str = DISEASE) -> dict[str, Tree]:
    """Return the numbers of a shipped disease by section: its own, and otherwise those set by hand."""
    own = shipped(f"disease/{name}") if name in shipped_names("disease") else {}
    return {
        section: {**shipped(f"parameters/{section}"), **own.get(section, {})}
        for section in shipped_sections()
    }


@functools.cache
def shipped_file(group: str, name: str) -> tuple[Tree, dict[str, str]]:
    """Return the numbers of a shipped cohort, clinic or country, its base's included, and their comments."""
    own = shipped(f"{group}/{name}")
    numbers: Tree = {}
    said: dict[str, str] = {}
    for base in own.get("defaults", []):
        if base != "_self_":
            more, words = shipped_file(group, str(base))
            numbers, said = {**numbers, **more}, {**said, **words}
    mine = {key: value for key, value in own.items() if key != "defaults"}
    if group == ECONOMICS and mine:
        mine = read_words(mine)[1]  # prices in the file's own currency and year
    # A number without a comment of its own has no source here: not that of the base's other number.
    words = {key: comments(f"{group}/{name}").get(key, "") for key in mine}
    return {**numbers, **mine}, {**said, **words}


def assumptions_of(group: str, name: str) -> str:
    """Return in a sentence how many of a shipped file's numbers rest on an assumption; of others nothing."""
    if name not in shipped_names(group):
        return ""
    said = [words for key, words in comments(f"{group}/{name}").items()]
    assumed = sum(ASSUMPTION in ids_in(words) for words in said)
    return f"{assumed} of the {len(said)} entries of {group}/{name} rest on an assumption, alone or in part."
