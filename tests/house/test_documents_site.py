"""The documentation as pages: each is found from the front page, and what is generated is complete."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote

import pandas as pd
import pytest
from helpers.documents import ROOT, blocks, loaded

from conf import policies, schema
from conf.composition import composing, options
from experiments.cli.catalogue import EXPERIMENTS, ON_MODEL, ON_RUNS, OWN_FILES, TO_LEARN
from experiments.cli.command import main
from experiments.model_source import bookings
from sim.counting.columns import COLUMNS
from sim.events import Event

reference, pathway = loaded("reference"), loaded("pathway")
FRONT = ROOT / "docs/index.md"
ALONE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md", "examples/papers/README.md")
PAGES = [path for path in sorted(ROOT.glob("docs/**/*.md")) if "_build" not in path.parts]
PAGES += [ROOT / name for name in ALONE]


def below(page):
    """Return the pages that a page's toctrees name, in order."""
    found = [each for each in blocks.blocks(page.read_text("utf-8")) if each.language == "{toctree}"]
    entries = [line for each in found for line in each.text.splitlines() if line and not line.startswith(":")]
    names = [re.sub(r".* <(.*)>", r"\1", entry) for entry in entries]
    return [(page.parent / f"{name}.md").resolve() for name in names]


def test_every_page_is_in_one_toctree_and_found_from_the_front_page():
    reached, waiting = [FRONT], [FRONT]
    while waiting:
        new = below(waiting.pop())
        reached += new
        waiting += new
    assert sorted(reached) == sorted(PAGES)


def test_every_generated_part_is_on_a_page_once_and_is_there():
    named = [part for page in PAGES for part in reference.marks(page)]
    assert sorted(named) == sorted(reference.GENERATED)


def in_backticks(text):
    return set(re.findall(r"`([^`\n]+)`", text))


def test_the_experiments_have_all_keys_and_the_files_to_choose_from():
    text = reference.experiments()
    for name in EXPERIMENTS:
        assert f"## lrrc {name}\n" in text
    assert set(schema.RUN_KEYS) <= in_backticks(text)
    files = in_backticks(reference.files())
    with composing():
        for group in ("cohort", "scenario", "clinic", "disease", "compute", "trial"):
            assert set(options(group)) <= files


def test_the_other_commands_are_all_there():
    text = reference.commands()
    for name in (*TO_LEARN, *ON_RUNS, *OWN_FILES, *ON_MODEL):
        assert f"## lrrc {name}\n" in text


def test_the_policies_have_every_lever_with_its_values_and_every_file():
    levers = in_backticks(reference.levers())
    for name, (kind, _) in policies.LEVERS.items():
        assert {name, *(member.lower() for member in getattr(kind, "__members__", ()))} <= levers
    assert {"standard", "intensive", "minimal"} <= levers
    with composing():
        assert set(options("policy")) <= in_backticks(reference.shipped_policies())


def test_the_cohorts_and_clinics_have_every_key():
    for part, file in (
        (reference.cohort, "cohort/dutch_contemporary"),
        (reference.clinic, "clinic/unlimited"),
    ):
        section = file.partition("/")[0]
        assert {f"{section}.{key}" for key in schema.shipped(file)} <= in_backticks(part())


def test_the_names_are_those_of_a_run(tmp_path):
    words = ["patients=60", "rows=true", "pictures=false", "policies=[tme_alone]", f"out={tmp_path / 'run'}"]
    assert main(["compare", *words]) == 0
    table = pd.read_csv(tmp_path / "run/outcomes.csv")
    shown = set(re.findall(r"^\| `(\w+)` \| (\w+) \|$", reference.outcome_names(), re.MULTILINE))
    assert shown == set(table[["outcome", "unit"]].itertuples(index=False, name=None))
    split = in_backticks(reference.splits())
    assert set(table["mechanism"]) | set(table["compartment"]) | set(table["group"]) <= split
    columns = {
        re.sub(r"_\d+$", "", column) for column in pd.read_parquet(tmp_path / "run/patients.parquet").columns
    }
    assert columns - {"policy"} == set(re.findall(r"^\| `(\w+)`", reference.patient_fields(), re.MULTILINE))
    assert set(COLUMNS) <= in_backticks(reference.conditions())
    assert {event.name.lower() for event in Event} <= in_backticks(reference.events())
    assert "2 `chemoradiotherapy`" not in reference.codes() and "3 `chemoradiotherapy`" in reference.codes()


def test_the_diagram_of_the_model_is_drawn_from_the_events_of_today():
    drawn = pathway.drawn()
    assert pathway.PICTURE.read_text("utf-8") == drawn, "python docs/sphinx/pathway.py"
    deaths = {event.name for event in Event if event.name.startswith("DEATH_")}
    booked = bookings()
    arrows = [(name, each) for name, found in booked.items() for each in found.books if each != name]
    assert drawn.count("marker-end") == sum(other not in deaths for _, other in arrows)
    assert drawn.count("† ") - 1 == len({name for name, other in arrows if other in deaths})
    assert drawn.count("<rect") - 1 == len(Event) - len(deaths)


class Page(HTMLParser):
    """The ids of a page, where its links go, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in ("script", "img", "source", "iframe") and given.get("src"):
            self.loads.append(given["src"])
        if tag == "link" and "stylesheet" in given.get("rel", "").split() + given.get("as", "").split():
            self.loads.append(given["href"])


# Any connection ends the build.
OFFLINE = """
import socket, sys
def refuse(*_): raise OSError("the build asked for a network")
socket.socket.connect = socket.getaddrinfo = refuse
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the pages as `make docs` does, without a network."""
    folder = tmp_path_factory.mktemp("site")
    rule = re.search(r"python -m sphinx (.*) docs/_build", (ROOT / "Makefile").read_text("utf-8"))[1]
    assert {"-W", "-n"} <= set(rule.split())
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *rule.split(), str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    page = re.search(r"lrrc whatif (.*)out=docs/_build/(\S+)", (ROOT / "Makefile").read_text("utf-8"))
    assert main(["whatif", *page[1].split(), f"out={folder / page[2]}"]) == 0
    return folder


@pytest.mark.long
def test_the_pages_are_built_without_a_warning_and_load_nothing_from_elsewhere(site):
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > len(PAGES)
    for path, page in pages.items():
        for target in page.loads:
            assert not re.match(r"(https?:)?//", target), f"{path}: {target}"
    for sheet in (site / "_static").rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


@pytest.mark.long
def test_every_link_of_the_pages_leads_somewhere(site):
    pages = {path: Page(path) for path in site.rglob("*.html")}
    lost = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"\w+:", target):
                continue
            to = (path.parent / target.partition("?")[0]).resolve() if target else path
            if not to.exists() or (anchor and to in pages and anchor not in pages[to].ids):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


@pytest.mark.long
def test_the_pages_have_a_search_and_what_is_generated(site):
    index = (site / "searchindex.js").read_text("utf-8")
    assert '"exfoli' in index and "docs/tutorials/analyst" in index
    assert "recurrence_induction_chemotherapy" in (site / "docs/reference/policies.html").read_text("utf-8")
    assert 'id="lrrc.compare"' in (site / "docs/reference/python.html").read_text("utf-8")
    assert "generated:" not in "".join(path.read_text("utf-8") for path in site.glob("docs/reference/*.html"))
