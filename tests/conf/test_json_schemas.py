"""The JSON Schemas of conf/schemas: every file that the program takes fits them, and broken ones do not."""

import functools
import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from conf.composition import CONF, experiments
from conf.own_file import read_yaml
from conf.policies import LEVERS
from conf.schema import shipped, shipped_sections
from experiments.cli.command import main
from experiments.pages.json_schema import FOLDER, schemas, written

GROUPS = (
    "policy",
    "follow_up",
    "life_table",
    "cohort",
    "clinic",
    "disease",
    "scenario",
    "trial",
    "lesson",
    "compute",
    "economics",
)
PAPERS = sorted((CONF.parent / "examples/papers").glob("*.yaml"))
SHIPPED = [
    *((group, path) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))),
    *((name, CONF / f"{name}.yaml") for name in experiments()),
    *(("paper", path) for path in PAPERS),
]


@functools.cache
def validator(kind):
    content = json.loads((FOLDER / f"{kind}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def faults(kind, tree):
    """Return where a file does not fit, and why, a line each."""
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(tree)]


def test_the_schemas_are_those_of_the_code():
    made = {f"{kind}.json": written(content) for kind, content in schemas().items()}
    there = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert there == made, "make schema"


@pytest.mark.parametrize("kind, path", SHIPPED, ids=lambda value: getattr(value, "stem", value))
def test_every_shipped_file_fits(kind, path):
    assert faults(kind, read_yaml(path, str(path))) == []


@pytest.mark.parametrize("section", shipped_sections())
def test_every_section_of_the_disease_fits(section):
    tree = shipped(f"parameters/{section}")
    assert faults("disease", {section: tree}) == []
    assert set(validator("disease").schema["properties"][section]["properties"]) == set(tree)


KINDS = ("policy", "cohort", "clinic", "economics", "trial", "scenario", "lesson")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_file_names_its_schema_and_fits_it_with_every_key_set(here, kind):
    assert main(["new", kind, "mine"]) == 0
    path = here / "lrrc_files" / kind / "mine.yaml"
    text = path.read_text("utf-8")
    (named,) = re.findall(r"^# yaml-language-server: \$schema=(.*)$", text, re.MULTILINE)
    assert text.startswith("# yaml-language-server: ")
    assert (path.parent / named).read_bytes() == (FOLDER / f"{kind}.json").read_bytes()
    assert faults(kind, read_yaml(path, "mine")) == []
    # Uncommented, the keys are those of the schema: an editor offers no other.
    if kind in ("policy", "cohort", "clinic", "economics"):
        names = {
            "defaults",
            "guideline",
            "usual_care",
            "life_table",
        }  # names of files, which a new file may go without
        keys = set(re.findall(r"^(?:# )?([a-z]\w*):", text, re.MULTILINE)) - names
        assert keys == set(validator(kind).schema["properties"]) - names


def test_a_schema_of_an_older_version_is_replaced(here):
    assert main(["new", "policy", "mine"]) == 0
    there = here / "lrrc_files/schemas/policy.json"
    there.write_text("{}", "utf-8")
    assert main(["new", "policy", "other"]) == 0
    assert there.read_bytes() == (FOLDER / "policy.json").read_bytes()


BROKEN = [
    ("policy", "washuot: always", "washuot: 'always' is not of type 'object'"),
    ("policy", "washout: sometimes", "'sometimes' is not one of"),
    ("policy", "lateral_threshold_mm: 50", "50 is greater than the maximum of 30"),
    ("policy", "leak_prevention: 1", "1 is not of type 'boolean'"),
    ("cohort", "female_shar: 0.4", "'female_shar' was unexpected"),
    ("cohort", "female_share: 1.4", "1.4 is greater than the maximum of 1"),
    ("cohort", "ct_shares: [0.5, 0.5]", "is too short"),
    ("cohort", "background_mortality_ratio: 0", "0 is less than or equal to the minimum of 0"),
    ("clinic", "linac_count: 1.5", "1.5 is not of type 'integer'"),
    ("clinic", "theatre_open_hours: [0, 8, 0, 0, 8, 0, 30]", "30 is greater than the maximum of 24"),
    ("economics", "visit_prise: 100", "'visit_prise' was unexpected"),
    ("economics", "visit_price: -1", "-1 is less than the minimum of 0"),
    ("economics", "visit_price: {value: 1, currency: EUR}", "'year' is a required property"),
    ("economics", "recovery_utility_ratio: 1.1", "1.1 is greater than the maximum of 1"),
    ("economics", "recovery_days: {value: 1, currency: EUR, year: 2020}", "is not of type 'number'"),
    ("economics", "currency: euro", "does not match"),
    ("economics", "rates: {EUR: 1.2}", "'EUR' does not match any of the regexes"),
    ("follow_up", "visit_months: [6]\nct_months: []", "'mri_months' is a required property"),
    ("follow_up", "visit_months: [6, 6]\nct_months: []\nmri_months: []", "non-unique"),
    ("disease", "surgery: {leak_probability: 2}", "2 is greater than the maximum of 1"),
    ("disease", "surgery: {leak: 0.1}", "'leak' was unexpected"),
    ("scenario", "clock: fast", "'fast' is not one of"),
    ("scenario", "patients: 0", "0 is less than the minimum of 1"),
    ("scenario", "published: [{evidence: a}]", "'outcome' is a required property"),
    ("trial", "title: a", "'cohort' is a required property"),
    ("sweep", "on_error: ignore", "'ignore' is not one of"),
    ("sweep", "points: 0", "0 is less than the minimum of 1"),
    ("paper", "items: [{name: a, command: b, table: c}]", "'sha256' is a required property"),
]


@pytest.mark.parametrize("kind, text, message", BROKEN)
def test_a_broken_file_does_not_fit(kind, text, message):
    found = faults(kind, yaml.safe_load(text))
    assert any(message in line for line in found), found


@pytest.mark.parametrize(
    "change, message",
    [
        ({"endpoints": []}, "endpoints"),
        ({"estimator": "guess"}, "'guess' is not one of"),
        ({"arms": {"one": {"mix": {"tme_alone": 2}}}}, "arms"),
        ({"arms": {"one": {"base": "tme_alone", "washout": "sometimes"}}}, "arms"),
        ({"cohort": {"base": "dutch_tme", "female_share": -1}}, "minimum"),
        ({"conclusion": "good"}, "'conclusion' was unexpected"),
    ],
)
def test_a_broken_trial_does_not_fit(change, message):
    whole = read_yaml(CONF / "trial/dutch_tme.yaml", "")
    assert faults("trial", whole) == []
    assert any(message in line for line in faults("trial", {**whole, **change}))


def test_what_one_key_may_be_is_what_the_program_says():
    properties = validator("policy").schema["properties"]
    assert set(properties) == {"description", "guideline", *LEVERS}
    every = [
        validator(kind).schema for kind in ("policy", "cohort", "clinic", "economics", "scenario", "trial")
    ]
    described = [
        value for content in every for name, value in content["properties"].items() if name != "defaults"
    ]
    sections = ("cohort", "clinic", *shipped_sections())
    assert all(value.get("description") or value.get("properties") for value in described)
    assert set(sections) < set(validator("scenario").schema["properties"])
    leak = validator("disease").schema["properties"]["surgery"]["properties"]["leak_probability"]
    assert (leak["minimum"], leak["maximum"]) == (0, 1)
    # From the comments of the YAML: what it is of, and what it rests on.
    assert "diverted, unirradiated man" in leak["description"] and "nl.dsca.leak" in leak["description"]


def test_no_schema_names_a_place_of_its_own_on_the_web():
    for path in FOLDER.iterdir():
        addresses = set(re.findall(r"https?://[^\"\s]+", path.read_text("utf-8")))
        assert addresses == {"https://json-schema.org/draft/2020-12/schema"}, path.name
        assert not Path(path.name).is_absolute()
