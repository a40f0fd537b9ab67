"""The printed tables say what the tables of the run say."""

import re

import pandas as pd
import pytest
from helpers.run_tables import default, eight, nobody_recurs, run_tables, tiny

from analysis.pages.summary import published, summary
from analysis.words.wording import at_horizon, policy_words


def printed(tables: dict[str, pd.DataFrame], comparator: str = "tme_alone") -> str:
    return summary(tables["outcomes"], tables["differences"], comparator)


def rows_of(text: str, policy: str) -> list[list[float]]:
    """Return the numbers of a policy's row in each of the two tables; nothing for a dash."""
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
        first, second = rows_of(text, policy)
        assert first == pytest.approx(expected, abs=0.0501)
        assert second == pytest.approx(more, abs=0.0501)


def test_the_comparator_is_named_and_has_no_difference():
    tables = run_tables("patients=1000", "policies=[chemoradiotherapy,tme_alone]")
    text = printed(tables, "chemoradiotherapy")
    assert "Differences: from chemoradiotherapy" in text
    first, _ = rows_of(text, "chemoradiotherapy")
    assert len(first) == 6  # recurrence at two horizons, with intervals
    (averted,) = tables["averted"].query(
        "horizon_years == 5 and mechanism == 'all' and compartment == 'all'"
    )["net"]
    assert averted < 0
    assert rows_of(text, "tme_alone")[0][-1] == pytest.approx(averted, abs=0.0501)


@pytest.mark.parametrize("tables", [default, eight, tiny, nobody_recurs], ids=lambda made: made.__name__)
def test_no_line_is_wider_than_120_columns(tables):
    assert max(map(len, printed(tables()).splitlines())) <= 120


def test_every_policy_is_named_once_in_each_table():
    tables = eight()
    unwrapped = " ".join(printed(tables).split())
    for policy in tables["outcomes"]["policy"].unique():
        assert len(re.findall(rf"{re.escape(policy_words(policy))} [–\d]", unwrapped)) == 2, policy


def test_a_share_of_nobody_is_a_dash():
    tables = nobody_recurs()
    assert at_horizon(tables["outcomes"], "r0").loc["tme_alone", "n"] == 0
    (last,) = [line for line in printed(tables).splitlines() if line.startswith("TME alone")][1:]
    assert last.endswith("–")


def test_one_policy_is_compared_with_nothing():
    assert "ifference" not in printed(tiny())


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
