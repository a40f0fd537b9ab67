"""What a report says was asked: the question, the patients and the policies."""

from collections.abc import Sequence
from typing import Any

from analysis.pages.answer import answer
from analysis.pages.report_parts import Block, Items, Table, Text
from analysis.pages.report_run import RunRead, chosen_file, mapping, names_in
from analysis.words.guideline import by_group, condition_words, group_words, groups_in, rule_of
from analysis.words.report import difference_words, lever_words, question, setting, setting_words
from analysis.words.sweep import number_words
from analysis.words.wording import listed, policy_words, sentence, years_words
from conf.input_error import shown
from conf.policies import LEVERS, USUAL_CARE
from conf.question import WAITS, outcome_names
from conf.run import Tree
from conf.stated_sources import CLINIC

NAN = float("nan")


def question_of(run: RunRead) -> list[Block]:
    """Return the question of a run, and the answer where its scenario asks one."""
    clinics = names_in(run.config.get("clinics")) if run.experiment == "capacity" else []
    words = question(
        run.experiment,
        list(run.policies),
        run.comparator,
        [number_words(name) for name in run.swept],
        [f"the clinic {policy_words(name)}" for name in clinics],
    )
    blocks = _asked(run) or [Text(words, "lead")]
    levers = run.policies.get(run.comparator or "")
    differences = [
        (sentence(policy_words(name)), difference_words(own, levers))
        for name, own in run.policies.items()
        if own and levers and name != run.comparator
    ]
    if differences and run.comparator is not None:
        blocks += [Text(f"How the policies differ from {policy_words(run.comparator)}:"), Items(differences)]
    if run.sampled:
        blocks.append(
            Text(
                "It is answered over the members of a posterior sample: sets of parameters that agree with "
                "the trials, so that the answer shows how uncertain the parameters leave it."
            )
        )
    return blocks


def _asked(run: RunRead) -> list[Block]:
    """Return the question of the run's scenario and its answer, where it asks one."""
    asked = mapping(run.config.get("question"))
    if run.experiment != "compare" or not asked:
        return []
    years = asked.get("horizon_years")
    found = answer(
        run.tables,
        [name for name in names_in(asked.get("outcomes")) if name in outcome_names()],
        float(years) if isinstance(years, int | float) else NAN,
        [name for name in names_in(asked.get("waits")) if name in WAITS],
    )
    blocks: list[Block] = [Text(str(asked.get("asks", "")), "lead"), Text(found.main, "lead")]
    blocks += [Items([("", line) for line in found.by_policy])] if found.by_policy else []
    blocks.append(Text(found.note, "note"))
    if limits := asked.get("cannot_say"):
        blocks.append(Text(f"What the model cannot say: {limits}"))
    return blocks


def patients_of(run: RunRead) -> list[Block]:
    """Return who the patients are."""
    cohort = mapping(run.config.get("cohort"))
    if not cohort:
        return []
    chosen = chosen_file(run, "cohort")
    count = run.config.get("patients")
    years = run.config.get("horizon_years")
    many = f"{count:,}" if isinstance(count, int) else "Simulated"
    of = f" (cohort {shown(chosen)})" if chosen else ""
    if run.varies("cohort"):
        return [Text(f"{many} patients for each point and policy. Who they are is varied by the sweep.")]
    if run.experiment == "patient":
        first = f"One patient of a cohort of resectable rectal cancer without metastases on staging{of}."
    else:
        first = (
            f"{many} patients with resectable rectal cancer and no metastases on staging{of}, the same under "
            "every policy."
        )
    lines = [first, *_who(cohort)]
    if isinstance(usual := cohort.get(USUAL_CARE), str):
        lines.append(f"Usual care is the policy {policy_words(shown(usual))}.")
    if isinstance(years, int | float):
        lines.append(f"Each is followed from diagnosis to death, or for {years_words(float(years))}.")
    if clinic := chosen_file(run, "clinic"):
        lines.append(
            "Nobody waits for anybody: no clinic limits what is done."
            if clinic == CLINIC
            else f"They queue in a clinic ({shown(clinic)})."
            if run.experiment != "capacity"
            else ""
        )
    return [Text(" ".join(filter(None, lines)))]


def _who(cohort: Tree) -> list[str]:
    """Return who the patients are in sentences, as far as their numbers are there."""
    said = []
    mean, spread, female, unfit = (
        cohort.get(key) for key in ("age_mean_years", "age_sd_years", "female_share", "unfit_share")
    )
    if all(isinstance(value, int | float) for value in (mean, spread, female, unfit)):
        said.append(
            f"Their mean age is {mean:g} years (standard deviation {spread:g}); {_percent(female)} are "
            f"women, and {_percent(unfit)} are in ASA class III or more at that age."
        )
    stages = ("T1", "T2", "T3 to 5 mm", "T3 beyond 5 mm", "T4a", "T4b")
    if part := _shares(cohort.get("ct_shares"), stages):
        said.append(f"Clinical T: {part}.")
    if part := _shares(cohort.get("height_shares"), ("low", "mid", "high")):
        said.append(f"Height above the anal verge: {part}.")
    return said


def _shares(values: object, names: Sequence[str]) -> str:
    if not isinstance(values, list) or len(values) != len(names):
        return ""
    if not all(isinstance(value, int | float) for value in values):
        return ""
    return listed(f"{name} {_percent(value)}" for name, value in zip(names, values, strict=True))


def _percent(share: Any) -> str:
    return f"{100 * share:.3g} %"


def policies_of(run: RunRead) -> list[Block]:
    """Return the policies, their risk groups, and the levers in which they differ."""
    policies = {name: levers for name, levers in run.policies.items() if levers}
    if not policies:
        return []
    first = next(iter(policies.values()))
    varied = [name for name in run.swept if name in LEVERS or rule_of(name)]
    differ = [
        name
        for name in dict.fromkeys(
            [*LEVERS, *(key for levers in policies.values() for key in by_group(levers))]
        )
        if name not in varied
        and any(setting(levers, name) != setting(first, name) for levers in policies.values())
    ]
    described = [
        (sentence(policy_words(name)), str(levers.get("description", "")))
        for name, levers in policies.items()
    ]
    blocks: list[Block] = [Items(described)]
    if varied:
        for_all = [lever_words(name) for name in varied if not rule_of(name)]
        by_rule = [lever_words(name) for name in varied if rule_of(name)]
        said = [f"in every policy: {listed(for_all)}"] if for_all else []
        said += [f"in the policies that have the group: {listed(by_rule)}"] if by_rule else []
        blocks.append(Text(f"The sweep sets {'; '.join(said)}."))
    groups = [
        [
            sentence(policy_words(name)),
            sentence(group_words(one.group)),
            one.moment,
            condition_words(one.condition),
        ]
        for name, levers in policies.items()
        for one in groups_in(levers)
    ]
    if groups:
        head = ["Policy", "Group", "Placed in it", "Who"]
        note = (
            "Of the groups of one moment the first that fits counts. What a group does not set is as for all."
        )
        blocks.append(Table("The risk groups", head, groups, note, numbers=False))
    if differ:
        rows = [
            [
                sentence(lever_words(name)),
                name,
                *(setting_words(setting(levers, name)) for levers in policies.values()),
            ]
            for name in differ
        ]
        head = ["Lever", "Key", *(sentence(policy_words(name)) for name in policies)]
        note = "Under a policy without a group its row is what all get." if groups else ""
        blocks.append(Table("The levers in which the policies differ", head, rows, note, numbers=False))
    same = [name for name in LEVERS if name not in (*differ, *varied) and name in first]
    if same:
        settings = "; ".join(f"{lever_words(name)}: {setting_words(first[name])}" for name in same)
        under = "under every policy" if len(policies) > 1 else "in this policy"
        blocks.append(Text(f"{'The other levers' if differ else 'The levers'} {under}: {settings}.", "note"))
    return blocks
