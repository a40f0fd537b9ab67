"""A run's folder describes itself: a data dictionary for people, an RO-Crate for programs."""

import hashlib
import json
import re
import shutil
from enum import IntEnum
from importlib import metadata
from urllib.parse import unquote

import pandas as pd
import pytest
from helpers.every_run import RUNS, SHORT, made
from rocrate.rocrate import ROCrate

import sim.patient
from analysis.pages.dictionary import LABELS, MEMBERS, SETS_OF, described, dictionary
from analysis.words.columns import PATIENT
from analysis.words.economics import QUANTITY
from analysis.words.terms import HARM
from experiments.cli.command import main
from experiments.export import read_tables
from experiments.results.crate import CRATE, renew
from sim.counting.columns import COLUMNS, READABLE
from sim.counting.outcomes import MECHANISM_LABELS, names
from sim.events import Event
from sim.patient import N_CHARGED, ROW, Compartment, Cost, Harm, Mechanism
from sim.policy import Regimen

EVERY = [name if name in SHORT else pytest.param(name, marks=pytest.mark.long) for name in RUNS]
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"
# What RO-Crate 1.3 and Process Run Crate 0.6 ask of the entities that are there.
OF_ROOT = ("name", "description", "datePublished", "license", "conformsTo", "hasPart", "mentions")
OF_ACTION = ("name", "description", "startTime", "endTime", "instrument", "object", "result")
OF_FILE = ("name", "description", "encodingFormat", "contentSize", "sha256")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that makes a run, once for all tests, and returns its folder."""
    folder = tmp_path_factory.mktemp("runs")
    return lambda name: made(name, folder)


@pytest.fixture
def copy(run, tmp_path):
    """A copy of a run's folder, to be changed."""
    return shutil.copytree(run("patient"), tmp_path / "received")


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text("utf-8"))


def entries(folder):
    """Return the rows of the data dictionary by table and column."""
    table = pd.read_csv(folder / "data_dictionary.csv", keep_default_na=False)
    assert list(table) == ["table", "column", "meaning", "unit", "type", "codes"]
    return {(row["table"], row["column"]): row for row in table.to_dict("records")}


def files_of(folder):
    """Return the places of the files of a folder, except those that no crate lists."""
    places = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {place for place in places if place != CRATE and not place.startswith("ledger/")}


@pytest.mark.parametrize("name", EVERY)
def test_every_column_of_every_table_has_its_meaning_type_and_codes(run, name):
    folder = run(name)
    known = entries(folder)
    tables = read_tables(folder)
    assert set(known) == {(table, column) for table, frame in tables.items() for column in frame}
    for (table, column), row in known.items():
        values = tables[table][column].dropna()
        assert len(row["meaning"]) > 3, (table, column)
        if row["codes"] and not row["codes"].startswith("sum of: "):
            codes = {code.partition(" = ")[0] for code in row["codes"].split("; ")}
            assert set(map(str, values.unique())) - {"", "True", "False"} <= codes, (table, column)
        if row["type"] in ("number", "whole number"):
            assert values.empty or values.dtype.kind in "iuf", (table, column)
        elif row["type"] == "words":
            assert values.empty or values.dtype.kind not in "iufb", (table, column)


def test_the_codes_of_every_enumeration_are_listed(run):
    known = entries(run("compare"))
    kinds = [
        kind for kind in vars(sim.patient).values() if isinstance(kind, type) and issubclass(kind, IntEnum)
    ]
    for harm, words in HARM.items():  # a column for each
        assert known["patients", f"harm_from_day_{int(harm)}"]["meaning"].endswith(f": {words}")
        assert f"{harm.name.lower()} = " in known["harmed", "harm"]["codes"]
    for cost in list(Cost)[:N_CHARGED]:
        meaning = known["patients", f"charged_{int(cost)}"]["meaning"]
        assert meaning.endswith(f": {QUANTITY[f'cost_{cost.name.lower()}']}")
    for kind in [kind for kind in kinds if kind not in (IntEnum, Mechanism, Harm, Cost)] + [Regimen]:
        fields = [field for field, members in {**MEMBERS, **SETS_OF}.items() if members is kind]
        assert fields, f"no column has the members of {kind.__name__}"
        for field in fields:
            columns = [
                column
                for table, column in known
                if table == "patients" and re.fullmatch(rf"{field}(_\d+)?", column)
            ]
            assert columns
            for column in columns:
                codes = known["patients", column]["codes"]
                for member in kind:
                    code = 1 << member if field in SETS_OF else int(member)
                    assert f"{code} = " in codes, (column, member)
    for code in MECHANISM_LABELS:
        assert f"{code} = " in known["outcomes", "mechanism"]["codes"]
    for code in names(Compartment):
        assert f"{code} = " in known["outcomes", "compartment"]["codes"]


def test_codes_are_those_by_which_conditions_name_them():
    for field, kind in MEMBERS.items():
        words = READABLE[field].words if field in READABLE else {}
        assert set(words.values()) <= {int(member) for member in kind}, field
        labels = [LABELS.get(kind, {}).get(member, member.name) for member in kind]
        assert len(set(labels)) == len(labels), field


def test_every_field_of_a_row_is_described_and_no_other():
    described_fields = {field for field in ROW.names if field in PATIENT or field in COLUMNS}
    assert described_fields == set(ROW.names)
    assert set(PATIENT) <= set(ROW.names)


def test_units_are_those_of_the_names(run):
    known = entries(run("compare"))
    assert known["patients", "crm_mm"]["unit"] == "mm"
    assert known["patients", "death_day"]["unit"] == "days"
    assert known["patients", "waited_days_5"]["unit"] == "days"
    assert "operation" in known["patients", f"waited_days_{int(Event.RESECTION)}"]["meaning"] + "operation"
    assert "resection" in known["patients", f"waited_days_{int(Event.RESECTION)}"]["meaning"]
    assert known["patients", "lateral_mm_1"]["meaning"].endswith(": right")
    assert known["outcomes", "estimate"]["unit"] == "as in the column unit"
    assert known["averted", "net_low"]["unit"] == "per 1,000 patients"
    assert known["harmed", "spared_high"]["unit"] == "per 1,000 patients"
    assert known["patients", "harm_until_day_3"]["unit"] == "days"


def test_a_column_that_nobody_described_has_no_meaning():
    parts = described("outcomes", pd.DataFrame({"knob": [1.0], "policy": ["a"]}))
    assert [part.meaning == "" for part in parts] == [True, False]
    assert dictionary(parts)["type"].tolist() == ["number", "words"]


@pytest.mark.parametrize("name", EVERY)
def test_the_folder_is_a_process_run_crate(run, name):
    folder = run(name)
    crate, manifest = ROCrate(folder), manifest_of(folder)
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.3"
    context = json.loads((folder / CRATE).read_text("utf-8"))["@context"]
    assert context == "https://w3id.org/ro/crate/1.3/context"
    root = crate.root_dataset
    assert all(root.get(key) for key in OF_ROOT)
    assert root["conformsTo"].id == PROFILE and root["conformsTo"]["version"] == "0.6"
    assert set(root["conformsTo"].type) == {"CreativeWork", "Profile"}
    assert root["datePublished"] == manifest["finished_utc"]
    (action,) = (entity for entity in crate.get_entities() if entity.type == "CreateAction")
    assert root["mentions"] is action
    assert all(action.get(key) for key in OF_ACTION)
    assert "agent" not in action.properties()  # nobody is invented
    assert (action["startTime"], action["endTime"]) == (manifest["started_utc"], manifest["finished_utc"])
    assert action["description"] == manifest["command"]
    program = action["instrument"]
    assert program.type == "SoftwareApplication" and program["name"] == "lrrc-sim"
    assert program["version"] == manifest["code"]["version"]
    assert "softwareVersion" not in program.properties()  # the profile wants one of the two
    results = {unquote(entity.id) for entity in action["result"]}
    assert set(manifest["tables"]) < results
    used = {unquote(entity.id) for entity in action["object"]}
    assert {"config.yaml", *(f"inputs/{place}" for place in manifest["inputs"])} < used
    # Nothing refers to an entity that is not there.
    graph = json.loads((folder / CRATE).read_text("utf-8"))["@graph"]
    there = {entity["@id"] for entity in graph}
    assert len(there) == len(graph)
    assert set(_references(graph)) - there == {"https://w3id.org/ro/crate/1.3"}
    assert f"numpy {manifest['packages']['numpy']}" in program["softwareRequirements"]


def test_the_program_has_the_address_of_its_package_and_none_that_is_invented(run):
    addresses = metadata.metadata("lrrc-sim").get_all("Project-URL") or []
    graph = json.loads((run("patient") / CRATE).read_text("utf-8"))["@graph"]
    (program,) = (entity for entity in graph if entity["@id"] == "#lrrc-sim")
    assert [program["url"]] == [addresses[0].split(", ")[1]] if addresses else "url" not in program


def _references(value):
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


@pytest.mark.parametrize("name", EVERY)
def test_the_crate_lists_every_file_with_its_size_and_digest(run, name):
    folder = run(name)
    listed = {unquote(e.id): e for e in ROCrate(folder).get_entities() if e.type == "File"}
    assert set(listed) == files_of(folder)
    for place, entity in listed.items():
        content = (folder / place).read_bytes()
        assert all(entity.get(key) for key in OF_FILE), place
        assert entity["contentSize"] == str(len(content))
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["encodingFormat"] != "application/octet-stream"
    if (folder / "ledger").is_dir():
        assert "ledger/" in {entity.id for entity in ROCrate(folder).root_dataset["hasPart"]}


def test_what_a_later_command_adds_is_listed_but_not_as_a_result(copy):
    assert main(["report", str(copy)]) == 0
    crate = ROCrate(copy)
    assert {unquote(e.id) for e in crate.get_entities() if e.type == "File"} == files_of(copy)
    (action,) = (entity for entity in crate.get_entities() if entity.type == "CreateAction")
    assert "report.html" not in {entity.id for entity in action["result"]}
    assert "journal.csv" in {entity.id for entity in action["result"]}


def test_what_people_added_to_the_description_stays(copy):
    path = copy / CRATE
    described = json.loads(path.read_text("utf-8"))
    root = described["@graph"][1]
    root |= {"author": {"@id": "#me"}, "license": {"@id": "#mine"}, "name": "not a name that is kept"}
    described["@graph"] += [{"@id": "#me", "@type": "Person", "name": "A. Author"}]
    described["@graph"] += [{"@id": "#mine", "@type": "CreativeWork", "name": "My licence"}]
    path.write_text(json.dumps(described), "utf-8")
    (copy / "story.md").unlink()
    assert main(["report", str(copy)]) == 0
    root = ROCrate(copy).root_dataset
    assert root["author"]["name"] == "A. Author" and root["license"]["name"] == "My licence"
    assert root["name"].startswith("lrrc patient")
    listed = {entity.id for entity in root["hasPart"]}
    assert "story.md" not in listed and "report.html" in listed


def test_the_description_of_a_received_folder_follows_no_link(copy, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", "utf-8")
    (copy / "story.md").unlink()
    (copy / "story.md").symlink_to(secret)
    (copy / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    (copy / CRATE).unlink()
    (copy / CRATE).symlink_to(secret)
    renew(copy)
    assert secret.read_text("utf-8") == "a\n1\n"
    assert not (copy / CRATE).is_symlink()
    listed = {e.id for e in ROCrate(copy).get_entities() if e.type == "File"}
    assert "story.md" not in listed and not any(place.startswith("elsewhere") for place in listed)


@pytest.mark.parametrize(
    "change", ({"policies": 3, "packages": [1], "code": None}, {"command": ["x"], "seed": "1"})
)
def test_a_manifest_that_holds_anything_is_described_as_far_as_it_goes(copy, change):
    path = copy / "manifest.json"
    path.write_text(json.dumps({**manifest_of(copy), **change}), "utf-8")
    renew(copy)
    assert ROCrate(copy).root_dataset["name"].startswith("lrrc patient")


def test_no_table_and_no_reproduction_depends_on_the_description(copy, capsys):
    assert set(manifest_of(copy)["tables"]) == {"journal.csv"}
    (copy / "data_dictionary.csv").write_text("table\n", "utf-8")
    (copy / CRATE).unlink()
    assert main(["reproduce", str(copy)]) == 0
    assert capsys.readouterr().out.rstrip().endswith(f"reproduced: {copy}")
