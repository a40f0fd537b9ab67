"""Pictures of the economics show what their tables say, can be read, and claim no more."""

import numpy as np
import pandas as pd
import pytest
from helpers.pages import Page, artists, title, words
from matplotlib.path import Path

from analysis.economics.acceptability import acceptability, perfect_information
from analysis.economics.draws import draws_of_means
from analysis.economics.incremental import plane_points
from analysis.economics.indices import equal_benefit, tornado
from analysis.pictures.cost_effectiveness import acceptability_curves, expected_loss, plane
from analysis.pictures.information import information_bars, study_sizes
from analysis.pictures.sensitivity import morris_bars, sobol_bars, tornado_bars, two_way_map
from analysis.pictures.variance_split import variance_bars
from analysis.words.economics import money, qalys, short_money
from analysis.words.wording import percent, policy_words, sentence

POLICIES = [
    "tme_alone",
    "short_course",
    "chemoradiotherapy",
    "lateral_after_chemoradiotherapy",
    "watch_and_wait",
]
THRESHOLDS = np.arange(0, 80001, 5000)
NAMES = [
    "leak_probability", "a_parameter_with_a_long_name_of_several_words_that_needs_more_than_a_line",
    "late_harm", "cost_course", "utility", "salvage",
]  # fmt: skip


def made(seed, policies=4, scale=1.0, members=200):
    """Policies whose costs and QALYs differ by any sign and size."""
    rng = np.random.default_rng(seed)
    means, spreads = rng.normal(0, [[2500.0], [0.08]], (2, policies)), rng.uniform(0.1, 1, (2, policies))
    costs = 50000 + scale * (means[0] + spreads[0] * rng.normal(0, 1500, (members, policies)))
    gained = means[1] + spreads[1] * rng.normal(0, 0.05, (members, policies))
    return draws_of_means(POLICIES[:policies], costs, 8 + gained)


def information(seed):
    rng = np.random.default_rng(seed)
    evpi = float(rng.gamma(2, 200) * rng.choice([0.001, 1, 100]))
    worth = np.sort(evpi * rng.uniform(0, 1, len(NAMES)))
    perfect = pd.DataFrame({"threshold": [2e4], "evpi": [evpi], "evpi_se": [evpi * rng.uniform(0.01, 0.8)]})
    groups = pd.DataFrame(
        {
            "group": NAMES,
            "threshold": 2e4,
            "evppi": worth,
            "evppi_se": worth * rng.uniform(0, 0.7, len(NAMES)),
        }
    )
    return perfect, groups


def study(seed):
    rng = np.random.default_rng(seed)
    limit = float(rng.gamma(1, 100) * rng.choice([0, 0.01, 1, 50]))
    sizes = np.unique(np.geomspace(10, 10 ** rng.uniform(1.5, 4.5), rng.integers(2, 15)).astype(int))
    worth = limit * sizes / (sizes + 200)
    errors = {"evsi_se": worth * 0.2, "evppi_se": limit * 0.2}
    return pd.DataFrame({"size": sizes, "evsi": worth, "evppi": limit, "threshold": 2e4, **errors})


def swings(seed):
    rng = np.random.default_rng(seed)
    ends = rng.normal(0, [[3000], [200], [20], [900], [1], [0]], (len(NAMES), 2))
    rows = pd.DataFrame({"parameter": NAMES, "low": rng.gamma(1, 50, len(NAMES)), "high": 12345.0})
    return tornado(
        rows.assign(at_low=ends[:, 0], at_high=ends[:, 1], difference_se=rng.uniform(0, 400)), 100.0
    )


def shares(seed):
    rng = np.random.default_rng(seed)
    total = rng.dirichlet(np.full(len(NAMES), 0.5))
    table = pd.DataFrame({"parameter": NAMES, "first": total * 0.8, "total": total, "noise_share": 0.1})
    for name in ("first", "total"):
        table = table.assign(**{f"{name}_low": table[name] - 0.05, f"{name}_high": table[name] + 0.05})
    return table


def effects(seed):
    rng = np.random.default_rng(seed)
    size = rng.gamma(1, 10.0 ** rng.integers(-3, 5), len(NAMES))
    reach, floor = size * rng.uniform(0, 2, len(NAMES)), float(np.median(size))
    ends = {"mu_star_low": size - reach, "mu_star_high": size + reach}
    return pd.DataFrame({"parameter": NAMES, "mu_star": size, "noise_floor": floor, **ends})


def split(seed):
    rng = np.random.default_rng(seed)
    parts = rng.dirichlet([0.5, 0.5, 0.5], 3)
    sources = ["parameters", "heterogeneity", "luck"]
    names = ["local_recurrence", "difference in QALYs", NAMES[1]]
    return pd.concat(
        pd.DataFrame({"outcome": name, "source": sources, "share": part})
        for name, part in zip(names, parts, strict=True)
    )


def a_map(seed):
    rng = np.random.default_rng(seed)
    x, y = np.linspace(0.2, 0.9, 12), np.linspace(1000, 8000, 9)
    slopes = rng.normal(size=(3, 4)) * [1000, 2000, 0.5, 2000]
    benefit = slopes[:, 0] + slopes[:, 1] * x[:, None] + (slopes[:, 2] * y[:, None])[:, None]
    benefit = benefit + slopes[:, 3] * (x**2)[:, None]
    return x, y, benefit, POLICIES[:3], equal_benefit(x, y, benefit, POLICIES[:3]), (NAMES[1], NAMES[3])


SEEDS = [*range(3), *(pytest.param(k, marks=pytest.mark.long) for k in range(3, 30))]
PICTURES = {
    "plane": lambda seed: plane(plane_points(made(seed, 2 + seed % 4), "tme_alone"), [2e4, 5e4, 8e4]),
    "dear": lambda seed: plane(plane_points(made(seed, 3, scale=12.0), "tme_alone"), [2e4, 5e4, 8e4]),
    "curves": lambda seed: acceptability_curves(acceptability(made(seed, 1 + seed % 5), THRESHOLDS)),
    "losses": lambda seed: expected_loss(
        acceptability(made(seed, 1 + seed % 5, scale=10.0 ** (seed % 3)), THRESHOLDS)
    ),
    "information": lambda seed: information_bars(*information(seed), 2e4),
    "study": lambda seed: study_sizes(study(seed), "late harm"),
    "tornado": lambda seed: tornado_bars(swings(seed), "net benefit of short course over TME alone", money),
    "map": lambda seed: two_way_map(*a_map(seed), base=(0.5, 4000.0), where="€20,000 per QALY"),
    "sobol": lambda seed: sobol_bars(shares(seed), "net benefit"),
    "morris": lambda seed: morris_bars(effects(seed), "net benefit of short course over TME alone"),
    "variance": lambda seed: variance_bars(split(seed)),
}  # fmt: skip


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(k, marks=pytest.mark.long) for k in range(3, 30))]
)
@pytest.mark.parametrize("name", PICTURES)
def test_no_words_of_the_economics_cover_others_or_leave_the_page(name, seed):
    page = Page(PICTURES[name](seed))
    assert (page.cut_off(), page.covered()) == ([], [])


@pytest.mark.parametrize("seed", range(6))
def test_marks_and_ellipses_of_the_plane_are_those_of_the_members(seed):
    draws = made(seed, members=3000)
    points = plane_points(draws, "tme_alone")
    figure = plane(points, [2e4])
    for k, name in enumerate(POLICIES[1:4], start=1):
        gained, spent = (values[:, k] - values[:, 0] for values in (draws.qalys, draws.costs))
        (mark,) = artists(figure, f"mean {name}")
        assert mark.get_xydata()[0] == pytest.approx([gained.mean(), spent.mean()])
        (ellipse,) = artists(figure, f"ellipse {name}")
        inside = Path(ellipse.get_xydata() / [1, 1e4]).contains_points(np.c_[gained, spent / 1e4])
        assert inside.mean() == pytest.approx(0.95, abs=0.015)
    (line,) = artists(figure, "threshold 20000")
    (x0, y0), (x1, y1) = line.get_xydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(20000)
    best = max(POLICIES[1:4], key=lambda name: draws.qalys.mean(axis=0)[POLICIES.index(name)])
    k = POLICIES.index(best)
    gained = (draws.qalys[:, k] - draws.qalys[:, 0]).mean()
    if gained > 0:
        assert title(figure).startswith(sentence(policy_words(best))) and qalys(gained) in title(figure)
        spent = (draws.costs[:, k] - draws.costs[:, 0]).mean()
        assert (f"for {money(spent)} more" if spent > 0 else f"to save {money(-spent)}") in title(figure)
    else:
        assert title(figure).startswith("No policy is expected to give more QALYs")


@pytest.mark.parametrize("seed", range(6))
def test_curves_and_titles_of_acceptability_are_those_of_the_table(seed):
    table = acceptability(made(seed), THRESHOLDS)
    figure = acceptability_curves(table)
    for name, rows in table.groupby("policy"):
        (line,) = artists(figure, f"curve {name}")
        np.testing.assert_array_equal(line.get_xydata(), rows[["threshold", "probability"]])
        assert f"{percent(rows['probability'].iloc[-1])} %" in words(figure)
    front = table[table["preferred"]]
    drawn = np.concatenate([line.get_xydata() for line in artists(figure, "frontier")])
    np.testing.assert_array_equal(drawn, front[["threshold", "probability"]])
    changes = front["policy"].ne(front["policy"].shift())
    if changes.sum() <= 4:
        for row in front[changes].itertuples():
            assert policy_words(row.policy).lower() in title(figure).lower()
            assert row.threshold == 0 or money(row.threshold) in title(figure)


def test_the_losses_end_at_the_table_s_and_the_least_is_the_value_of_perfect_information():
    draws = made(3)
    table = acceptability(draws, THRESHOLDS)
    figure = expected_loss(table)
    (least,) = artists(figure, "least")
    evpi = perfect_information(draws, THRESHOLDS)["evpi"]
    np.testing.assert_allclose(least.get_ydata(), evpi)
    assert money(evpi.max()) in title(figure)
    assert short_money(float(table["expected_loss"].iloc[-1])) in words(figure)


def test_nothing_is_said_to_be_worth_knowing_that_may_be_worth_nothing():
    perfect, groups = information(1)
    clear = perfect.assign(evpi=500.0, evpi_se=20.0)
    ranked = groups.assign(evppi=[1.0, 5.0, 9.0, 20.0, 200.0, 400.0], evppi_se=3.0)
    assert title(information_bars(clear, ranked, 2e4)) == (
        "Knowing salvage is worth most: €400 per patient, 80 % of all that could be learnt"
    )
    close = ranked.assign(evppi_se=100.0)
    assert "seems to be worth most" in title(information_bars(clear, close, 2e4))
    assert "No group of parameters" in title(information_bars(clear, close.assign(evppi_se=300.0), 2e4))
    assert "may be worth nothing" in title(information_bars(clear.assign(evpi_se=400.0), ranked, 2e4))
    bars = [bar.get_width() for bar in artists(information_bars(clear, ranked, 2e4), "worth")]
    assert bars == [500.0, 400.0, 200.0, 20.0, 9.0, 5.0, 1.0]


def test_a_tornado_names_what_moves_most_only_beyond_noise():
    rows = pd.DataFrame(
        {"parameter": ["a", "b"], "low": 0.0, "high": 1.0, "at_low": [0.0, 5.0], "at_high": [20.0, 15.0]}
    )
    for error, says in (
        (1.0, "A moves costs most: from 0 to 20"),
        (5.0, "A seems to move"),
        (30.0, "No parameter"),
    ):
        figure = tornado_bars(tornado(rows.assign(difference_se=error), 10.0), "costs")
        assert title(figure).startswith(says)
    (bar,) = artists(figure, "high a")
    assert (bar.get_x(), bar.get_width()) == (10.0, 10.0)


def test_a_map_s_title_is_the_share_of_its_area():
    x = y = np.linspace(0, 1, 11)
    benefit = np.stack([np.zeros((11, 11)), np.broadcast_to(x - 0.25, (11, 11))], axis=2)
    lines = equal_benefit(x, y, benefit, POLICIES[:2])
    figure = two_way_map(x, y, benefit, POLICIES[:2], lines, ("a", "b"))
    assert title(figure) == "Short course is preferred in 75.0 % of this map"
    (line,) = artists(figure, "line 0")
    np.testing.assert_allclose(line.get_xdata(), 0.25)
    alone = two_way_map(x, y, benefit[:, :, :1], POLICIES[:1], lines[:0], ("a", "b"))
    assert title(alone) == "TME alone is preferred throughout"


def test_the_variance_s_title_is_true_of_its_table():
    for seed in range(20):
        table = split(seed)
        rows = table.reset_index(drop=True)
        top = rows.loc[rows.groupby("outcome")["share"].idxmax()].set_index("outcome")["source"]
        said = title(variance_bars(table))
        source = {"U": "parameters", "K": "heterogeneity", "L": "luck"}[said[0]]
        if "every outcome" in said:
            assert (top == source).all()
        elif " of 3 outcomes" in said:
            assert f"{(top == source).sum()} of 3" in said
        else:
            assert top[table["outcome"].iloc[0]] == source


def test_indices_too_close_to_be_ordered_are_not_ordered():
    clear = pd.DataFrame(
        {"parameter": ["a", "b"], "first": [0.7, 0.2], "total": [0.75, 0.25], "noise_share": 0.0}
    )
    for reach, says in (
        (0.1, "A accounts for most of the variance of costs: 75.0 %"),
        (0.3, "A and b matter most"),
    ):
        ends = {
            f"{n}{e}": clear[n] + s * reach
            for n in ("first", "total")
            for e, s in (("_low", -1), ("_high", 1))
        }
        assert title(sobol_bars(clear.assign(**ends), "costs")).startswith(says)


@pytest.mark.parametrize("seed", range(6))
def test_morris_bars_are_the_effects_and_the_title_counts_those_above_luck(seed):
    table = effects(seed)
    figure = morris_bars(table, "costs")
    order = table.sort_values("mu_star", ascending=False)
    assert [bar.get_width() for bar in artists(figure, "mean_effect")] == pytest.approx(order["mu_star"])
    (line,) = artists(figure, "noise")
    assert line.get_xdata()[0] == table["noise_floor"].iloc[0]
    clear = sum(low > floor for low, floor in zip(table["mu_star_low"], table["noise_floor"], strict=True))
    assert title(figure).startswith(f"{clear or 'None'} of {len(NAMES)} parameters move")


def test_empty_tables_leave_a_message():
    draws = made(1, 1)
    assert "there is one policy" in title(plane(plane_points(draws, "tme_alone"), [2e4]))
    table = shares(1)
    for figure in (
        acceptability_curves(acceptability(draws, [1.0])[:0]),
        expected_loss(acceptability(draws, [1.0])[:0]),
        information_bars(*information(1), 5e4),
        study_sizes(study(1)[:0], "x"),
        tornado_bars(swings(1)[:0], "x"),
        sobol_bars(table.assign(total=np.nan), "x"),
        morris_bars(effects(1)[:0], "x"),
        variance_bars(split(1)[:0]),
    ):
        assert title(figure).startswith("Nothing to draw")


@pytest.mark.parametrize(
    ("amount", "long", "short"),
    [(0.0, "€0", "€0"), (-0.001, "€0.00", "€0.00"), (12.345, "€12.3", "€12.3"),
     (-1234.5, "−€1,234", "−€1,234"), (10960.0, "€10,960", "€11.0k"), (2.5e6, "€2,500,000", "€2.5m"),
     (-148123.0, "−€148,123", "−€148k"), (np.nan, "–", "–")],
)  # fmt: skip
def test_amounts_are_written_with_their_sign_first(amount, long, short):
    assert (money(amount), short_money(amount)) == (long, short)
