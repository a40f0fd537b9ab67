"""The printed tables say what the tables of the run say."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers.run_tables import default, eight, keeping, nobody_recurs, run_tables, tiny

from analysis.pages.summary import published, summary
from analysis.words.price import needed
from analysis.words.wording import at_horizon, comparator_of, policy_words
from sim.counting.outcomes import HARMS


def printed(tables: dict[str, pd.DataFrame], comparator: str = "") -> str:
    first = comparator_of(tables["differences"]) or "tme_alone"
    return summary(tables["outcomes"], tables["differences"], comparator or first)


def rows_of(text: str, policy: str) -> list[list[float]]:
    """Return the numbers of a policy's row in each of the tables; nothing for a dash."""
    found = [line for line in text.splitlines() if line.startswith(f"{policy_words(policy)}  ")]
    numbers = [re.findall(r"−?\d[\d,]*\.?\d*", line[len(policy_words(policy)) :]) for line in found]
    return [[float(number.replace("−", "-").replace(",", "")) for number in row] for row in numbers]


def test_every_printed_number_is_that_of_the_tables():
    tables = default()
    text = printed(tables)
    outcomes, differences = tables["outcomes"], tables["differences"]
    for policy in ("tme_alone", "short_course", "chemoradiotherapy"):
        expected = []
        for years in (5.0, 10.0):
            row = at_horizon(outcomes, "local_recurrence", years).loc[policy]
            expected += [100 * row[name] for name in ("estimate", "ci_low", "ci_high")]
        if policy != "tme_alone":
            row = at_horizon(differences, "local_recurrence", 5.0).loc[policy]
            expected += [100 * row[name] for name in ("estimate", "ci_low", "ci_high")]
            averted = tables["averted"].query(
                "policy == @policy and horizon_years == 5 and mechanism == 'all' and compartment == 'all'"
            )
            expected.append(averted["net"].item())
        more = [
            100 * at_horizon(outcomes, outcome, 5.0).loc[policy, "estimate"]
            for outcome in ("distant_metastasis", "overall_survival")
        ]
        more += [
            100 * at_horizon(outcomes, outcome).loc[policy, "estimate"]
            for outcome in ("crm_involved", "leak", "operative_death", "r0")
        ]
        more.append(at_horizon(outcomes, "r0").loc[policy, "n"])
        first, second, *_ = rows_of(text, policy)
        assert first == pytest.approx(expected, abs=0.0501)
        assert second == pytest.approx(more, abs=0.0501)


def test_the_comparator_is_named_and_has_no_difference():
    tables = run_tables("patients=1000", "policies=[chemoradiotherapy,tme_alone]")
    text = printed(tables, "chemoradiotherapy")
    assert "Differences: from chemoradiotherapy" in text
    first, *_ = rows_of(text, "chemoradiotherapy")
    assert len(first) == 6  # recurrence at two horizons, with intervals
    (averted,) = tables["averted"].query(
        "horizon_years == 5 and mechanism == 'all' and compartment == 'all'"
    )["net"]
    assert averted < 0
    assert rows_of(text, "tme_alone")[0][-1] == pytest.approx(averted, abs=0.0501)


@pytest.mark.parametrize(
    "tables", [default, eight, keeping, tiny, nobody_recurs], ids=lambda made: made.__name__
)
def test_no_line_is_wider_than_120_columns(tables):
    assert max(map(len, printed(tables()).splitlines())) <= 120


def test_every_policy_is_named_once_in_each_table():
    tables = eight()
    text = printed(tables)
    unwrapped = " ".join(text.split())
    tables_printed = 3 + ("more, for each" in text)
    for policy in tables["outcomes"]["policy"].unique():
        found = re.findall(rf"{re.escape(policy_words(policy))} (?:–|[−+(]?\d|\([−+\d])", unwrapped)
        assert len(found) == tables_printed, policy


def test_a_share_of_nobody_is_a_dash():
    tables = nobody_recurs()
    assert at_horizon(tables["outcomes"], "r0").loc["tme_alone", "n"] == 0
    last = [line for line in printed(tables).splitlines() if line.startswith("TME alone")][1]
    assert last.endswith("–")


def test_one_policy_is_compared_with_nothing():
    assert "ifference" not in printed(tiny())
    assert "under the others" not in printed(tiny()) and "more, for each" not in printed(tiny())


PRICED = ("permanent_stoma", "major_bowel_dysfunction", "urinary_dysfunction", "sexual_dysfunction")


def test_the_price_is_that_of_the_tables_and_a_change_in_brackets_may_be_luck():
    tables = keeping()
    text = printed(tables, "total_neoadjuvant")
    names = ("local_recurrence", "local_failure", *PRICED, "severe_morbidity", "organ_preserved")
    first = [at_horizon(tables["outcomes"], n, 5.0).loc["total_neoadjuvant", "estimate"] for n in names]
    assert rows_of(text, "total_neoadjuvant")[2] == pytest.approx(1000 * np.array(first), abs=0.0501)
    for policy in ("total_neoadjuvant+organ_preservation", "tme_alone"):
        compared = [at_horizon(tables["differences"], n, 5.0).loc[policy] for n in names]
        changes = [1000 * row["estimate"] for row in compared]
        assert rows_of(text, policy)[2] == pytest.approx(changes, abs=0.0501)
        line = [line for line in text.splitlines() if line.startswith(f"{policy_words(policy)}  ")][2]
        cells = line[len(policy_words(policy)) :].split()
        for cell, row in zip(cells, compared, strict=True):
            sure = row["ci_low"] > 0 or row["ci_high"] < 0
            assert cell == "0.0" or cell.startswith("(") != sure, (cell, dict(row))


def test_local_failure_is_printed_where_it_differs_and_says_why():
    assert "failure" not in printed(default())
    text = " ".join(printed(keeping(), "total_neoadjuvant").split())
    assert "A patient who is not operated on cannot have a local recurrence" in text
    assert "organs kept" not in printed(default()).lower()
    assert "Organs kept: on purpose, alive, not resected, the tumour under control." in text


def test_a_number_needed_is_how_many_more_are_treated_for_each_recurrence_averted():
    tables = default()
    text = printed(tables)
    shares = at_horizon(tables["outcomes"], "irradiated")["estimate"]
    for policy in ("short_course", "chemoradiotherapy"):
        row = at_horizon(tables["differences"], "local_recurrence", 5.0).loc[policy]
        more = shares[policy] - shares["tme_alone"]
        numbers = rows_of(text, policy)[3]
        expected = [1000 * shares[policy]]
        expected += [-more / row[edge] for edge in ("estimate", "ci_low", "ci_high")]
        assert numbers[0] == pytest.approx(expected[0], abs=0.501)
        assert numbers[1:] == pytest.approx([*expected[1:], 0], abs=0.0501)


def test_no_number_is_needed_where_what_is_averted_may_be_luck_or_two_treatments_avert():
    tables = default()
    unclear = tables["differences"].assign(ci_low=-0.2, ci_high=0.2)
    assert "more, for each" not in summary(tables["outcomes"], unclear, "tme_alone")
    both = needed(tables["outcomes"], tables["differences"], 5.0)
    dissecting = both.loc["chemoradiotherapy+lateral_after_5mm"]
    assert dissecting["dissected"] > 0
    assert dissecting.filter(like="needed").isna().all()


def test_the_number_needed_to_dissect_comes_from_the_same_policy_without_dissection():
    made = run_tables("patients=2000", "policies=[chemoradiotherapy,chemoradiotherapy+lateral_routine]")
    row = needed(made["outcomes"], made["differences"], 5.0).loc["chemoradiotherapy+lateral_routine"]
    shares = at_horizon(made["outcomes"], "lateral_dissection").loc["chemoradiotherapy+lateral_routine"]
    assert row["dissected"] == pytest.approx(1000 * shares["estimate"] * shares["n"] / 2000)
    averted = -1000 * at_horizon(made["differences"], "local_recurrence", 5.0)["estimate"].item()
    assert row["dissected_needed"] == pytest.approx(row["dissected"] / averted)
    assert row["dissected_needed_low"] < row["dissected_needed"] < row["dissected_needed_high"]


def test_tables_of_a_run_that_counted_no_harm_have_no_price():
    tables = default()
    older = tables["outcomes"][~tables["outcomes"]["outcome"].isin(HARMS)]
    text = summary(older, tables["differences"], "tme_alone")
    assert "stoma" not in text and "R0: clear margins" in text


def test_a_run_shorter_than_five_years_is_reported_at_its_end():
    text = printed(nobody_recurs())
    assert "at 2 years, %" in text
    assert "5 years" not in text


def test_published_figures_stand_beside_simulated_ones_with_a_verdict():
    table = run_tables("scenario=dutch_tme", "patients=1000")["published"].copy()
    table["difference"] = [0.02, -0.0201, 0.0, 0.0, 0.0, 0.0]
    lines = published(table).splitlines()
    arm = lines[lines.index("Local recurrence, TME alone") + 1 :][:3]
    rows = table[table["policy"] == "tme_alone"]
    for line, (_, row) in zip(arm, rows.iterrows(), strict=True):
        numbers = [float(number) for number in re.findall(r"\d+\.?\d*", line)][:5]
        shown = [100 * row[name] for name in ("published", "simulated", "ci_low", "ci_high")]
        assert numbers == pytest.approx([row["horizon_years"], *shown], abs=0.0501)
        assert line.endswith("yes")
    other = lines[lines.index("Local recurrence, short course for everyone") + 1 :][:3]
    assert [line.split()[-1] for line in other] == ["no", "yes", "yes"]


def test_published_figures_that_fit_no_policy_leave_a_message():
    table = run_tables("scenario=dutch_tme", "patients=1000")["published"]
    assert published(table[:0]) == "No published figure fits this run.\n"
