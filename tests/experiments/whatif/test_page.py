"""The page in Chromium, opened from disk: every control, what is kept, what comes back."""

import json
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from helpers.whatif import LONGEST

from analysis.pages.lesson import filled
from analysis.words.vocabulary import VOCABULARY
from analysis.words.wording import sentence
from conf.composition import composing
from conf.lesson import read_lesson
from conf.policies import LEVERS
from experiments.cli.command import main
from experiments.simulating.measured import Measured
from sim.counting.outcomes import UNITS, binary_keys

# Playwright's own, of its event loop, when it ends.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
PICTURES = (
    "incidence_by_mechanism",
    *(pytest.param(name, marks=pytest.mark.long) for name in ("survival", "averted_and_harmed", "flow")),
    "pelvis",
    "icon_array",
)


def test_it_opens_with_the_comparison_of_the_command_in_words(shown):
    words = shown.page.inner_text("#headline")
    assert "TME alone" in words and "more have a local recurrence" in words
    assert "With the uncertainty of the fitted numbers" in words
    assert "3,000 patients per policy" in shown.page.inner_text("#status")


def test_every_lever_and_every_outcome_of_the_model_is_there(shown):
    shown.press("more levers")
    rows = shown.page.locator("tbody.levers tr:not(.more)")
    assert rows.count() == len(LEVERS)
    assert set(
        shown.page.eval_on_selector_all("[data-lever]", "all => all.map((one) => one.dataset.lever)")
    ) == set(LEVERS)
    shown.press("picture outcomes")
    every = [key for key in binary_keys((1, 5)) if key.horizon_years in (0, 5)]
    assert shown.page.locator(".outcomes tbody tr").count() == len(every) + len(UNITS)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_words_a_table_and_files(shown, tmp_path, name):
    shown.view("compare")
    shown.press(f"picture {name}")
    assert len(shown.page.inner_text("#says")) > 40
    shown.page.locator("#data").evaluate("(one) => { one.open = true; }")
    shown.page.wait_for_selector("#datatable tbody tr:nth-child(2)")
    svg = ElementTree.fromstring(shown.saved("svg", tmp_path / "a.svg").read_bytes())
    assert svg.tag.endswith("svg") and len(list(svg.iter())) > 20
    assert "usual care" in "".join(svg.itertext())
    assert shown.saved("png", tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert len(pd.read_csv(shown.saved("csv", tmp_path / "a.csv"))) > 1


def drag_slider(opened):
    """Drag policy C's threshold to 4 mm; return whether the results changed."""
    slider = opened.page.locator("[data-key='lateral_threshold_mm 2']")
    before = opened.page.inner_text("#results")
    with opened.simulating():
        slider.evaluate(
            """(one) => {
              for (const value of [6.5, 6, 5.5, 5, 4.5, 4]) {
                one.value = value;
                one.dispatchEvent(new Event("input"));
              }
            }"""
        )
    return opened.page.inner_text("#results") != before


def test_while_a_slider_is_dragged_the_last_value_is_the_one_that_is_shown(opened):
    assert drag_slider(opened)
    assert opened.state()["policies"][2]["levers"] == {"lateral_threshold_mm": 4}


def test_where_patients_queue_too_the_last_value_is_shown(opened):
    with opened.simulating():
        opened.page.locator("select").filter(has_text="regional").first.select_option(label="regional")
    assert drag_slider(opened)
    assert opened.state()["policies"][2]["levers"] == {"lateral_threshold_mm": 4}


def test_policies_are_added_taken_away_and_compared_with_another(opened):
    for left in (3, 2, 1):
        with opened.simulating():
            opened.press("remove 1")
        assert len(opened.state()["policies"]) == left
    assert "add a policy" in opened.page.inner_text("#headline").lower()
    for name in ("averted_and_harmed", "pelvis", "outcomes", "incidence_by_mechanism"):
        opened.press(f"picture {name}")
    with opened.simulating():
        opened.press("add")
    with opened.simulating():
        opened.page.select_option("[data-key='policy 1']", "short_course")
    with opened.simulating():
        opened.page.check("[data-key='comparator 1']")
    assert opened.state()["comparator"] == 1
    assert "compared with B, short course" in opened.page.inner_text("#headline")


def test_a_policy_that_the_command_would_refuse_is_refused_with_its_reason(opened):
    opened.press("more levers")
    opened.page.check("[data-key='contact_boost 1']")
    assert "contact boost=true needs radiotherapy before surgery" in opened.page.inner_text("#refused")
    with opened.simulating():
        opened.page.select_option("[data-key='neoadjuvant 1']", "chemoradiotherapy")
    assert opened.page.inner_text("#refused") == ""


def test_a_state_comes_back_from_a_file_and_from_a_link(opened, open_page, tmp_path):
    with opened.simulating():
        opened.page.select_option("[data-key='washout 1']", "always")
    shown = opened.page.inner_text("#results")
    state = opened.state()
    opened.view("takeaway")
    kept = opened.saved("save state", tmp_path / "state.json")
    assert json.loads(kept.read_text()) == state
    with opened.simulating():
        opened.press("start again")
    assert opened.page.inner_text("#results") != shown
    opened.view("takeaway")
    with opened.simulating():
        opened.page.set_input_files("[data-key='open file']", kept)
    assert opened.state() == state and opened.page.inner_text("#results") == shown
    linked = open_page(link=f"#{json.dumps(state)}").done()
    assert linked.state() == state and linked.page.inner_text("#results") == shown


GUIDED = {"policy": "usual_care", "levers": {}}
JUNK = (
    ("junk", "holds no state"),
    ("%E0%A4%A", "holds no state"),
    ('{"version":1}', "missing"),
    ({"policies": [{"policy": "tme_alone", "levers": {"washout": "often"}}]}, "must be one of"),
    ({"policies": [{"policy": "tme_alone", "levers": {"wash": "never"}}]}, "there is no such key"),
    ({"policies": [{"policy": "tme_alone", "levers": {"contact_boost": True}}]}, "needs radiotherapy"),
    ({"policies": [{**GUIDED, "groups": {"nobody": {}}}]}, "no such risk group"),
    ({"policies": [{**GUIDED, "groups": {"high": {"queue_priority": "primaries_first"}}}]}, "cannot be set"),
    ({"policies": [{**GUIDED, "groups": {"low": {"contact_boost": True}}}]}, "risk group low: contact boost"),
    ({"policies": [{**GUIDED, "groups": {"high": {"wash": "never"}}}]}, "there is no such key"),
    ({"numbers": {"surgery.leak_probability": 2}}, "from 0 to 1"),
    ({"numbers": {"cohort.plane_shares": [0.5, 0.5, 0.5]}}, "add up to 1"),
    ({"comparator": 3, "policies": [{"policy": "tme_alone", "levers": {}}]}, "place of one of the policies"),
    ({"numbers": {"cohort.age_max_years": 50}}, "must not be above the second"),
    ({"numbers": {"cohort.height_bounds_cm": [0, 2, 3, 4]}}, "must not be above the second"),
    ({"numbers": {"cohort.n2_share[3]": 0.95}}, "must add up to at most 1"),
    ({"numbers": {"spillage.sterilised_probability[0]": 0.1}}, "there is no such key"),
    ({"patients": 1e12}, "from 100 to"),
    ({"__proto__": 1}, "there is no such key"),
)


def test_junk_is_refused_kindly(opened, open_page):
    state = opened.state()
    for junk, reason in JUNK:
        text = junk if isinstance(junk, str) else json.dumps({**state, **junk})
        opened.page.evaluate("(text) => { location.hash = text; }", text)
        opened.page.wait_for_selector(f"#notice:has-text('{reason}')")
    assert "TME alone" in opened.page.inner_text("#headline")
    fresh = open_page(link="#junk").done()
    assert "holds no state" in fresh.page.inner_text("#notice")
    assert fresh.state() == state


def test_a_number_that_does_not_fit_the_others_is_refused_with_its_reason(opened):
    opened.page.click(".all-numbers summary")
    opened.page.fill("[data-key='search']", "cohort age_max")
    number = opened.page.locator("[data-key='number cohort.age_max_years']")
    before = number.input_value()
    number.fill("50")
    number.press("Enter")
    opened.page.wait_for_selector("#notice:has-text('must not be above the second')")
    assert number.input_value() == before and opened.state()["numbers"] == {}


def test_a_scenario_is_a_question_with_which_the_page_starts(opened):
    with opened.simulating():
        opened.page.select_option("[data-key='scenario']", "closed_theatre")
    assert "who should go first" in opened.page.inner_text(".scenario")
    assert opened.page.get_attribute("[data-key='picture waits']", "aria-selected") == "true"
    state = opened.state()
    assert (state["clinic"], state["patients"]) == ("backlog", 300)
    assert [column["policy"] for column in state["policies"]][1] == "usual_care+primaries_first"


@pytest.mark.parametrize("clinic", ["unlimited", "regional"])
def test_the_course_of_a_patient_is_that_of_the_command(opened, tmp_path, clinic):
    if clinic != "unlimited":
        with opened.simulating():
            opened.page.select_option("[data-key='clinic']", clinic)
    opened.view("patient")
    opened.page.fill("[data-key='patient']", "17")
    opened.page.press("[data-key='patient']", "Enter")
    opened.page.wait_for_selector("h2:has-text('Patient 17')", timeout=LONGEST)
    courses = opened.page.eval_on_selector_all(
        ".course",
        """all => all.map((one) => [...one.querySelectorAll("ol > li")].map(
          (step) => [step.querySelector("b").textContent, Number(step.dataset.day)]))""",
    )
    state = opened.state()
    policies = ",".join(column["policy"] for column in state["policies"])
    words = ["patient", "number=17", f"policies=[{policies}]", f"clinic={clinic}", f"out={tmp_path / 'one'}"]
    assert main([*words, f"patients={state['patients']}"]) == 0
    journal = pd.read_csv(tmp_path / "one" / "journal.csv")
    labels = {event.name.lower(): sentence(about.label) for event, about in VOCABULARY.items()}
    events = journal[journal["event"].isin(labels)]
    begun = events.groupby("policy", sort=False)["time"].transform("first")
    for (_, theirs), mine in zip(events.groupby("policy", sort=False), courses, strict=True):
        assert [name for name, _ in mine] == theirs["event"].map(labels).tolist()
        days = theirs["time"] - begun[theirs.index]
        assert [day for _, day in mine] == pytest.approx(days.tolist(), abs=1e-6)
    assert "%" in opened.page.inner_text("#life table")


def test_terms_explain_themselves_on_hover_and_on_focus(shown):
    tip = shown.page.locator("#term")
    shown.page.hover("th[data-term='local_failure']")
    assert "left to grow" in tip.inner_text()
    shown.page.focus("th[data-term-words]")
    assert tip.is_visible()
    shown.page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_the_keyboard_reaches_the_views_and_the_pictures(shown):
    shown.page.focus("[data-view=compare]")
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.is_visible("#patient")
    shown.page.keyboard.press("ArrowLeft")
    shown.page.focus("[data-key='picture incidence_by_mechanism']")
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.get_attribute("[data-key='picture survival']", "aria-selected") == "true"


@pytest.mark.parametrize("name", ["leak", "value"])
def test_a_lesson_reveals_after_the_prediction_what_the_command_measures(opened, tmp_path, name):
    with composing():
        lesson = read_lesson(name)
        values = Measured(lesson).values()
    opened.view("lessons")
    opened.press(f"lesson {name}")
    assert opened.page.is_disabled("[data-key='commit']")
    assert not opened.page.locator(".verdict").count()
    opened.page.check("[data-key='option 0']")
    opened.page.fill("[data-key='who']", "Group 1")
    opened.press("commit")
    opened.page.wait_for_selector(".verdict", timeout=120_000)
    right = lesson.prediction.options.index(lesson.right(values))
    assert opened.page.get_attribute(".verdict", "data-lesson-right") == str(right)
    for paragraph in lesson.explanation:
        assert " ".join(filled(paragraph, lesson, values).split()) in opened.page.inner_text("#revealed")
    opened.press("all lessons")
    kept = opened.saved("save predictions", tmp_path / "one.json")
    assert json.loads(kept.read_text())["predictions"][0]["who"] == "Group 1"
    opened.page.set_input_files("[data-key='gather']", [kept, kept])
    assert "2 predictions" in opened.page.inner_text(f"[data-class={name}]")


def test_it_prints(shown):
    assert shown.page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 390])
def test_axe_finds_nothing_wrong(open_page, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    opened = open_page(width=width, scheme=scheme).done()
    for view in ("compare", "costs", "lessons", "patient", "takeaway", "about"):
        if view == "costs":
            with opened.simulating():
                opened.page.select_option("[data-key='economics']", "dutch")
        else:
            opened.view(view)
        if view == "patient":
            opened.page.wait_for_selector("#life table")
        found = Axe().run(opened.page)
        wrong = [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]]
        assert wrong == [], view
        room, page = opened.page.evaluate("[innerWidth, document.documentElement.scrollWidth]")
        assert page <= room, view
