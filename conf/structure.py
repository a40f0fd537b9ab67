"""Alternatives to the structure of the model: what each changes in a run, and what it reverses."""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from conf import units
from conf.discrepancy import CONTRAST, Discrepancy
from conf.economic_draws import OF_COHORT
from conf.economics import ECONOMICS, PERSPECTIVES
from conf.input_error import InputError, choice, shown
from conf.own_file import read_yaml
from conf.run import Run

DISCREPANCY, HORIZON, PERSPECTIVE = "discrepancy", "horizon_years", f"{ECONOMICS}.perspective"
NO_DEPOSITS = "no_deposit_survives"  # of the alternatives: nothing recurs locally
OWN_WORDS = "your own"


@dataclass(frozen=True)
class Alternative:
    """Another structure: ``changes``, of numbers by their keys and of the terms; ``reverses``: the claim."""

    name: str
    words: str
    reverses: str
    changes: Mapping[str, Any]

    @property
    def numbers(self) -> dict[str, Any]:
        """Return what it changes in the numbers of a run, by key."""
        return {key: value for key, value in self.changes.items() if not _is_term(key)}

    @property
    def of_worth_alone(self) -> bool:
        """Whether it changes costs and quality of life alone, or their terms."""
        return all(
            key == HORIZON or key.startswith(f"{ECONOMICS}.") or key == f"{DISCREPANCY}.{CONTRAST}"
            for key in self.changes
        )

    def with_terms(self, run: Run, discrepancy: Discrepancy) -> Run:
        """Return the run with horizon, perspective and cohort as the alternative has them."""
        economics, cohort, horizon = run.economics, dict(run.cohort), run.horizon_years
        for key, value in self.changes.items():
            if key == HORIZON:
                horizon = min(float(value), horizon)
            elif key == PERSPECTIVE and economics:
                economics = dataclasses.replace(economics, perspective=value)
            elif key.startswith(f"{DISCREPANCY}.") and (kind := key.partition(".")[2]) in OF_COHORT:
                name, sign = OF_COHORT[kind]
                cohort[name] *= float(np.exp(sign * quantile(discrepancy, kind, value)))
        return dataclasses.replace(run, economics=economics, cohort=cohort, horizon_years=horizon)

    def contrast(self, discrepancy: Discrepancy) -> float:
        """Return the log of the ratio of a policy's local recurrences to those that the model says.

        Above 0 policies prevent less: so it is of a policy with no more recurrences than the comparator, and
        its opposite of one with more.
        """
        at = self.changes.get(f"{DISCREPANCY}.{CONTRAST}")
        return 0.0 if at is None else quantile(discrepancy, CONTRAST, at)


def quantile(discrepancy: Discrepancy, kind: str, at: float) -> float:
    """Return a quantile of the discrepancy of a kind of outcome, Student's t on its scale."""
    return float(discrepancy.scales[kind] * stats.t.ppf(at, discrepancy.degrees))


def _is_term(key: str) -> bool:
    return key in (HORIZON, PERSPECTIVE) or key.startswith(f"{DISCREPANCY}.")


@functools.cache
def shipped_alternatives() -> tuple[Alternative, ...]:
    """Return the alternatives of ``conf/structure/alternatives.yaml``, in its order."""
    content = read_yaml(Path(__file__).parent / "structure/alternatives.yaml", "structure")
    return tuple(
        Alternative(name, one["words"], one.get("reverses", ""), one["set"]) for name, one in content.items()
    )


def read_alternatives(given: object) -> list[Alternative]:
    """Return the alternatives that are asked for, their numbers not yet checked. Raises InputError."""
    known = {one.name: one for one in shipped_alternatives()}
    if given is None:
        return [*known.values()]
    if isinstance(given, Mapping) and given:
        found = []
        for name, changes in given.items():
            key = f"alternatives.{name}"
            if not isinstance(changes, Mapping) or not changes:
                raise InputError(
                    f"{key}={shown(changes)}: must hold numbers by key, as in {{surgery.leak_probability: 0}}"
                )
            for term, value in changes.items():
                _check_term(f"{key}.{term}", str(term), value)
            found.append(
                Alternative(str(name), str(name), OWN_WORDS, {str(k): v for k, v in changes.items()})
            )
        return found
    if not isinstance(given, list) or not given:
        raise InputError(
            f"alternatives={shown(given)}: must be a list of names, or {{name: {{key: value}}}}; there are: "
            f"{', '.join(known)}"
        )
    for name in given:
        if name not in known:
            raise InputError(
                f"alternatives={shown(name)}: there is no such alternative{choice(str(name), known)}"
            )
    return [known[name] for name in dict.fromkeys(given)]


def _check_term(full: str, key: str, value: object) -> None:
    kinds = (*OF_COHORT, CONTRAST)
    if key == HORIZON:
        units.number(full, value, units.Range(0, 100, "above 0 and at most 100", low_allowed=False))
    elif key == PERSPECTIVE and value not in PERSPECTIVES:
        raise InputError(f"{full}={shown(value)}: must be one of {', '.join(PERSPECTIVES)}")
    elif key.startswith(f"{DISCREPANCY}."):
        if key.partition(".")[2] not in kinds:
            raise InputError(f"{full}: there is no such kind{choice(key.partition('.')[2], kinds)}")
        units.number(full, value, units.Range(1e-6, 1 - 1e-6, "a quantile, above 0 and below 1"))
