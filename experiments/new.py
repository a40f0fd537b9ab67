"""A new file of the user's own: every key with its words, what it may be, and its default."""

import dataclasses
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from conf.input_error import InputError, choice, shown
from conf.own_file import LONGEST_NAME
from conf.run import Tree
from conf.schema import shipped

FOLDER = "lrrc_files"
SCHEMAS = "schemas"
BASES = {
    "policy": "tme_alone",
    "guideline": "dutch_2014",
    "cohort": "dutch_contemporary",
    "clinic": "regional",
    "economics": "dutch",
}
TRIAL = "dutch_tme"
# The command that takes a file of a kind.
NEXT = {
    "policy": "lrrc compare --config-dir {folder} policies=[tme_alone,{name}]",
    "guideline": "lrrc compare --config-dir {folder} policies=[usual_care,{name}+as_practised]",
    "cohort": "lrrc compare --config-dir {folder} cohort={name}",
    "clinic": "lrrc capacity --config-dir {folder} clinics=[{name}]",
    "economics": "lrrc compare --config-dir {folder} economics={name}",
    "trial": "lrrc validate --config-dir {folder} trial={name}",
    "scenario": "lrrc compare --config-dir {folder} scenario={name}",
    "lesson": "lrrc lesson --config-dir {folder} {name}",
}
KEY_WORDS = {
    "dir": f"the folder of your own files, which --config-dir names; default: {FOLDER}",
    "like": "a policy, guideline, cohort, clinic or economics to start from; default: "
    + ", ".join(f"{base} ({kind})" for kind, base in BASES.items()),
    "from": "of a cohort: a table of patients, as CSV with the columns age, sex (F, M), height (of the "
    "tumour above the anal verge, cm), T, and N (nodes involved) or cN (as MRI reads them)",
}
# Words that are no name to Hydra's grammar or to some operating system, or that mean something else here.
RESERVED = ("null", "true", "false", "nan", "inf", "all", "con", "prn", "aux", "nul")


class Asked(NamedTuple):
    """What the words of the command line ask."""

    kind: str
    name: str
    settings: dict[str, str]


def new(words: Sequence[str]) -> Path:
    """Write a commented file of the user's own, print the command that takes it, and return its path.

    ``words``: policy, guideline, cohort, clinic, economics, trial, scenario or lesson; a name; and settings.
    A guideline comes with a policy of its name. Raises InputError for other words, for a name that is taken
    or cannot be one, and for a table that cannot be used.
    """
    asked = read(words)
    folder = Path(asked.settings.get("dir", FOLDER)).expanduser()
    kinds = (asked.kind, "policy") if asked.kind == "guideline" else (asked.kind,)
    paths = {kind: folder / kind / f"{asked.name}.yaml" for kind in kinds}
    for path in paths.values():
        if path.exists():
            raise InputError(f"{path}: is there already, and stays as it is; choose another name")
    # Imported late: what is refused above is refused at once.
    from conf.composition import composing, options

    with composing():
        for kind in kinds:
            if asked.name in options(kind):
                raise InputError(f"{asked.name}: a shipped {kind} has this name; choose another one")
    texts = {kind: WRITERS[kind](asked) for kind in kinds}
    path = paths[asked.kind]
    try:
        for kind, text in texts.items():
            paths[kind].parent.mkdir(parents=True, exist_ok=True)
            write_schema(folder / SCHEMAS, kind)
            with paths[kind].open("x", encoding="utf-8", newline="\n") as file:
                file.write(f"# yaml-language-server: $schema=../{SCHEMAS}/{kind}.json\n{text}")
    except FileExistsError as error:
        raise InputError(f"{error.filename}: is there already, and stays as it is") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error
    if asked.kind == "guideline":
        print(f"what its groups get: {paths['policy']}")
    print("next:", NEXT[asked.kind].format(folder=shlex.quote(str(folder)), name=asked.name))
    return path


def write_schema(folder: Path, kind: str) -> None:
    """Put the JSON Schema of a kind of file beside the user's own, as this version has it, for editors."""
    from conf.composition import CONF
    from experiments.results.partial import write_whole

    folder.mkdir(exist_ok=True)
    write_whole(folder / f"{kind}.json", (CONF / "schemas" / f"{kind}.json").read_bytes())


def read(words: Sequence[str]) -> Asked:
    """Return what the words ask. Raises InputError."""
    settings = {}
    names = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            names.append(word)
        elif key not in KEY_WORDS:
            raise InputError(f"{shown(word)}: there is no such key{choice(key, KEY_WORDS)}")
        elif key in settings:
            raise InputError(f"{shown(word)}: {key} appears twice")
        elif not value or "\0" in value:
            raise InputError(f"{shown(word)}: needs a value")
        else:
            settings[key] = value
    kind = names[0] if names else ""
    if kind not in WRITERS:
        raise InputError(f"{shown(kind) or 'new'}: is not a kind of file{choice(kind, WRITERS)}")
    if len(names) != 2:
        raise InputError(f"{shown(' '.join(names))}: one name is needed, as in: lrrc new {kind} mine")
    name = names[1]
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > LONGEST_NAME or name in RESERVED:
        raise InputError(
            f"{shown(name) or 'the empty name'}: cannot be a name: it must begin with a letter from a to z "
            f"and hold only such letters, digits and _, at most {LONGEST_NAME}; nor may it be "
            f"{', '.join(RESERVED)}"
        )
    if "from" in settings and kind != "cohort":
        raise InputError(f"from={shown(settings['from'])}: only a cohort is made from a table of patients")
    if "like" in settings and kind not in BASES:
        raise InputError(f"like={shown(settings['like'])}: only of a {', '.join(BASES)}")
    return Asked(kind, name, settings)


def _policy(asked: Asked) -> str:
    from analysis.words.own_files import policy_file
    from conf.composition import composing
    from conf.policies import BASE, read_policy

    with composing():
        base = read_policy(BASE)
        if asked.kind != "guideline":
            return policy_file(asked.name, read_policy(asked.settings.get("like", BASE)), base)
        like = asked.settings.get("like", BASES["guideline"])
        policy = read_policy(_policy_of(like))
        assert policy.guideline is not None  # it was found by its guideline
        own = dataclasses.replace(policy, guideline=dataclasses.replace(policy.guideline, name=asked.name))
        return policy_file(asked.name, own, base)


def _policy_of(guideline: str) -> str:
    """Return the first shipped policy with a guideline; within ``composing``. Raises InputError."""
    from conf.composition import options, read

    if guideline not in options("guideline"):
        hint = choice(guideline, options("guideline"))
        raise InputError(f"like={shown(guideline)}: there is no such guideline{hint}")
    return next(name for name in options("policy") if read("policy", name).get("guideline") == guideline)


def _guideline(asked: Asked) -> str:
    from analysis.words.own_files import guideline_file
    from conf.composition import composing
    from conf.guideline import read_guideline
    from sim.seen import Moment, Seen, seen_from

    with composing():
        guideline = read_guideline(asked.settings.get("like", BASES["guideline"]))
    columns = {
        moment.name.lower(): [column.name.lower() for column in Seen if seen_from(column) is moment]
        for moment in Moment
    }
    return guideline_file(asked.name, guideline, columns)


def _content(kind: str, like: str) -> Tree:
    """Return all that a shipped cohort, clinic or economics holds. Raises InputError."""
    from conf.composition import composed, composing, options, plain

    with composing():
        if like not in options(kind):
            raise InputError(f"like={shown(like)}: there is no such {kind}{choice(like, options(kind))}")
        config = composed("compare", [f"{kind}={like}"])[0]
    return plain(config[kind])


def _numbers(kind: str, content: Tree) -> Tree:
    """Return the numbers of a cohort or clinic, in the order of the shipped one."""
    return {
        key: content[key] for key in shipped(f"{kind}/{'unlimited' if kind == 'clinic' else BASES[kind]}")
    }


def _cohort(asked: Asked) -> str:
    from analysis.words.own_files import cohort_file

    like = asked.settings.get("like", BASES["cohort"])
    content = _content("cohort", like)
    numbers = _numbers("cohort", content)
    if "from" not in asked.settings:
        return cohort_file(like, numbers, content)
    from analysis.fitting.case_mix import case_mix
    from conf.schema import compose_run

    path = Path(asked.settings["from"]).expanduser()
    mix = case_mix(path, numbers, compose_run().parameters["staging"])
    lines = [f"{mix.used} patients of {path.name}"]
    lines += [f"{n} left out: {why}" for why, n in mix.left_out.most_common()]
    lines += mix.notes
    print("\n".join(lines))
    return cohort_file(like, numbers, content, mix.found, lines)


def _clinic(asked: Asked) -> str:
    from analysis.words.own_files import clinic_file

    like = asked.settings.get("like", BASES["clinic"])
    return clinic_file(like, _numbers("clinic", _content("clinic", like)))


def _economics(asked: Asked) -> str:
    from analysis.words.own_files import ECONOMICS, economics_file

    like = asked.settings.get("like", BASES["economics"])
    content = _content("economics", like)
    if not content:
        raise InputError(f"like={like}: has no prices; choose a country's")
    ranges = shipped(f"uncertainty/economics/{like}")
    return economics_file(like, {key: content[key] for key in ECONOMICS}, ranges)


def _trial(asked: Asked) -> str:
    from analysis.words.own_files import trial_file

    like = shipped(f"trial/{TRIAL}")
    return trial_file(like, _numbers("cohort", _content("cohort", like["cohort"]["base"])))


def _scenario(asked: Asked) -> str:
    from analysis.words.own_files import scenario_file
    from conf.composition import composed, composing, plain

    with composing():
        config, chosen = composed("compare")
    return scenario_file(plain(config, resolve=False), chosen)


def _lesson(asked: Asked) -> str:
    from analysis.words.lesson_file import lesson_file

    return lesson_file()


WRITERS: dict[str, Callable[[Asked], str]] = {
    "policy": _policy,
    "guideline": _guideline,
    "cohort": _cohort,
    "clinic": _clinic,
    "economics": _economics,
    "trial": _trial,
    "scenario": _scenario,
    "lesson": _lesson,
}
