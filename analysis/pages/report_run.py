"""A run's folder as a report reads it: data of unknown origin, which is only written as text."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.pages.png import Drawn
from conf.run import Tree

EXPERIMENTS = {  # by a table that no other experiment leaves
    "endpoints": "validate",
    "targets": "calibrate",
    "needed": "capacity",
    "incremental": "psa",
    "rules": "gains",
    **dict.fromkeys(("sensitivity", "structure", "map", "indices"), "sensitivity"),
    "budget": "budget",
    "design": "sweep",
    "outcomes": "compare",
    "journal": "patient",
}


def experiment_of(tables: Collection[str]) -> str:
    """Return the experiment that leaves tables of such names; empty for none that is known."""
    return next((kind for table, kind in EXPERIMENTS.items() if table in tables), "")


@dataclass(frozen=True)
class RunRead:
    """What a run's folder holds: manifest and configuration as data, tables by name, pictures."""

    name: str
    manifest: Tree
    config: Tree
    tables: Mapping[str, pd.DataFrame]
    pictures: Sequence[Drawn]

    @property
    def experiment(self) -> str:
        """The experiment that leaves such tables; empty for none that is known."""
        return experiment_of(self.tables)

    @property
    def policies(self) -> dict[str, Tree]:
        """The levers of each policy by name; none of one that only a point of a sweep has."""
        levers = mapping(self.config.get("policy"))
        names = list(levers)
        if "policies" in self.swept or "scenario" in self.swept:
            names = [str(name) for name in self.tables["outcomes"]["policy"].unique()]
        return {name: mapping(levers.get(name)) for name in names}

    def varies(self, group: str) -> bool:
        """Return whether a sweep varies which file of a group is used."""
        return group in self.swept or "scenario" in self.swept

    @property
    def comparator(self) -> str | None:
        """The policy that others are compared with, where there is one."""
        name = self.config.get("comparator")
        return name if isinstance(name, str) and name in self.policies else None

    @property
    def sampled(self) -> bool:
        """Whether the run is over the members of a posterior sample."""
        return self.experiment == "sweep" and "uncertainty" in self.tables

    @property
    def values(self) -> bool:
        """Whether the run counts costs and quality of life."""
        return bool(mapping(self.config.get("economics")))

    @property
    def swept(self) -> list[str]:
        """The names that a sweep varies, without the members of a posterior sample."""
        design = self.tables.get("design")
        names = [] if design is None else [str(name) for name in design.columns]
        return [name for name in names if name not in ("point", "member", "replication")]


def chosen_file(run: RunRead, group: str) -> str:
    """Return the file of a group that the run chose; empty where that is not known."""
    name = mapping(run.manifest.get("choices")).get(group)
    return name if isinstance(name, str) else ""


def mapping(value: object) -> Tree:
    """Return a mapping with words as keys; an empty one of what is none."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def names_in(value: object) -> list[str]:
    """Return a list of words; an empty one of what is no list."""
    return [str(name) for name in value] if isinstance(value, list) else []
