"""Policies by risk group: what a group may set, how such policies combine, and what is refused, in a line."""

import dataclasses

import pytest

from conf.composition import composing
from conf.input_error import InputError
from conf.policies import LATEST, LEVERS, MOST_PLANS, Policy, read_policy, with_levers
from experiments.cli.command import main
from sim.policy import Adherence, LateralDissection, NeoadjuvantFor, OrganPreservation, Regimen, Use

GUIDELINES = {
    "risk": "meeting: [{high: ct >= t4a or short_axis_mm >= 7}, {middle: ct == t3cd}, {low: otherwise}]\n",
    "moments": "meeting: [{high: emvi}]\nrestaging: [{large: residual_short_axis_mm >= 5}]\n"
    "pathology: [{bad: crm_involved}]\n",
    "other": "meeting: [{old: age_years > 75}]\n",
    "many": "meeting: [{a: age_years > 80}, {b: age_years > 70}, {c: age_years > 60}, {d: unfit}, "
    "{e: otherwise}]\n"
    "restaging: [{f: boosted}, {g: emvi}, {h: unfit}, {i: otherwise}]\n"
    "pathology: [{j: leaked}, {k: emvi}, {l: unfit}]\n",
}
CRT = "neoadjuvant: chemoradiotherapy"


@pytest.fixture
def own(tmp_path):
    """Return a function that writes policy files, and the guidelines above, and reads a policy."""
    for group, files in (("guideline", GUIDELINES), ("policy", {})):
        (tmp_path / group).mkdir()
        for name, text in files.items():
            (tmp_path / group / f"{name}.yaml").write_text(text, "utf-8")

    def read(policy: str, usual_care: str | None = None, **files: str) -> Policy:
        for name, text in files.items():
            (tmp_path / "policy" / f"{name}.yaml").write_text(text, "utf-8")
        with composing(tmp_path):
            return read_policy(policy, usual_care)

    return read


@pytest.fixture
def refusal(own):
    """Return a function that returns the one line by which a policy is refused."""

    def refused(text: str, policy: str = "mine", **files: str) -> str:
        with pytest.raises(InputError) as error:
            own(policy, mine=text, **files)
        message = str(error.value)
        assert "\n" not in message and message.isprintable()
        assert message.startswith(f"policy {policy}: ")
        return message

    return refused


# What a group may set.


def test_groups_set_levers_over_those_for_all(own):
    mine = own("mine", mine=f"guideline: risk\nwashout: always\nhigh: {{{CRT}, washout: never}}\n")
    assert mine.guideline is not None and mine.guideline.names() == ["high", "middle", "low"]
    assert mine.washout is Use.ALWAYS and mine.neoadjuvant is Regimen.NONE
    assert mine.of_group("high") == {
        "neoadjuvant": Regimen.CHEMORADIOTHERAPY,
        "neoadjuvant_for": NeoadjuvantFor.EVERYONE,
        "washout": Use.NEVER,
    }
    assert mine.of_group("low") == {}


def test_a_group_may_say_itself_whom_its_treatment_is_for(own):
    mine = own("mine", mine=f"guideline: risk\nhigh: {{{CRT}, neoadjuvant_for: high_risk}}\n")
    assert mine.of_group("high")["neoadjuvant_for"] is NeoadjuvantFor.HIGH_RISK


def test_a_guideline_whose_groups_set_nothing_has_one_plan(own):
    mine = own("mine", mine="guideline: many\nwashout: always\n")
    (plan,) = mine.plans()
    assert plan.levers == {lever: getattr(mine, lever) for lever in LEVERS}
    assert set(plan.next_by_group.values()) == {0}


def test_groups_that_set_the_same_share_a_plan(own):
    mine = own(
        "mine", mine=f"guideline: risk\nhigh: {{{CRT}}}\nmiddle: {{{CRT}}}\nlow: {{neoadjuvant: none}}\n"
    )
    assert len(mine.plans()) <= 3
    assert mine.plans()[0].next_by_group[0] == mine.plans()[0].next_by_group[1]


@pytest.mark.parametrize("group", ["high", "large", "bad"])
@pytest.mark.parametrize("lever", LEVERS)
def test_a_group_may_set_what_acts_from_its_moment_on_and_nothing_earlier(own, refusal, group, lever):
    moment = ("high", "large", "bad").index(group)
    values = {"lateral_threshold_mm": "5", "follow_up": "intensive", "neoadjuvant": "total_neoadjuvant"}
    kind = LEVERS[lever].kind
    value = values.get(lever) or ("true" if kind is bool else list(kind)[1].name.lower())
    base = "short_course_delayed"  # restaged, so that groups of restaging are found
    text = f"guideline: moments\nneoadjuvant: {base}\n{group}: {{{lever}: {value}}}\n"
    if lever in LATEST and LATEST[lever] >= moment:
        assert lever in own("mine", mine=text).of_group(group)
        return
    message = refusal(text)
    if lever not in LATEST:
        assert f"{group}.{lever}: is one for all patients; a group may set neoadjuvant, " in message
    else:
        found = ("", "at restaging", "when the specimen has been read")[moment]
        assert f"{group}.{lever}: is too late; this group is found {found}, and {lever} acts on " in message


def test_only_two_levers_are_for_all_patients_alone():
    assert set(LEVERS) - set(LATEST) == {"queue_priority", "surgical_training"}
    assert set(LATEST) <= set(LEVERS)


# Contradictions.


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "low: {neoadjuvant: none, organ_preservation: complete}",
            "group low: organ_preservation=complete needs treatment before surgery, but neoadjuvant=none",
        ),
        (
            "high: {neoadjuvant: short_course, organ_preservation: complete}",
            "group high: organ_preservation=complete needs time for a response",
        ),
        (
            f"{CRT}\norgan_preservation: complete\nhigh: {{lateral_dissection: routine}}",
            "group high: organ_preservation=complete keeps the organ of some, but lateral_dissection=routine",
        ),
        (
            "washout: always\nlow: {operation: abdominoperineal_resection}",
            "group low: operation=abdominoperineal_resection leaves no rectum for washout=always",
        ),
        (
            "high: {operation: hartmann, diverting_stoma: always}",
            "group high: operation=hartmann leaves no anastomosis for diverting_stoma=always",
        ),
        ("low: {neoadjuvant: none, lateral_boost: true}", "group low: lateral_boost=true needs radiotherapy"),
        ("low: {neoadjuvant: none, contact_boost: true}", "group low: contact_boost=true needs radiotherapy"),
        (
            "low: {neoadjuvant: none, lateral_dissection: size_after}",
            "group low: lateral_dissection=size_after needs treatment before surgery",
        ),
        ("lateral_boost: true\nlow: {washout: always}", "lateral_boost=true needs radiotherapy"),
    ],
)
def test_contradictions_are_refused_with_the_group(refusal, text, part):
    assert part in refusal(f"guideline: risk\n{text}\n")


def test_what_is_done_after_treatment_may_be_set_for_all_where_one_group_is_treated(own):
    for lever in ("organ_preservation: complete", "lateral_boost: true", "lateral_dissection: size_after"):
        mine = own("mine", mine=f"guideline: risk\n{lever}\nhigh: {{{CRT}}}\nlow: {{neoadjuvant: none}}\n")
        assert len(mine.plans()) >= 2


def test_a_group_of_restaging_goes_with_a_group_that_is_not_treated_and_so_never_restaged(own):
    text = (
        f"guideline: moments\n{CRT}\nhigh: {{neoadjuvant: none}}\nlarge: {{lateral_dissection: size_after}}\n"
    )
    mine = own("mine", mine=text)
    after = LateralDissection.SIZE_AFTER
    assert [plan.groups for plan in mine.plans() if plan.levers["lateral_dissection"] is after] == [
        ("large",)
    ]


@pytest.mark.parametrize("regimen", ["none", "short_course"])
def test_a_group_of_restaging_is_refused_where_nobody_is_restaged(refusal, regimen):
    message = refusal(f"guideline: moments\nneoadjuvant: {regimen}\nlarge: {{washout: always}}\n")
    assert f"large: this group is found at restaging, which nobody has under neoadjuvant={regimen}" in message


# Combining.


def test_parts_set_the_levers_of_each_by_group_too(own):
    mine = own(
        "one+two+washout_always",
        one=f"guideline: risk\nhigh: {{{CRT}}}\n",
        two="guideline: risk\nhigh: {lateral_dissection: size_before}\nlow: {recurrence_centre: expert}\n",
    )
    assert set(mine.of_group("high")) == {"neoadjuvant", "neoadjuvant_for", "lateral_dissection"}
    assert set(mine.of_group("low")) == {"recurrence_centre"}
    assert mine.washout is Use.ALWAYS


def test_a_part_without_a_guideline_may_set_levers_of_the_groups_of_another(own):
    files = {"one": f"guideline: risk\nhigh: {{{CRT}}}\n", "two": "low: {recurrence_centre: expert}\n"}
    for policy in ("one+two", "two+one"):
        assert set(own(policy, **files).of_group("low")) == {"recurrence_centre"}


def test_the_order_of_parts_changes_no_plan(own):
    files = {"one": f"guideline: risk\nhigh: {{{CRT}}}\n", "two": "low: {recurrence_centre: expert}\n"}
    first, second = (own(policy, **files) for policy in ("one+two+washout_never", "washout_never+two+one"))
    assert first.records() == second.records()


@pytest.mark.parametrize(
    ("policy", "part"),
    [
        ("mine+b", "mine sets guideline=risk and b sets guideline=other; combine only one of them"),
        ("mine+short_course", "mine sets neoadjuvant=chemoradiotherapy for group high and short_course "),
        ("short_course+mine", "mine sets neoadjuvant=chemoradiotherapy for group high and short_course "),
        ("mine+c", "mine sets high.neoadjuvant=chemoradiotherapy and c sets high.neoadjuvant=short_course"),
        ("mine+for_high_risk", "mine sets neoadjuvant_for=everyone for group high and for_high_risk sets "),
        ("mine+d", "d.yaml: hihg={washout:always}: there is no such group or lever; the guideline's groups "
         "are high, middle, low; did you mean high?"),
        ("mine+e", "e.yaml: high.washot=always: there is no such lever; did you mean washout?"),
        ("mine+f", "f.yaml: high.washout=alway: must be one of usual, never, always; did you mean always?"),
    ],
)  # fmt: skip
def test_parts_that_do_not_go_together_are_refused_with_group_lever_and_files(refusal, policy, part):
    files = {
        "b": f"guideline: other\nold: {{{CRT}}}\n",
        "c": "high: {neoadjuvant: short_course}\n",
        "d": "hihg: {washout: always}\n",
        "e": "high: {washot: always}\n",
        "f": "high: {washout: alway}\n",
    }
    assert part in refusal(f"guideline: risk\nhigh: {{{CRT}}}\n", policy, **files)


def test_a_part_that_sets_for_all_what_a_group_has_already_is_accepted(own):
    one = f"guideline: risk\nhigh: {{{CRT}}}\n"
    assert own("one+chemoradiotherapy+for_everyone", one=one).of_group("high")["neoadjuvant"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"high: {{{CRT}}}", "high={neoadjuvant:chemoradiotherapy}: there is no such lever"),
        (f"high: {{{CRT}}}", "levers by group need a guideline, as in guideline: dutch_2014"),
        ("guideline: rsk\nhigh: {washout: always}", "there is no such guideline; did you mean risk?"),
        ("guideline: [risk]\nwashout: always", "guideline=[risk]: must be the name of a file in guideline/"),
        ("guideline: 3\nwashout: always", "guideline=3: must be the name of a file in guideline/"),
        ("guideline: {high: emvi}\nwashout: always", "must be the name of a file in guideline/"),
        ("guideline: null\nhigh: {washout: always}", "there is no such lever"),
        ("guideline: ../risk\nwashout: always", "there is no such guideline"),
        ("guideline: risk\nhigh: always", "high=always: there is no such lever"),
        ("guideline: risk\nhigh: [washout]", "high=[washout]: there is no such lever"),
        ("guideline: risk\nhigh: {washout: {a: b}}", "high.washout={a:b}: must be one of usual"),
        ("guideline: risk\nhigh: {lateral_threshold_mm: 99}", "high.lateral_threshold_mm=99: out of range"),
        ("guideline: risk\nhigh: {follow_up: nosuch}", "high.follow_up=nosuch: must be one of "),
        ("guideline: risk\nhigh: {high: {washout: always}}", "high.high={washout:always}: there is no "),
        ("guideline: risk\nhigh: {guideline: other}", "high.guideline=other: there is no such lever"),
        ("guideline: risk\nhigh.washout: always", "high.washout=always: there is no such lever"),
        ("guideline: risk\nnobody: {washout: always}", "the guideline's groups are high, middle, low"),
        ("guideline: risk\notherwise: {washout: always}", "the guideline's groups are high, middle, low"),
        ("guideline: risk\nhigh: {}", "its file sets no lever"),
        ("guideline: risk", "its file sets no lever"),
        ("guideline: moments\nbad: {neoadjuvant: short_course}", "bad.neoadjuvant: is too late"),
        ("guideline: moments\nhigh: {queue_priority: primaries_first}", "queue_priority: is one for all"),
        ("guideline: moments\nhigh: {surgical_training: true}", "high.surgical_training: is one for all"),
    ],
)  # fmt: skip
def test_what_a_policy_file_may_not_say_of_groups_is_refused(refusal, text, part):
    assert part in refusal(text + "\n")


@pytest.mark.parametrize(
    "name", [*LEVERS, "guideline", "description", "defaults", "surgery", "cohort", "clinic"]
)
def test_a_group_may_not_be_named_as_a_lever_or_a_key_that_is_swept(refusal, tmp_path, name):
    (tmp_path / "guideline" / "named.yaml").write_text(f"meeting: [{{{name}: emvi}}]\n", "utf-8")
    message = refusal("guideline: named\nwashout: always\n")
    assert f"guideline named: {name}: is the name of a lever or of a key" in message


def test_too_many_plans_are_refused_with_the_most(refusal):
    levers = {
        "a": "{lateral_threshold_mm: 2}", "b": "{lateral_threshold_mm: 3}", "c": "{lateral_threshold_mm: 4}",
        "d": "{lateral_threshold_mm: 5}", "e": "{lateral_threshold_mm: 6}", "f": "{washout: always}",
        "g": "{washout: never}", "h": "{diverting_stoma: always}", "i": "{diverting_stoma: never}",
        "j": "{follow_up: intensive}", "k": "{recurrence_centre: expert}", "l": "{follow_up: minimal}",
    }  # fmt: skip
    text = f"guideline: many\n{CRT}\n" + "".join(f"{group}: {own}\n" for group, own in levers.items())
    assert f"plans; at most {MOST_PLANS} are allowed" in refusal(text)


# Levers set afterwards, as a sweep or a trial does.


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"high.neoadjuvant": "short_course"}, "guideline: risk\nhigh: {neoadjuvant: short_course}\n"),
        ({"low.neoadjuvant": "total_neoadjuvant"},
         f"guideline: risk\nhigh: {{{CRT}}}\nlow: {{neoadjuvant: total_neoadjuvant}}\n"),
        ({"washout": "always"}, f"guideline: risk\nwashout: always\nhigh: {{{CRT}}}\n"),
        ({"high.washout": "always", "low.recurrence_centre": "expert"},
         f"guideline: risk\nhigh: {{{CRT}, washout: always}}\nlow: {{recurrence_centre: expert}}\n"),
    ],
)  # fmt: skip
def test_a_lever_set_afterwards_is_as_if_the_file_had_it(own, changes, text):
    base = own("mine", mine=f"guideline: risk\nhigh: {{{CRT}}}\n")
    with composing():
        changed = with_levers(base, changes)
    assert changed.records() == own("theirs", theirs=text).records()
    assert changed.name == "mine"


def test_a_condition_or_a_number_set_afterwards_is_as_if_the_guideline_had_it(own, tmp_path):
    base = own("mine", mine=f"guideline: risk\nhigh: {{{CRT}}}\n")
    (tmp_path / "guideline" / "nine.yaml").write_text(
        GUIDELINES["risk"].replace("_mm >= 7", "_mm >= 9"), "utf-8"
    )
    (tmp_path / "guideline" / "old.yaml").write_text(
        GUIDELINES["risk"].replace("ct >= t4a or short_axis_mm >= 7", "age_years > 70"), "utf-8"
    )
    for changes, name in (
        ({"guideline.high.short_axis_mm": 9}, "nine"),
        ({"guideline.high.condition": "age_years > 70"}, "old"),
    ):
        theirs = own("theirs", theirs=f"guideline: {name}\nhigh: {{{CRT}}}\n")
        assert with_levers(base, changes).records() == theirs.records()


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        (
            {"neoadjuvant": "short_course"},
            "policy mine sets it by group; name the group, as in high.neoadjuvant",
        ),
        ({"high.neoadjuvnt": "none"}, "there is no such lever; did you mean neoadjuvant?"),
        ({"high.neoadjuvant": "x-ray"}, "high.neoadjuvant=x-ray: must be one of none, "),
        ({"hihg.neoadjuvant": "none"}, "hihg.neoadjuvant=none: there is no such lever"),
        ({"guideline.hihg.condition": "emvi"}, "guideline risk: there is no group hihg; did you mean high?"),
        ({"guideline.high.condition": "nodes > 0"}, "nodes is hidden"),
        ({"guideline.high.emvi": 1}, "does not compare it with a number"),
        ({"guideline.high": 3}, "must be a condition"),
        ({"high.queue_priority": "primaries_first"}, "is one for all patients"),
        (
            {"high.organ_preservation": "complete", "high.neoadjuvant": "none"},
            "needs treatment before surgery",
        ),
    ],
)
def test_a_wrong_change_is_refused(own, changes, part):
    base = own("mine", mine=f"guideline: risk\nhigh: {{{CRT}}}\n")
    with composing(), pytest.raises(InputError) as refused:
        with_levers(base, changes)
    assert part in str(refused.value) and "\n" not in str(refused.value)


# Usual care.


def test_usual_care_is_the_policy_that_it_names(own):
    theirs = own("mine", mine=f"guideline: risk\nhigh: {{{CRT}}}\n")
    usual = own("usual_care", "mine")
    assert usual == dataclasses.replace(theirs, name="usual_care")
    both = own("usual_care+washout_always", "mine")
    assert both.records() == own("mine+washout_always").records()
    assert own("usual_care", "short_course+washout_always").washout is Use.ALWAYS


def test_usual_care_that_no_cohort_names_is_refused_in_a_line(own):
    for policy in ("usual_care", "washout_always+usual_care"):
        with pytest.raises(InputError) as refused:
            own(policy)
        assert f"policy {policy}: the cohort names no usual care; add usual_care: " in str(refused.value)


# The levers that there are, as a run records them.


def test_what_a_run_records_names_the_groups_and_what_each_sets(own):
    mine = own(
        "mine", mine=f"guideline: moments\n{CRT}\nhigh: {{adherence: usual}}\nbad: {{follow_up: minimal}}\n"
    )
    levers = mine.levers()
    assert levers["guideline"]["name"] == "moments"
    assert levers["guideline"]["pathology"] == [{"bad": "crm_involved"}]
    assert levers["groups"]["high"] == {"adherence": "usual"} and levers["groups"]["large"] == {}
    assert levers["groups"]["bad"]["follow_up"]["name"] == "minimal"
    assert mine.adherence is Adherence.FULL and mine.organ_preservation is OrganPreservation.NEVER


# The command.


@pytest.fixture
def mine(here):
    """Own files in mine/policy and mine/guideline."""
    for group in ("policy", "guideline"):
        (here / "mine" / group).mkdir(parents=True)
    for name, text in GUIDELINES.items():
        (here / "mine" / "guideline" / f"{name}.yaml").write_text(text, "utf-8")

    def write(group: str, text: str) -> None:
        (here / "mine" / group / "mine.yaml").write_text(text, "utf-8")

    return write


def compare(*words: str) -> int:
    small = ("patients=20", "pictures=false", "out=run")
    return main(["compare", "--config-dir", "mine", *small, *words])


@pytest.mark.parametrize(
    ("group", "text", "part"),
    [
        ("policy", "guideline: risk\nhigh: {washot: always}\n", "did you mean washout?"),
        ("policy", "guideline: rsk\nhigh: {washout: always}\n", "did you mean risk?"),
        ("policy", "guideline: moments\nbad: {neoadjuvant: none}\n", "bad.neoadjuvant: is too late"),
        ("guideline", "meeting: [{high: nodes > 0}]\n", "nodes is hidden: no clinician sees it"),
        (
            "guideline",
            "meeting: [{high: leaked}]\n",
            "leaked is not known at the first team meeting: it is seen ",
        ),
        ("guideline", "meeting: {high: emvi, low: female}\n", "high and low overlap"),
        ("guideline", "- high: emvi\n", "must hold lines of the form key: value"),
        ("guideline", "", "its file names no group"),
    ],
)
def test_the_command_refuses_own_files_with_one_line_and_status_2(mine, capsys, group, text, part):
    mine("policy", "guideline: mine\nhigh: {washout: always}\n")
    mine(group, text)
    assert compare("policies=[mine]", "comparator=null") == 2
    error = capsys.readouterr().err
    assert part in error and error.count("\n") == 1 and "Traceback" not in error


def test_the_command_compares_with_own_groups(mine, capsys, here):
    mine("guideline", "meeting: [{high: emvi}, {low: otherwise}]\n")
    mine("policy", f"guideline: mine\nhigh: {{{CRT}}}\nlow: {{neoadjuvant: none}}\n")
    assert compare("policies=[tme_alone,mine]", "rows=true") == 0
    assert (here / "run" / "patients.parquet").is_file()
