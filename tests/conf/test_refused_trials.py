"""What is wrong in a trial's file is refused in one line that names it, and says what may stand there."""

import pytest
from helpers.trial_files import MINE, mine, with_endpoint, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conf.condition import read_condition as condition
from conf.input_error import InputError
from conf.trials import read_trials
from experiments.cli.command import main


def arms(**more):
    return mine(arms={"alone": "tme_alone", **more})


REFUSED = {
    "an unknown key": (
        mine(follow_up_year=5),
        ["follow_up_year=5", "did you mean follow_up_years?", "cohort"],
    ),
    "a missing key": (mine(arms=None), ["arms: missing"]),
    "an unknown set": (mine(set="calibraton"), ["set=calibraton", "validation", "did you mean calibration?"]),
    "an unknown key of an endpoint": (
        with_endpoint(subgrup="leaked"),
        ["subgrup=leaked", "did you mean subgroup?"],
    ),
    "a missing key of an endpoint": (
        with_endpoint(published=None),
        ["endpoints[0] (mine.lr): published: missing"],
    ),
    "an unknown outcome": (
        with_endpoint(outcome="local_recurence"),
        ["outcome=local_recurence", "distant_metastasis", "did you mean local_recurrence?"],
    ),
    "an unknown column": (
        with_endpoint(subgroup="crm_m <= 1"),
        ["subgroup=crm_m <= 1", "crm_m is not a column", "did you mean crm_mm?", "leaked"],
    ),
    "an unknown column of a median": (
        with_endpoint(3, of="recurence_months"),
        ["of=recurence_months", "did you mean recurrence_months?"],
    ),
    "no column of a median": (
        with_endpoint(3, of=["recurrence_months"]),
        ["of=[recurrence_months]", "must be a column"],
    ),
    "a word that the column has not": (
        with_endpoint(subgroup='operation == "ape"'),
        ['operation == "ape"', "ape is not one of", "lar, apr, hartmann"],
    ),
    "a word for a number": (with_endpoint(subgroup='crm_mm == "wide"'), ["wide is a word"]),
    "a number for a condition": (with_endpoint(subgroup="crm_mm"), ["subgroup=crm_mm", "is a number"]),
    "a call": (with_endpoint(subgroup="max(crm_mm) < 1"), ["max(crm_mm)", "is not allowed"]),
    "half a condition": (with_endpoint(subgroup="crm_mm <="), ["subgroup=crm_mm <=", "not understood"]),
    "an unknown arm": (with_endpoint(arm="aloen"), ["arm=aloen", "alone, irradiated", "did you mean alone?"]),
    "an unknown arm to compare with": (
        with_endpoint(2, against="nobody"),
        ["against=nobody", "alone, irradiated"],
    ),
    "a horizon beyond follow-up": (with_endpoint(horizon_years=7), ["horizon_years=7", "follow_up_years=6"]),
    "no horizon": (with_endpoint(horizon_years=None), ["mine.lr", "needs horizon_years"]),
    "a horizon of a share": (with_endpoint(1, horizon_years=2), ["outcome=share has no horizon_years"]),
    "an eligibility that is no trait": (
        mine(eligibility=["leaked"]),
        ["eligibility[0]=leaked", "is not known at diagnosis", "age_years"],
    ),
    "an eligibility that is hidden": (
        mine(eligibility=["nodes > 0"]),
        ["nodes", "is not known at diagnosis"],
    ),
    "a ratio of one arm alone": (with_endpoint(2, against=None), ["ratio=hazard_ratio needs against"]),
    "two arms without a ratio": (with_endpoint(against="irradiated"), ["against needs ratio", "odds_ratio"]),
    "an unknown ratio": (with_endpoint(2, ratio="hazard"), ["ratio=hazard", "did you mean hazard_ratio?"]),
    "a ratio without an interval": (
        with_endpoint(2, low=None, high=None, n=100),
        ["mine.hazard", "needs low and high"],
    ),
    "half an interval": (with_endpoint(low=0.05), ["low and high belong together"]),
    "neither n nor an interval of a figure to be judged": (
        with_endpoint(n=None, judged=True),
        ["mine.lr", "needs n, or low and high", "judged: false"],
    ),
    "a word for judged": (with_endpoint(judged="perhaps"), ["judged=perhaps", "must be true or false"]),
    "a median survival with a horizon": (
        with_endpoint(outcome="median_survival"),
        ["outcome=median_survival has no horizon_years"],
    ),
    "a median survival of no event": (
        with_endpoint(outcome="median_survival", of="overal_survival", horizon_years=None),
        ["of=overal_survival", "did you mean overall_survival?"],
    ),
    "a ratio of medians": (
        with_endpoint(2, outcome="median_survival", horizon_years=None, ratio="difference"),
        ["a difference is not of a median_survival"],
    ),
    "a restricted mean without a horizon": (
        with_endpoint(outcome="restricted_mean", horizon_years=None, low=0.05, high=0.2),
        ["outcome=restricted_mean needs horizon_years"],
    ),
    "a restricted mean in months": (
        with_endpoint(outcome="restricted_mean", horizon_years=5, published=50, low=45, high=55),
        ["published=50", "in years, from 0 to horizon_years=5"],
    ),
    "a restricted mean without an interval": (
        with_endpoint(outcome="restricted_mean", published=1.5),
        ["a restricted_mean needs low and high", "judged: false"],
    ),
    "an odds ratio of means": (
        with_endpoint(2, outcome="mean", of="survival_months", horizon_years=None, ratio="odds_ratio"),
        ["a odds_ratio is not of a mean"],
    ),
    "a local recurrence counted from a salvage": (
        with_endpoint(time_from="salvage"),
        ["outcome=local_recurrence", "time_from=salvage", "from the start", "use rerecurrence"],
    ),
    "a local recurrence counted from the recurrence": (
        mine(time_from="recurrence"),
        ["mine.lr", "time_from=recurrence", "use overall_survival or distant_metastasis"],
    ),
    "a time to local recurrence from a salvage": (
        with_endpoint(
            outcome="median_survival", of="local_recurrence", horizon_years=None, time_from="salvage"
        ),
        ["of=local_recurrence", "use rerecurrence"],
    ),
    "an unknown subgroup": (
        {**with_endpoint(subgroup="lwo_tumour"), "subgroups": {"low_tumour": "height_above_verge_cm <= 5"}},
        ["subgroup=lwo_tumour", "did you mean low_tumour?"],
    ),
    "a subgroup that is a column": (
        mine(subgroups={"leaked": "leaked"}),
        ["subgroups: leaked", "is a column, or a word of one"],
    ),
    "a subgroup that is a word of a column": (
        mine(subgroups={"apr": "leaked"}),
        ["subgroups: apr", "a word"],
    ),
    "a subgroup without a name": (mine(subgroups={"low tumour": "leaked"}), ["low tumour", "must be a name"]),
    "a subgroup that is no condition": (
        mine(subgroups={"low": "height_above_verge_cm"}),
        ["subgroups.low", "is a number; compare it"],
    ),
    "an n that is none": (with_endpoint(n=0), ["n=0", "whole number of 1 or more"]),
    "a figure outside its interval": (
        with_endpoint(low=0.2, high=0.3),
        ["published=0.1", "low=0.2 and high=0.3"],
    ),
    "an interval the wrong way round": (
        with_endpoint(2, low=0.8, high=0.2),
        ["published=0.4", "low=0.8 and high=0.2"],
    ),
    "a percentage": (with_endpoint(published=8.2), ["published=8.2", "from 0 to 1"]),
    "a percentage as words": (with_endpoint(published="8 %"), ["published=8 %", "must be a number"]),
    "a ratio of nothing": (with_endpoint(2, published=0.0, low=0.0), ["mine.hazard", "above 0"]),
    "an unknown origin": (
        with_endpoint(time_from="randomisation"),
        ["time_from=randomisation", "diagnosis, surgery"],
    ),
    "an unknown estimator": (
        mine(estimator="kaplan_maier"),
        ["estimator=kaplan_maier", "did you mean kaplan_meier?"],
    ),
    "a crude survival": (with_endpoint(1, estimator="crude"), ["estimator=crude", "local_recurrence"]),
    "a crude figure beyond the follow-up": (
        with_endpoint(estimator="crude", horizon_years=5),
        ["horizon_years=5", "from 0 to 10 years", "follow_up_years=6"],
    ),
    "a shortest follow-up above the mean": (
        with_endpoint(estimator="crude", horizon_years=2, followed_from_years=3),
        ["followed_from_years=3", "mean follow-up"],
    ),
    "a shortest follow-up of a figure that is not crude": (
        with_endpoint(followed_from_years=1),
        ["followed_from_years belongs to estimator=crude"],
    ),
    "a parameter of the disease": (
        mine(surgery={"leak_probability": 0.3}),
        ["surgery={leak_probability:0.3}", "no parameter of the disease", "cohort"],
    ),
    "a disease": (mine(disease="calibrated"), ["disease=calibrated", "no parameter of the disease"]),
    "a parameter of the disease in the cohort": (
        mine(cohort={"base": "dutch_tme", "leak_probability": 0.3}),
        ["cohort.leak_probability=0.3", "is a parameter of the disease"],
    ),
    "a section of the disease in the cohort": (
        mine(cohort={"base": "dutch_tme", "surgery": {"leak_probability": 0.3}}),
        ["cohort.surgery=", "parameter of the disease"],
    ),
    "a parameter of the disease in an arm": (
        arms(other={"policy": "tme_alone", "surgery": {"leak_probability": 0.3}}),
        ["arms.other.surgery=", "no parameter of the disease"],
    ),
    "a parameter of the disease among levers": (
        arms(other={"base": "tme_alone", "leak_probability": 0.3}),
        ["arms.other", "leak_probability"],
    ),
    "a parameter of the disease in an arm's cohort": (
        arms(other={"policy": "tme_alone", "cohort": {"leak_probability": 0.3}}),
        ["arms.other.cohort.leak_probability=0.3", "is a parameter of the disease"],
    ),
    "a mix that is not whole": (
        arms(other={"mix": {"tme_alone": 0.5, "short_course": 0.4}}),
        ["arms.other.mix", "must add up to 1"],
    ),
    "a list of a mix that is not whole": (
        arms(
            other={"mix": [{"share": 0.5, "policy": "tme_alone"}, {"share": 0.4, "policy": "short_course"}]}
        ),
        ["arms.other.mix", "the shares are 0.5, 0.4", "must add up to 1"],
    ),
    "a member of a mix with an unknown key": (
        arms(other={"mix": [{"share": 1.0, "polcy": "tme_alone"}]}),
        ["arms.other.mix[0].polcy=tme_alone", "did you mean policy?"],
    ),
    "a member of a mix without a share": (
        arms(other={"mix": [{"policy": "tme_alone"}]}),
        ["arms.other.mix[0].share: missing"],
    ),
    "a member of a mix with an unknown lever": (
        arms(other={"mix": [{"share": 1.0, "policy": {"base": "tme_alone", "washot": "never"}}]}),
        ["arms.other.mix[0].policy", "washot", "did you mean washout?"],
    ),
    "a mix of an unknown policy": (
        arms(other={"mix": {"tme_alon": 0.5, "short_course": 0.5}}),
        ["arms.other.mix", "did you mean tme_alone?"],
    ),
    "a mix beside a policy": (
        arms(other={"mix": {"tme_alone": 1.0}, "base": "short_course"}),
        ["arms.other", "a policy or a mix"],
    ),
    "an unknown policy": (arms(other="tme_alon"), ["arms.other", "tme_alon", "did you mean tme_alone?"]),
    "an unknown lever": (
        arms(other={"base": "tme_alone", "washot": "never"}),
        ["arms.other", "washot", "washout"],
    ),
    "an unknown cohort": (
        mine(cohort={"base": "duch_tme"}),
        ["cohort.base", "duch_tme", "did you mean dutch_tme?"],
    ),
    "a usual care that there is no policy of": (
        mine(cohort={"base": "dutch_tme", "usual_care": "duch_2014"}),
        ["cohort.usual_care", "duch_2014", "did you mean dutch_2014?"],
    ),
    "a cohort without a base": (mine(cohort={"female_share": 0.4}), ["cohort.base: missing"]),
    "an unknown key of the cohort": (
        mine(cohort={"base": "dutch_tme", "female_shar": 0.4}),
        ["cohort.female_shar=0.4", "did you mean female_share?"],
    ),
    "a number of the cohort out of range": (
        mine(cohort={"base": "dutch_tme", "female_share": 1.4}),
        ["cohort.female_share=1.4", "from 0 to 1"],
    ),
    "no endpoints": (mine(endpoints=[]), ["endpoints=[]", "must be a list of endpoints"]),
    "no arms": (mine(arms={}), ["arms={}"]),
    "no list": ("just words", ["must hold lines of the form key: value"]),
    "nothing": ("", ["must hold lines of the form key: value"]),
    "no YAML": ("title: [unclosed", ["is not YAML"]),
    "a key twice": ("title: one\ntitle: two\n", ["is not YAML", "title"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_in_a_trial_is_refused_by_its_name(hydra, tmp_path, what):
    content, named = REFUSED[what]
    with pytest.raises(InputError) as refusal:
        read_trials(str(written(tmp_path / "own.yaml", content)))
    said = str(refusal.value)
    assert said.startswith(("trial own: ", "trial="))
    assert "own" in said
    assert "\n" not in said
    assert [words for words in named if words not in said] == [], said


@pytest.mark.parametrize(
    "what",
    [
        "an unknown key",
        "an unknown column",
        "a horizon beyond follow-up",
        "a parameter of the disease",
        "no YAML",
    ],
)
def test_a_wrong_trial_ends_the_command_with_status_2_and_one_line(here, capsys, what):
    content, named = REFUSED[what]
    written(here / "own.yaml", content)
    assert main(["validate", "trial=own.yaml", "out=out"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("lrrc: error: trial")
    assert [words for words in named if words not in err] == [], err
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("trial=nowhere.yaml", ["trial=nowhere.yaml", "cannot be read", "No such file"]),
        ("trial=duch_tme", ["trial duch_tme", "did you mean dutch_tme?"]),
        ("trial=[dutch_tme,dutch_tme]", ["dutch_tme appears twice"]),
        (
            "trial=[]",
            [
                "trial=[]",
                "must be a trial, a list of trials, a file, a set (calibration or validation), or all",
            ],
        ),
        ("trial=3", ["trial 3", "there is no such trial"]),
        ("trial=../trial/crab", ["trial=../trial/crab", "cannot be read"]),
        (f"trial={'x' * 300}", ["cannot be read"]),
        ("trial=dutch_tme patients=0", ["patients=0", "1 or more"]),
        ("trial=dutch_tme surgery.leak_probabilty=0.1", ["did you mean surgery.leak_probability?"]),
        ("trial=dutch_tme cohort.female_share=0.1", ["cohort.female_share"]),
    ],
)
def test_a_wrong_word_of_the_command_is_refused(here, capsys, words, named):
    assert main(["validate", *words.split(), "out=out"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert [word for word in named if word not in err] == [], err
    assert not (here / "out").exists()


def test_an_eligibility_that_nobody_meets_is_reported(here, capsys):
    written(here / "own.yaml", mine(eligibility=["age_years < 0"]))
    assert main(["validate", "trial=own.yaml", "patients=2000", "out=out"]) == 2
    err = capsys.readouterr().err
    assert "trial own: mine.lr" in err
    assert "counts; is the eligibility" in err
    assert not (here / "out").exists()


def places(tree, path=()):
    """Yield the path of every value of a trial."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "x", "tme_alone", "age_years", "leaked", "1/0"]),
    st.sampled_from([[], {}, [[]], [{}], {"base": []}, {"policy": None}, {"x": 1}, ["leaked"], [1, "a"]]),
)


@given(path=st.sampled_from(list(places(MINE))), value=NONSENSE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_nonsense_anywhere_is_a_fault_of_the_program(hydra, tmp_path, path, value):
    content = mine()
    branch = content
    for key in path[:-1]:
        branch = branch[key]
    branch[path[-1]] = value
    file = written(tmp_path / "t.yaml", content)
    try:
        (trial,) = read_trials(str(file))
    except InputError as refusal:
        assert str(refusal).startswith("trial t: ")
    else:
        assert trial.endpoints


PARTS = st.recursive(
    st.sampled_from(
        [
            "age_years",
            "operation",
            '"apr"',
            "ct",
            '"t1"',
            "leaked",
            "1",
            "0",
            "true",
            "1e400",
            "nobody",
            "()",
            "x.y",
        ]
    ),
    lambda part: st.one_of(
        st.builds(
            "{} {} {}".format,
            part,
            st.sampled_from(["<", "<=", "==", "!=", "+", "-", "*", "/", "in", "and", "or", "not in"]),
            part,
        ),
        st.builds("({}, {})".format, part, part),
        st.builds("not {}".format, part),
        st.builds("-({})".format, part),
    ),
    max_leaves=5,
)


@given(PARTS)
@settings(max_examples=400, deadline=None)
def test_a_condition_is_understood_or_refused(text):
    try:
        condition("subgroup", text)
    except InputError as refusal:
        assert str(refusal).startswith(f"subgroup={text}: ")
