"""Pages of a validation: every endpoint of every trial, hits and misses, and what the command prints."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import wrap

import pandas as pd
from matplotlib.figure import Figure

from analysis.pages.left_out import PICTURE as LEFT_OUT_PICTURE
from analysis.pages.left_out import left_out_section
from analysis.pictures import look
from analysis.pictures.predicted import transforms
from analysis.pictures.validation import dumbbells, scatter, trial_curves, whole_arms
from analysis.tables.validation import LEVELS
from analysis.words.endpoints import (
    ABBREVIATIONS,
    CONTRAST,
    NOT_COMPARABLE,
    arm_words,
    labels,
    miss,
    number,
    unit,
    verdict_words,
    with_interval,
)
from analysis.words.report import differing, setting
from analysis.words.wording import DASH, sentence, signed
from conf.endpoint import RATIOS
from conf.input_error import shown
from conf.policies import USUAL_CARE, Policy, read_policy
from conf.schema import shipped
from conf.trials import SETS, Trial

PAGE_DPI = 120  # a page shows them 960 pixels wide
MOST_LINES, WIDEST = 54, 110
NAMED_MISSES, LEAST_MISSES = 9, 3  # of a trial; of all, below the trials
DEFAULT_COHORT = "dutch_contemporary"
WHY_NOT = "where too few of the simulated patients had an event, or too many"
SET_WORDS = {
    "calibration": "What `lrrc calibrate` fits the disease to.",
    "validation": "Never fitted, only predicted.",
}


def write_pages(
    trials: Sequence[Trial],
    endpoints: pd.DataFrame,
    curves: pd.DataFrame,
    agreement: pd.DataFrame,
    folder: Path,
    left_out: pd.DataFrame,
) -> None:
    """Write ``validation.md``, ``trials/NAME.md`` and their pictures to a run's folder.

    ``left_out``: what a fit predicts for each of its studies without it; empty where the run is of others.

    Tables as ``analysis.tables.validation`` and ``analysis.tables.validation_curves`` return them. Hydra must
    be initialised: policies are found through it.
    """
    stated = labels(trials, endpoints)
    (folder / "trials").mkdir()
    draw(stated, curves, folder, folder / "trials")
    for trial in trials:
        rows = stated[stated["trial"] == trial.name]
        text = "\n".join(section(trial, rows, "#", f"{trial.name}.png"))
        (folder / "trials" / f"{trial.name}.md").write_text(text, "utf-8")
    if len(left_out):
        _save(transforms(left_out), folder / f"{LEFT_OUT_PICTURE}.png")
    (folder / "validation.md").write_text(page(trials, stated, agreement, left_out), "utf-8")


def draw(endpoints: pd.DataFrame, curves: pd.DataFrame, folder: Path, trials: Path) -> None:
    """Draw the pictures of all sets into one folder, and one of each trial into another.

    ``endpoints``: as ``analysis.words.endpoints.labels`` returns them. A trial without curves has dumbbells.
    """
    of_trials = set(endpoints["trial"])
    for name, make in pictures(endpoints, curves).items():
        _save(make(), (trials if name in of_trials else folder) / f"{name}.png")


def pictures(endpoints: pd.DataFrame, curves: pd.DataFrame) -> dict[str, Callable[[], Figure]]:
    """Return a function that draws it, by name, for every picture of a validation; a trial's has its name.

    Tables as for ``draw``.
    """
    made: dict[str, Callable[[], Figure]] = {}
    for name, rows in endpoints.groupby("set"):
        made[f"endpoints_{name}"] = partial(dumbbells, rows, f"{name} endpoints")
    if endpoints["measure"].isin(LEVELS).any():
        made["published_against_simulated"] = partial(scatter, endpoints)
    for name, rows in endpoints.groupby("trial", sort=False):
        made[str(name)] = partial(_trial, rows, curves[curves["trial"] == name])
    return made


def _trial(rows: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    on_curves = trial_curves(curves, rows) if len(whole_arms(rows)) else None
    return on_curves or dumbbells(rows)


def _save(drawn: Figure, path: Path) -> None:
    with look.style():
        drawn.savefig(path, dpi=PAGE_DPI, metadata=look.said(drawn))


def page(
    trials: Sequence[Trial], endpoints: pd.DataFrame, agreement: pd.DataFrame, left_out: pd.DataFrame
) -> str:
    """Return the page of all trials, in Markdown.

    ``endpoints``: as ``analysis.words.endpoints.labels`` returns them; ``left_out``: as for ``write_pages``.
    """
    sets = [name for name in SETS if (endpoints["set"] == name).any()]
    inside = [f"{_inside(endpoints[endpoints['set'] == name])} {name} endpoints" for name in sets]
    lines = [
        "# Simulated beside published",
        "",
        f"{_count(len(trials), 'published study', 'published studies')}, emulated: the same question put to "
        f"simulated patients like theirs. The simulation lies inside the published 95 % interval at "
        f"{' and '.join(inside)}.",
        "",
        "Where a study prints no interval, it is computed from its n. z counts the published standard errors "
        "(with the simulation's own small error) by which the simulated value lies above the published one, "
        "on the scale of log odds for proportions and of logs for ratios. Simulated intervals are of "
        f"simulated luck only. {ABBREVIATIONS}",
        "",
        *_left_out(endpoints),
        "## How well it agrees",
        "",
        *_agreement_table(agreement),
        "",
        "Inside: the simulated value in the published interval. In 50 %, in 95 %: the published figure in "
        "the predictive intervals, which hold the uncertainty of the fitted numbers, discrepancy and "
        "sampling.",
        "",
        "Slope and intercept are of the published on the simulated proportions, in log odds: 1 and 0 where "
        "they agree. Endpoints of one study depend on each other, so the chi-square is a guide, not a test.",
        "",
    ]
    if endpoints["measure"].isin(LEVELS).any():
        lines += ["![Published against simulated proportions](published_against_simulated.png)", ""]
    if len(left_out):
        lines += left_out_section(left_out, endpoints)
    for name in sets:
        part = endpoints[endpoints["set"] == name]
        lines += [
            f"## {sentence(name)}",
            "",
            SET_WORDS[name],
            "",
            *_contents([trial for trial in trials if trial.set == name], part),
            "",
            f"![Every {name} endpoint, published and simulated](endpoints_{name}.png)",
            "",
        ]
        for trial in trials:
            if trial.set == name:
                rows = endpoints[endpoints["trial"] == trial.name]
                lines += section(trial, rows, "###", f"trials/{trial.name}.png")
    return "\n".join(lines).rstrip("\n") + "\n"


def _inside(endpoints: pd.DataFrame) -> str:
    """Return how many lie inside, of those that can be compared."""
    return f"{int(endpoints['inside'].sum())} of {int(endpoints['comparable'].sum())}"


def _left_out(endpoints: pd.DataFrame) -> list[str]:
    """Return a paragraph for each kind of endpoint that no count holds, where there are any."""
    return [line for words in _why_left_out(endpoints) for line in (words, "")]


def _why_left_out(endpoints: pd.DataFrame) -> list[str]:
    judged = endpoints["judged"]
    kinds = {
        f"Not comparable, and left out of all counts: {{}}, {WHY_NOT}.": judged & ~endpoints["comparable"],
        "Shown, not judged, and left out of all counts: {}, for which no interval is printed or which the "
        "trial's file excludes.": ~judged,
    }
    return [
        words.format(_count(int(which.sum()), "endpoint", "endpoints"))
        for words, which in kinds.items()
        if which.any()
    ]


def _misses(endpoints: pd.DataFrame) -> pd.DataFrame:
    return endpoints[endpoints["comparable"] & ~endpoints["inside"].astype(bool)]


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _agreement_table(agreement: pd.DataFrame) -> list[str]:
    lines = [
        "| set | trials | endpoints | inside | coverage | in 50 % | in 95 % | slope | intercept | chi-square "
        "| degrees |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for _, row in agreement.iterrows():
        slope, intercept = (_known(row[name]) for name in ("slope", "intercept"))
        lines.append(
            f"| {row['set']} | {row['trials']} | {row['endpoints']} | {row['inside']} "
            f"| {_coverage(row)} | {_share(row['half'])} | {_share(row['nearly_all'])} "
            f"| {slope} | {intercept} | {row['chi_square']:.0f} "
            f"| {row['degrees']} |"
        )
    return lines


def _coverage(row: pd.Series) -> str:
    return _share(row["coverage"])


def _share(share: float) -> str:
    return DASH if pd.isna(share) else f"{100 * share:.0f} %"


def _known(value: float) -> str:
    return DASH if pd.isna(value) else f"{value:.2f}".replace("-", "−")


def _contents(trials: Sequence[Trial], endpoints: pd.DataFrame) -> list[str]:
    lines = []
    for trial in trials:
        rows = endpoints[endpoints["trial"] == trial.name]
        anchor = re.sub(r"[^\w\- ]", "", trial.title.lower()).replace(" ", "-")
        lines.append(f"- [{trial.title}](#{anchor}): {_inside(rows)} inside")
    return lines


def section(trial: Trial, rows: pd.DataFrame, heading: str, picture: str) -> list[str]:
    """Return the section on one trial, as lines of Markdown under a heading of the given rank.

    ``picture``: where it lies, from the page.
    """
    several = len({name for one in trial.endpoints for name in (one.arm, one.against)}) > 1
    lines = [f"{heading} {trial.title}", ""]
    if trial.source:
        lines += [f"{trial.source.rstrip('.')}.", ""]
    if trial.note:
        lines += [trial.note, ""]
    if trial.eligibility:
        lines += ["Eligible: " + " and ".join(f"`{one.text}`" for one in trial.eligibility) + ".", ""]
    arms = [
        f"{arm_words(name)} ({_policies(arm.policies, trial.usual_care)})" for name, arm in trial.arms.items()
    ]
    lines += [f"{'Arms' if several else 'Arm'}: {'; '.join(arms)}. {_cohort(trial)}", ""]
    lines += [f"![{trial.title}: published and simulated]({picture})", ""]
    lines += [
        "| endpoint | evidence | n | published | simulated | z | |",
        "|---|---|--:|--:|--:|--:|---|",
    ]
    for _, row in rows.iterrows():
        which = verdict_words(row)
        stated = f"**{which}**" if which.startswith("too ") else which
        of = unit(row)
        lines.append(
            f"| {_cell(sentence(row['label']))} | `{row['endpoint']}` | {row['n'] or DASH} "
            f"| {with_interval(row, 'published')}{of} | {with_interval(row, 'simulated')}{of} "
            f"| {signed(row['z'])} | {stated} |"
        )
    misses = _misses(rows)
    if len(misses):
        lines += ["", "Misses:", ""]
        lines += [
            f"- {sentence(row['label'])}: {miss(row, bool(trial.note))}" for _, row in misses.iterrows()
        ]
    return [*lines, ""]


def _policies(policies: tuple[tuple[Policy, float], ...], usual_care: str | None) -> str:
    """Return the policies of an arm, with their shares where they are mixed."""
    if len(policies) == 1:
        return _policy(policies[0][0], usual_care)
    return ", ".join(f"{share:.0%} {_policy(policy, usual_care)}" for policy, share in policies)


def _policy(policy: Policy, usual_care: str | None) -> str:
    """Return a policy's name, what usual care is, and the levers that the trial sets otherwise."""
    named, own = read_policy(policy.name, usual_care).levers(), policy.levers()
    changed = [f"`{lever}` {shown(setting(own, lever))}" for lever in differing(own, named)]
    name = f"`{policy.name}`"
    if USUAL_CARE in policy.name.split("+"):
        name += f", which is `{usual_care}` here"
    return " with ".join(filter(None, (name, ", ".join(changed))))


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def _cohort(trial: Trial) -> str:
    """Return a sentence on the numbers of the cohort that are not the default cohort's, of any arm."""
    usual = shipped(f"cohort/{DEFAULT_COHORT}")
    cohorts = [arm.cohort for arm in trial.arms.values()]
    changed = [key for key in usual if any(cohort[key] != usual[key] for cohort in cohorts)]
    if not changed:
        return f"Its cohort is `{DEFAULT_COHORT}`."
    stated = []
    for key in changed:
        values = list(dict.fromkeys(_plain(cohort[key]) for cohort in cohorts))
        stated.append(f"`{key}` {' or '.join(values)}")
    return f"Its cohort differs from `{DEFAULT_COHORT}` in {', '.join(stated)}."


def _plain(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def summary(endpoints: pd.DataFrame, agreement: pd.DataFrame) -> str:
    """Return what ``lrrc validate`` prints: each trial's hits, how each set agrees, and the largest misses.

    At most 54 lines, 110 columns wide, except for more trials than fit: of many, those with the fewest
    endpoints outside share lines, and in the end without their distances.
    """
    below = _of_sets(endpoints, agreement)
    misses = _misses(endpoints)
    wanted = min(LEAST_MISSES, len(misses)) + 2
    for few, distances in [*((few, True) for few in range(NAMED_MISSES + 1)), (len(misses), False)]:
        lines = [*_of_trials(endpoints, few, distances), *below]
        if len(lines) + wanted <= MOST_LINES:
            break
    room = min(max(MOST_LINES - len(lines) - 2, 0), 12, len(misses))
    if room:
        order = misses["z"].abs().sort_values(ascending=False, kind="stable").index
        lines += ["", f"largest misses{'':42}{'published':>26}{'simulated':>12}{'z':>8}"]
        lines += [_missed(row) for _, row in misses.loc[order].head(room).iterrows()]
    return "\n".join(lines) + "\n"


def _of_trials(endpoints: pd.DataFrame, few: int, distances: bool) -> list[str]:
    """Return each trial's hits; those with at most ``few`` outside share lines, as those wholly inside do.

    ``distances``: whether these lines say by how many standard errors they are outside.
    """
    lines = [f"{'trial':<30}{'inside':>10}    outside, by how many standard errors"]
    for name, part in endpoints.groupby("set", sort=True):
        lines.append(f"{name}:")
        wholly, nearly = [], []
        for trial, rows in part.groupby("trial", sort=False):
            if rows.loc[rows["judged"], "inside"].all():
                wholly.append(f"{trial} ({int(rows['judged'].sum())})")
                continue
            outside = sorted(_misses(rows)["z"], key=abs, reverse=True)
            stated = [" ".join(map(signed, outside[:NAMED_MISSES]))]
            more = len(outside) - NAMED_MISSES
            stated[0] += f" and {more} more" if more > 0 else ""
            if left_out := int((rows["judged"] & ~rows["comparable"]).sum()):
                stated.append(f"{left_out} {NOT_COMPARABLE}")
            said = "; ".join(filter(None, stated))
            if few and len(outside) <= few:
                nearly.append(f"{trial} {_inside(rows)}" + f" ({said})" * distances)
            else:
                lines.append(f"  {trial:<28}{_inside(rows):>10}    {said}".rstrip())
        partly = f"at most {few} outside" if distances else "partly inside"
        for words, trials in ((partly, nearly), ("wholly inside", wholly)):
            if trials:
                # A trial's words stay on one line.
                joined = ", ".join(trial.replace(" ", "\N{NO-BREAK SPACE}") for trial in trials)
                wrapped = wrap(f"  {words}: {joined}", WIDEST, subsequent_indent=" " * 4)
                lines += [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrapped]
    return lines


def _of_sets(endpoints: pd.DataFrame, agreement: pd.DataFrame) -> list[str]:
    """Return how each set agrees, and how many endpoints are not comparable."""
    head = f"{'set':<14}{'inside':>12}{'coverage':>10}{'in 50 %':>10}{'in 95 %':>10}"
    lines = ["", f"{head}{'slope':>8}{'chi-square':>12}{'degrees':>9}"]
    sets = agreement if len(agreement) > 2 else agreement[agreement["set"] != "all"]
    for _, row in sets.iterrows():
        count = f"{row['inside']} of {row['comparable']}"
        lines.append(
            f"{row['set']:<14}{count:>12}{_coverage(row):>10}{_share(row['half']):>10}"
            f"{_share(row['nearly_all']):>10}{_known(row['slope']):>8}"
            f"{row['chi_square']:>12.0f}{row['degrees']:>9}"
        )
    for words in _why_left_out(endpoints):
        lines += wrap(words, WIDEST)
    return lines


def _missed(row: pd.Series) -> str:
    name = row["endpoint"] if len(row["endpoint"]) <= 52 else f"{row['endpoint'][:51]}…"
    kind = CONTRAST[row["measure"]] + " " if row["measure"] in RATIOS else ""
    published = f"{kind}{with_interval(row, 'published')}{unit(row)}"
    simulated = f"{number(row['simulated'], row['measure'])}{unit(row)}"
    return f"  {name:<52}{published:>28}{simulated:>12}{signed(row['z']):>8}"[:WIDEST]
