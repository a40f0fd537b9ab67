"""Clinics that cannot work are refused by key, value and who needs it."""

import re
from pathlib import Path

import numpy as np
import pytest

from conf import schema
from conf.capacity import compose_capacity
from conf.clinics import NEEDED_FOR, NO_LIMIT
from conf.input_error import InputError
from conf.run import world_trees
from conf.schema import compose_run, shipped
from experiments.cli.command import main
from sim.clinic.needs import arrival_days, is_unlimited
from sim.clinic.queues import UNLIMITED_COUNT, Resource
from sim.clocks.simpy_clock import simulate_in_clinic
from sim.events import Event
from sim.luck import draw_luck
from sim.parameters import pack
from sim.patient import YEAR_DAYS, new_patients

CONF = Path(schema.__file__).parent
FILES = sorted((CONF / "clinic").glob("*.yaml"))
NEVER = "[0,0,0,0,0,0,0]"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_clinic_can_be_run(file):
    run = compose_run(f"clinic={file.stem}", "policies=[chemoradiotherapy+lateral_after_5mm+expert_centre]")
    assert run.clinic.keys() == shipped("clinic/unlimited").keys()
    assert is_unlimited(run.clinic) == (file.stem == "unlimited")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_number_of_a_clinic_names_its_source_beside_it(file):
    lines = re.findall(r"^(\w+): [^#\n]+?(?:  # (.+))?$", file.read_text(), re.MULTILINE)
    free = (
        {"defaults"}
        if file.stem != "unlimited"
        else {key for key, _ in lines if "count" in key or "open" in key}
    )
    assert [key for key, source in lines if not source and key not in free] == []


def test_what_is_named_here_is_what_the_simulation_has():
    assert list(NEEDED_FOR) == [resource.name.lower() for resource in Resource]
    assert NO_LIMIT == UNLIMITED_COUNT


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("clinic.linac_count=-1", ["clinic.linac_count=-1", "out of range"]),
        ("clinic.linac_count=2.5", ["clinic.linac_count=2.5", "whole number"]),
        ("clinic.linac_count=many", ["clinic.linac_count=many", "must be a number"]),
        ("clinic.linac_count=0", ["clinic.linac_count=0", "usual_care needs it", "radiotherapy"]),
        ("clinic.vascular_team_count=0", ["clinic.vascular_team_count=0", "salvage of a lateral"]),
        (
            f"clinic.theatre_open_hours={NEVER}",
            ["clinic.theatre_open_hours=[0,0", "never opens", "usual_care"],
        ),
        ("clinic.mri_open_hours=[25,0,0,0,0,0,0]", ["clinic.mri_open_hours=[25", "0 to 24"]),
        ("clinic.mri_open_hours=[8,8]", ["clinic.mri_open_hours=[8,8]", "list of 7"]),
        ("clinic.mri_open_hours=[-1,8,8,8,8,8,8]", ["clinic.mri_open_hours[0]=-1", "out of range"]),
        ("clinic.opens_at_hours=24", ["clinic.opens_at_hours=24", "below 24"]),
        ("clinic.arrivals_per_year=0", ["clinic.arrivals_per_year=0", "above 0"]),
        ("clinic.mri_minutes=-5", ["clinic.mri_minutes=-5", "out of range"]),
        ("+clinic.scanner_count=3", ["clinic.scanner_count=3", "there is no key", "mri_count"]),
        ("~clinic.linac_count", ["clinic.linac_count: missing"]),
        ("clinic.theatre_closed_from_days=9", ["theatre_closed_until_days=0", "theatre_closed_from_days"]),
        (
            "clinic.orthopaedic_team_open_hours=[10,0,0,0,0,0,0]",
            ["orthopaedic_team_open_hours=[10,0,0", "never open together", "salvage", "usual_care"],
        ),
        (
            "clinic.theatre_open_hours=[0,10,0,4,0,0,0]",
            ["theatre_open_hours=[0,10,0,4", "never open together", "vascular_team_open_hours"],
        ),
    ],
)
def test_a_clinic_that_cannot_work_is_refused_by_key_value_and_need(override, words):
    with pytest.raises(InputError) as refusal:
        compose_run("clinic=regional", override)
    for word in words:
        assert word in str(refusal.value)


def test_a_surgeon_for_lateral_dissection_is_needed_only_where_somebody_dissects():
    none = "clinic.lateral_surgeon_count=0"
    assert compose_run("clinic=regional", none, "policies=[tme_alone]").clinic["lateral_surgeon_count"] == 0
    with pytest.raises(InputError, match=r"lateral_surgeon_count=0: .*lateral_after_5mm needs it"):
        compose_run("clinic=regional", none, "policies=[tme_alone,chemoradiotherapy+lateral_after_5mm]")


def test_endoscopy_is_needed_only_where_a_policy_may_keep_an_organ():
    none = "clinic.endoscopy_count=0"
    assert compose_run("clinic=regional", none, "policies=[chemoradiotherapy]").clinic["endoscopy_count"] == 0
    for policy in ("chemoradiotherapy+organ_preservation", "local_excision"):
        with pytest.raises(InputError) as refusal:
            compose_run("clinic=regional", none, f"policies=[chemoradiotherapy,{policy}]")
        for word in ("clinic.endoscopy_count=0", f"{policy} needs it", "organ preservation"):
            assert word in str(refusal.value)


def test_scan_and_endoscopy_of_one_reading_must_be_open_on_one_day():
    apart = ("clinic.mri_open_hours=[8,0,0,0,0,0,0]", "clinic.endoscopy_open_hours=[0,8,0,0,0,0,0]")
    assert compose_run("clinic=regional", *apart, "policies=[chemoradiotherapy]")
    with pytest.raises(InputError, match=r"never open together.*a reading of the response") as refusal:
        compose_run("clinic=regional", *apart, "policies=[chemoradiotherapy+organ_preservation]")
    for word in ("mri_open_hours=[8", "endoscopy_open_hours=[0,8"):
        assert word in str(refusal.value)


def test_an_operation_longer_than_any_list_starts_with_one():
    # Every list lasts four hours: resections overrun, and are no reason to refuse.
    short = [
        f"clinic.{name}_open_hours=[0,4,0,4,0,0,0]" for name in ("theatre", "urology_team", "plastic_team")
    ]
    assert compose_run("clinic=regional", "policies=[tme_alone]", *short)


@pytest.mark.parametrize("monday", [0.0, 10.0])
def test_calendars_that_never_meet_do_not_hang_the_machine(monday):
    run = compose_run("clinic=regional", "policies=[tme_alone]")
    clinic = {**run.clinic, "colorectal_team_open_hours": [monday, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]}
    rows, luck = new_patients(0, 30), draw_luck(0, 30, 1)
    rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], 150.0)
    clinic_run = simulate_in_clinic(rows, luck, pack(*world_trees(run, run.policies[0])), clinic, YEAR_DAYS)
    resections = clinic_run.log[clinic_run.log["event"] == Event.RESECTION]
    assert len(resections) > 20
    assert not resections["granted"].any()


def test_a_course_of_no_fractions_waits_for_nothing():
    zeros = [0] * len(shipped("parameters/neoadjuvant")["fractions_count"])
    none = f"neoadjuvant.fractions_count={zeros}"
    run = compose_run("clinic=regional", "policies=[chemoradiotherapy+for_everyone]", none)
    rows, luck = new_patients(0, 50), draw_luck(0, 50, 1)
    rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], 150.0)
    simulate_in_clinic(rows, luck, pack(*world_trees(run, run.policies[0])), run.clinic, 2 * YEAR_DAYS)
    assert np.isfinite(rows["operated_day"]).mean() > 0.9


def test_a_hospital_of_ones_own_is_a_file_in_a_folder_of_ones_own(tmp_path, capsys):
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "mine.yaml").write_text("defaults:\n  - regional\n\nlinac_count: 9\n")
    words = [
        "--config-dir",
        str(tmp_path),
        "clinic=mine",
        "patients=40",
        "horizon_years=1",
        "policies=[tme_alone]",
    ]
    assert main(["compare", *words, "pictures=false", f"out={tmp_path / 'run'}"]) == 0
    config = (tmp_path / "run" / "config.yaml").read_text()
    assert "linac_count: 9" in config and "theatre_count: 1" in config
    manifest = (tmp_path / "run" / "manifest.json").read_text()
    assert '"warm_up_patients"' in manifest


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("clinics=[regionl]", ["clinics=[regionl]", "did you mean regional?"]),
        ("clinics=[]", ["clinics=[]", "must be a list"]),
        ("clinics=regional", ["clinics=regional", "must be a list"]),
        ("clinics=[regional,regional]", ["twice"]),
        ("clinic=strained", ["clinic=strained", "clinics=[strained]"]),
        ("target_share=1.2", ["target_share=1.2", "0 to 1"]),
        ("clinic.linac_count=0", ["clinic.linac_count=0", "tme_alone needs it"]),
        ("clinic.bed_count=-2", ["clinic.bed_count=-2", "out of range"]),
    ],
)
def test_capacity_refuses_what_it_cannot_run(override, words):
    with pytest.raises(InputError) as refusal:
        compose_capacity(override)
    for word in words:
        assert word in str(refusal.value)


@pytest.mark.parametrize("word", ["rows=true", "comparator=tme_alone", "scenario=dutch_tme"])
def test_capacity_has_no_key_of_other_experiments(word, capsys):
    assert main(["capacity", word]) == 2
    assert f"no key {word.partition('=')[0]}" in capsys.readouterr().err


def test_a_changed_key_is_changed_in_every_clinic():
    run = compose_capacity("clinics=[regional,strained,expert_centre]", "clinic.turnover_minutes=45")
    assert {tree["turnover_minutes"] for tree in run.clinics.values()} == {45.0}
    assert [tree["linac_count"] for tree in run.clinics.values()] == [18, 14, 36]
    assert run.resolved()["clinic"]["strained"]["turnover_minutes"] == 45.0


def test_the_help_of_capacity_names_its_keys_clinics_and_examples(capsys):
    assert main(["capacity", "--help"]) == 0
    out = capsys.readouterr().out
    assert "clinics=[...]" in out and "target_share=0.9" in out
    assert all(file.stem in out for file in FILES)
    assert "rows=" not in out and "scenario=..." not in out
