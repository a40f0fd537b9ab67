"""A trial emulated with as many patients as its endpoints need."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.tables.validation import EndpointComparison
    from conf.run import Tree
    from conf.trials import Trial
    from experiments.simulating.emulate import Sides


def negligible(endpoints: "list[EndpointComparison]") -> bool:
    """Return whether the simulation's own error is negligible beside each published one."""
    from analysis.tables.validation import NEGLIGIBLE

    return all(one.error_beside_published <= NEGLIGIBLE for one in endpoints if one.endpoint.judged)


def precise(
    trial: "Trial",
    parameters: "Mapping[str, Tree]",
    patients: int,
    most_patients: int,
    seed: int,
    enough: "Callable[[list[EndpointComparison]], bool]" = negligible,
) -> "tuple[list[EndpointComparison], list[Sides], int]":
    """Return a trial's endpoints, their sides, and of how many patients an arm.

    They are doubled until there are ``enough`` by what the endpoints show, and to ``most_patients`` at most.
    """
    from analysis.tables.validation import compare_endpoint
    from experiments.simulating.emulate import successive_samples

    simulated = patients
    for sides in successive_samples(trial, parameters, patients, seed):
        endpoints = [
            compare_endpoint(endpoint, *both) for endpoint, both in zip(trial.endpoints, sides, strict=True)
        ]
        if 2 * simulated > most_patients or enough(endpoints):
            break
        simulated *= 2
    return endpoints, sides, simulated
