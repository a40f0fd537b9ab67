"""The tables of a report, from the tables of a run: every number is one of theirs, rounded."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from analysis.pages.report_parts import Block, Cell, Heading, Sources, Table, Text
from analysis.pictures.sweep import over_members, pooled
from analysis.words.clinic import STEP_WORDS, resource_words
from analysis.words.endpoints import arm_words, outcome_words, unit, verdict_words
from analysis.words.endpoints import with_interval as stated
from analysis.words.price import NOT_OPERATED, counts_harm, failure_differs, keeps_organs
from analysis.words.report import OF_LUCK, OF_MEMBERS
from analysis.words.sweep import about, number_words, value_words
from analysis.words.terms import HARM
from analysis.words.wording import (
    DASH,
    at_horizon,
    comparator_of,
    finding,
    headline_years,
    interval,
    percent,
    policy_words,
    sentence,
    signed,
    years_words,
)
from sim.counting.outcomes import ALL, HARMS
from sim.patient import Harm

NAN = float("nan")
MOST_ROWS = 60  # of a table in the page; all are in the run's own tables
NOUNS = {
    "local_recurrence": "Local recurrence",
    "distant_metastasis": "Distant metastasis",
    "overall_survival": "Overall survival",
    "disease_free_survival": "Disease-free survival",
    "cancer_death": "Death from cancer",
    "crm_involved": "Circumferential margin involved, of resections",
    "leak": "Anastomotic leak, of anastomoses",
    "operative_death": "Death within 30 days, of resections",
    "curative_intent": "Curative intent, of recurrences found",
    "salvage_resection": "Salvage resection, of recurrences found",
    "r0": "Clear margins, of salvage resections",
    "life_years": "Life years",
}
TREATMENT = ("crm_involved", "leak", "operative_death", "curative_intent", "salvage_resection", "r0")
FOLLOWED = ("distant_metastasis", "overall_survival", "disease_free_survival", "cancer_death")

Tables = Mapping[str, pd.DataFrame]
Columns = Sequence[tuple[str, str, float]]  # heading, outcome, years


def amount(number: float) -> str:
    """Return a number in three digits, or a dash where there is none."""
    return DASH if pd.isna(number) else f"{number:.4g}".replace("-", "−")


def comparison(tables: Tables) -> list[Block]:
    """Return the results of policies that were compared: the finding, and tables of outcomes."""
    outcomes, differences = tables["outcomes"], tables["differences"]
    years, last = headline_years(outcomes), float(outcomes["horizon_years"].max())
    found = [
        finding(outcomes, differences, outcome, noun)
        for outcome, noun in (
            ("local_recurrence", "local recurrence"),
            ("overall_survival", "overall survival"),
        )
    ]
    blocks: list[Block] = []
    for one in found:
        blocks += [Text(f"{one.title}.", "lead"), *([Text(one.note.strip())] if one.note else [])]
    blocks.append(Text(OF_LUCK, "note"))
    horizons = sorted({when for when in (2.0, years, last) if when in set(outcomes["horizon_years"])})
    recurrence = [(f"At {years_words(when)}, %", "local_recurrence", when) for when in horizons]
    at_headline = [(f"{NOUNS[name]}, %", name, years) for name in FOLLOWED]
    treated = [(f"{NOUNS[name]}, %", name, NAN) for name in TREATMENT]
    patients = int(outcomes["n"].max())
    blocks += [
        _levels(f"Local recurrence, of {patients:,} patients under each policy", outcomes, recurrence),
        _levels(f"Metastasis and survival at {years_words(years)}", outcomes, at_headline),
        _levels("Operation and salvage, over the whole follow-up", outcomes, treated),
        _levels(
            f"Life years from diagnosis, within {years_words(last)}",
            outcomes,
            [("Mean", "life_years", last)],
            lambda years: DASH if pd.isna(years) else f"{years:.2f}",
        ),
    ]
    if (uncertainty := tables.get("uncertainty")) is not None:
        blocks.append(_how_sure(uncertainty, list(outcomes["policy"].unique()), years))
    if comparator := comparator_of(differences):
        against = f"Differences from {policy_words(comparator)}, on the same patients"
        note = "In percentage points; negative: fewer."
        for of, columns in (
            ("local recurrence", recurrence),
            (f"metastasis and survival at {years_words(years)}", at_headline),
        ):
            points = [(heading.replace("%", "points"), name, when) for heading, name, when in columns]
            blocks.append(
                _levels(f"{against}: {of}", differences, points, lambda share: signed(100 * share), note)
            )
    if "averted" in tables and len(tables["averted"]):
        blocks += _averted(tables["averted"], years)
    if counts_harm(outcomes):
        blocks += _harm(outcomes, tables.get("harmed"), years)
    if "published" in tables and len(tables["published"]):
        blocks.append(_published(tables["published"]))
    return blocks


def _how_sure(uncertainty: pd.DataFrame, policies: Sequence[str], years: float) -> Table:
    """Return the headline numbers with the uncertainty of the disease's numbers and of studies."""
    alone = uncertainty["comparator"].isna()

    def cell(of: pd.DataFrame, outcome: str, policy: str, write: Callable[[float], str]) -> str:
        row = at_horizon(of, outcome, years)
        row = row[row["policy"] == policy]
        return (
            DASH
            if row.empty
            else with_interval(row.iloc[0], write, low="uncertainty_low", high="uncertainty_high")
        )

    rows = [
        [
            sentence(policy_words(name)),
            cell(uncertainty[alone], "local_recurrence", name, percent),
            cell(uncertainty[~alone], "local_recurrence", name, lambda share: signed(100 * share)),
            *(cell(uncertainty[alone], outcome, name, percent) for outcome in FOLLOWED[:2]),
        ]
        for name in policies
    ]
    head = ["Policy", f"{NOUNS['local_recurrence']}, %", "Difference, points"]
    return Table(
        f"How sure this is at {years_words(years)}",
        [*head, *(f"{NOUNS[outcome]}, %" for outcome in FOLLOWED[:2])],
        rows,
        "Means over members of the posterior sample, with 95 % intervals of the fitted numbers and of how "
        "far studies lie from the model (discrepancy). uncertainty.csv has all outcomes.",
    )


def _levels(
    caption: str,
    table: pd.DataFrame,
    columns: Columns,
    write: Callable[[float], str] = percent,
    note: str = "",
) -> Table:
    """Return policies in rows and outcomes in columns, each with its interval; no column that is empty."""
    cells: dict[str, dict[str, str]] = {policy: {} for policy in table["policy"].unique()}
    for heading, outcome, years in columns:
        for _, row in at_horizon(table, outcome, years).iterrows():
            cells[row["policy"]][heading] = with_interval(row, write)
    head = [heading for heading, *_ in columns if any(heading in row for row in cells.values())]
    rows = [[sentence(policy_words(name)), *(row.get(h, DASH) for h in head)] for name, row in cells.items()]
    return Table(caption, ["Policy", *head], rows, note)


def with_interval(
    row: "pd.Series",
    write: Callable[[float], str],
    value: str = "estimate",
    low: str = "ci_low",
    high: str = "ci_high",
) -> str:
    """Return a number with its interval; without one where there is none."""
    if pd.isna(row[low]):
        return write(row[value])
    return f"{write(row[value])} ({interval(row[low], row[high], write)})"


def _averted(averted: pd.DataFrame, years: float) -> list[Block]:
    """Return recurrences averted and caused per 1,000 patients, in all and by mechanism."""
    at = averted[(averted["horizon_years"] == years) & (averted["compartment"] == ALL)]
    whole = at[at["mechanism"] == ALL]
    parts = ("averted", "caused", "net")
    per = f"per 1,000 patients within {years_words(years)}"
    rows = [
        [
            sentence(policy_words(row["policy"])),
            *(
                with_interval(row, signed if p == "net" else _count, p, f"{p}_low", f"{p}_high")
                for p in parts
            ),
        ]
        for _, row in whole.iterrows()
    ]
    against = policy_words(str(averted["comparator"].iloc[0]))
    blocks: list[Block] = [
        Table(
            f"Local recurrences averted {per}, against {against}",
            ["Policy", "Averted", "Caused", "Net"],
            rows,
            "Net: averted less caused.",
        )
    ]
    # Routes within a mechanism are not shown: mechanisms alone add up to the whole.
    mechanisms = [name for name in MECHANISMS if name in set(at["mechanism"])]
    if mechanisms and len(whole):
        net = at.set_index(["policy", "mechanism"])["net"]
        rows = [
            [
                sentence(policy_words(policy)),
                *(signed(net.get((policy, name), NAN)) for name in mechanisms),
            ]
            for policy in whole["policy"]
        ]
        head = ["Policy", *(sentence(policy_words(name)) for name in mechanisms)]
        blocks.append(Table(f"Net averted by mechanism, {per}", head, rows, "They add up to the net of all."))
    return blocks


def _harm(outcomes: pd.DataFrame, harmed: pd.DataFrame | None, years: float) -> list[Block]:
    """Return how many have each harm, and how many more or fewer than under the comparator."""
    names = [harm for harm in HARMS if (at_horizon(outcomes, harm, years)["estimate"] > 0).any()]
    lived = "Stomas and dysfunction: those who live with it then. The others: those who have had it by then."
    at = years_words(years)
    shares = [(f"{sentence(HARM[Harm[name.upper()]])}, %", name, years) for name in names]
    failure = [("Local failure, %", "local_failure", years)] if failure_differs(outcomes, years) else []
    if keeps_organs(outcomes):
        failure += [("Organ kept, %", "organ_preserved", years), ("Regrowth, %", "regrowth", years)]
    blocks: list[Block] = [
        _levels(f"Harm at {at}", outcomes, part, note=lived)
        for part in (shares[: len(shares) // 2], shares[len(shares) // 2 :])
        if part
    ]
    if failure:
        blocks.append(_levels(f"Local failure and organs kept at {at}", outcomes, failure, note=NOT_OPERATED))
    if harmed is None or harmed.empty:
        return blocks
    rows = [
        [
            sentence(policy_words(row["policy"])),
            HARM[Harm[str(row["harm"]).upper()]],
            *(
                with_interval(row, signed if part == "net" else _count, part, f"{part}_low", f"{part}_high")
                for part in ("harmed", "spared", "net")
            ),
        ]
        for _, row in harmed[(harmed["horizon_years"] == years) & harmed["harm"].isin(names)].iterrows()
    ]
    against = policy_words(str(harmed["comparator"].iloc[0]))
    caption = f"Patients harmed and spared per 1,000 at {at}, against {against}"
    head = ["Policy", "Harm", "Harmed", "Spared", "Net"]
    return [*blocks, cut(caption, head, rows, "harmed.csv", 3)]


MECHANISMS = ("margin", "mesorectum", "lateral_node", "exfoliation", "spillage")


def _count(number: float) -> str:
    return DASH if pd.isna(number) else f"{number:.1f}"


def _published(beside: pd.DataFrame) -> Table:
    rows: list[list[Cell]] = [
        [
            f"{sentence(policy_words(row['outcome']))}, {policy_words(row['policy'])}",
            f"{row['horizon_years']:g}",
            percent(row["published"]),
            with_interval(row, percent, "simulated"),
            signed(100 * row["difference"]),
            Sources((row["evidence"],)),
        ]
        for _, row in beside.iterrows()
    ]
    head = ["Figure", "Years", "Published, %", "Simulated, %", "Difference, points", "Source"]
    return Table("Published figures beside the simulated ones", head, rows)


def swept(
    tables: Tables, names: Sequence[str], outcomes: Sequence[str], at_years: float | None
) -> list[Block]:
    """Return the results of a sweep: each outcome by point and policy, and the differences.

    ``names``: what was swept, as the columns of the tables; ``at_years``: the horizon, or None for the
    headline one.
    """
    sampled = "uncertainty" in tables
    years = headline_years(tables["outcomes"]) if at_years is None else at_years
    blocks: list[Block] = [Text(OF_MEMBERS if sampled else OF_LUCK, "note")]
    for outcome in outcomes:
        if sampled:
            rows = over_members(tables["uncertainty"], outcome, years)
        else:
            rows = pooled(tables["outcomes"], list(names), outcome, years)
        blocks.append(_by_point(f"{about(outcome, years)}, %", rows, names, percent))
        if sampled:
            table = tables["uncertainty"]
            away = table[(table["outcome"] == outcome) & (table["horizon_years"] == years)]
            away = away[(away[["mechanism", "compartment", "group"]] == ALL).all(axis=1)]
            away = away[away["comparator"].notna()].rename(columns=MEMBERS)
        else:
            away = pooled(tables["differences"], list(names), outcome, years)
        comparator = comparator_of(away) if "comparator" in away else comparator_of(tables["differences"])
        if len(away) and comparator is not None:
            caption = f"{about(outcome, years)}: difference from {policy_words(comparator)}, points"
            blocks.append(_by_point(caption, away, names, lambda share: signed(100 * share)))
    if sampled:
        blocks += _uncertain(tables["uncertainty"], names, years)
    return blocks


MEMBERS = {
    "ci_low": "luck_low",
    "ci_high": "luck_high",
    "uncertainty_low": "ci_low",
    "uncertainty_high": "ci_high",
}


def _by_point(caption: str, rows: pd.DataFrame, names: Sequence[str], write: Callable[[float], str]) -> Table:
    """Return points in rows and policies in columns."""
    policies = list(dict.fromkeys(rows["policy"]))
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for _, row in rows.iterrows():
        cell = with_interval(row, write)
        if "luck_low" in row:
            cell += f" [{interval(row['luck_low'], row['luck_high'], write)}]"
        cells.setdefault(tuple(value_words(row[name]) for name in names), {})[row["policy"]] = cell
    if not names:  # one point: policies in rows read better
        one = cells.get((), {})
        head, stated = (
            ["Policy", "Estimate"],
            [[sentence(policy_words(p)), one.get(p, DASH)] for p in policies],
        )
    else:
        head = [
            *(sentence(number_words(name)) for name in names),
            *(sentence(policy_words(p)) for p in policies),
        ]
        stated = [[*point, *(found.get(p, DASH) for p in policies)] for point, found in cells.items()]
    return cut(caption, head, stated, "outcomes.csv", max(len(names), 1))


def _uncertain(table: pd.DataFrame, names: Sequence[str], years: float) -> list[Block]:
    """Return the main outcomes of each policy over the members of a posterior sample; of a single point."""
    if names:
        return []
    columns = [(f"{NOUNS[name]}, %", name) for name in FOLLOWED]
    whole = table[(table["horizon_years"] == years) & table["comparator"].isna()]
    whole = whole[(whole[["mechanism", "compartment", "group"]] == ALL).all(axis=1)].rename(columns=MEMBERS)
    rows = []
    for policy in whole["policy"].unique():
        mine = whole[whole["policy"] == policy].drop_duplicates("outcome").set_index("outcome")
        cells = [
            f"{with_interval(mine.loc[name], percent)} "
            f"[{interval(mine.loc[name, 'luck_low'], mine.loc[name, 'luck_high'])}]"
            if name in mine.index
            else DASH
            for _, name in columns
        ]
        rows.append([sentence(policy_words(policy)), *cells])
    caption = f"Metastasis and survival at {years_words(years)}, over the members"
    return [Table(caption, ["Policy", *(heading for heading, _ in columns)], rows)]


def cut(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    file: str,
    row_heads: int = 1,
    numbers: bool = True,
) -> Table:
    """Return a table of the first rows, which says how many more there are, and where."""
    more = len(rows) - MOST_ROWS
    note = f"{more} more rows: {file}." if more > 0 else ""
    return Table(caption, head, rows[:MOST_ROWS], note, row_heads, numbers)


def queueing(tables: Tables) -> list[Block]:
    """Return the results of a capacity run: waits, harm, use and the capacity that is needed."""
    waits, harm, use, needed = (tables[name] for name in ("waits", "waiting_harm", "utilisation", "needed"))
    years = headline_years(harm)
    where = ["Clinic", "Policy"]

    def place(row: "pd.Series") -> list[str]:
        return [policy_words(row["clinic"]), policy_words(row["policy"])]

    waited = [
        [
            *place(row),
            STEP_WORDS.get(row["step"], policy_words(row["step"])),
            f"{row['n']:,}",
            *(_count(row[name]) for name in ("median_days", "p90_days", "target_days")),
            percent(row["share_beyond_target"]),
        ]
        for _, row in waits.iterrows()
    ]
    at = harm[harm["horizon_years"] == years]
    harmed = [
        [
            *place(row),
            policy_words(row["outcome"]),
            with_interval(row, signed, "net", "net_low", "net_high"),
        ]
        for _, row in at.iterrows()
    ]
    joined = needed.merge(
        use[["policy", "clinic", "resource", "utilisation"]],
        on=["policy", "clinic", "resource"],
        how="left",
        suffixes=("_needed", ""),
    )
    units = [
        [
            *place(row),
            resource_words(row["resource"]),
            *(_units(row[name]) for name in ("count", "needed_alone", "needed")),
            percent(row["utilisation"]),
        ]
        for _, row in joined.iterrows()
    ]
    return [
        Text(OF_LUCK, "note"),
        cut(
            "Waits in days, on top of the pathway of an empty clinic",
            [*where, "Step", "Requests", "Median", "90th centile", "Target", "Beyond target, %"],
            waited,
            "waits.csv",
            3,
        ),
        cut(
            f"Caused by waiting, net, per 1,000 patients within {years_words(years)}",
            [*where, "Outcome", "Net"],
            harmed,
            "waiting_harm.csv",
            3,
        ),
        cut(
            "Units that there are, and that are needed",
            [*where, "Resource", "There", "Needed alone", "Needed together", "In use now, %"],
            units,
            "needed.csv",
            3,
        ),
    ]


def _units(number: float) -> str:
    if pd.isna(number):
        return DASH
    return "no limit" if number >= 1_000_000 else f"{number:.0f}"


def agreement(tables: Tables) -> list[Block]:
    """Return the results of a validation: agreement by set, and every endpoint."""
    sets = [
        [
            sentence(row["set"]),
            f"{row['inside']} of {row['comparable']}",
            percent(row["coverage"]),
            amount(row["slope"]),
            amount(row["intercept"]),
            f"{row['chi_square']:.0f}",
        ]
        for _, row in tables["agreement"].iterrows()
    ]
    ends = tables["endpoints"]
    rows: list[list[Cell]] = []
    order = ends.assign(far=ends["z"].abs()).sort_values(
        ["inside", "far"], ascending=[True, False], kind="stable"
    )
    for _, row in order.iterrows():
        of = unit(row)
        years = f", {years_words(row['horizon_years'])}" if row["horizon_years"] > 0 else ""
        whom = "" if row["subgroup"] == ALL else f", {policy_words(str(row['subgroup']))}"
        rows.append(
            [
                f"{sentence(arm_words(row['arm']))}: {outcome_words(row['outcome'])}{years}{whom}",
                policy_words(row["trial"]),
                f"{stated(row, 'published')}{of}",
                f"{stated(row, 'simulated')}{of}",
                signed(row["z"]),
                verdict_words(row),
                Sources((row["endpoint"],)),
            ]
        )
    return [
        Table(
            "How many simulated figures lie inside the published 95 % interval",
            ["Set", "Inside", "Coverage, %", "Slope", "Intercept", "Chi-square"],
            sets,
        ),
        cut(
            "Published figures and simulated ones, those outside first",
            ["Figure", "Study", "Published", "Simulated", "z", "Verdict", "Source"],
            rows,
            "endpoints.csv",
        ),
        Text(
            "z: by how many published standard errors the simulated figure lies above the published one. "
            "Simulated intervals are of simulated luck alone.",
            "note",
        ),
    ]


def calibrated(tables: Tables) -> list[Block]:
    """Return the results of a calibration: targets, and the numbers that they narrow most."""
    targets, numbers = tables["targets"], tables["parameters"]
    found = f"{int(targets['inside'].sum())} of {len(targets)} targets are inside their published intervals."
    missed = targets.assign(far=targets["z"].abs()).sort_values(["inside", "far"], ascending=[True, False])
    aims: list[list[Cell]] = [
        [
            row["endpoint"],
            policy_words(row["trial"]),
            f"{amount(row['published'])} ({interval(row['published_low'], row['published_high'], amount)})",
            amount(row["fitted"]),
            f"{amount(row['posterior_low'])} to {amount(row['posterior_high'])}",
            signed(row["z"]),
            Sources((row["endpoint"],)),
        ]
        for _, row in missed.iterrows()
    ]
    narrowed = numbers[numbers["searched"].astype(bool)].sort_values("width_ratio")
    fitted = [
        [
            row["key"],
            f"{amount(row['prior_low'])} to {amount(row['prior_high'])}",
            f"{amount(row['posterior_low'])} to {amount(row['posterior_high'])}",
            amount(row["fitted"]),
            amount(row["width_ratio"]),
        ]
        for _, row in narrowed.iterrows()
    ]
    return [
        Text(found, "lead"),
        cut(
            "Targets, those outside their interval first",
            ["Target", "Study", "Published", "Fitted", "Posterior", "z", "Source"],
            aims,
            "targets.csv",
        ),
        cut(
            "Fitted numbers, those that the targets narrow most first",
            ["Number", "Prior, 95 %", "Posterior, 95 %", "Best fit", "Width ratio"],
            fitted,
            "parameters.csv",
        ),
    ]


def courses(tables: Tables) -> list[Block]:
    """Return one patient's course under each policy, event by event."""
    journal = tables["journal"]
    blocks: list[Block] = [
        Text("Days are counted from the first event. The course in words is in story.md of the run's folder.")
    ]
    for policy in journal["policy"].unique():
        mine = journal[journal["policy"] == policy]
        rows = [[f"{row['time']:.0f}", policy_words(str(row["event"]))] for _, row in mine.iterrows()]
        blocks += [
            Heading(sentence(policy_words(policy))),
            cut(f"Events under {policy_words(policy)}", ["Day", "Event"], rows, "journal.csv", numbers=False),
        ]
    return blocks
