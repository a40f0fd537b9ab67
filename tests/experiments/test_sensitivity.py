"""A sensitivity analysis says of every point what a run of that point would."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from SALib.analyze import sobol as salib_sobol

from analysis.tables.economics import QUANTITIES, worth
from conf.composition import composed, composing
from conf.discrepancy import read_discrepancy
from conf.input_error import InputError
from conf.schema import compose_run
from experiments.cli.command import main
from experiments.simulating.cohort import count_block, simulate_block, worlds_of
from experiments.valuing.sensitivity_plan import read_sensitivity
from sim.counting.outcomes import Key
from sim.counting.value import values_of
from sim.patient import YEAR_DAYS

PATIENTS, THRESHOLD = 320, 20_000.0
SMALL = (
    f"patients={PATIENTS}", f"threshold={THRESHOLD}", "horizon_years=10", "compute.workers=1",
    "policies=[usual_care,tme_alone]", "pictures=false",
)  # fmt: skip
TAKES, IDLE = "margin.circumferential_take_probability", "salvage.expert_curative_odds_ratio"
STOMA, NORM = "economics.stoma_price_per_year", "economics.men_norm_utility"
VARIED = f"vary=[{TAKES},{IDLE},{STOMA},{NORM}]"
ALTERNATIVES = ("no_lateral_nodes", "undiscounted", "health_care", "five_years")


def analysed(out, *words):
    keys = {word.partition("=")[0] for word in words}
    small = [word for word in SMALL if word.partition("=")[0] not in keys]
    return main(["sensitivity", *small, *words, f"out={out}"])


def plan_of(*words):
    with composing():
        config, choices = composed("sensitivity", [*SMALL, *words])
        return read_sensitivity(config, choices)


def table(folder, name):
    return pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])


def compared(out, *words):
    """Return the tables of ``lrrc compare`` of the same patients."""
    run = [word for word in SMALL if not word.startswith(("threshold", "compute"))]
    keys = {word.partition("=")[0] for word in words}
    run = [word for word in run if word.partition("=")[0] not in keys]
    assert main(["compare", "economics=dutch", *run, *words, f"out={out}"]) == 0
    return {name: table(out, name) for name in ("economics", "differences")}


def net_benefit(economics, perspective="societal"):
    """Return the net benefit of surgery alone less that of usual care, from a run's table."""
    less = economics[(economics["policy"] == "tme_alone") & (economics["comparator"] == "usual_care")]
    of = less.set_index("quantity")["estimate"]
    return THRESHOLD * of["qalys"] - of[f"costs_{perspective}"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("sensitivity") / "one"
    assert analysed(out, VARIED, f"alternatives=[{','.join(ALTERNATIVES)}]") == 0
    return out


@pytest.fixture(scope="module")
def bars(made):
    return table(made, "sensitivity").set_index("parameter")


def test_the_ends_of_a_tornado_are_two_runs_of_compare(bars, tmp_path):
    for end in ("low", "high"):
        found = compared(tmp_path / end, f"{TAKES}={float(bars.loc[TAKES, end])!r}")
        assert bars.loc[TAKES, f"at_{end}"] == pytest.approx(net_benefit(found["economics"]), rel=1e-9)
        found = compared(tmp_path / f"price_{end}", f"{STOMA}={float(bars.loc[STOMA, end])!r}")
        assert bars.loc[STOMA, f"at_{end}"] == pytest.approx(net_benefit(found["economics"]), rel=1e-9)
    assert bars.loc[TAKES, "at_low"] != bars.loc[TAKES, "at_high"]
    assert bars.loc[TAKES, "basis"] == "posterior"
    assert bars.loc[STOMA, "basis"] == "prior"


def test_a_parameter_that_nothing_depends_on_has_no_bar(bars):
    assert bars.loc[IDLE, "low"] < bars.loc[IDLE, "high"]
    assert bars.loc[IDLE, "swing"] == 0.0
    assert not bars.loc[IDLE, "beyond_noise"]
    assert bars.index[-1] == IDLE
    assert (bars["base"] == bars["base"].iloc[0]).all()


def test_norms_by_age_rise_and_fall_together():
    plan = plan_of("method=tornado", f"vary=['{NORM}[0]']")
    assert [factor.key for factor in plan.factors] == [NORM]
    low, high = (plan.plan.points[k].run.economics.numbers["men_norm_utility"] for k in (1, 2))
    assert all(below < above for below, above in zip(low, high, strict=True))


def test_a_fitted_number_varies_within_its_posterior_and_another_within_its_prior():
    plan = plan_of("method=tornado", f"vary=[{TAKES},primary]")
    fitted = next(factor for factor in plan.factors if factor.key == TAKES)
    column = pd.read_csv("conf/posterior.csv")[TAKES]
    points = plan.plan.points
    ends = [points[k].run.parameters["margin"]["circumferential_take_probability"] for k in (1, 2)]
    assert plan.factors[0] is fitted
    assert ends == pytest.approx(np.quantile(column, [0.025, 0.975]))
    priors = [factor for factor in plan.factors if factor.section == "primary"]
    assert priors
    for factor in priors:
        number = factor.numbers[0]
        assert factor.sample is None
        low, high = factor.values(np.array([0.025, 0.975]))[:, 0]
        assert (low, high) == pytest.approx((number.low, number.high), rel=0.02, abs=1e-3)


def test_a_number_that_the_run_sets_otherwise_is_not_varied():
    varied = [factor.key for factor in plan_of("method=tornado", "surgery.leak_probability=0.3").factors]
    assert "surgery.leak_probability" not in varied
    assert TAKES in varied


def test_the_rows_of_the_structure_are_runs_of_compare(made, tmp_path):
    rows = table(made, "structure").set_index("alternative")
    assert [*rows.index] == ["as_it_is", *ALTERNATIVES]
    undiscounted = "economics.costs_discount_rate_per_year=0 economics.effects_discount_rate_per_year=0"
    found = {
        "as_it_is": compared(tmp_path / "base"),
        "no_lateral_nodes": compared(tmp_path / "nodes", "lateral_node.take_probability=0"),
        "undiscounted": compared(tmp_path / "rates", *undiscounted.split()),
        "five_years": compared(tmp_path / "years", "horizon_years=5"),
    }
    for name, of in found.items():
        assert rows.loc[name, "estimate"] == pytest.approx(net_benefit(of["economics"]), rel=1e-9)
    of_care = net_benefit(found["as_it_is"]["economics"], "health_care")
    assert rows.loc["health_care", "estimate"] == pytest.approx(of_care, rel=1e-9)
    changes = rows["estimate"] - rows.loc["as_it_is", "estimate"]
    assert np.allclose(rows["change"], changes)
    assert (rows["change_low"] <= rows["change"]).all()
    assert rows.loc["as_it_is", "preferred"] == (
        "usual_care" if rows["estimate"].iloc[0] < 0 else "tme_alone"
    )


def test_smaller_effects_are_recurrences_that_policies_do_not_prevent(tmp_path):
    asked = ("method=structure", "outcome=qalys", "alternatives=[smaller_effects,larger_effects]")
    assert analysed(tmp_path / "out", *asked) == 0
    rows = table(tmp_path / "out", "structure").set_index("alternative")["estimate"]
    # Surgery alone loses QALYs, and loses fewer where the treatment that it leaves out prevents less.
    assert rows["larger_effects"] < rows["as_it_is"] < rows["smaller_effects"]
    # By plain counting of the same patients; what a recurrence loses is of a large cohort.
    run = plan_of(*asked).run
    scale = read_discrepancy().scales["contrast"] * 2.228  # Student's t of 10 degrees, 97.5 %
    worlds, end = worlds_of(run), run.horizon_years * YEAR_DAYS
    found = simulate_block(run, worlds, 0, run.patients)
    values = {name: values_of(found[name], worlds[name], end) for name in found}
    acted = sum(
        bool(np.isfinite(row["recurrence_found_day"])) and list(own) != list(base)
        for row, own, base in zip(found["tme_alone"], values["tme_alone"], values["usual_care"], strict=True)
    )
    assert acted > 10
    takes = [
        f"{s}.{k}=0" for s, tree in run.parameters.items() for k in tree if k.endswith("take_probability")
    ]
    many = ("patients=20000", "horizon_years=10", "policies=[usual_care]", "economics=dutch")
    having, clean = compose_run(*many), compose_run(*many, *takes)
    tallies = [count_block(one, worlds_of(one), 0, 20_000)[0]["usual_care"] for one in (having, clean)]
    place = QUANTITIES.index("qalys")
    lost = worth(tallies[0]).means[place] - worth(tallies[1]).means[place]
    recurrences = tallies[0].binary[Key("local_recurrence", horizon_years=10.0)][2] / 20_000
    for name, sign in (("smaller_effects", -1), ("larger_effects", 1)):
        more = acted * np.expm1(sign * scale) / run.patients
        expected = rows["as_it_is"] + more * lost / recurrences
        assert rows[name] == pytest.approx(expected, abs=1e-4)


def test_an_outcome_that_is_counted_is_that_of_compare(tmp_path):
    words = ("method=tornado", "outcome=local_recurrence", f"vary=[{TAKES}]")
    assert analysed(tmp_path / "out", *words) == 0
    row = table(tmp_path / "out", "sensitivity").iloc[0]
    found = compared(tmp_path / "high", f"{TAKES}={float(row['high'])!r}")["differences"]
    found = found[(found["outcome"] == "local_recurrence") & (found["horizon_years"] == 5)]
    found = found[(found[["mechanism", "compartment", "group"]] == "all").all(axis=1)]
    assert row["at_high"] == pytest.approx(found["estimate"].item(), abs=1e-12)
    # The error of the change between two points of the same patients is less than that of either.
    half = (found["ci_high"] - found["ci_low"]).item() / 2
    assert 0 < row["difference_se"] < half


def test_indices_are_those_of_every_point_simulated_by_itself(tmp_path):
    words = ("method=[morris,sobol]", f"vary=[{TAKES},{IDLE},{STOMA}]", "trajectories=2", "samples=4")
    assert analysed(tmp_path / "out", *words) == 0
    plan = plan_of(*words)
    values = np.array([valued(point.run) for point in plan.plan.points])
    found = table(tmp_path / "out", "indices").set_index(["method", "parameter"])

    design, place = plan.designs["morris"], plan.places["morris"]
    effects = {name: [] for name in (TAKES, IDLE, STOMA)}
    own = values[place.start : place.stop]
    for first in range(0, len(own), 4):
        for k in range(first + 1, first + 4):
            step = design.unit[k] - design.unit[k - 1]
            name = design.problem["names"][int(np.flatnonzero(step)[0])]
            effects[name].append((own[k] - own[k - 1]) / step.sum())
    for name, of in effects.items():
        row = found.loc[("morris", name)]
        assert row["mu"] == pytest.approx(np.mean(of), abs=1e-6)
        assert row["mu_star"] == pytest.approx(np.mean(np.abs(of)), abs=1e-6)
    assert found.loc[("morris", IDLE), "mu_star"] == pytest.approx(0.0, abs=1e-6)

    place = plan.places["sobol"]
    own = values[place.start : place.stop]
    raw = salib_sobol.analyze(plan.designs["sobol"].problem, own, calc_second_order=False, seed=1)
    kept = 1 - found.loc[("sobol", TAKES), "noise_share"]
    assert 0 < kept <= 1
    for k, name in enumerate((TAKES, IDLE, STOMA)):
        assert found.loc[("sobol", name), "first"] * kept == pytest.approx(raw["S1"][k], abs=1e-6)
    assert found.loc[("sobol", IDLE), "total"] == pytest.approx(0.0, abs=1e-6)
    assert found.loc[("sobol", TAKES), "total"] * kept <= raw["ST"][0] + 1e-9


def valued(run):
    """Return the net benefit of surgery alone less that of usual care, by simulating a run."""
    tallies, _ = count_block(run, worlds_of(run), 0, run.patients)
    usual, alone = (worth(tallies[name]).means for name in ("usual_care", "tme_alone"))
    less = dict(zip(QUANTITIES, alone - usual, strict=True))
    return THRESHOLD * less["qalys"] - less["costs_societal"]


def test_a_map_shows_the_preferred_policy_and_the_line_where_it_changes(tmp_path):
    price = "economics.systemic_treatment_price"  # surgery alone has more metastases
    ranges = f"map={{{price}:[0,300000],{STOMA}:[1000,3000]}}"
    assert analysed(tmp_path / "out", "method=map", ranges, "map_steps=2") == 0
    grid = table(tmp_path / "out", "map")
    assert len(grid) == 2 * 4
    best = grid[grid["preferred"]].set_index(["x", "y"])["policy"]
    less = grid[grid["policy"] == "tme_alone"].set_index(["x", "y"])["estimate"]
    assert {*best} == {"tme_alone", "usual_care"}
    for place, policy in best.items():
        assert policy == ("tme_alone" if less[place] > 0 else "usual_care")
    found = compared(tmp_path / "corner", f"{price}=300000", f"{STOMA}=1000")
    assert less[(300000, 1000)] == pytest.approx(net_benefit(found["economics"]), rel=1e-9)
    # Costs are linear in a price: where both are worth the same is known from two runs.
    lines = table(tmp_path / "out", "map_lines")
    assert {*lines["one"], *lines["other"]} == {"usual_care", "tme_alone"}
    for stoma in (1000, 3000):
        low, high = less[(0, stoma)], less[(300000, stoma)]
        assert lines[lines["y"] == stoma]["x"].item() == pytest.approx(300000 * low / (low - high), rel=1e-9)


def test_what_is_done_is_kept_and_what_is_lost_is_done_again(made, tmp_path):
    entries = sorted(path for path in (made / "ledger").glob("??/*"))
    before = {path: path.stat().st_mtime_ns for path in entries}
    tables = {name: (made / f"{name}.csv").read_bytes() for name in ("sensitivity", "structure")}
    lost = entries[0]
    lost.unlink()
    assert analysed(made, VARIED, f"alternatives=[{','.join(ALTERNATIVES)}]") == 0
    assert lost.is_file()
    assert {path: path.stat().st_mtime_ns for path in entries if path != lost} == {
        path: time for path, time in before.items() if path != lost
    }
    for name, content in tables.items():
        assert (made / f"{name}.csv").read_bytes() == content
    # What is simulated does not depend on which outcome of costs and quality of life is asked for.
    other = tmp_path / "other"
    shutil.copytree(made, other)
    assert analysed(other, VARIED, "method=tornado", "outcome=qalys") == 0
    assert len([*(other / "ledger").glob("??/*")]) == len(entries)


def test_points_that_agree_in_all_that_is_simulated_are_simulated_once(made):
    manifest = json.loads((made / "manifest.json").read_text())["sensitivity"]
    entries = [*(made / "ledger").glob("??/*")]
    # The perspective changes nothing that is simulated.
    assert manifest["points"] == 1 + 2 * len(manifest["parameters"]) + len(ALTERNATIVES)
    assert len(entries) == manifest["points"] - 1


def test_what_is_printed_names_what_moves_the_outcome_most(made, capsys):
    assert analysed(made, VARIED, f"alternatives=[{','.join(ALTERNATIVES)}]") == 0
    printed = capsys.readouterr().out
    assert "Net benefit, less that of usual care, in EUR" in printed
    assert "men norm utility (economics)" in printed
    assert "expert curative odds ratio" not in printed
    assert "lateral nodes never recur" in printed


def test_every_shipped_alternative_can_be_run_and_changes_the_run():
    plan = plan_of("method=structure", "economics=dutch", "horizon_years=40")
    assert len(plan.alternatives) > 25
    base = plan.plan.points[0].run
    for place, one in zip(plan.places["structure"], plan.alternatives, strict=True):
        changed = plan.plan.points[place].run != base
        assert changed or plan.contrasts[place] != 0.0, one.name
    of_care = [one.name for one in plan.alternatives if one.of_worth_alone]
    assert {"undiscounted", "health_care", "ten_years", "larger_effects"} <= {*of_care}
    counted = plan_of("method=structure", "outcome=local_recurrence").alternatives
    assert not [one.name for one in counted if one.of_worth_alone]


REFUSED = [
    ("vary=[surgery.leak_probabilty]", "no uncertain number.*did you mean surgery.leak_probability"),
    ("vary=[]", "vary=.*must be a list"),
    ("outcome=local_recurence", "did you mean local_recurrence"),
    ("outcome=costs economics=none", "economics=none has no costs"),
    ("outcome=local_recurrence at_years=4", "at_years=4: must be one of"),
    ("method=tornados", "did you mean tornado"),
    ("method=[]", "must be one or more of tornado"),
    ("of=ratio", "of=ratio: must be one of"),
    ("by=group method=sobol", "by=group: must be one of"),
    ("method=map", "map=null: must hold two numbers"),
    ("map=5", "map=5: needs the method map"),
    (f"method=map map={{{TAKES}:[0.1,0.1],{STOMA}:[1,2]}}", "low must be below high"),
    (f"method=map map={{{TAKES}:[0.1,1.4],{STOMA}:[1,2]}}", "probability=1.4: out of range"),
    (f"method=map map={{{TAKES}:[0.1,0.4],economics.stoma:[1,2]}}", "no key economics.stoma"),
    (f"method=map outcome=r0 map={{{TAKES}:[0.1,0.4],{STOMA}:[1,2]}}", "neither more nor less"),
    ("method=sobol samples=48", "samples=48: must be a power of 2"),
    ("method=sobol samples=1099511627776", "points: would take"),
    (f"method=morris vary=[{TAKES}]", "needs two uncertain numbers or more"),
    ("clinic=regional", "patients who queue"),
    ("patients=50", "patients=50: sensitivity needs 100"),
    ("policies=[tme_alone]", "one policy has no difference"),
    ("rows=true", "rows=true: sensitivity keeps sums"),
    ("alternatives=[no_margn]", "did you mean no_margin"),
    ("alternatives={mine:{surgery.leak:0}}", "did you mean surgery.leak_probability"),
    ("alternatives={mine:{economics.perspective:mine}}", "must be one of health_care, societal"),
    ("alternatives={mine:{discrepancy.metastases:0.9}}", "did you mean metastasis"),
    ("posterior_from=nowhere", "there is no such file"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=[words for words, _ in REFUSED])
def test_what_cannot_be_analysed_is_refused_in_a_line(words, message):
    with pytest.raises(InputError) as refused:
        plan_of(*words.split())
    assert re.search(message, str(refused.value))
    assert "\n" not in str(refused.value)


def test_prices_are_swept_like_other_numbers(tmp_path):
    words = ("patients=320", "horizon_years=10", "policies=[usual_care,tme_alone]", "pictures=false")
    swept = f"grid={{{STOMA}:[1000,3000]}}"
    assert (
        main(["sweep", swept, "economics=dutch", "compute.workers=1", *words, f"out={tmp_path / 's'}"]) == 0
    )
    of_points = table(tmp_path / "s", "economics")
    found = compared(tmp_path / "c", f"{STOMA}=3000")["economics"]
    own = of_points[of_points[STOMA] == 3000].reset_index(drop=True)
    pd.testing.assert_frame_equal(own[found.columns], found, rtol=1e-12)
    assert not own["estimate"].equals(of_points[of_points[STOMA] == 1000]["estimate"].reset_index(drop=True))
