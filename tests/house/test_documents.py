"""The documents: what they show works, what they name is there, and nothing that a run writes is missing."""

import csv
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra

import conf
from conf import policies, schema
from conf.calibration import read_calibration
from conf.capacity import read_capacity
from conf.composition import composing
from conf.patient import read_patient
from conf.schema import read_run
from conf.validation import read_validation
from experiments.budget import read_budget
from experiments.cli.catalogue import EXPERIMENTS, ON_RUNS, TO_LEARN
from experiments.cli.command import check, main
from experiments.cli.hydra_runner import launch
from experiments.gains import read_gains
from experiments.simulating.cohort import BLOCK
from experiments.sweep import read_plan
from experiments.valuing.plan import read_psa
from experiments.valuing.sensitivity_plan import read_sensitivity
from sim.patient import ROW

ROOT = Path(conf.__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
OUTCOMES = (ROOT / "docs/outcomes.md").read_text("utf-8")
MODEL = (ROOT / "docs/model.md").read_text("utf-8")
LABELS = ("outcome", "mechanism", "compartment", "group", "treatment", "margin", "fate")
FILES = (".csv", ".parquet", ".yaml", ".json", ".txt")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def fenced(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shown(program):
    """Return the command lines of a program in README's shell blocks."""
    lines = [line for block in fenced(README, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(f"{program} ")]


def in_backticks(text):
    """Return what stands in backticks outside fenced blocks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


accepted = []


def accept(asked):
    """An experiment that only reads its configuration, as every experiment does first."""
    config, words = asked.config, list(asked.overrides)
    name = shlex.split(asked.command)[1]
    reads = {
        "capacity": lambda: read_capacity(config, words),
        "patient": lambda: read_patient(config),
        "sweep": lambda: read_plan(config, words),
        "validate": lambda: read_validation(config),
        "calibrate": lambda: read_calibration(config),
        "psa": lambda: read_psa(config, asked.choices or {}),
        "sensitivity": lambda: read_sensitivity(config, asked.choices or {}),
        "gains": lambda: read_gains(config),
        "budget": lambda: read_budget(config),
    }
    accepted.append(reads.get(name, lambda: read_run(config))())
    return Path(name)


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """Write README's YAML files, each named in its first line, into an empty folder."""
    monkeypatch.chdir(tmp_path)
    for block in fenced(README, "yaml"):
        path = Path(block.splitlines()[0].removeprefix("# "))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, "utf-8")


@pytest.mark.parametrize("line", shown("lrrc"))
def test_every_lrrc_command_of_the_readme_is_accepted(own_files, capsys, line):
    name, *words = shlex.split(line)[1:]
    if name == "--help" or "--help" in words:
        assert main([name, *words]) == 0
        return
    if name in TO_LEARN:
        assert main([name, *words]) == 0
        return
    if name in ON_RUNS:  # what comes before on the page makes the folder
        assert words
        return
    if name == "whatif":  # it opens with what lrrc compare would run, and out is a file
        name, words = "compare", [word for word in words if not word.startswith("out=")]
    accepted.clear()
    check(name)
    status = launch(name, f"{__name__}:accept", words)
    assert (status, capsys.readouterr().err) == (0, "")
    assert len(accepted) > 1 if "-m" in words else len(accepted) == 1


@pytest.mark.parametrize("line", shown("make"))
def test_every_make_command_of_the_readme_has_its_rule(line):
    rules = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert shlex.split(line)[1] in rules


def test_the_readme_shows_the_main_job_the_trial_a_sweep_and_a_policy_of_ones_own():
    lines = shown("lrrc")
    assert "lrrc compare" in lines and "lrrc compare scenario=dutch_tme" in lines
    assert any(" -m " in line for line in lines)
    assert any(" --config-dir " in line for line in lines)
    assert fenced(README, "yaml") and {"make compare", "make test"} <= set(shown("make"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_file_and_heading_that_is_linked_is_there(path):
    text = path.read_text("utf-8")
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text):
        if "://" in target:
            continue
        file = path.parent / target if target else path
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_path_that_is_named_is_there(path):
    top = ("sim/", "conf/", "experiments/", "analysis/", "tests/", "benchmarks/", "docs/")
    for word in in_backticks(path.read_text("utf-8")):
        if word.startswith(top) and "NAME" not in word:
            assert (ROOT / word).exists(), word


def vocabulary():
    """Return every policy, file, lever, setting, key, column and outcome that a document may name."""
    words = {*schema.RUN_KEYS, *policies.LEVERS, *EXPERIMENTS, *ROW.names, policies.USUAL_CARE}
    words |= {file.stem for file in (ROOT / "conf").rglob("*.yaml")}
    for kind, _ in policies.LEVERS.values():
        words |= {member.lower() for member in getattr(kind, "__members__", ())}
    for section in schema.shipped_sections():
        words |= set(schema.leaves(section, schema.shipped(f"parameters/{section}")))
    words |= set(schema.leaves("cohort", schema.shipped("cohort/dutch_contemporary")))
    return words | set(in_backticks(OUTCOMES))


def test_every_policy_and_key_that_the_readme_names_is_there():
    named = {word for word in in_backticks(README) if re.fullmatch(r"[a-z]+([_.][a-z0-9_]+)+", word)}
    assert "tme_alone" in named
    assert sorted(word for word in named - vocabulary() if not word.endswith(FILES)) == []


def test_every_evidence_id_of_the_model_page_stands_in_the_evidence():
    with open(ROOT / "conf/evidence.csv", newline="", encoding="utf-8") as file:
        ids = {row["id"] for row in csv.DictReader(file)}
    named = {
        word
        for word in in_backticks(MODEL)
        if re.fullmatch(r"\w+(\.\w+)+", word) and not word.endswith((".yaml", ".csv"))
    }
    assert len(named) > 20
    assert sorted(named - ids) == []


def test_every_file_of_numbers_that_the_model_page_names_is_there():
    for word in re.findall(r"`(\w+\.yaml)`", MODEL):
        assert (ROOT / "conf/parameters" / word).exists(), word


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a small run that writes every file."""
    folder = tmp_path_factory.mktemp("documented") / "run"
    assert (
        main(["compare", "scenario=dutch_tme", "patients=300", "rows=true", "journal=true", f"out={folder}"])
        == 0
    )
    return folder


def test_the_files_of_a_run_are_those_of_the_readme(run):
    written = {file.name for file in run.iterdir() if file.name.endswith(FILES)}
    named = {
        word for word in in_backticks(README) if re.fullmatch(r"[\w-]+\.\w+", word) and word.endswith(FILES)
    }
    # Those of runs with prices, with queues, and of as many patients as uncertain numbers need.
    assert named - written == {"economics.csv", "waits.csv", "uncertainty.csv"}
    assert written - named == set()


def test_every_column_and_outcome_of_a_run_is_documented(run):
    documented = set(in_backticks(OUTCOMES))
    for file in run.glob("*.csv"):
        table = pd.read_csv(file)
        labels = [column for column in LABELS if column in table]
        words = set(table.columns).union(*(table[column].unique() for column in labels))
        assert sorted(words - documented) == [], file.name
    lives = pd.read_parquet(run / "patients.parquet")
    assert sorted({re.sub(r"_\d+$", "", column) for column in lives.columns} - documented) == []


def test_the_documents_name_the_block_of_the_code():
    assert f"block of {BLOCK:,} patients" in (ROOT / "docs/journal.md").read_text("utf-8")
    task = schema.shipped("sweep")["block"]
    assert f"`block` of {task:,} patients" in (ROOT / "docs/sweeps.md").read_text("utf-8")


def test_the_policies_of_the_readmes_yaml_are_policies(own_files):
    names = re.findall(r"^# mine/policy/(\w+)\.yaml$", README, re.MULTILINE)
    assert len(names) == len(set(names)) >= 2
    with composing("mine"):
        read = {name: policies.read_policy(name) for name in names}
    assert any(policy.guideline is not None for policy in read.values())
    assert not GlobalHydra.instance().is_initialized()


def test_the_readmes_commands_for_researchers_do_what_they_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    part = README.partition("## For researchers")[2]
    block = re.search(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL)[1]
    for line in block.splitlines():
        smaller = line.replace("patients=2000", "patients=60 pictures=false")
        assert main(shlex.split(smaller)[1:]) == 0, line
    out = capsys.readouterr().out
    assert "reproduced: theirs" in out and "surgery.leak_probability: " in out
