"""Morris and Sobol' indices on SALib's test functions, with noise; tornado; lines of equal net benefit."""

import numpy as np
import pandas as pd
import pytest
from SALib.test_functions import Ishigami, Sobol_G

from analysis.economics.indices import equal_benefit, indices, plan, tornado
from conf.input_error import InputError

PI = (-np.pi, np.pi)
ISHIGAMI = {"x1": PI, "x2": PI, "x3": PI}
# Closed forms with a = 7, b = 0.1.
FIRST, TOTAL = [0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]
G = {f"x{k}": (0.0, 1.0) for k in range(1, 5)}
A = np.array([0.0, 1.0, 4.5, 9.0])


@pytest.fixture(scope="module")
def ishigami():
    planned = plan("sobol", ISHIGAMI, 2048)
    return planned, Ishigami.evaluate(planned.points.to_numpy())


def test_ishigamis_indices_are_its_closed_forms(ishigami):
    table = indices(*ishigami)
    np.testing.assert_allclose(table["first"], FIRST, atol=0.03)
    np.testing.assert_allclose(table["total"], TOTAL, atol=0.03)
    assert ((table["first_low"] < FIRST) & (table["first_high"] > FIRST)).all()
    assert (table["noise_share"] == 0).all()
    assert len(ishigami[0].points) == 2048 * 5


def test_sobols_g_function_has_its_closed_forms():
    planned = plan("sobol", G, 2048)
    table = indices(planned, Sobol_G.evaluate(planned.points.to_numpy(), a=A))
    part = 1 / (3 * (1 + A) ** 2)
    whole = np.prod(1 + part) - 1
    np.testing.assert_allclose(table["first"], part / whole, atol=0.03)
    np.testing.assert_allclose(table["total"], part * np.prod(1 + part) / (1 + part) / whole, atol=0.03)


def test_noise_raises_total_indices_and_is_taken_out(ishigami):
    planned, exact = ishigami
    rng = np.random.default_rng(1)
    batches = exact[:, None] + rng.normal(0, 2.5 * np.sqrt(8), (len(exact), 8)) + rng.normal(0, 9, (1, 8))
    corrected, raw = indices(planned, batches), indices(planned, batches.mean(axis=1))
    np.testing.assert_allclose(corrected["total"], TOTAL, atol=0.06)
    np.testing.assert_allclose(corrected["first"], FIRST, atol=0.06)
    assert raw["total"][2] > TOTAL[2] + 0.15
    assert corrected["noise_share"][0] == pytest.approx(2.5**2 / (exact.var() + 2.5**2), abs=0.03)
    stated = indices(planned, batches.mean(axis=1), noise_variance=2.5**2)
    np.testing.assert_allclose(stated["total"], corrected["total"], atol=0.02)


def test_an_outcome_of_noise_alone_has_no_indices():
    planned = plan("sobol", ISHIGAMI, 64)
    table = indices(planned, np.random.default_rng(0).normal(size=len(planned.points)), noise_variance=4.0)
    assert table["first"].isna().all() and (table["noise_share"] == 1).all()
    assert indices(planned, np.ones(len(planned.points)))["total"].isna().all()


def test_groups_count_as_one_parameter():
    planned = plan("sobol", G, 1024, groups={"strong": ["x1", "x2"], "weak": ["x4", "x3"]})
    assert len(planned.points) == 1024 * 4
    table = indices(planned, Sobol_G.evaluate(planned.points.to_numpy(), a=A)).set_index("parameter")
    assert list(table.index) == ["strong", "weak"]
    part = 1 / (3 * (1 + A) ** 2)
    strong = np.prod(1 + part[:2]) - 1
    assert table["first"]["strong"] == pytest.approx(strong / (np.prod(1 + part) - 1), abs=0.04)


def test_morris_has_the_slopes_of_a_linear_outcome_over_whole_ranges():
    planned = plan("morris", {"a": (0.0, 2.0), "b": (10.0, 20.0), "c": (0.0, 1.0)}, 20)
    points = planned.points
    table = indices(planned, 3 * points["a"].to_numpy() - 0.5 * points["b"].to_numpy())
    assert len(points) == 80
    np.testing.assert_allclose(table["mu"], [6.0, -5.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(table["mu_star"], [6.0, 5.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(table["sigma"], 0.0, atol=1e-6)
    assert (table["noise_floor"] == 0).all()


def test_morris_states_what_noise_alone_would_give():
    planned = plan("morris", {name: (0.0, 1.0) for name in "abc"}, 400)
    values = 10 * planned.points["a"].to_numpy() + np.random.default_rng(2).normal(0, 1, len(planned.points))
    table = indices(planned, values, noise_variance=1.0)
    np.testing.assert_allclose(table["mu_star"][1:], table["noise_floor"][1:], rtol=0.1)
    assert table["sigma"].max() < 1.0  # 2.1 of noise


def test_a_sampled_margin_gives_its_quantiles():
    sample = np.random.default_rng(3).lognormal(0, 1, 2001)
    sobol = plan("sobol", {"a": sample, "b": (0.0, 1.0)}, 1024).points["a"]
    assert sobol.median() == pytest.approx(np.median(sample), rel=0.02)
    morris = plan("morris", {"a": sample, "b": (0.0, 1.0)}, 10).points["a"]
    assert morris.min() == pytest.approx(np.quantile(sample, 0.025))
    assert morris.max() == pytest.approx(np.quantile(sample, 0.975))


def test_the_same_seed_gives_the_same_points_and_intervals(ishigami):
    again = plan("sobol", ISHIGAMI, 2048)
    pd.testing.assert_frame_equal(again.points, ishigami[0].points)
    pd.testing.assert_frame_equal(indices(again, ishigami[1]), indices(*ishigami))
    assert not plan("sobol", ISHIGAMI, 2048, seed=2).points.equals(again.points)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sobl", ISHIGAMI, 64), "did you mean sobol"),
        (("sobol", ISHIGAMI, 100), "power of 2"),
        (("morris", ISHIGAMI, 1), "two trajectories"),
        (("morris", {"x": (0.0, 1.0)}, 4), "at least two"),
        (("morris", {"x": (1.0, 0.0), "y": (0.0, 1.0)}, 4), "must rise"),
        (("morris", {"x": np.array([1.0]), "y": (0.0, 1.0)}, 4), "at least two"),
        (("morris", ISHIGAMI, 4, 1, {"g": ["x1", "x9"]}), "no uncertain parameter"),
        (("morris", ISHIGAMI, 4, 1, {"g": ["x1"]}), "x2, x3 is in none"),
        (("morris", ISHIGAMI, 4, 1, {"g": ["x1", "x2", "x3"], "h": ["x1"]}), "is in g, too"),
    ],
)
def test_plans_that_cannot_be_made_are_refused(words, says):
    with pytest.raises(InputError, match=says):
        plan(*words)


def test_values_that_do_not_match_the_points_are_refused(ishigami):
    planned, values = ishigami
    with pytest.raises(InputError, match="a finite one for each"):
        indices(planned, values[:-1])
    with pytest.raises(InputError, match="a finite one for each"):
        indices(planned, np.full(len(values), np.nan))
    with pytest.raises(InputError, match="noise_variance"):
        indices(planned, values, noise_variance=-1.0)


def test_a_tornado_is_ordered_by_swing_and_marks_what_is_noise():
    rows = pd.DataFrame(
        {
            "parameter": ["narrow", "wide", "one_way"], "low": 0.0, "high": 1.0,
            "at_low": [9.9, 15.0, 12.0], "at_high": [10.2, 6.0, 12.5], "difference_se": [0.2, 0.2, 0.2],
        }
    )  # fmt: skip
    table = tornado(rows, base=10.0)
    assert list(table["parameter"]) == ["wide", "one_way", "narrow"]
    assert table["swing"].tolist() == pytest.approx([9.0, 2.5, 0.3])
    assert list(table["beyond_noise"]) == [True, True, False]
    with pytest.raises(InputError, match="difference_se is missing"):
        tornado(rows.drop(columns="difference_se"), 10.0)


def test_the_line_of_equal_benefit_is_where_it_is_equal():
    x, y = np.linspace(0, 1, 21), np.linspace(0, 2, 31)
    benefit = np.stack(np.broadcast_arrays(np.zeros((31, 21)), x + y[:, None] - 1), axis=2)
    lines = equal_benefit(x, y, benefit, ["a", "b"])
    np.testing.assert_allclose(lines["x"] + lines["y"], 1.0)
    assert (lines["x"].min(), lines["x"].max()) == pytest.approx((0.0, 1.0))
    assert set(lines["one"] + lines["other"]) == {"ab"} and lines["line"].nunique() == 1


def test_lines_stop_where_a_third_policy_is_better():
    x = y = np.linspace(-1, 1, 41)
    benefit = np.stack(np.broadcast_arrays(x, -x, np.broadcast_to(y[:, None], (41, 41))), axis=2)
    lines = equal_benefit(x, y, benefit, ["right", "left", "up"])
    between = lines[(lines["one"] == "right") & (lines["other"] == "left")]
    np.testing.assert_allclose(between["x"], 0.0, atol=1e-12)
    assert between["y"].max() == pytest.approx(0.0, abs=1e-9)
    side = lines[(lines["one"] == "right") & (lines["other"] == "up")]
    np.testing.assert_allclose(side["x"], side["y"], atol=1e-9)
    assert side["x"].min() == pytest.approx(0.0, abs=1e-9)


def test_policies_of_which_one_is_always_best_share_no_line():
    x = y = np.array([0.0, 1.0])
    benefit = np.stack([np.zeros((2, 2)), np.ones((2, 2))], axis=2)
    assert equal_benefit(x, y, benefit, ["a", "b"]).empty
    with pytest.raises(InputError, match="benefit: has shape"):
        equal_benefit(x, y, benefit, ["a"])
    with pytest.raises(InputError, match="x="):
        equal_benefit(x[::-1], y, benefit, ["a", "b"])
