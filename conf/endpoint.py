"""A published figure as a trial's file states it: what it counts, and its interval."""

import ast
import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from conf import units
from conf.condition import Condition, read_condition
from conf.input_error import InputError, choice, one_of, shown
from conf.run import Tree
from sim.counting.columns import COLUMNS, READABLE

ORIGINS = ("diagnosis", "surgery", "recurrence", "salvage", "organ_kept", "regrowth")
ESTIMATORS = ("cumulative_incidence", "kaplan_meier", "crude")
INCIDENCES = (
    "local_recurrence",
    "local_failure",
    "regrowth",
    "distant_metastasis",
    "any_recurrence",
    "cancer_death",
    "rerecurrence",
)
SURVIVALS = (
    "overall_survival",
    "disease_free_survival",
    "cancer_specific_survival",
    "tme_free_survival",
    "organ_preserved",
)
AMOUNTS = ("median", "mean")  # of a column
TIMES = ("median_survival", "restricted_mean")  # of a Kaplan-Meier curve
OUTCOMES = (*INCIDENCES, *SURVIVALS, "share", *AMOUNTS, *TIMES)
WITH_DIFFERENCE = ("mean", "restricted_mean")  # of those that are no proportion
RATIOS = ("hazard_ratio", "odds_ratio", "risk_ratio")
CONTRASTS = (*RATIOS, "difference")
# What has happened to everybody on the day that time is counted from, and what is meant instead.
AT_ORIGIN = {
    "surgery": (("tme_free_survival", "organ_preserved"), "overall_survival"),
    "recurrence": (
        ("local_recurrence", "local_failure", "any_recurrence", "disease_free_survival"),
        "overall_survival or distant_metastasis",
    ),
    "salvage": (
        ("local_recurrence", "local_failure", "any_recurrence", "disease_free_survival"),
        "rerecurrence",
    ),
    "regrowth": (("regrowth",), "local_recurrence or tme_free_survival"),
}
POSITIVE_YEARS = units.Range(0, 100, "above 0 and at most 100", low_allowed=False)


@dataclass(frozen=True)
class Endpoint:
    """A published figure, with what it counts; ``against`` and its subgroup only where it is a contrast.

    ``low`` and ``high`` are the published 95 % interval; None where only ``n`` is known, or neither is. A
    figure that is not ``judged`` is shown and counts nowhere. A crude figure's ``horizon_years`` is the mean
    follow-up, which reaches evenly from ``followed_from_years``.
    """

    evidence: str
    arm: str
    outcome: str
    published: float
    subgroup: Condition | None
    horizon_years: float | None
    followed_from_years: float | None
    time_from: str
    estimator: str
    where: Condition | None
    of: Condition | str | None
    ratio: str | None
    against: str
    against_subgroup: Condition | None
    n: int | None
    low: float | None
    high: float | None
    judged: bool
    note: str

    @property
    def event(self) -> str:
        """Return the incidence or survival that is timed; the outcome itself where it is none."""
        return str(self.of) if self.outcome in TIMES else self.outcome

    def resolved(self) -> Tree:
        """Return what is set, as a trial's file writes it."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if self.ratio is None:
            del fields["against"]
        return {
            name: value.text if isinstance(value, Condition) else value
            for name, value in fields.items()
            if value is not None and value != ""
        }


def read_text(key: str, value: object) -> str:
    """Return words, or a list of them as one text. Raises InputError."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        raise InputError(f"{key}={shown(value)}: must be text")
    return " ".join(value.split())


def read_mapping(key: str, value: object, example: str) -> Tree:
    """Return keys and values, of which there must be some. Raises InputError."""
    if not isinstance(value, Mapping) or not value:
        raise InputError(f"{key}={shown(value)}: must hold keys and values, as in {example}")
    return {str(name): item for name, item in value.items()}


def names_in(read: Condition) -> set[str]:
    """Return the columns that a condition names."""
    return {node.id for node in ast.walk(read.tree) if isinstance(node, ast.Name) and node.id in READABLE}


_FIELDS = [field.name for field in dataclasses.fields(Endpoint)]
_NEEDED = ("evidence", "arm", "outcome", "published")


def read_endpoint(
    key: str,
    given: object,
    trial: Tree,
    arms: Collection[str],
    follow_up: float,
    subgroups: Mapping[str, Condition],
) -> Endpoint:
    """Return an endpoint of a trial that sets these defaults and has these arms and named subgroups.

    Raises InputError.
    """
    values = read_mapping(key, given, "{evidence: my.id, arm: a, outcome: local_recurrence, ...}")
    label = f"{key} ({values['evidence']})" if "evidence" in values else key
    for name, value in values.items():
        if name not in _FIELDS:
            raise InputError(f"{label}: {name}={shown(value)}: there is no such key{choice(name, _FIELDS)}")
    for name in _NEEDED:
        if name not in values:
            raise InputError(f"{label}: {name}: missing; an endpoint has {', '.join(_NEEDED)}, and more")
    outcome = one_of(f"{label}: outcome", values["outcome"], OUTCOMES)
    time_from = one_of(f"{label}: time_from", values.get("time_from", trial["time_from"]), ORIGINS)
    ratio = values.get("ratio")
    if ratio is not None:
        one_of(f"{label}: ratio", ratio, CONTRASTS)
    for name in ("arm", "against"):
        if name in values:
            one_of(f"{label}: {name}", values[name], list(arms))

    def one(name: str) -> Condition | None:
        text = values.get(name)
        return None if text is None else read_condition(f"{label}: {name}", text, subgroups=subgroups)

    horizon = values.get("horizon_years")
    if horizon is not None:
        horizon = units.number(f"{label}: horizon_years", horizon, POSITIVE_YEARS)
        if horizon > follow_up:
            raise InputError(
                f"{label}: horizon_years={shown(horizon)}: beyond the trial's follow_up_years={follow_up:g}"
            )
    estimator = one_of(f"{label}: estimator", values.get("estimator", trial["estimator"]), ESTIMATORS)
    followed_from = values.get("followed_from_years")
    if followed_from is not None:
        followed_from = units.number(f"{label}: followed_from_years", followed_from, units.NOT_NEGATIVE)
    if estimator == "crude" and horizon is not None:
        _check_follow_up(label, horizon, followed_from or 0.0, follow_up)
    numbers = {
        name: None if values.get(name) is None else units.number(f"{label}: {name}", values[name], units.ANY)
        for name in ("low", "high")
    }
    n = values.get("n")
    endpoint = Endpoint(
        evidence=str(values["evidence"]),
        arm=str(values["arm"]),
        outcome=outcome,
        published=units.number(f"{label}: published", values["published"], units.ANY),
        subgroup=one("subgroup"),
        horizon_years=horizon,
        followed_from_years=followed_from,
        time_from=time_from,
        estimator=estimator,
        where=one("where"),
        of=_of(f"{label}: of", outcome, values.get("of"), subgroups),
        ratio=ratio,
        against=str(values.get("against", values["arm"])),
        against_subgroup=one("against_subgroup") or (one("subgroup") if "against" in values else None),
        n=None if n is None else units.whole(f"{label}: n", n, 1),
        low=numbers["low"],
        high=numbers["high"],
        judged=_judged(f"{label}: judged", values),
        note=read_text(f"{label}: note", values.get("note", "")),
    )
    _coherent(label, endpoint, values)
    return endpoint


def _check_follow_up(label: str, mean: float, shortest: float, follow_up: float) -> None:
    """Raise InputError where a crude figure's follow-up does not lie around its mean, within the trial's."""
    if shortest > mean:
        raise InputError(
            f"{label}: followed_from_years={shortest:g}: must be at most the mean follow-up, "
            f"horizon_years={mean:g}"
        )
    if 2 * mean - shortest > follow_up:
        raise InputError(
            f"{label}: horizon_years={mean:g}: a crude figure is of follow-up from {shortest:g} to "
            f"{2 * mean - shortest:g} years, beyond the trial's follow_up_years={follow_up:g}"
        )


def _judged(key: str, given: Tree) -> bool:
    """Return whether a figure counts; where neither n nor an interval is printed, nothing could judge it."""
    value = given.get("judged", any(given.get(name) is not None for name in ("n", "low", "high")))
    if (judged := units.flag(value)) is None:
        raise InputError(f"{key}={shown(value)}: must be true or false")
    return judged


def _of(key: str, outcome: str, given: object, subgroups: Mapping[str, Condition]) -> Condition | str | None:
    if outcome == "share":
        return read_condition(key, given, subgroups=subgroups)
    if outcome in TIMES:
        return one_of(key, "overall_survival" if given is None else given, (*INCIDENCES, *SURVIVALS))
    if outcome in AMOUNTS:
        if not isinstance(given, str) or given not in COLUMNS:
            raise InputError(f"{key}={shown(given)}: must be a column{choice(str(given), COLUMNS)}")
        return given
    if given is not None:
        raise InputError(
            f"{key}={shown(given)}: belongs to outcome share, {', '.join((*AMOUNTS, *TIMES))}, not {outcome}"
        )
    return None


def _coherent(label: str, endpoint: Endpoint, given: Tree) -> None:
    """Raise InputError where the parts of an endpoint contradict each other."""
    for refused, words in (*_contradictions(endpoint, given), *_interval_faults(endpoint)):
        if refused:
            raise InputError(f"{label}: {words}")


def _contradictions(endpoint: Endpoint, given: Tree) -> Iterator[tuple[bool, str]]:
    """Yield what may be wrong with what an endpoint counts: whether it is, and the words."""
    outcome, ratio, horizon = endpoint.outcome, endpoint.ratio, endpoint.horizon_years
    timed = outcome in (*INCIDENCES, *SURVIVALS)
    proportion = timed or outcome == "share"
    other_side = "against" in given or "against_subgroup" in given
    needs_horizon = (timed and ratio != "hazard_ratio") or outcome == "restricted_mean"
    yield needs_horizon and horizon is None, f"outcome={outcome} needs horizon_years"
    yield (
        not (timed or outcome == "restricted_mean") and horizon is not None,
        f"outcome={outcome} has no horizon_years",
    )
    yield (
        endpoint.followed_from_years is not None and endpoint.estimator != "crude",
        "followed_from_years belongs to estimator=crude",
    )
    yield (
        given.get("estimator") == "crude" and (outcome not in INCIDENCES or ratio == "hazard_ratio"),
        f"estimator=crude is for {', '.join(INCIDENCES)}, and not for a hazard_ratio",
    )
    yield (
        endpoint.where is not None and endpoint.event not in INCIDENCES,
        f"where belongs to an incidence, not to {endpoint.event}",
    )
    there, instead = AT_ORIGIN.get(endpoint.time_from, ((), ""))
    yield (
        endpoint.event in there,
        f"{'of' if outcome in TIMES else 'outcome'}={endpoint.event}: with "
        f"time_from={endpoint.time_from} everybody has had it from the start; use {instead}",
    )
    yield (
        ratio == "hazard_ratio" and not timed,
        f"a hazard_ratio is of an incidence or a survival, not of {outcome}",
    )
    yield (
        ratio is not None and not proportion and (ratio != "difference" or outcome not in WITH_DIFFERENCE),
        f"a {ratio} is not of a {outcome}",
    )
    yield (
        ratio is not None and not other_side,
        f"ratio={ratio} needs against (an arm), against_subgroup, or both",
    )
    yield ratio is None and other_side, f"against needs ratio, one of {', '.join(CONTRASTS)}"


def _interval_faults(endpoint: Endpoint) -> Iterator[tuple[bool, str]]:
    """Yield what may be wrong with the published figure and its interval: whether it is, and the words."""
    outcome, ratio, published = endpoint.outcome, endpoint.ratio, endpoint.published
    low, high, horizon = endpoint.low, endpoint.high, endpoint.horizon_years
    both = low is not None and high is not None
    needs_both = outcome in WITH_DIFFERENCE or ratio is not None
    shown_only = "without them, judged: false shows it and counts it nowhere"
    yield (low is None) != (high is None), "low and high belong together"
    yield (
        both and not (low or 0) <= published <= (high or 0),
        f"published={published:g} is not between low={low} and high={high}",
    )
    yield (
        endpoint.judged and needs_both and not both,
        f"a {ratio or outcome} needs low and high; {shown_only}",
    )
    yield (
        endpoint.judged and not both and endpoint.n is None,
        f"needs n, or low and high; {shown_only}",
    )
    yield (
        outcome not in (*AMOUNTS, *TIMES) and ratio is None and not 0 <= published <= 1,
        f"published={published:g}: a proportion is from 0 to 1",
    )
    above_0 = ratio in RATIOS or outcome == "median_survival"
    yield (
        above_0 and (published <= 0 or (low is not None and low <= 0)),
        f"a {ratio or outcome} and its interval are above 0",
    )
    yield (
        outcome == "restricted_mean"
        and ratio is None
        and horizon is not None
        and not 0 <= published <= horizon,
        f"published={published:g}: a restricted mean is in years, from 0 to horizon_years={horizon}",
    )
