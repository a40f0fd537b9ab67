"""Pictures and pages of validation and calibration show what the tables say; nothing covers anything else."""

import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from helpers.pages import Page, artists, note, title, words
from hydra import compose, initialize_config_module

from analysis.fitting import posterior
from analysis.pages.validation_pages import MOST_LINES, WIDEST, summary, write_pages
from analysis.pictures.calibration import MOST_NUMBERS, converged, identified, traded
from analysis.pictures.predicted import transforms
from analysis.pictures.validation import MARKS, dumbbells, log, log_odds, scatter, trial_curves, whole_arms
from analysis.tables.validation import LEVELS, agreement
from analysis.words.endpoints import labels, miss, short, verdict
from analysis.words.wording import sentence
from conf.endpoint import RATIOS
from conf.trials import read_trials
from conf.uncertain import uncertain_numbers
from conf.validation import read_validation
from experiments.pages import validation_page
from experiments.pages.gallery import shrink
from experiments.validate import emulate_all

# Both sets, both estimators, every kind of number, long labels, a trial without curves, a lever of its own.
TRIALS = (
    "dutch_tme",
    "lateral_node_consortium",
    "leak_meta",
    "swedish_recurrences",
    "cao_aro_aio_94",
    "shen_2023",
)


@pytest.fixture(scope="module", autouse=True)
def hydra():
    """Trials and policies are found through Hydra."""
    with initialize_config_module("conf", version_base="1.3"):
        yield


@pytest.fixture(scope="module")
def successive_samples(hydra):
    """Return trials, endpoints and curves of a small emulation."""
    words = [f"trials=[{','.join(TRIALS)}]", "patients=4000", "most_patients=4000"]
    run = read_validation(compose("validate", words))
    return run.trials, *emulate_all(run)


# What others predict for two studies, one of them refitted.
LEFT_OUT = pd.DataFrame(
    [
        {"trial": "dutch_tme", "endpoint": "dutch_tme.tme_alone.lr.2y", "kind": "local recurrence",
         "published": 0.082, "predicted": 0.09, "inside": True, "probability": 0.4, "refit": 0.0912},
        {"trial": "dutch_tme", "endpoint": "dutch_tme.rt_tme.lr.2y", "kind": "local recurrence",
         "published": 0.024, "predicted": 0.04, "inside": False, "probability": 0.02, "refit": 0.0345},
        {"trial": "leak_meta", "endpoint": "meta.leak.all", "kind": "share",
         "published": 0.11, "predicted": 0.1, "inside": True, "probability": 0.9, "refit": np.nan},
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def stated(successive_samples):
    """Return the endpoints with their labels."""
    trials, endpoints, _ = successive_samples
    return labels(trials, endpoints)


@pytest.fixture(scope="module")
def written(successive_samples, tmp_path_factory):
    """Return the folder that holds the pages and pictures of the emulation."""
    trials, endpoints, curves = successive_samples
    folder = tmp_path_factory.mktemp("validation")
    write_pages(trials, endpoints, curves, agreement(endpoints), folder, LEFT_OUT)
    return folder


@pytest.fixture(scope="module")
def learnt():
    """Return the tables of a calibration that narrowed some numbers and tied the first two together."""
    numbers = uncertain_numbers()
    rng = np.random.default_rng(1)
    narrowed = np.linspace(0.2, 1.1, len(numbers))
    members = rng.standard_normal((200, len(numbers))) * narrowed
    members[:, 1] = 0.9 * members[:, 0] + 0.1 * members[:, 1]
    searched = narrowed < 0.7
    return {
        "parameters": posterior.numbers_table(numbers, members, members.mean(axis=0), searched),
        "tradeoffs": posterior.tradeoffs(numbers, members, searched),
        "trace": pd.DataFrame({"evaluation": [1, 40, 80, 120], "objective": [900.0, 300.0, 250.5, 250.0]}),
    }


def all_pictures(successive_samples, stated, learnt):
    _, _, curves = successive_samples
    for name in ("calibration", "validation"):
        yield f"dumbbells {name}", dumbbells(stated[stated["set"] == name])
    yield "scatter", scatter(stated)
    for name, rows in stated.groupby("trial"):
        if len(whole_arms(rows)):
            yield f"curves {name}", trial_curves(curves[curves["trial"] == name], rows)
    yield "identified", identified(learnt["parameters"])
    yield "traded", traded(learnt["tradeoffs"])
    yield "converged", converged(learnt["trace"])


def test_no_words_cover_others_or_leave_the_page_and_all_are_large_enough(successive_samples, stated, learnt):
    for name, figure in all_pictures(successive_samples, stated, learnt):
        page = Page(figure)
        assert page.lines
        assert (page.cut_off(), page.covered()) == ([], []), name
        sizes = [text.get_size() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]
        assert min(sizes) >= 10 and max(sizes) <= 15, name


def test_every_shipped_endpoint_has_a_label_of_its_own_that_reads_as_words():
    for trial in read_trials("all"):
        ids = [endpoint.evidence for endpoint in trial.endpoints]
        named = labels([trial], pd.DataFrame({"trial": trial.name, "endpoint": ids}))["label"]
        assert named.is_unique, trial.name
        for words_of_it in named:
            assert not re.search(r"[_\"']|==|!=|<=|>=| not$|^,|, ,", words_of_it), words_of_it


def test_a_dumbbell_lies_at_the_published_and_the_simulated_value(stated):
    figure = dumbbells(stated)
    sections = ((LEVELS, log_odds), (RATIOS, log))
    for k, (measures, place) in enumerate(sections):
        rows = stated[stated["measure"].isin(measures)]
        low, high = artists(figure, "published")[k].axes.get_xlim()
        for name in ("published", "published_low", "published_high"):
            wanted = np.clip([place(value) for value in rows[name]], low, high)
            np.testing.assert_allclose(artists(figure, name)[k].get_xdata(), wanted)
        for which in MARKS:
            here = rows[rows.apply(verdict, axis=1) == which]
            wanted = [place(value) for value in here["simulated"]]
            np.testing.assert_allclose(artists(figure, f"simulated {which}")[k].get_xdata(), wanted)


def test_a_miss_differs_in_colour_in_shape_and_in_a_word(stated):
    figure = dumbbells(stated)
    marks = {which: artists(figure, f"simulated {which}")[0] for which in MARKS}
    assert len({mark.get_marker() for mark in marks.values()}) == 3
    assert marks["inside"].get_color() not in (marks["high"].get_color(), marks["low"].get_color())
    written = words(figure)
    verdicts = stated.apply(verdict, axis=1)
    for which in ("high", "low"):
        assert written.count(which) == (verdicts == which).sum() > 0


def test_every_endpoint_is_named_with_its_numbers_and_the_title_counts_the_hits(stated):
    figure = dumbbells(stated, "endpoints")
    assert (
        title(figure)
        == f"{stated['inside'].sum()} of {len(stated)} endpoints lie inside the published interval"
    )
    written = words(figure)
    for label in stated["label"]:
        assert short(sentence(label)).replace("\N{NO-BREAK SPACE}", " ") in written
    for trial in stated["title"].unique():
        assert trial in written
    (difference,) = stated[stated["measure"] == "difference"].to_dict("records")
    assert any(f"→ {100 * difference['simulated']:.1f} points".replace("-", "−") in text for text in written)


def test_the_scatter_holds_every_proportion_and_states_the_slope_of_the_table(stated):
    figure = scatter(stated)
    rows = stated[stated["measure"].isin(LEVELS)]
    drawn = 0
    for name in ("calibration", "validation"):
        for which, hit in (("inside", True), ("outside", False)):
            (dots,) = artists(figure, f"{name} {which}")
            part = rows[(rows["set"] == name) & (rows["inside"] == hit)]
            np.testing.assert_allclose(dots.get_xdata(), [log_odds(value) for value in part["simulated"]])
            np.testing.assert_allclose(dots.get_ydata(), [log_odds(value) for value in part["published"]])
            drawn += len(part)
    assert drawn == len(rows)
    for _, row in agreement(stated).iterrows():
        if row["set"] != "all":
            assert f"{row['slope']:.2f} in {row['set']}" in title(figure)


@pytest.mark.parametrize("name", ["dutch_tme", "cao_aro_aio_94", "shen_2023"])
def test_a_trial_s_curves_are_those_of_the_table_with_its_published_figures(successive_samples, stated, name):
    _, _, curves = successive_samples
    mine, rows = curves[curves["trial"] == name], stated[stated["trial"] == name]
    figure = trial_curves(mine, rows)
    wanted = {
        (arm, tuple(part["estimate"]))
        for (_, arm, _, _), part in mine.groupby(["outcome", "arm", "time_from", "estimator"])
    }
    found = {
        (arm, tuple(line.get_ydata()))
        for arm in mine["arm"].unique()
        for line in artists(figure, f"curve {arm}")
    }
    assert found == wanted
    points = whole_arms(rows)
    assert len(points)
    assert set(points["subgroup"]) == {"all"}
    for arm, part in points.groupby("arm"):
        marks = artists(figure, f"published {arm}")
        open_ones = sorted(m.get_ydata()[0] for m in marks if m.get_markerfacecolor() == "white")
        assert sorted(m.get_ydata()[0] for m in marks) == sorted(part["published"])
        assert open_ones == sorted(part["published"][~part["inside"]])


def test_a_miss_is_explained_by_the_trial_s_note_or_else_by_its_numbers(stated):
    row = stated[~stated["inside"] & (stated["measure"] == "incidence")].iloc[0]
    said = miss(pd.Series({**row, "note": ""}))
    side = "above" if row["simulated"] > row["published"] else "below"
    assert side in said and f"{100 * row['published']:.1f} %" in said and f"{abs(row['z']):.1f}" in said
    assert said.endswith("not explained yet.")
    assert miss(pd.Series({**row, "note": ""}), explained=True).endswith("as explained above.")
    assert miss(pd.Series({**row, "note": "Half of these had no staging"})) == "Half of these had no staging."


def test_the_pages_hold_every_endpoint_every_picture_and_a_sentence_on_each_miss(written, stated):
    notes = {trial.name: trial.note for trial in read_trials(list(TRIALS))}
    pages = [written / "validation.md", *(written / "trials" / f"{name}.md" for name in TRIALS)]
    for path in pages:
        text = path.read_text("utf-8")
        rows = stated if path.stem == "validation" else stated[stated["trial"] == path.stem]
        before, _, after = text.partition("## Studies left out of the fit")
        judged = before + after.partition("\n## ")[2]
        table = [line for line in judged.splitlines() if line.startswith("| ") and "`" in line]
        assert [line.split("`")[1] for line in table] == list(rows["endpoint"])
        assert [line.endswith("| inside |") for line in table] == list(rows["inside"])
        for _, row in rows[~rows["inside"]].iterrows():
            explained = bool(notes[row["trial"]])
            assert f"- {sentence(row['label'])}: {miss(row, explained)}" in text
        pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
        assert pictures
        for picture in pictures:
            assert (path.parent / picture).read_bytes().startswith(b"\x89PNG")


def test_the_page_says_what_is_predicted_for_studies_left_out(written):
    text = (written / "validation.md").read_text("utf-8")
    section = text.partition("## Studies left out of the fit")[2].partition("\n## ")[0]
    assert "inside the published 95 % interval at 67 % of 3 endpoints" in section
    assert "50 % ones hold 33 % of the published figures, the 95 % ones 67 %" in section
    assert "| local recurrence | local recurrence and regrowth | 2 | 50 % | 50 % | 50 % |" in section
    assert "| dutch_tme | `dutch_tme.rt_tme.lr.2y` | 2.4 | 4.0 | 3.5 |" in section
    assert "meta.leak.all" not in section  # was not refitted
    assert "![Where published figures lie in what other studies predict](left_out.png)" in section


def test_the_picture_of_left_out_studies_is_their_distribution_and_nothing_is_cut_off():
    figure = transforms(LEFT_OUT)
    assert Page(figure).cut_off() == []
    (line,) = artists(figure, "local recurrence")
    assert sorted(line.get_xdata()) == [0.0, 0.02, 0.4, 1.0]
    assert "33 % lie within the 50 % intervals" in title(figure).replace("\n", " ")


def test_a_trial_of_ratios_alone_has_its_page(successive_samples, tmp_path):
    trials, endpoints, curves = successive_samples
    rows = endpoints[endpoints["trial"] == "leak_meta"]
    assert set(rows["measure"]) <= set(RATIOS)
    only = [trial for trial in trials if trial.name == "leak_meta"]
    write_pages(only, rows, curves[:0], agreement(rows), tmp_path, LEFT_OUT[:0])
    text = (tmp_path / "validation.md").read_text("utf-8")
    pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert sorted(pictures) == ["endpoints_calibration.png", "trials/leak_meta.png"]
    assert all((tmp_path / picture).exists() for picture in pictures)
    assert "leak_meta" in summary(rows, agreement(rows))


def test_what_nobody_counted_for_is_a_dash_and_not_drawn(stated):
    rows = stated[stated["trial"] == "leak_meta"].copy()
    unknown = ["simulated", "simulated_low", "simulated_high", "z"]
    rows.loc[rows.index[0], unknown] = np.nan
    rows.loc[rows.index[0], ["comparable", "inside"]] = False
    figure = dumbbells(rows)
    Page(figure)  # it can be drawn
    assert any(text.endswith("→ –") for text in words(figure))
    hits = rows["inside"].sum()
    assert title(figure).startswith(f"{hits} of {len(rows) - 1} endpoints lie inside")


def test_what_cannot_be_compared_is_counted_nowhere_and_said(successive_samples, tmp_path):
    trials, endpoints, curves = successive_samples
    rows = endpoints[endpoints["trial"] == "leak_meta"].copy()
    miss = rows.index[0]
    rows.loc[miss, ["simulated", "simulated_low", "simulated_high", "z"]] = np.nan
    rows.loc[miss, ["comparable", "inside"]] = False
    only = [trial for trial in trials if trial.name == "leak_meta"]
    found = agreement(rows)
    write_pages(only, rows, curves[:0], found, tmp_path, LEFT_OUT[:0])
    counted = f"{rows['inside'].sum()} of {len(rows) - 1}"
    text = (tmp_path / "validation.md").read_text("utf-8")
    assert f"interval at {counted} calibration endpoints" in text
    assert f"): {counted} inside" in text
    assert "Not comparable, and left out of all counts: 1 endpoint" in text
    (line,) = (line for line in text.splitlines() if f"`{rows.loc[miss, 'endpoint']}`" in line)
    assert line.endswith("| – | – | not comparable |")
    printed = summary(rows, found)
    assert counted in printed
    assert "1 not comparable" in printed
    assert "left out of all counts: 1" in printed


def test_a_figure_that_is_not_judged_is_drawn_in_grey_and_counted_nowhere(stated):
    rows = stated[stated["measure"].isin(["incidence", "survival", "share"])].head(6).copy()
    rows.loc[rows.index[:2], ["judged", "comparable", "inside"]] = False
    rows.loc[rows.index[0], ["published_low", "published_high", "z"]] = np.nan
    figure = dumbbells(rows)
    Page(figure)
    said = "\n".join(words(figure)).replace("\n", " ")
    assert title(figure).startswith(f"{rows['inside'].sum()} of 4 endpoints lie inside")
    assert "shown and not judged: 2" in said.replace("  ", " ")
    assert "no interval printed" in said and "not judged" in said


def test_a_trial_s_page_names_the_levers_and_the_numbers_that_make_it_another_trial(
    written, successive_samples
):
    trials, _, _ = successive_samples
    text = (written / "trials/shen_2023.md").read_text("utf-8")
    arms = next(trial for trial in trials if trial.name == "shen_2023").arms
    levers, usual = (arms[name].policies[0][0].levers() for name in ("boost", "conventional"))
    different = [name for name in levers if levers[name] != usual[name]]
    assert different and all(f"`{name}`" in text for name in different)
    assert "`age_mean_years` 58" in text and "Eligible: `short_axis_mm >= 7`" in text


def test_the_page_of_the_documents_links_pictures_where_the_documents_have_them(
    written, tmp_path, monkeypatch
):
    monkeypatch.setattr(validation_page, "DOCS", tmp_path)
    text = validation_page.write(written, "lrrc validate").read_text("utf-8")
    pictures = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert len(pictures) == 4 + len(TRIALS)
    for picture in pictures:
        folder, _, name = picture.rpartition("/")
        assert folder == validation_page.PICTURES
        assert (written / name).exists() or (written / "trials" / name).exists()


def test_the_printed_summary_counts_the_hits_of_each_trial_and_names_the_largest_miss(successive_samples):
    _, endpoints, _ = successive_samples
    lines = summary(endpoints, agreement(endpoints)).splitlines()
    text = " ".join(" ".join(lines).split())
    for name, rows in endpoints.groupby("trial"):
        if rows["inside"].all():
            assert f"{name} ({len(rows)})" in text.partition("wholly inside: ")[2]
            continue
        (line,) = (line for line in lines if line.split()[:1] == [name])
        assert f"{rows['inside'].sum()} of {len(rows)}" in line
    missed = endpoints[~endpoints["inside"]]
    largest = missed.loc[missed["z"].abs().idxmax(), "endpoint"]
    first = next(k for k, line in enumerate(lines) if line.startswith("largest misses")) + 1
    assert lines[first].split()[0] == largest


def test_the_printed_summary_of_all_trials_fits_a_terminal(successive_samples):
    _, endpoints, _ = successive_samples
    many = pd.concat(
        endpoints[endpoints["trial"] == TRIALS[k % len(TRIALS)]].assign(trial=trial.name)
        for k, trial in enumerate(read_trials("all"))
    ).reset_index(drop=True)
    lines = summary(many, agreement(many)).splitlines()
    assert len(lines) <= MOST_LINES
    text = " ".join(" ".join(lines).split())
    for name, rows in many.groupby("trial"):
        count = f"({len(rows)})" if rows["inside"].all() else f"{rows['inside'].sum()} of {len(rows)}"
        assert text.count(f"{name} {count}") == 1
    assert "largest misses" in text
    assert max(map(len, lines)) <= WIDEST


def test_the_numbers_that_narrow_most_lie_on_the_scale_of_their_prior(learnt):
    table = learnt["parameters"]
    figure = identified(table)
    rows = table.sort_values("width_ratio").head(MOST_NUMBERS)
    written = words(figure)
    assert [text for text in written if text in set(table["key"])] == list(rows["key"])
    (dots,) = artists(figure, "posterior")
    above = rows["posterior_mean"] > rows["prior_median"]
    half = np.where(
        above, rows["prior_high"] - rows["prior_median"], rows["prior_median"] - rows["prior_low"]
    )
    np.testing.assert_allclose(dots.get_xdata(), (rows["posterior_mean"] - rows["prior_median"]) / half)
    assert f"narrow {(table['width_ratio'] < 0.8).sum()} of {len(table)} numbers" in title(figure)


def test_the_strongest_trade_off_comes_first(learnt):
    table = learnt["tradeoffs"]
    figure = traded(table)
    first = table.loc[table["correlation"].abs().idxmax()]
    assert first["correlation"] > 0.8
    assert title(figure).endswith("move together")
    bars = artists(figure, "pair")
    top = max(bars, key=lambda bar: bar.get_y())
    assert top.get_width() == first["correlation"]
    assert f"{first['one']} {first['other']}" in words(figure)
    assert title(traded(table[:0])) == "No two numbers trade off"


def test_the_search_is_drawn_as_it_went_and_its_absence_is_stated(learnt):
    figure = converged(learnt["trace"])
    (line,) = artists(figure, "objective")
    np.testing.assert_array_equal(line.get_ydata(), learnt["trace"]["objective"])
    assert title(figure) == "The search lowers the objective from 900.0 to 250.0"
    assert "second half of the search gained 50.0" in note(figure)
    assert title(converged(learnt["trace"][:1])) == "No search was done"


def test_the_pictures_of_the_documents_are_small(written, tmp_path):
    sizes = []
    for drawn in [*written.glob("*.png"), *written.glob("trials/*.png")]:
        to = tmp_path / drawn.name
        shrink(drawn, to, validation_page.WIDTH, validation_page.COLOURS)
        sizes.append(to.stat().st_size)
    assert len(sizes) == 4 + len(TRIALS)
    # 1.5 MB for some 300 endpoints, of which these are a quarter.
    assert sum(sizes) < 400_000
