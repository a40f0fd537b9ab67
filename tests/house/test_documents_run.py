"""Every code block of the documents does what it shows, in an empty folder, with few patients."""

import csv
import doctest
import re
from pathlib import Path

import pytest
from helpers.documents import ROOT, blocks

import lrrc
from analysis.pages.validated import validated
from experiments.paper import read_paper

PAGES = [
    ROOT / "README.md",
    *sorted(path for path in ROOT.glob("docs/**/*.md") if "_build" not in path.parts),
    ROOT / "benchmarks/README.md",
    ROOT / "examples/papers/README.md",
]
TUTORIALS = [path for path in sorted(ROOT.glob("docs/tutorials/*.md")) if path.name != "index.md"]
QUICK = ROOT / "docs/how-to/policy.md"
# What is not run here, by how a line begins, and why.
NOT_RUN = {
    "make compare": "installs; test_documents.py looks for its rule, and the command itself is run",
    "make test": "runs this test",
    "make mutants": "takes an hour",
    "source .venv/bin/activate": "the tests are in the environment already",
    "lrrc whatif": "opens a browser; tests/experiments/whatif runs it, and opens the page",
    "dask ": "servers; tests/experiments/sweeping/test_executors.py starts them and sweeps there",
    "lrrc sweep 'grid={surgery.leak_probability:[0.02,0.05,0.08]}' compute=": "as above; also Slurm",
}
# Blocks that other tests run or compare, by page and language.
ELSEWHERE = {
    ("README.md", "powershell"): "Windows; tests/house/test_installation.py",
    ("README.md", "text"): "at full size, below",
    ("docs/python.md", "python"): "tests/lrrc/test_python_documents.py",
    ("docs/own_files.md", "text"): "the first line of a new file, below",
    ("docs/reproduce.md", "text"): "what lrrc diff prints of two runs, below",
    **{(f"docs/tutorials/{path.name}", "text"): "at full size, below" for path in TUTORIALS},
}
FEW = ("patients=200", "pictures=false")
SMALLER = {
    "compare": FEW,
    "sweep": (*FEW, "compute.workers=1"),
    "sensitivity": (
        *FEW, "vary=[exfoliation,spillage]", "map_steps=2", "trajectories=2", "samples=2", "horizon_years=10",
        "policies=[usual_care,tme_alone]", "compute.workers=1",
    ),
    "capacity": ("patients=60", "pictures=false"),
    "psa": ("members=20", "patients=100", "pictures=false", "compute.workers=1"),
    "gains": ("patients=500", "pictures=false"),
    "budget": ("patients=100", "pictures=false"),
    "patient": ("patients=2000",),
    "validate": ("patients=100", "most_patients=100", "pictures=false"),
    "calibrate": (
        "trial=[crab]", "fitted=[margin]", "patients=200", "ensemble=20", "steps=1",
        "search_evaluations=0", "workers=1",
    ),
}  # fmt: skip


def smaller(words):
    """Return a command's words with few patients, points and members."""
    name, *rest = words
    if name not in SMALLER or "--help" in rest or "--cfg" in rest:
        return words
    given = dict(word.split("=", 1) for word in rest if "=" in word and not word.startswith("-"))
    less = {word.partition("=")[0]: word for word in SMALLER[name]}
    if name == "sweep":
        less |= {key: f"{key}=2" for key in ("posterior", "points", "replications") if key in given}
        if "precision" in given:
            less |= {"precision": "precision=0.5", "patients": "patients=400", "block": "block=200"}
    if name == "validate":
        less["trial"] = (
            "trial=[crab]" if given.get("trial", "all").isidentifier() else f"trial={given['trial']}"
        )
    kept = [word for word in rest if word.partition("=")[0] not in less]
    return [name, *kept, *less.values()]


def patients_csv(path):
    """Write a table of forty patients, as a registry would give it."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["age", "sex", "height", "T", "cN"])
        for k in range(40):
            out.writerow([50 + k, "FM"[k % 2], 1 + k % 14, ("T2", "T3", "T3", "T4")[k % 4], f"N{k % 3}"])


def prepare(page):
    """Put into the working folder what a page takes as given."""
    if page == "docs/model.md":
        Path("conf").symlink_to(ROOT / "conf")
    if page in ("docs/own_files.md", "docs/how-to/cohort.md"):
        patients_csv("patients.csv")
    if page in ("docs/journal.md", "docs/outcomes.md"):
        blocks.run_line("lrrc compare patients=60 journal=true out=runs/compare/2026-05-04_09-30-00", smaller)
    if page == "docs/sweeps.md":
        blocks.run_line("lrrc calibrate out=runs/calibrate/mine", smaller)


def lines(block):
    """Return the commands of a shell block."""
    return [line for line in block.text.splitlines() if line.strip() and not line.startswith("#")]


def excused(line):
    return next((begins for begins in NOT_RUN if line.startswith(begins)), None)


def run_page(path):
    """Run every block of a page in the working folder; return how many commands and blocks ran."""
    page = path.relative_to(ROOT).as_posix()
    prepare(page)
    names, files, ran, commands = {"__name__": "__main__"}, [], 0, []
    for block in blocks.blocks(path.read_text("utf-8")):
        if block.language.startswith("{") or (page, block.language) in ELSEWHERE:
            continue
        if block.language == "sh":
            for line in lines(block):
                if not excused(line):
                    blocks.run_line(line, smaller)
                    commands.append(line)
                    ran += 1
        elif block.language == "yaml":
            files.append(blocks.write(block))
        else:
            assert block.language == "python"
            blocks.run_python(block, f"{page}:{block.line}", names)
            ran += 1
    for file in files:  # each is read by a command that names it, or here
        if file.name == "paper.yaml":
            assert read_paper(file)
        else:
            by_files = [other.read_text("utf-8") for other in files if other != file]  # a policy's guideline
            assert any(file.stem in line for line in [*commands, *by_files]), file
    return ran


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_block_has_a_language_that_something_runs(path):
    page = name_of(path)
    for block in blocks.blocks(path.read_text("utf-8")):
        if block.language in ("sh", "python") or (page, block.language) in ELSEWHERE:
            continue
        if block.language == "yaml":
            assert blocks.file_of(block), f"{page}:{block.line}: its first line names no file"
            continue
        assert block.language in ("{toctree}", "{raw} html"), f"{page}:{block.line}: {block.language}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_block_is_overlooked(path):
    text = path.read_text("utf-8")
    fences = sum(line.lstrip().startswith("```") for line in text.splitlines())
    assert fences == 2 * len(blocks.blocks(text))


def test_every_excuse_is_needed():
    found = [(path, block) for path in PAGES for block in blocks.blocks(path.read_text("utf-8"))]
    commands = [line for _, block in found if block.language == "sh" for line in lines(block)]
    assert {excused(line) for line in commands} - {None} == set(NOT_RUN)
    pairs = {(name_of(path), block.language) for path, block in found}
    assert set(ELSEWHERE) <= pairs


def test_a_how_to_page_runs(here):
    assert run_page(QUICK) == 3


@pytest.mark.long
@pytest.mark.parametrize(
    "path", [path for path in PAGES if path != QUICK and "```sh" in path.read_text("utf-8")], ids=name_of
)
def test_every_block_of_a_page_runs_in_order(here, path):
    ran = run_page(path)
    found = blocks.blocks(path.read_text("utf-8"))
    commands = [line for block in found if block.language == "sh" for line in lines(block)]
    assert ran >= sum(not excused(line) for line in commands)


@pytest.mark.long
@pytest.mark.parametrize("path", TUTORIALS, ids=name_of)
def test_a_tutorial_shows_what_its_commands_print(here, path):
    text = path.read_text("utf-8")
    assert blocks.renewed(text) == text, "python docs/sphinx/blocks.py"


@pytest.mark.long
@pytest.mark.parametrize("command", ["lrrc compare", "lrrc compare scenario=dutch_tme"])
def test_the_readme_shows_what_its_main_commands_print(here, command):
    found = blocks.blocks((ROOT / "README.md").read_text("utf-8"))
    after = next(k for k, block in enumerate(found) if block.text == f"{command}\n")
    assert found[after + 1].language == "text"
    assert blocks.run_line(f"{command} pictures=false").startswith(found[after + 1].text)


def shown(page):
    """Return the one output that a page shows."""
    (block,) = (each for each in blocks.blocks((ROOT / page).read_text("utf-8")) if each.language == "text")
    return block.text


def test_a_new_policy_begins_with_the_line_that_its_page_shows(here):
    blocks.run_line("lrrc new policy mine")
    assert (here / "lrrc_files/policy/mine.yaml").read_text("utf-8").startswith(shown("docs/own_files.md"))


def test_two_runs_differ_in_the_lines_that_the_page_of_lrrc_diff_shows(here):
    few = "patients=60 horizon_years=1 pictures=false"
    blocks.run_line(f"lrrc compare policies=[tme_alone,short_course] {few} out=a")
    blocks.run_line(f"lrrc compare policies=[tme_alone] surgery.leak_probability=0.2 {few} out=b")
    assert f"\n\n{shown('docs/reproduce.md')}\n" in blocks.run_line("lrrc diff a b")


def test_the_readme_counts_the_published_figures_as_the_page_of_validation_does():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in ("calibration", "validation"):
        verdicts = [each.verdict for each in validated() if each.set == name and each.judged]
        assert re.search(rf"^{name} +{verdicts.count('inside')} of {len(verdicts)} ", text, re.MULTILINE)


@pytest.mark.long
def test_the_examples_of_the_docstrings_run(here):
    blocks.run_line("lrrc compare out=runs/compare/2026-05-04_09-30-00", smaller)
    shown = [getattr(lrrc, name) for name in lrrc.__all__ if name != "Run"]
    shown += [lrrc.Run, *(each for each in vars(lrrc.Run).values() if callable(each))]
    names, ran = {"lrrc": lrrc}, 0
    for each in shown:
        for example in doctest.DocTestParser().get_examples(each.__doc__ or ""):
            few = re.sub(r"\bpatients=[\d_]+", "patients=600", example.source)
            exec(compile(few, f"{each.__qualname__}: {example.source}", "exec"), names)
            ran += 1
    assert ran == sum((each.__doc__ or "").count(">>> ") for each in shown) > 10


def test_what_is_left_out_of_an_output_is_left_out_of_the_new_one_too():
    shown = "one 1 of these\n...\nfour 4 of these\n"
    printed = "one 5 of these\ntwo\nthree\nfour 6 of these\nfive\n"
    assert blocks.cut(shown, printed) == "one 5 of these\n...\nfour 6 of these\n"
    assert blocks.cut("one\n", printed) == printed
    assert blocks.cut("one 1 of these\n...\n", printed) == "one 5 of these\n...\n"


def test_an_output_that_differs_is_seen(here):
    page = "```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n"
    assert blocks.renewed(page) == page.replace("3", "2")


def test_a_command_that_fails_is_seen(here):
    with pytest.raises(blocks.BlockError, match="patients=0: must be a whole number"):
        blocks.run_line("lrrc compare patients=0")
    with pytest.raises(blocks.BlockError, match="status 1"):
        blocks.run_line("false")
