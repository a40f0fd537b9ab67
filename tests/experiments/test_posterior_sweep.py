"""A sweep over a posterior sample simulates each member with all its numbers, and reports their spread."""

import csv
import hashlib
import json
import os
import signal
import time

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.pages import Page, artists
from helpers.sweeping import SMALL, digests, started, swept
from test_sweep import plan

from analysis.pictures.sweep import draw_sweep
from analysis.pictures.uncertainty import intervals
from analysis.tables.uncertainty import uncertainty
from conf.discrepancy import read_discrepancy
from conf.input_error import InputError, shown
from conf.posterior import SHIPPED
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.sweeping.ledger import entries

DISCREPANCY = read_discrepancy()
FAST = ("patients=80", "horizon_years=1")
OWN = """member,surgery.leak_probability,exfoliation.luminal_cells_probability[1],margin.distal_scale_mm
0,0.02,0.9,4
3,0.05,0.6,3
4,0.11,0.5,2.5
7,0.30,0.2,2
"""
LEAK, CELLS, SCALE = OWN.splitlines()[0].split(",")[1:]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A posterior file of three numbers that go together."""
    path = tmp_path_factory.mktemp("posterior") / "own.csv"
    path.write_text(OWN)
    return path


@pytest.fixture(scope="module")
def three(own, tmp_path_factory):
    """The folder of a sweep over three members that nothing disturbed."""
    out = tmp_path_factory.mktemp("sweep") / "three"
    assert swept(out, "posterior=3", f"posterior_from={own}", *FAST) == 0
    return out


def held(run, key):
    """Return the number that a run has under a key, such as margin.sterilised_probability[1]."""
    name, _, index = key.removesuffix("]").partition("[")
    section, _, name = name.partition(".")
    value = run.parameters[section][name]
    return value[int(index)] if index else value


# The design


def test_the_points_are_the_files_first_members_each_with_all_its_numbers():
    with open(SHIPPED, newline="") as file:
        members = list(csv.DictReader(file))[:20]
    points = plan("posterior=20").points
    assert [point.values for point in points] == [{"member": int(member["member"])} for member in members]
    keys = [key for key in members[0] if key != "member"]
    single = [key for key in keys if "_shares[" not in key]
    for point, member in zip(points, members, strict=True):
        assert [held(point.run, key) for key in single] == [float(member[key]) for key in single]
        for tree in point.run.parameters.values():
            for name, value in tree.items():
                assert not name.endswith("_shares") or sum(value) == pytest.approx(1)


def test_correlations_between_the_numbers_are_those_of_the_file():
    file = pd.read_csv(SHIPPED).drop(columns="member")
    keys = [key for key in file if "_shares[" not in key]
    points = plan("posterior=all").points
    assert len(points) == len(file)
    simulated = np.array([[held(point.run, key) for key in keys] for point in points])
    np.testing.assert_allclose(np.corrcoef(simulated.T), np.corrcoef(file[keys].T), rtol=0, atol=1e-12)
    assert np.abs(np.corrcoef(simulated.T) - np.eye(len(keys))).max() > 0.4


def test_numbers_that_the_file_does_not_hold_stay_as_the_disease_has_them(own):
    base, *_ = (made := plan("posterior=1", f"posterior_from={own}", "disease=calibrated")).points
    changed = {
        f"{section}.{name}"
        for section, tree in base.run.parameters.items()
        for name in tree
        if tree[name] != made.run.parameters[section][name]
    }
    assert changed == {"surgery.leak_probability", "exfoliation.luminal_cells_probability", SCALE}
    before, after = (
        run.parameters["exfoliation"]["luminal_cells_probability"] for run in (made.run, base.run)
    )
    assert after == [before[0], 0.9, *before[2:]]


def test_the_shipped_members_set_every_number_that_the_calibrated_disease_changes():
    one, other = (plan("posterior=1", f"disease={name}").points[0].run for name in ("default", "calibrated"))
    columns = pd.read_csv(SHIPPED, nrows=0).columns
    for section, tree in one.parameters.items():
        for name, value in tree.items():
            found = other.parameters[section][name]
            fitted = [k for k in range(9) if f"{section}.{name}[{k}]" in columns]
            if name.endswith("_shares") and fitted and len(fitted) < len(value):
                # Wholes of other sizes: the fitted shares keep their proportions, and so do the rest.
                for part in (fitted, [k for k in range(len(value)) if k not in fitted]):
                    of_found, of_value = (np.array(shares)[part] for shares in (found, value))
                    assert of_found / of_found[0] == pytest.approx(of_value / of_value[0], rel=1e-5)
            else:
                assert found == value


def test_every_point_of_a_grid_gets_the_same_members(own):
    words = ("posterior=2", f"posterior_from={own}", "grid={cohort.female_share:[0.2,0.6],washout:[always]}")
    points = plan(*words).points
    assert [tuple(point.values.values()) for point in points] == [
        (0.2, "always", 0), (0.2, "always", 3), (0.6, "always", 0), (0.6, "always", 3),
    ]  # fmt: skip
    assert [(p.run.cohort["female_share"], held(p.run, LEAK)) for p in points] == [
        (0.2, 0.02), (0.2, 0.05), (0.6, 0.02), (0.6, 0.05),
    ]  # fmt: skip
    assert points[0].words() == "cohort.female_share=0.2 washout=always member=0"


def test_members_are_also_taken_over_a_list_and_a_hypercube(own):
    words = ("posterior=3", f"posterior_from={own}")
    assert len(plan(*words, "list=[{seed:1},{seed:2}]").points) == 6
    assert len(plan(*words, "latin={cohort.female_share:[0.2,0.6]}", "points=5").points) == 15


def test_all_members_lie_on_the_same_luck(own):
    runs = [point.run for point in plan("posterior=all", f"posterior_from={own}").points]
    assert {(run.seed, run.replication, run.patients) for run in runs} == {(1, 0, 20000)}


# The patients


def test_a_member_has_the_numbers_of_a_run_with_its_overrides_to_the_bit(tmp_path):
    words = [word for word in SMALL if not word.startswith("block")]
    assert swept(tmp_path / "sweep", "posterior=2") == 0
    base, second = compose_run(*words).parameters, plan("posterior=2", *SMALL).points[1].run.parameters
    overrides = [
        f"{section}.{name}={shown(value) if not isinstance(value, list) else list(value)}".replace(" ", "")
        for section, tree in second.items()
        for name, value in tree.items()
        if value != base[section][name]
    ]
    assert len(overrides) > 20
    assert main(["compare", *words, *overrides, "pictures=false", f"out={tmp_path / 'own'}"]) == 0
    for name in ("outcomes.csv", "differences.csv"):
        table = pd.read_csv(tmp_path / "sweep" / name)
        member = table[table["member"] == 1].drop(columns=["member", "replication"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(member, pd.read_csv(tmp_path / "own" / name), check_exact=True)


def test_more_members_extend_a_finished_sweep(own, tmp_path):
    words = (f"posterior_from={own}", *FAST)
    assert swept(tmp_path / "grown", "posterior=2", *words) == 0
    before = set(entries(tmp_path / "grown" / "ledger"))
    assert swept(tmp_path / "grown", "posterior=all", *words) == 0
    assert len(set(entries(tmp_path / "grown" / "ledger")) - before) == 2 * len(before) / 2
    assert swept(tmp_path / "afresh", "posterior=all", *words) == 0
    assert digests(tmp_path / "grown") == digests(tmp_path / "afresh")


@pytest.mark.long
def test_a_killed_sweep_goes_on_to_the_same_bits(own, three, tmp_path):
    words = ("posterior=3", f"posterior_from={own}", *FAST, "block=8")
    process = started(tmp_path / "killed", *words)
    while process.poll() is None and not entries(tmp_path / "killed" / "ledger"):
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "killed" / "manifest.json").exists()
    assert swept(tmp_path / "killed", *words) == 0
    assert digests(tmp_path / "killed") == digests(three)


def test_no_result_depends_on_the_number_of_workers_or_the_size_of_a_block(own, three, tmp_path):
    words = ("posterior=3", f"posterior_from={own}", *FAST, "block=33")
    assert main(["sweep", *SMALL, *words, "compute.workers=2", f"out={tmp_path / 'two'}"]) == 0
    assert digests(tmp_path / "two") == digests(three)


def test_precision_is_met_for_every_member_and_the_table_takes_the_patients_that_it_took(own, tmp_path):
    words = ("posterior=2", f"posterior_from={own}", "horizon_years=1", "patients=100", "block=100")
    assert swept(tmp_path / "precise", *words, "precision=0.01") == 0
    last = pd.read_csv(tmp_path / "precise" / "convergence.csv").groupby(["member", "policy"]).last()
    assert (last["half_width"] <= 0.01).all()
    assert set(last.index.get_level_values("member")) == {0, 3}
    table = pd.read_csv(tmp_path / "precise" / "uncertainty.csv")
    alive = table[(table["outcome"] == "overall_survival") & (table["group"] == "all")]
    assert set(alive["n"]) == {last.groupby("member")["patients"].first().mean()}


def test_other_values_of_a_member_are_other_lives(own, three, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(OWN.replace("0.30", "0.31").replace("0.05", "0.5"))
    assert swept(tmp_path / "other", "posterior=3", f"posterior_from={own}", *FAST) == 0
    before = set(entries(tmp_path / "other" / "ledger"))
    assert swept(tmp_path / "other", "posterior=3", f"posterior_from={other}", *FAST) == 0
    assert len(set(entries(tmp_path / "other" / "ledger")) - before) == len(before) / 3
    assert digests(tmp_path / "other")["outcomes.csv"] != digests(three)["outcomes.csv"]


def test_a_members_numbers_do_what_they_should(three):
    table = pd.read_csv(three / "uncertainty.csv")
    leaks = table[(table["outcome"] == "leak") & (table["policy"] == "tme_alone")].iloc[0]
    each = pd.read_csv(three / "outcomes.csv")
    each = each[(each["outcome"] == "leak") & (each["policy"] == "tme_alone")].set_index("member")["estimate"]
    assert each[0] < each[4]
    assert each.min() <= leaks["parameters_low"] < leaks["parameters_high"] <= each.max()


# Files


REFUSED = [
    ("member,surgery.leak_probabilty\n0,0.1\n", "line 1: column surgery.leak_probabilty: must be an "
     "uncertain number of the disease; did you mean surgery.leak_probability?"),
    ("membr,surgery.leak_probability\n0,0.1\n", "line 1: there is no column member; did you mean membr?"),
    ("member\n0\n", "line 1: besides member there must be a column for each number"),
    (f"member,{LEAK},{LEAK}\n0,0.1,0.1\n", f"line 1: column {LEAK} appears twice"),
    (f"member,{LEAK}\n0,0.1\n\n1,1.4\n", f"line 4, column {LEAK}: 1.4: must be a number, from 0 to 1"),
    (f"member,{LEAK}\n0,nan\n", f"line 2, column {LEAK}: nan: must be a number, from 0 to 1"),
    (f"member,{SCALE}\n0,inf\n", f"line 2, column {SCALE}: inf: must be a number, 0 or more"),
    (f"member,{LEAK}\n0,\n", f"line 2, column {LEAK}: empty: must be a number"),
    (f"member,{LEAK}\n0,rare\n", f"line 2, column {LEAK}: rare: must be a number"),
    (f"member,{LEAK}\n0,0.1,0.2\n", "line 2: holds 3 values, and there are 2 columns"),
    (f"member,{LEAK}\n0,0.1\n0,0.2\n", "line 3, column member: 0 appears twice"),
    (f"member,{LEAK}\n1.5,0.1\n", "line 2, column member: 1.5: must be a whole number of 0 or more"),
    (f"member,{LEAK}\n", "holds no member"),
    ("", "is empty"),
    ("\n \n", "is empty"),
    (b"\xff\xfe\x00", "is not text"),
    ("member," + ",".join(f"spillage.breach_pattern_shares[{k}]" for k in range(3)) + "\n5,0,0,0\n",
     "member 5: spillage.breach_pattern_shares: the shares of a whole cannot all be 0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_wrong_posterior_file_is_refused_in_one_line_that_names_the_place(
    tmp_path, monkeypatch, capsys, text, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(["sweep", "posterior=1", "posterior_from=mine.csv"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"posterior_from=mine.csv: {message}" in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


HELD = len(pd.read_csv(SHIPPED))
ASKED = [
    (f"posterior={HELD + 1}", f"conf/posterior.csv holds {HELD} members; ask for at most {HELD}, or all"),
    ("posterior=0", f"posterior=0: must be how many members, from 1 to {HELD}, or all"),
    ("posterior=2.5", f"posterior=2.5: must be how many members, from 1 to {HELD}, or all"),
    ("posterior=true", "posterior=true: must be how many members"),
    ("posterior=mine.csv", "a file of your own is named by posterior_from=FILE"),
    ("posterior_from=mine.csv", "say how many members, as in posterior=100 or posterior=all"),
    ("posterior=1 posterior_from=mine.csv", "posterior_from=mine.csv: there is no such file"),
    ("posterior=1 posterior_from=[a]", "posterior_from=[a]: there is no such file"),
    ("posterior=1 posterior_from=.", "there is no posterior.csv in this folder"),
    (f"posterior=1 grid={{{SCALE}:[1,2]}}", f"{SCALE}: cannot be set too: the posterior sample draws"),
    (f"posterior=1 {SCALE}=2", f"{SCALE}: cannot be set too: the posterior sample draws"),
    ("posterior=1 margin={}", "margin: cannot be set too: the posterior sample draws margin."),
    ("posteror=1", "did you mean posterior?"),
    ("posterior=1 grid={seed:[1]} list=[{seed:1}]", "grid and list are given"),
]


@pytest.mark.parametrize(("line", "message"), ASKED, ids=[line for line, _ in ASKED])
def test_members_that_cannot_be_had_are_refused_in_one_line(tmp_path, monkeypatch, capsys, line, message):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", *line.split()]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_no_member_sets_can_be_set_beside_them(own):
    (point,) = plan("posterior=1", f"posterior_from={own}", "margin.circumferential_scale_mm=2").points
    assert held(point.run, "margin.circumferential_scale_mm") == 2


# Provenance


def test_the_folder_names_which_members_of_which_file_were_simulated(own, three):
    about = json.loads((three / "manifest.json").read_text())["posterior"]
    assert about == {
        "file": str(own),
        "sha256": hashlib.sha256(own.read_bytes()).hexdigest(),
        "members_held": 4,
        "members": [0, 3, 4],
        "numbers": [LEAK, CELLS, SCALE],
        "made_by": None,
    }
    pd.testing.assert_frame_equal(pd.read_csv(three / "members.csv"), pd.read_csv(own).head(3))
    assert pd.read_csv(three / "design.csv")["member"].tolist() == [0, 3, 4]
    config = yaml.safe_load((three / "config.yaml").read_text())
    assert (config["posterior"], config["posterior_from"]) == (3, str(own))


def test_the_members_of_a_sweep_are_a_posterior_file(three):
    runs = [point.run for point in plan("posterior=all", f"posterior_from={three / 'members.csv'}").points]
    assert [held(run, LEAK) for run in runs] == [0.02, 0.05, 0.11]


# The summary


def rows_of(members, estimates, half=0.01, n=1000, replications=1):
    """Return a table as a sweep writes it: an estimate by member and replication, with an interval."""
    return pd.DataFrame(
        [
            {
                "member": member, "replication": k, "policy": "short_course", "outcome": "local_recurrence",
                "mechanism": "all", "compartment": "all", "group": "all", "horizon_years": 5.0,
                "n": n if np.ndim(n) == 0 else n[k], "estimate": value, "ci_low": value - half,
                "ci_high": value + 2 * half, "unit": "proportion",
            }
            for member, estimate in zip(members, estimates, strict=True)
            for k, value in enumerate(np.broadcast_to(estimate, replications))
        ]
    )  # fmt: skip


def none_compared(table):
    return table.iloc[:0].assign(comparator=[])


def test_the_interval_over_members_is_the_2_5_to_97_5_percentile_of_their_estimates():
    # Of 0, 1, ..., 40 tenths of a percent: 2.5 % of the way from first to last is 1, 97.5 % is 39.
    table = rows_of(range(41), np.random.default_rng(1).permutation(41) / 1000)
    (row,) = uncertainty(table, none_compared(table), [], DISCREPANCY).to_dict("records")
    assert row["parameters_low"] == pytest.approx(0.001)
    assert row["parameters_high"] == pytest.approx(0.039)
    assert row["estimate"] == pytest.approx(0.020)
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(0.010), pytest.approx(0.040))
    assert (row["members"], row["n"], row["unit"]) == (41, 1000, "proportion")


def test_replications_of_a_member_are_averaged_by_their_n_before_the_interval_is_taken():
    table = rows_of([0, 1], [(0.1, 0.2), (0.3, 0.4)], n=(300, 100), replications=2)
    (row,) = uncertainty(table, none_compared(table), [], DISCREPANCY).to_dict("records")
    assert row["parameters_low"] == pytest.approx(0.125 + 0.025 * 0.2)
    assert row["parameters_high"] == pytest.approx(0.325 - 0.025 * 0.2)
    assert row["estimate"] - row["ci_low"] == pytest.approx(0.01 * np.hypot(0.75, 0.25))
    assert row["n"] == 400


def test_a_member_in_whom_nobody_counts_is_left_out_of_the_interval():
    table = rows_of(range(3), [0.1, np.nan, 0.3])
    (row,) = uncertainty(table, none_compared(table), [], DISCREPANCY).to_dict("records")
    assert (row["members"], row["estimate"]) == (2, pytest.approx(0.2))


def test_every_outcome_and_difference_of_the_tables_has_its_row_over_the_members(three):
    table = pd.read_csv(three / "uncertainty.csv")
    labels = ["policy", "outcome", "mechanism", "compartment", "group", "horizon_years"]
    for name, part in (
        ("outcomes", table[table["comparator"].isna()]),
        ("differences", table[table["comparator"].notna()]),
    ):
        each = pd.read_csv(three / f"{name}.csv")
        assert len(part) == len(each) / 3
        for row in part.sample(40, random_state=1).to_dict("records"):
            at = (each[labels] == pd.Series(row)[labels]) | (
                each[labels].isna() & pd.Series(row)[labels].isna()
            )
            values = each[at.all(axis=1)]["estimate"].to_numpy()
            assert len(values) == 3
            if row["members"]:
                low, high = np.nanquantile(values, [0.025, 0.975])
                assert row["parameters_low"] == pytest.approx(low)
                assert row["parameters_high"] == pytest.approx(high)
                assert row["estimate"] == pytest.approx(np.nanmean(values))


def test_one_policy_alone_has_its_outcomes_and_no_difference(own, tmp_path):
    words = ("posterior=2", f"posterior_from={own}", *FAST, "policies=[tme_alone]")
    assert swept(tmp_path / "one", *words) == 0
    table = pd.read_csv(tmp_path / "one" / "uncertainty.csv")
    assert len(table) == len(pd.read_csv(tmp_path / "one" / "outcomes.csv")) / 2
    assert table["comparator"].isna().all()
    assert Page(intervals(table, [], "local_recurrence", 1.0)).cut_off() == []


# The picture


def test_the_picture_shows_the_intervals_of_the_table_and_nothing_is_cut_off(three):
    table = pd.read_csv(three / "uncertainty.csv")
    figure = intervals(table, [], "local_recurrence", 1.0)
    whole = (table[["mechanism", "compartment", "group"]] == "all").all(axis=1)
    rows = table[whole & (table["outcome"] == "local_recurrence") & (table["horizon_years"] == 1)]
    for policy, part in rows.groupby("policy"):
        bars, lines = (artists(figure, f"{what} {policy}") for what in ("members", "luck"))
        assert len(bars) == len(lines) == len(part)
        for bar, line, row in zip(bars, lines, part.to_dict("records"), strict=True):
            assert bar.get_x() == row["uncertainty_low"]
            assert bar.get_x() + bar.get_width() == pytest.approx(row["uncertainty_high"])
            assert list(line.get_xdata()) == [row["ci_low"], row["ci_high"]]
    assert Page(figure).cut_off() == []


def test_the_title_counts_a_difference_as_clear_only_where_members_and_luck_leave_out_zero():
    def titled(low, high, ci_low, ci_high):
        each = rows_of([0, 1], [0.1, 0.1])
        plain = pd.concat([each.assign(policy="tme_alone"), each])
        table = uncertainty(plain, each.assign(comparator="tme_alone"), [], DISCREPANCY)
        ends = ["uncertainty_low", "uncertainty_high", "ci_low", "ci_high"]
        table.loc[table["comparator"].notna(), ends] = low, high, ci_low, ci_high
        return intervals(table, [], "local_recurrence", 5.0).texts[0].get_text().replace("\n", " ")

    assert "keeps its sign" in titled(0.01, 0.02, 0.01, 0.02)
    assert "may change its sign" in titled(-0.01, 0.02, 0.01, 0.02)
    assert "may change its sign" in titled(0.01, 0.02, -0.01, 0.02)
    assert "keeps its sign" in titled(-0.02, -0.01, -0.02, -0.01)


@pytest.mark.parametrize(
    ("swept_names", "made"),
    [
        ({}, ["local_recurrence_uncertainty"]),
        ({"a.b": [0.1, 0.2]}, ["local_recurrence_lines", "local_recurrence_uncertainty"]),
        ({"washout": ["always", "never"]}, ["local_recurrence_uncertainty"]),
        ({"seed": list(range(25))}, ["local_recurrence_lines"]),
    ],
    ids=["members alone", "a number", "a lever", "too many rows"],
)
def test_members_give_intervals_and_with_a_swept_number_lines_over_them(tmp_path, swept_names, made):
    table = rows_of(range(3), [0.1, 0.2, 0.3])
    for name, values in swept_names.items():
        table = pd.concat([table.assign(**{name: value}) for value in values])
    compared = table.assign(comparator="tme_alone").iloc[:0]
    tables = {
        "outcomes": table,
        "differences": compared,
        "uncertainty": uncertainty(table, compared, list(swept_names), DISCREPANCY),
    }
    draw_sweep(tables, [*swept_names, "member"], ["local_recurrence"], 5.0, tmp_path, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}.{end}" for name in made for end in ("png", "svg")
    ]


def test_a_sweep_without_a_posterior_has_no_table_of_uncertainty(tmp_path):
    assert swept(tmp_path / "out", "grid={cohort.female_share:[0.4]}", *FAST) == 0
    assert not (tmp_path / "out" / "uncertainty.csv").exists()
    assert "posterior" not in json.loads((tmp_path / "out" / "manifest.json").read_text())
    with pytest.raises(InputError, match="or members of the posterior sample"):
        plan("")
