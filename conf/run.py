"""A run, checked: how many patients, under which policies, with which numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conf import relations
from conf.derived import derived
from conf.economics import ECONOMICS, Economics, world_economics
from conf.life_table import LIFE_TABLE, LifeTable
from conf.policies import USUAL_CARE, Policy
from conf.question import Question

# Numbers and flat lists of numbers, in mappings.
Tree = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """A published figure to show beside the simulated one, with its id in the evidence table."""

    evidence: str
    outcome: str
    policy: str
    horizon_years: float
    published: float


@dataclass(frozen=True)
class Run:
    """A checked scenario: how many patients, under which policies, with which numbers.

    Raises InputError where the numbers break a relation of ``conf/relations.py``.
    """

    patients: int
    seed: int
    replication: int
    horizon_years: float
    policies: tuple[Policy, ...]
    comparator: Policy
    clock: str
    out: Path | None
    rows: bool
    journal: bool
    pictures: bool
    published: tuple[Published, ...]
    question: Question | None  # of the scenario; nothing that is simulated depends on it
    cohort: Tree
    economics: Economics | None  # where costs and quality of life are counted
    clinic: Tree
    parameters: dict[str, Tree]
    usual_care: str | None  # the policy of the cohort's country at the time
    life_table: LifeTable  # of the cohort's country at the time

    def __post_init__(self) -> None:
        relations.check({"cohort": self.cohort, "clinic": self.clinic, **self.parameters})

    def resolved(self) -> Tree:
        """Return everything as it was understood, as plain values: settings, every lever, every parameter."""
        return {
            "patients": self.patients,
            "seed": self.seed,
            "replication": self.replication,
            "horizon_years": self.horizon_years,
            "policies": [policy.name for policy in self.policies],
            "comparator": self.comparator.name,
            "clock": self.clock,
            "out": None if self.out is None else str(self.out),
            "rows": self.rows,
            "journal": self.journal,
            "pictures": self.pictures,
            "published": [vars(figure) for figure in self.published],
            "question": None if self.question is None else self.question.resolved(),
            "policy": {p.name: {"description": p.description, **p.levers()} for p in self.policies},
            "cohort": {
                **self.cohort,
                **({} if self.usual_care is None else {USUAL_CARE: self.usual_care}),
                LIFE_TABLE: self.life_table.name,
            },
            LIFE_TABLE: self.life_table.content(),
            "clinic": self.clinic,
            ECONOMICS: None if self.economics is None else self.economics.resolved(),
            **self.parameters,
        }


def world_trees(run: Run, policy: Policy) -> list[Tree]:
    """Return the numbers of a policy's plans in a run; see ``plan_trees``."""
    return plan_trees(run.cohort, run.life_table, run.parameters, policy, run.economics)


def leaf_values(tree: Mapping[str, Any], above: str = "") -> Tree:
    """Return every value of a tree by its full key, as in ``surgery.leak_probability``; lists stay whole."""
    leaves: Tree = {}
    for key, value in tree.items():
        own = f"{above}{key}"
        leaves |= leaf_values(value, f"{own}.") if isinstance(value, Mapping) else {own: value}
    return leaves


def plan_trees(
    cohort: Tree,
    life_table: LifeTable,
    parameters: Mapping[str, Tree],
    policy: Policy,
    economics: Economics | None = None,
) -> list[Tree]:
    """Return the numbers that a policy's patients are simulated with, a tree for each of its plans.

    For ``sim.parameters.pack``: ``cohort`` and each section of the disease; ``policy``: the levers,
    enumerations as their member's number; ``follow_up``: ``visit_days``, ``ct``, ``mri``, lists of 24 floats;
    ``guideline``: the diagram of the risk groups; ``life_table``: as ``LifeTable.record`` has it;
    ``derived``: what follows from the cohort's numbers and the disease's; ``economics``: as
    ``world_economics`` has it.
    """
    of_cohort = {"cohort": cohort, "life_table": life_table.record(), "derived": derived(cohort, parameters)}
    of_cohort[ECONOMICS] = world_economics(economics)
    return [{**of_cohort, **parameters, **record} for record in policy.records()]
