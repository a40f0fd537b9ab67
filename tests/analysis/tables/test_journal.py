"""The journal: every event, in the columns that vidigi reads, and nothing else of the run changes."""

import json
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.run_tables import run_tables

import conf
from analysis.tables.journal import TYPES, journal_table
from analysis.words.vocabulary import VOCABULARY
from conf.schema import compose_run
from experiments.animate import PLACES, STANDS, moving, standing
from experiments.cli.command import main
from experiments.compare import journal as journal_of
from experiments.compare import patients
from experiments.results.run_folder import content_digest
from experiments.simulating.cohort import simulate
from sim.clinic.needs import arrival_days
from sim.clinic.queues import Resource
from sim.clocks.simpy_clock import simulate_in_clinic
from sim.events import Event, event_name
from sim.luck import draw_luck
from sim.patient import MECHANISM_OF_ROUTE, YEAR_DAYS, Mechanism, new_patients

SMALL = ("policies=[tme_alone,chemoradiotherapy]", "patients=120")
JOURNAL_COLUMNS = ["policy", "entity_id", "event_type", "event", "time", "resource_id", "mechanism"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of a run with its journal and its rows, and one of the same run without a journal."""
    folders = [tmp_path_factory.mktemp(name) for name in ("with", "without")]
    run = compose_run("journal=true", "rows=true", *SMALL)
    simulated = simulate(run)
    journal_of(run, simulated).to_parquet(folders[0] / "journal.parquet", index=False)
    patients(simulated.rows).to_parquet(folders[0] / "patients.parquet", index=False)
    command = {"command": f"lrrc compare {' '.join(SMALL)} out=here"}
    for folder in folders:
        (folder / "manifest.json").write_text(json.dumps(command))
    return folders


@pytest.fixture(scope="module")
def journal(runs):
    return pd.read_parquet(runs[0] / "journal.parquet")


@pytest.fixture(scope="module")
def queued():
    """Lives in a regional clinic: rows, log and journal."""
    from conf.run import world_trees
    from sim.parameters import pack

    run = compose_run("policies=[chemoradiotherapy]", "clinic=regional", "horizon_years=3")
    rows, luck = new_patients(0, 150), draw_luck(0, 150, 1)
    rows["agenda"][:, Event.DIAGNOSIS] = arrival_days(luck["arrival"], run.clinic["arrivals_per_year"])
    entries = []
    world = pack(*world_trees(run, run.policies[0]))
    clinic_run = simulate_in_clinic(rows, luck, world, run.clinic, 3 * YEAR_DAYS, entries)
    return rows, clinic_run.log, journal_table("chemoradiotherapy", rows, entries, 3.0, clinic_run.log), run


def test_a_journal_changes_no_other_table(tmp_path):
    assert main(["compare", "journal=true", "pictures=false", *SMALL, f"out={tmp_path / 'run'}"]) == 0
    written = json.loads((tmp_path / "run" / "manifest.json").read_text())["tables"]
    assert written["journal.parquet"]["rows"] > 0
    without = run_tables(*SMALL)
    compared = [name for name in without if f"{name}.csv" in written]
    assert {"outcomes", "differences", "averted", "curves"} <= set(compared)
    for name in compared:
        assert content_digest(without[name]) == written[f"{name}.csv"]["sha256"]


def test_the_journal_has_its_columns_types_and_events(journal):
    assert list(journal.columns) == JOURNAL_COLUMNS
    assert set(journal["event_type"]) <= set(TYPES)
    known = {"arrival", "depart", *(event_name(event) for event in VOCABULARY)}
    assert set(journal["event"]) <= known
    assert journal["time"].notna().all()


def test_everybody_arrives_first_and_departs_last_once(journal):
    for _, life in journal.groupby(["policy", "entity_id"]):
        assert life["time"].is_monotonic_increasing
        assert life["event"].iloc[0] == "arrival" and life["event"].iloc[-1] == "depart"
        assert (life["event_type"] == "arrival_departure").sum() == 2


def test_the_rows_of_the_journal_are_the_days_of_the_lives(runs, journal):
    rows = pd.read_parquet(runs[0] / "patients.parquet").set_index(["policy", "number"])
    for event, day in (
        ("resection", "operated_day"),
        ("recurrence_onset", "recurrence_onset_day"),
        ("depart", None),
        ("salvage_resection", "salvage_day"),
    ):
        own = journal[journal["event"] == event].groupby(["policy", "entity_id"])["time"].first()
        if day is None:
            expected = rows["death_day"].fillna(np.inf).clip(upper=10 * YEAR_DAYS).rename(None)
        else:
            expected = rows.loc[np.isfinite(rows[day]), day]
        own = own.loc[expected.index] if day == "salvage_day" else own
        pd.testing.assert_series_equal(
            own.sort_index(), expected.sort_index(), check_names=False, check_index_type=False
        )
    visits = journal[journal["event"] == "visit"].groupby(["policy", "entity_id"]).size()
    assert (visits.reindex(rows.index, fill_value=0) == rows["visits"]).all()


def test_the_mechanism_is_that_of_the_recurrence_from_its_onset(runs, journal):
    rows = pd.read_parquet(runs[0] / "patients.parquet").set_index(["policy", "number"])
    grown = journal[journal["mechanism"].notna()]
    assert len(grown)
    for (policy, number), life in grown.groupby(["policy", "entity_id"]):
        row = rows.loc[(policy, number)]
        mechanism = Mechanism(MECHANISM_OF_ROUTE[int(row["recurrence_route"])]).name.lower()
        assert set(life["mechanism"]) == {mechanism}
        assert life["time"].min() == row["recurrence_onset_day"]
    assert set(grown.groupby(["policy", "entity_id"]).groups) == set(
        rows.index[rows["recurrence_route"].notna()]
    )


def test_in_a_clinic_waits_and_resources_are_those_of_the_log(queued):
    _, log, journal, _ = queued
    waits = journal[journal["event"].str.startswith("waiting_for_")]
    assert len(waits) == (log["left_day"] > log["asked_day"]).sum() > 0
    for resource in Resource:
        begins = journal[journal["event"] == f"{resource.name.lower()}_begins"]
        held = log["granted"] & (log["holds_days"][:, resource] > 0)
        assert len(begins) == held.sum()
    assert set(journal["event_type"]) == set(TYPES)


def test_no_unit_serves_two_at_a_time_and_none_is_beyond_the_clinics(queued):
    _, _, journal, run = queued
    for resource in Resource:
        name = resource.name.lower()
        own = journal[journal["event"].isin([f"{name}_begins", f"{name}_ends"])]
        if len(own):
            assert own["resource_id"].between(1, run.clinic[f"{name}_count"]).all()
        for _, unit in own.groupby("resource_id"):
            begins = np.sort(unit.loc[unit["event_type"] == "resource_use", "time"])
            ends = np.sort(unit.loc[unit["event_type"] == "resource_use_end", "time"])
            assert (begins[1:] >= ends[:-1] - 1e-5).all()


def test_vidigi_takes_the_journal_of_each_kind_of_run(journal, queued):
    from vidigi.logging import BaseEvent
    from vidigi.prep import reshape_for_animations

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for table in (journal[journal["policy"] == "tme_alone"], queued[2]):
            for row in table.head(400).to_dict("records"):
                unit = row.pop("resource_id")
                BaseEvent(**row, **({} if np.isnan(unit) else {"resource_id": int(unit)}))
            shots = reshape_for_animations(
                table, every_x_time_units=30, limit_duration=180, step_snapshot_max=200
            )
            stays = table[table["event_type"] == "arrival_departure"].pivot(
                index="entity_id", columns="event", values="time"
            )
            days = range(0, 181, 30)
            there = {
                k for k, stay in stays.iterrows() if any(stay.arrival <= day <= stay.depart for day in days)
            }
            assert set(shots["entity_id"].dropna()) == there


def test_every_event_that_somebody_sees_has_a_place_in_the_moving_picture():
    seen = {event_name(event) for event, words in VOCABULARY.items() if not words.hidden}
    assert set(STANDS) == seen | {"arrival", "depart"}
    assert set(STANDS.values()) | {"waiting"} == set(PLACES)


class Loads(HTMLParser):
    """What a page would load, and the texts of its scripts."""

    def __init__(self):
        super().__init__()
        self.loaded, self.policies, self.scripts, self.inside = [], [], [], False

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.loaded += [named[key] for key in ("src", "href", "data", "action") if key in named]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(named["content"])
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def test_the_moving_picture_is_one_page_that_loads_nothing(runs, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # vidigi's, of places and patients that it misses
        assert main(["animate", str(runs[0]), "years=0.5", "patients=20"]) == 0
    page = Path(capsys.readouterr().out.splitlines()[-1])
    assert page == runs[0] / "animation.html"
    html = page.read_text("utf-8")
    read = Loads()
    read.feed(html)
    assert read.loaded == []
    assert (
        len(read.policies) == 1
        and "default-src 'none'" in read.policies[0]
        and "http" not in read.policies[0]
    )
    # The library holds addresses of maps that it never draws; what is ours holds none.
    library = max(read.scripts, key=len)
    assert "plotly.js" in library[:500]
    assert not re.search(r"https?://", html.replace(library, ""))


def test_the_moving_picture_shows_the_patients_where_the_journal_has_them(queued):
    figure = moving(queued[2], 0.5)
    labels = {annotation.text for annotation in figure.layout.annotations}
    log = standing(queued[2], 0.5 * YEAR_DAYS)
    visited = set(log.loc[log["time"] <= 0.5 * YEAR_DAYS, "event"]) - {"arrival"}
    assert labels == {f"<b>{PLACES[place][1]}</b>" for place in visited}
    assert len(figure.frames) >= 26
    assert "150 patients" in figure.layout.title.text
    assert figure.layout.height <= 650 and figure.layout.width <= 1366


def test_the_moving_picture_opens_with_a_patient_whenever_the_first_one_comes(queued):
    """Also where a warm-up comes before the cohort."""
    journal = queued[2].assign(time=queued[2]["time"] + 500.0)
    assert any("●" in trace.text for trace in moving(journal, 0.5).data if trace.text is not None)


def test_the_dead_stay_in_the_moving_picture(journal):
    mine = journal[(journal["policy"] == "tme_alone") & (journal["entity_id"] < 60)]
    dead = set(mine.loc[mine["event"].str.startswith("death") & (mine["time"] <= YEAR_DAYS), "entity_id"])
    assert dead
    log = standing(mine, YEAR_DAYS)
    log = log[log["time"] <= YEAR_DAYS]
    assert set(log.loc[log["event"] == "died", "entity_id"]) == dead
    assert set(log.groupby("entity_id")["event"].last().loc[list(dead)]) == {"died"}
    people = sorted(mine["entity_id"].unique())
    for frame in moving(mine, 1.0).frames:
        assert sorted(k for trace in frame.data if trace.ids is not None for k in trace.ids) == people


def test_a_name_in_the_moving_picture_is_words_and_never_a_tag(journal):
    mine = journal[journal["policy"] == "tme_alone"].assign(policy="<b>a&b</b>")
    assert "&lt;b&gt;a&amp;b&lt;/b&gt;: " in moving(mine, 0.1).layout.title.text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: there is no such folder"),
        (["RUN"], "this run has no journal; make one with: lrrc compare"),
        (["OF_OTHERS"], "this run has no journal; make one with: lrrc compare journal=true"),
        (["HOLDS"], "holds several runs; name one of them: one, two"),
        (["WITH", "policy=none"], "policy=none: not in this run"),
        (["WITH", "patients=0"], "patients=0: must be a whole number above 0 and at most 100"),
        (["WITH", "years=long"], "years=long: must be a number above 0 and at most 20"),
        (["WITH", "yeers=1"], "did you mean years?"),
        (["WITH", "WITH"], "name one run's folder"),
    ],
)
def test_what_cannot_be_animated_is_refused_in_one_line(runs, tmp_path, capsys, words, message):
    for folder, command in (("one", "lrrc capacity patients=5"), ("two", "lrrc sweep seed=1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "manifest.json").write_text(json.dumps({"command": command}))
    names = {"RUN": str(runs[1]), "WITH": str(runs[0])}
    names |= {"OF_OTHERS": str(tmp_path / "one"), "HOLDS": str(tmp_path)}
    assert main(["animate", *(names.get(word, word) for word in words)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert ("journal=true" in err) == (words[0] in ("RUN", "OF_OTHERS"))


def test_the_events_of_the_document_are_those_of_the_vocabulary():
    text = (Path(conf.__file__).parent.parent / "docs/journal.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\w ]+) \| (hidden)? ?\|$", text, re.MULTILINE)
    assert rows == [
        (event_name(event), words.label, "hidden" if words.hidden else "")
        for event, words in VOCABULARY.items()
    ]
