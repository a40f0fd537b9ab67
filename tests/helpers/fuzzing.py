"""Command lines and files that a person could write: valid, nearly valid and absurd."""

import functools
import json
import string
from pathlib import Path

import yaml
from hypothesis import strategies as st

import conf
from conf import units
from conf.composition import composing
from conf.policies import LEVERS, settings
from conf.schema import leaves, shipped, shipped_sections

CONF = Path(conf.__file__).parent
EXPERIMENTS = ("compare", "capacity", "patient", "sweep", "validate", "calibrate")
GROUPS = ("cohort", "scenario", "policy", "follow_up", "disease", "clinic", "economics", "trial", "compute")
POLICIES = sorted(path.stem for path in (CONF / "policy").glob("*.yaml"))
NEED_RADIOTHERAPY = (
    "lateral_after", "lateral_boost", "organ_preservation", "contact_boost", "local_excision_after_treatment",
)  # fmt: skip
ALONE = [name for name in POLICIES if not name.startswith(NEED_RADIOTHERAPY)] + [
    "chemoradiotherapy+lateral_after_5mm", "short_course+washout_always", "chemoradiotherapy+lateral_boost",
    "total_neoadjuvant+organ_preservation", "chemoradiotherapy+local_excision_after_treatment",
]  # fmt: skip
ABSURD = st.one_of(
    st.sampled_from(
        [
            "", "null", "true", "nan", "inf", "-inf", "-0.0", "1e400", "1e30", "-1", "0", "0.5", "9" * 400,
            "0x10", "1_000", "[]", "{}", "[[]]", "[1", "}", "'", '"', "a,b", "a=b", "${x}", "${oc.env:HOME}",
            "$(id)", "`id`", "..", "../x", "/etc/passwd", "~", "=1", "+1", "@x", "a" * 300, "é", "漢字",
            "\u202e", "\t", "a b", "x\\", "choice(1,2)", "range(1,3)", "glob(*)", "{_target_:os.getcwd}",
            "[tme_alone,tme_alone]", "[null]", "[[tme_alone]]", "[1,2,3]", "[nan]", "{a:1}", "!!python/none",
        ]
    ),
    st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12),
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
)  # fmt: skip


@functools.cache
def numbers():
    """Return every number of a run: its key, and its value as it is shipped."""
    trees = {"cohort": shipped("cohort/dutch_contemporary"), "clinic": shipped("clinic/regional")}
    trees |= {section: shipped(f"parameters/{section}") for section in shipped_sections()}
    found = {}
    for section, tree in trees.items():
        for key in leaves(section, tree)[1:]:
            found[key] = tree[key.partition(".")[2]]
    return found


@functools.cache
def own_keys(experiment):
    """Return the keys of an experiment's own, with their values as they are shipped."""
    content = yaml.safe_load((CONF / f"{experiment}.yaml").read_text("utf-8"))
    return {key: value for key, value in content.items() if key != "defaults"}


@functools.cache
def allowed_words():
    """Return what each lever may be set to, as far as it is words."""
    with composing():
        return {lever: settings(lever).removeprefix("one of ").split(", ") for lever in LEVERS}


def in_range(key):
    """A value that the range of a number allows, as the command line writes it."""
    allowed, value = units.range_of(key), numbers()[key]
    low = allowed.low if allowed.low > -1e3 else -5.0
    high = min(allowed.high, 40.0)

    def one(_):
        return st.floats(low, high, allow_nan=False).map(lambda number: f"{number:.3g}")

    if isinstance(value, list):
        return st.tuples(*map(one, value)).map(lambda items: f"[{','.join(items)}]")
    return st.one_of(one(value), st.just(f"{value:g}"))


@st.composite
def mistyped(draw, word):
    """A word with a letter less, more, or exchanged."""
    place = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from(string.ascii_lowercase + "._-"))
    return draw(
        st.sampled_from(
            [word[:place] + word[place + 1 :], word[:place] + letter + word[place:], word[:place] + letter]
        )
    )


@st.composite
def policy(draw, sound):
    """A policy's name, or names joined by +, which may contradict each other."""
    if sound:
        return draw(st.sampled_from(ALONE))
    name = "+".join(draw(st.lists(st.sampled_from(POLICIES), min_size=1, max_size=3, unique=True)))
    return draw(st.one_of(st.just(name), mistyped(name), ABSURD)) if draw(st.integers(0, 9)) == 0 else name


@st.composite
def policies(draw, sound, most=3):
    return f"policies=[{','.join(draw(st.lists(policy(sound), min_size=1, max_size=most, unique=True)))}]"


@st.composite
def number_word(draw, sound=False):
    # Of shares, bounds and ages most values break a relation.
    keys = [
        key for key in numbers() if not (sound and any(word in key for word in ("share", "bound", "age_")))
    ]
    key = draw(st.sampled_from(sorted(keys)))
    return f"{key}={draw(in_range(key))}"


@st.composite
def wrong_word(draw, experiment):
    """A word that is wrong in one way, or in none that can be foretold."""
    keys = [*own_keys(experiment), *numbers(), *GROUPS, "hydra.run.dir", "hydra/launcher", "compute.workers"]
    key = draw(st.one_of(st.sampled_from(keys), st.sampled_from(keys).flatmap(mistyped)))
    prefix = draw(st.sampled_from(["", "", "", "+", "++", "~"]))
    value = draw(ABSURD)
    if key in LITERAL_PATHS:  # where a run is written is not left to chance
        value = "written"
    if draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(ABSURD, st.just(f"{prefix}{key}")))
    return f"{prefix}{key}={value}"


LITERAL_PATHS = ("out", "posterior_from")


@st.composite
def group_word(draw):
    group = draw(st.sampled_from(["cohort", "clinic", "economics", "scenario", "disease"]))
    names = [path.stem for path in (CONF / group).glob("*.yaml")] + ["mine", "nothing"]
    return f"{group}={draw(st.sampled_from(sorted(names)))}"


@st.composite
def lever_lines(draw):
    """The content of a policy file: levers, with the words that they may have or with others."""
    tree = {}
    for lever in draw(st.lists(st.sampled_from(sorted(LEVERS)), max_size=4, unique=True)):
        allowed = allowed_words()[lever]
        tree[lever] = draw(
            st.one_of(st.sampled_from(allowed), st.booleans(), st.floats(1, 30), st.none(), ABSURD)
        )
    return tree


TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=8), ABSURD),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def file_content(draw, group):
    """The bytes of a user's file: a shipped one changed, a tree of values, levers, or anything."""
    kind = draw(st.integers(0, 5))
    if kind <= 2:
        path = draw(st.sampled_from(sorted((CONF / group).glob("*.yaml"))))
        tree = yaml.safe_load(path.read_text("utf-8")) or {}
        if kind == 0:
            content = bytearray(path.read_bytes())
            for _ in range(draw(st.integers(1, 3))):
                content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
            return bytes(content)
        for key in draw(st.lists(st.sampled_from(sorted(map(str, tree)) or ["x"]), max_size=2)):
            tree[key] = draw(TREES)
        return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace")
    if kind == 3:
        return yaml.safe_dump(draw(lever_lines()), allow_unicode=True).encode("utf-8", "replace")
    if kind == 4:
        tree = draw(
            st.dictionaries(st.sampled_from(["hydra", "compute", "defaults", "policies", "x"]), TREES)
        )
        return yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace")
    return draw(
        st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
    )


@st.composite
def design(draw, sound):
    """The words of a sweep's design."""
    key = draw(st.sampled_from(sorted(numbers())))
    lever = draw(st.sampled_from(sorted(LEVERS)))
    allowed = allowed_words()[lever]
    value = draw(in_range(key) if sound else st.one_of(in_range(key), ABSURD))
    return draw(
        st.sampled_from(
            [
                f"grid={{{key}:[{value}]}}",
                f"grid={{{lever}:[{','.join(allowed[:2])}]}}",
                f"grid={{seed:[1,2],{key}:[{value}]}}",
                f"list=[{{{key}:{value}}}]",
                "grid={policies:[[tme_alone,short_course],[tme_alone]]}",
                "posterior=1",
                *([] if sound else [f"latin={{{key}:[0,{value}]}}", f"grid={value}"]),
            ]
        )
    )


@st.composite
def command_line(draw, sound):
    """The words of a command, and the files of a folder named mine; ``sound``: meant to run."""
    experiment = draw(st.sampled_from(EXPERIMENTS if not sound else ("compare",) * 5 + ("patient", "sweep")))
    words, files = [], {}
    if experiment not in ("validate", "calibrate"):
        words.append(draw(policies(sound)))
    if experiment == "sweep":
        words.append(draw(design(sound)))
    if experiment == "patient":
        found = ["find=age_years>60"] if sound else ["find=averted", "find=age_years>200", "number=99"]
        words.append(draw(st.sampled_from(["number=0", "number=1", *found])))
    if experiment in ("validate", "calibrate") or (sound and draw(st.integers(0, 9)) == 0):
        experiment = experiment if not sound else "validate"
        others = [] if sound else ["dutch_tme", "mine", "../x", "[small.yaml]"]
        words = ["trial=" + draw(st.sampled_from(["small.yaml", *others]))]
    words += draw(st.lists(number_word(sound), max_size=2))
    if draw(st.integers(0, 9)) < (1 if sound else 5):
        words.append(draw(group_word()))
    if draw(st.integers(0, 19)) < (1 if sound else 5):
        group = draw(st.sampled_from(GROUPS))
        files[group] = draw(file_content(group))
        words += ["--config-dir", "mine"]
        if group in ("cohort", "scenario", "clinic", "economics", "disease", "compute"):
            words.append(f"{group}=mine")
        elif group == "policy":
            words = [word for word in words if not word.startswith("policies=")]
            words.append("policies=[tme_alone,mine]")
        elif group == "follow_up":
            files["policy"] = b"follow_up: mine\n"
            words.append("policies=[mine]")
    if not sound:
        words += draw(st.lists(wrong_word(experiment), min_size=1, max_size=2))
        words += draw(
            st.lists(st.sampled_from(["-m", "--cfg", "job", "--resolve", "-x", "--help"]), max_size=1)
        )
    return experiment, words, files


@st.composite
def changes(draw, keys):
    """Keys of a composed configuration, each with another value, or None: left out.

    One or two keys, half of them with what their range allows: of many absurd values one is enough for a
    refusal, and what is understood would never be tried.
    """
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2, unique=True))
    anything = st.one_of(st.none(), TREES, ABSURD, st.floats(0, 100), st.booleans())
    return {
        key: draw(in_range(key).map(json.loads) if key in numbers() and draw(st.booleans()) else anything)
        for key in chosen
    }
