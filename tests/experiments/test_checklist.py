"""``lrrc checklist``: every item once, values of the run, and no folder can break a page by what it says."""

import json
import re
import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analysis.pages.checklist_frame import TO_DO, said
from analysis.pages.checklists import pages
from analysis.words.checklist_items import ADVISHE, CHEERS, ODD, STRESS_DES, TECH_VER
from experiments import black_box
from experiments.checklist import facts_of
from experiments.cli.command import main
from experiments.results.received_run import received_run

FILES = {
    "checklist_stress_des.md": STRESS_DES,
    "checklist_odd.md": ODD,
    "checklist_cheers_2022.md": CHEERS,
    "checklist_advishe.md": ADVISHE,
    "checklist_tech_ver.md": TECH_VER,
}
MADE = [
    "patients=60", "seed=4", "horizon_years=3", "pictures=false", "surgery.leak_probability=0.21",
    "cohort=dutch_tme", "policies=[tme_alone,short_course+washout_always]",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    assert main(["compare", *MADE, f"out={out}"]) == 0
    return out


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


@pytest.fixture
def written(run, capsys):
    assert main(["checklist", str(run)]) == 0
    capsys.readouterr()
    return {name: (run / name).read_text("utf-8") for name in FILES}


def section(page, number):
    (found,) = re.findall(rf"^## {re.escape(number)} .*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found


@pytest.mark.parametrize("file", FILES)
def test_each_item_is_there_once_in_order_with_something_known_or_to_do(written, file):
    page = written[file]
    heads = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert heads == [f"{item.number} {item.topic}" for item in FILES[file].items]
    for item in FILES[file].items:
        said_of_it = section(page, item.number).split("\n\n")[2:]
        assert [part for part in said_of_it if part.strip()], item


@pytest.mark.parametrize("file", FILES)
def test_each_page_says_what_of_its_source_was_read(written, file):
    head = written[file].partition("\n## ")[0]
    assert FILES[file].publication in head and FILES[file].read in head
    assert re.search(r"not read|were not|was not|[Oo]nly|could not be read", FILES[file].read)


def test_the_lists_have_the_lengths_of_the_published_ones_or_say_that_they_were_not_read():
    assert len(STRESS_DES.items) == 24
    assert [item.number for item in CHEERS.items] == [str(k) for k in range(1, 29)]
    assert len([item for item in ODD.items if item.number.startswith("4.")]) == 11 and len(ODD.items) == 17
    assert all(item.number.startswith("part") for item in ADVISHE.items)
    assert "13 items" in ADVISHE.read and "could not be read" in ADVISHE.read


def test_stress_des_has_what_the_run_was(written, run):
    page = written["checklist_stress_des.md"]
    manifest = json.loads((run / "manifest.json").read_text())
    assert "3.0 years" in section(page, "4.2")
    assert "60 patients" in section(page, "4.3") and "seed 4" in section(page, "4.3")
    assert manifest["python"] in section(page, "5.1") and "numba" in section(page, "5.1")
    assert manifest["code"]["sources_sha256"] in section(page, "6.1")
    assert "Philox" in section(page, "5.2")
    assert "`local_recurrence`" in section(page, "1.2") and "`life_years`" in section(page, "1.2")
    logic = section(page, "2.3")
    assert "| washout | usual | always |" in logic and "| neoadjuvant | none |" in logic
    assert "stoma | usual" not in logic.partition("numbers differ")[0]
    assert r"| surgery.leak\_probability | 0.21 | 0.0897437 | command line |" in logic
    assert r"| cohort.age\_mean\_years | 64.5 | 68 | conf/cohort/dutch\_tme.yaml |" in logic


def test_what_is_known_of_other_checklists_comes_from_the_same_run(written):
    assert "3.0 years" in section(written["checklist_cheers_2022.md"], "9")
    assert r"dutch\_tme" in section(written["checklist_cheers_2022.md"], "5")
    assert TO_DO in section(written["checklist_cheers_2022.md"], "27")
    assert "flowchart TD" in section(written["checklist_odd.md"], "3")
    for _, claim, _ in black_box.TESTS:
        assert said(claim) in section(written["checklist_tech_ver.md"], "domain 2")


def test_the_results_of_verify_are_shown_where_they_are_named(run, tmp_path, capsys):
    assert main(["verify", "patients=50", f"out={tmp_path / 'verified'}"]) == 0
    assert main(["checklist", str(run), f"verified={tmp_path / 'verified'}"]) == 0
    page = (run / "checklist_tech_ver.md").read_text("utf-8")
    table = pd.read_csv(tmp_path / "verified/verification.csv", dtype=str)
    assert page.count("| pass |") == (table["passed"] == "pass").sum() > 30
    assert "run `lrrc verify`" not in page


@pytest.mark.parametrize(
    "words",
    [
        ["capacity", "clinics=[regional]", "policies=[tme_alone]", "patients=20", "horizon_years=0.2",
         "target_share=0.01", "pictures=false", "clock=compiled"],
        ["sweep", "grid={surgery.leak_probability:[0.05,0.1]}", "patients=20", "horizon_years=1",
         "compute.workers=1", "pictures=false"],
        ["validate", "trial=crab", "patients=50", "most_patients=50", "pictures=false"],
        ["patient", "number=3"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
@pytest.mark.long
def test_a_run_of_every_experiment_has_its_checklists(tmp_path, capsys, words):
    assert main([*words, f"out={tmp_path / 'run'}"]) == 0
    assert main(["checklist", str(tmp_path / "run")]) == 0
    page = (tmp_path / "run/checklist_stress_des.md").read_text("utf-8")
    assert f"Experiment: {words[0]}." in page
    assert ("nobody waits" in page) == (words[0] != "capacity")
    varied = {
        "capacity": "1 clinic; each has its own capacity",
        "sweep": r"| grid | \{surgery.leak\_probability",
        "validate": "1 trial; each has its own cohort and policies",
    }
    assert varied.get(words[0], "Policies compared") in section(page, "2.3") + section(page, "1.3")


def test_a_zip_is_enough_and_needs_a_folder_for_the_pages(run, tmp_path, capsys):
    archive = shutil.make_archive(str(tmp_path / "sent"), "zip", run.parent, run.name)
    assert main(["checklist", archive]) == 2
    assert "out=checklists" in capsys.readouterr().err
    assert main(["checklist", archive, f"out={tmp_path / 'pages'}"]) == 0
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == sorted(FILES)


def test_a_page_that_a_person_completed_is_never_overwritten(run, written, capsys):
    path = run / "checklist_odd.md"
    path.write_text(written["checklist_odd.md"].replace(TO_DO, "Done:", 2), "utf-8")
    before = {name: (run / name).read_bytes() for name in FILES}
    assert main(["checklist", str(run)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "checklist_odd.md: is there already" in err
    assert {name: (run / name).read_bytes() for name in FILES} == before


def test_unchanged_pages_can_be_written_again(run, written):
    assert main(["checklist", str(run)]) == 0


def test_a_page_is_not_written_through_a_link(run, tmp_path, capsys):
    (run / "checklist_odd.md").symlink_to(tmp_path / "elsewhere.md")
    assert main(["checklist", str(run)]) == 2
    assert not (tmp_path / "elsewhere.md").exists()
    assert not (run / "checklist_stress_des.md").exists()


HOSTILE = (
    "x\n## 9.9 Invented\n| a | b |\n<script>alert(1)</script> ![](http://evil) `code` [a](b) **bold** \\ $x$"
)


def test_what_a_folder_says_cannot_become_a_heading_a_link_or_code(run):
    manifest = json.loads((run / "manifest.json").read_text())
    manifest.update(
        command=HOSTILE, platform=HOSTILE, seed=HOSTILE, clock={"a": [HOSTILE]}, patients=[HOSTILE] * 99
    )
    manifest["packages"] = {HOSTILE: HOSTILE}
    manifest["code"] = HOSTILE and {"version": HOSTILE}
    manifest["machine"] = "none"
    (run / "manifest.json").write_text(json.dumps(manifest))
    config = (run / "config.yaml").read_text("utf-8")
    config = config.replace(
        "description: Total mesorectal excision alone", f"description: {json.dumps(HOSTILE)}"
    )
    (run / "config.yaml").write_text(config, "utf-8")
    assert main(["checklist", str(run)]) == 0
    for name, checklist in FILES.items():
        page = (run / name).read_text("utf-8")
        assert len(re.findall(r"^#+ ", page, re.MULTILINE)) == 1 + len(checklist.items)
        # As a reader of Markdown has it: text, and nothing else.
        shown = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(page)
        assert shown.count("<h2>") == len(checklist.items)
        assert "Invented" in shown and "&lt;script&gt;" in shown
        for sign in ("<script", "<img", "<a ", "<strong>bold", "<code>code<"):
            assert sign not in shown, (name, sign)
    page = (run / "checklist_stress_des.md").read_text("utf-8")
    assert r"\<script\>" in section(page, "5.1")


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_one_line_without_live_signs(text):
    line = said(text)
    assert "\n" not in line and line.isprintable()
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]<>#|~&$@:]", line)
    assert not re.match(r"[-+=]|\d+[.)](\s|$)", line)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None),
        (["nowhere"], "there is no such folder or zip"),
        (["run", "other"], "name one run"),
        (["run", "into=x"], "there is no such key"),
        (["run", "out="], "out needs one value"),
        (["run", "verified=nowhere"], "verification.csv: is not a file"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_line(run, capsys, monkeypatch, words, expected):
    monkeypatch.chdir(run.parent)
    status = main(["checklist", *words])
    said_there = capsys.readouterr()
    if expected is None:
        assert status == 0 and "usage: lrrc checklist RUN" in said_there.out
    else:
        assert status == 2 and said_there.err.count("\n") == 1 and expected in said_there.err
    assert not list(run.glob("checklist_*"))


@pytest.mark.parametrize(
    "content", ["", "a: [", "a: b\n" * 2, "[1, 2]", "policy: {a: 3, b: {neoadjuvant: {x: 1}}}"]
)
def test_a_damaged_configuration_is_refused_or_leaves_items_without_it(run, capsys, content):
    (run / "config.yaml").write_text(content, "utf-8")
    status = main(["checklist", str(run)])
    err = capsys.readouterr().err
    assert (status, err.count("\n")) in ((0, 0), (2, 1))


def test_every_page_is_made_of_the_facts_alone(run):
    with received_run(str(run)) as received:
        facts = facts_of(received)
    assert pages(facts) == pages(facts) and set(pages(facts)) == set(FILES)
