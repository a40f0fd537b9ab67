"""What the page holds follows from the code, the YAML and the schema."""

import json
import re

import jsonschema
import pytest

from conf.composition import composing, options
from conf.input_error import InputError
from conf.policies import LEVERS, read_policy, with_levers
from conf.request import request
from conf.schedules import FollowUp
from conf.schema import read_run
from experiments.cli.command import main
from experiments.whatif import sentences
from experiments.whatif.assembled import PAGE, SCRIPTS
from experiments.whatif.exported import _refused
from experiments.whatif.state import Files, settings, start
from sim.counting.outcomes import HARMS


@pytest.fixture(scope="module")
def content(page_file):
    text = page_file.read_text("utf-8").partition('id="content">')[2].partition("</script>")[0]
    return json.loads(text.replace("<\\/", "</"))


def test_every_shipped_file_is_there(content):
    with composing():
        for group in ("cohort", "disease", "clinic"):
            assert list(content[f"{group}s"]) == options(group)
        assert list(content["economics"]) == options("economics")
        alone = set()
        for name in options("policy"):
            try:
                read_policy(name)
                alone.add(name)
            except InputError:  # only in combination
                continue
    assert alone <= set(content["policies"])
    with composing():
        assert list(content["scenarios"]) == options("scenario")
    assert set(content["levers"]) == set(LEVERS)
    assert content["outcomes"]["harms"] == list(HARMS)


def test_what_the_command_line_changes_is_changed_on_the_page():
    changed = ["surgery.leak_probability=0.2", "cohort.plane_shares=[0.5,0.3,0.2]", "patients=2000"]
    with composing():
        asked = request("compare", changed, "lrrc whatif")
        as_shipped = read_run(request("compare", [], "lrrc whatif").config)
        files = Files({"dutch_contemporary": as_shipped}, {"calibrated": as_shipped}, {"none": as_shipped})
        opens = start(asked, read_run(asked.config), files)
    assert opens["numbers"] == {
        "surgery.leak_probability": 0.2,
        "cohort.plane_shares": [0.5, 0.3, 0.2],
    }
    assert opens["patients"] == 2000


def test_the_schema_takes_the_page_s_own_state_and_refuses_others(content):
    check = jsonschema.Draft202012Validator(content["schema"])
    check.check_schema(content["schema"])
    for state in (content["start"], *(scenario["state"] for scenario in content["scenarios"].values())):
        check.validate(state)
    wrong = (
        {"cohort": "nobody"},
        {"policies": []},
        {"policies": [{"policy": "tme_alone", "levers": {"washout": 1}}]},
        {"numbers": {"surgery.leak_probability": -1}},
        {"numbers": {"surgery.leak": 1}},
        {"seed": 0.5},
        {"more": 1},
    )
    for parts in wrong:
        assert not check.is_valid({**content["start"], **parts}), parts


def test_pairs_that_are_refused_are_those_that_the_policies_refuse():
    """Of one lever more at a time, over a policy that gives treatment and one that gives none."""
    with composing():
        refused = _refused()
        for base in ("chemoradiotherapy", "tme_alone"):
            policy = read_policy(base)
            own = {
                lever: getattr(value, "name", value).lower() if hasattr(value, "name") else value
                for lever, value in ((lever, getattr(policy, lever)) for lever in LEVERS)
            }
            for lever in LEVERS:
                kind = LEVERS[lever].kind
                for setting in settings(lever) or ([False, True] if kind is bool else []):
                    changed = {**own, lever: setting}
                    by_pairs = any(
                        all(changed[name] == value for name, value in pair["levers"].items())
                        for pair in refused
                    )
                    try:
                        with_levers(policy, {lever: setting})
                        by_policy = False
                    except InputError:
                        by_policy = True
                    assert by_pairs == by_policy, (base, lever, setting)
    assert refused and FollowUp


def test_every_sentence_of_the_script_is_in_the_file_and_is_used():
    script = "\n".join((PAGE / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    keys = set(re.findall(r'say\(\s*"([\w.]+)"', script))
    keys |= {key for pair in re.findall(r'say\([^"`]*\? "([\w.]+)"\s*: "([\w.]+)"', script) for key in pair}
    everything = sentences.english()
    known = set(leaves(everything))
    assert keys <= known, keys - known
    composed = [re.sub(r"\$\{.*?\}", ".*", text) for text in re.findall(r"say\(`([^`]+)`", script)]
    apart = ("terms.", "about.", "verbs.")
    unused = {
        key
        for key in known - keys
        if not key.startswith(apart) and key not in ("title", "noscript")
        and not any(re.fullmatch(pattern, key) for pattern in composed) and f'"{key}"' not in script
    }  # fmt: skip
    assert unused == set()


def leaves(tree, above=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["out=page.txt"], "ends in .html"),
        (["out="], "ends in .html"),
        (["open=maybe"], "must be true or false"),
        (["page"], "takes keys"),
        (["out=a.html", "out=b.html"], "appears twice"),
        (["cohort=nobody"], "there is no such cohort"),
        (["policies=[tme_alone,short_course,long_course,chemoradiotherapy,total_neoadjuvant]"], "at most 4"),
    ],
)
def test_wrong_input_is_refused_in_one_line(words, reason, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["whatif", *words]) == 2
    said = capsys.readouterr().err
    assert reason in said and said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
