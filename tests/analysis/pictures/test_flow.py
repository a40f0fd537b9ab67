"""What becomes of recurrences and of patients: the counts, and the pictures drawn from them."""

import collections
import itertools

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.counting import tally
from helpers.run_tables import default, nobody_recurs, run_tables, tiny

from analysis.pictures.flow import STAGES, flow
from analysis.pictures.icon_array import FATES, LIVED_WITH, icon_array, thousand
from analysis.tables.run import flow as flow_table
from analysis.words.wording import at_horizon
from conf.schema import compose_run
from experiments.simulating.cohort import simulate
from sim.patient import Cause, Compartment, Harm, Margin, Mechanism, Procedure


def title(figure) -> str:
    return figure.texts[0].get_text().replace("\n", " ")


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def one_by_one(rows: np.ndarray) -> collections.Counter:
    """The ways of recurrences found, stated from each row in plain words."""
    mechanism_of_route = [0, 0, 1, 2, 2, 3, 3, 4]
    ways = collections.Counter()
    for row in rows:
        if row["recurrence_found_day"] == np.inf:
            continue
        if row["salvage_day"] < np.inf:
            treatment = Procedure(row["salvage_procedure"]).name.lower()
        else:
            treatment = "resection_abandoned" if row["curative_intent"] else "palliative"
        if row["death_cause"] == Cause.CANCER:
            fate = "died_of_cancer"
        elif row["death_cause"] != Cause.ALIVE:
            fate = "died_otherwise"
        else:
            back = row["rerecurrence_day"] < np.inf or row["metastasis_found_day"] < np.inf
            clear = row["salvage_margin"] in (Margin.R0, Margin.R1)
            fate = "alive_free" if clear and not back else "alive_with_cancer"
        mechanism = Mechanism(mechanism_of_route[row["recurrence_route"]]).name.lower()
        place = Compartment(row["recurrence_compartment"]).name.lower()
        ways[mechanism, place, treatment, Margin(row["salvage_margin"]).name.lower(), fate] += 1
    return ways


def test_the_flow_is_every_recurrence_found_counted_one_by_one(simulated):
    rows = simulated(patients=6000)
    table = flow_table({"tme_alone": tally(rows, (5.0, 10.0), 10.0)})
    counted = {tuple(row[stage] for stage in STAGES): row["n"] for _, row in table.iterrows()}
    assert counted == dict(one_by_one(rows))
    assert {key[-1] for key in counted} == {
        "alive_free",
        "alive_with_cancer",
        "died_of_cancer",
        "died_otherwise",
    }
    np.testing.assert_allclose(table["per_1000"], table["n"] / 6)


def test_flows_of_two_blocks_add_up_to_the_flow_of_both(simulated):
    rows = simulated(patients=3000)
    whole, part = (tally(some, (10.0,), 10.0) for some in (rows, rows[:1000]))
    part.add(tally(rows[1000:], (10.0,), 10.0))
    assert part.flow.keys() == whole.flow.keys()
    for key, counts in whole.flow.items():
        np.testing.assert_array_equal(part.flow[key], counts)


def test_the_flow_adds_up_to_local_recurrence_at_the_end():
    tables = default()
    found = at_horizon(tables["outcomes"], "local_recurrence", 10.0)
    sums = tables["flow"].groupby("policy")["per_1000"].sum()
    for policy, row in found.iterrows():
        assert sums[policy] == pytest.approx(1000 * row["estimate"])


def test_a_margin_stands_with_a_resection_and_only_there():
    table = default()["flow"]
    not_resected = table["treatment"].isin(["palliative", "resection_abandoned"])
    assert (not_resected == (table["margin"] == "none")).all()
    assert not (table[not_resected]["fate"] == "alive_free").any()


@pytest.mark.parametrize("year", [1.0, 5.0, 10.0])
def test_every_patient_has_one_fate(year):
    outcomes = default()["outcomes"]
    shares = pd.DataFrame({name: at_horizon(outcomes, name, year)["estimate"] for name in FATES})
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    after = shares["death_after_recurrence"] + shares["alive_after_recurrence"]
    np.testing.assert_allclose(after, at_horizon(outcomes, "local_recurrence", year)["estimate"])
    alive = shares["alive_after_recurrence"] + shares["alive_with_metastasis"]
    alive += shares["disease_free_survival"]
    np.testing.assert_allclose(alive, at_horizon(outcomes, "overall_survival", year)["estimate"])


def panels(figure):
    return {ax.get_label(): ax for ax in figure.axes if ax.get_label() and ax.patches}


def test_bars_and_ribbons_are_the_numbers_of_the_table_on_one_scale():
    tables = default()
    figure = flow(tables["flow"], tables["outcomes"], tables["differences"])
    assert list(panels(figure)) == ["tme_alone", "chemoradiotherapy+lateral_after_5mm"]
    scales = []
    for policy, ax in panels(figure).items():
        table = tables["flow"][tables["flow"]["policy"] == policy]
        for kind, among in (
            ("free", table["fate"] == "alive_free"),
            ("other", table["fate"] != "alive_free"),
        ):
            for stage in STAGES:
                drawn = {
                    bar.get_gid().removeprefix(f"{kind} {stage} "): abs(bar.get_height())
                    for bar in ax.patches
                    if str(bar.get_gid()).startswith(f"{kind} {stage} ")
                }
                counted = table[among].groupby(stage)["n"].sum().reindex(drawn, fill_value=0)
                scales += [drawn[name] / n for name, n in counted.items() if n]
                assert all(drawn[name] == 0 for name, n in counted.items() if not n)
            for one, other in itertools.pairwise(STAGES):
                for (a, b), n in table[among].groupby([one, other])["n"].sum().items():
                    name = f"ribbon {one} {a} {other} {b} {kind}"
                    (ribbon,) = (patch for patch in ax.patches if patch.get_gid() == name)
                    left = ribbon.get_path().vertices
                    scales += [(left[0, 1] - left[7, 1]) / n, (left[3, 1] - left[4, 1]) / n]
    np.testing.assert_allclose(scales, scales[0])


def test_the_flow_s_names_carry_their_numbers_and_its_title_the_end():
    tables = default()
    figure = flow(tables["flow"], tables["outcomes"], tables["differences"])
    mine = tables["flow"][tables["flow"]["policy"] == "tme_alone"]
    assert f"margin {mine.loc[mine['mechanism'] == 'margin', 'n'].sum():.1f}" in words(figure)
    resected, free = (
        mine.loc[among, "n"].sum() for among in (mine["margin"] != "none", mine["fate"] == "alive_free")
    )
    assert title(figure) == (
        f"Under TME alone, {mine['n'].sum():.1f} of 1,000 patients have a local recurrence found; "
        f"{resected:.1f} have it resected, and {free:.1f} end alive and free of cancer"
    )


def test_a_run_without_recurrence_has_nothing_that_flows():
    tables = nobody_recurs()
    figure = flow(tables["flow"], tables["outcomes"], tables["differences"])
    assert title(figure) == "No local recurrence was found within 2 years, so nothing flows"


def test_a_policy_without_recurrence_leaves_an_empty_panel_and_the_other_stays():
    tables = default()
    table = tables["flow"]
    gone = table[table["policy"] != "chemoradiotherapy+lateral_after_5mm"]
    figure = flow(gone, tables["outcomes"], tables["differences"])
    assert list(panels(figure)) == ["tme_alone"]


def test_one_policy_flows_alone():
    tables = tiny()
    figure = flow(tables["flow"], tables["outcomes"], tables["differences"])
    assert list(panels(figure)) == ["tme_alone"]
    found = at_horizon(tables["outcomes"], "local_recurrence", 10.0)["estimate"].iloc[0]
    assert found > 0
    assert title(figure).startswith(f"Under TME alone, {1000 * found:.1f} of 1,000 patients")


def test_a_thousand_marks_stand_for_the_shares_of_the_table():
    tables = default()
    figure = icon_array(tables["outcomes"], tables["differences"])
    drawn = {ax.get_label(): ax for ax in figure.axes if ax.get_label()}
    fates = {name: at_horizon(tables["outcomes"], name, 5.0) for name in FATES}
    policies = list(at_horizon(tables["outcomes"], "local_recurrence", 5.0).index)
    assert list(drawn) == [label for name in policies for label in (name, f"{name}: living")]
    for policy in policies:
        ax = drawn[policy]
        counts = {marks.get_gid(): len(marks.get_offsets()) for marks in ax.collections}
        assert counts == {name: round(1000 * rows.loc[policy, "estimate"]) for name, rows in fates.items()}
        places = {tuple(place) for marks in ax.collections for place in marks.get_offsets()}
        assert len(places) == 1000
        for name, rows in fates.items():
            row = rows.loc[policy]
            number, low, high = (f"{1000 * row[key]:.0f}" for key in ("estimate", "ci_low", "ci_high"))
            assert f"{number} ({low} to {high})" in words(figure), name


def test_the_same_thousand_stand_for_what_they_live_with():
    tables = default()
    figure = icon_array(tables["outcomes"], tables["differences"])
    for policy in tables["outcomes"]["policy"].unique():
        (ax,) = (ax for ax in figure.axes if ax.get_label() == f"{policy}: living")
        counts = {marks.get_gid(): len(marks.get_offsets()) for marks in ax.collections}
        assert sum(counts.values()) == 1000
        alive, stoma, bowel = (
            1000 * at_horizon(tables["outcomes"], name, 5.0).loc[policy, "estimate"]
            for name in ("overall_survival", "permanent_stoma", "major_bowel_dysfunction")
        )
        expected = {"permanent_stoma": stoma, "major_bowel_dysfunction": bowel}
        expected |= {"neither": alive - stoma - bowel, "died": 1000 - alive}
        assert counts == pytest.approx(expected, abs=1)


def test_nobody_lives_with_a_permanent_stoma_and_a_bowel_that_works_badly():
    run = compose_run("patients=1500", "policies=[chemoradiotherapy+organ_preservation]", "rows=true")
    (rows,) = simulate(run).rows["chemoradiotherapy+organ_preservation"]
    stoma, bowel = Harm.PERMANENT_STOMA, Harm.MAJOR_BOWEL_DYSFUNCTION
    last = np.fmin(rows["harm_until_day"], rows["death_day"][:, None])
    both = (rows["harm_from_day"][:, stoma] < last[:, bowel]) & (
        rows["harm_from_day"][:, bowel] < last[:, stoma]
    )
    assert np.isfinite(rows["harm_from_day"][:, [stoma, bowel]]).any(axis=0).all()
    assert not both.any()


def test_shares_that_do_not_fit_a_thousand_are_rounded_and_still_add_up():
    assert thousand(pd.Series([1 / 3, 1 / 3, 1 / 3])).tolist() == [334, 333, 333]
    assert thousand(pd.Series([0.9994, 0.0006])).tolist() == [999, 1]
    assert thousand(pd.Series([0.1, 0.2, 0.7])).tolist() == [100, 200, 700]
    for seed in range(50):
        shares = np.random.default_rng(seed).dirichlet(np.ones(6))
        whole = thousand(pd.Series(shares))
        assert whole.sum() == 1000 and (abs(whole - 1000 * shares) < 1).all()


def test_neighbours_of_the_icon_array_differ_in_grey():
    for kinds in (FATES, LIVED_WITH):
        colours = [colour for _, colour, _ in kinds.values()]
        grey = [np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)) for colour in colours]
        assert min(abs(np.diff(grey))) > 0.05


def test_the_icon_array_s_title_claims_only_what_is_beyond_luck():
    tables = default()
    said = title(icon_array(tables["outcomes"], tables["differences"]))
    before, _, stomas = said.partition("; ")
    assert before.endswith("dissection if still 5 mm")
    shares = at_horizon(tables["outcomes"], "permanent_stoma", 5.0)["estimate"]
    numbers = [f"{1000 * shares[p]:.0f}" for p in ("tme_alone", "chemoradiotherapy+lateral_after_5mm")]
    assert stomas == f"{numbers[0]} and {numbers[1]} live with a permanent stoma"
    unclear = tables["differences"].assign(ci_low=-0.2, ci_high=0.2)
    assert title(icon_array(tables["outcomes"], unclear)).endswith(
        "and no other policy differs beyond simulated luck"
    )
    one = run_tables("patients=1", "policies=[tme_alone]")
    figure = icon_array(one["outcomes"], one["differences"])
    stomas = 1000 * at_horizon(one["outcomes"], "permanent_stoma", 5.0)["estimate"].item()
    assert title(figure) == (
        "Of 1,000 patients, 0 have a local recurrence within 5 years under TME alone; "
        f"{stomas:.0f} live with a permanent stoma"
    )


def test_outcomes_that_do_not_state_every_fate_leave_a_message():
    tables = default()
    outcomes = tables["outcomes"][tables["outcomes"]["outcome"] != "alive_with_metastasis"]
    assert title(icon_array(outcomes, tables["differences"])) == "What became of each patient is not known"
