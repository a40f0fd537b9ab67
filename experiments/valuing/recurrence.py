"""What a local recurrence costs and loses: the comparator's patients with recurrences, and without any."""

import dataclasses

from conf.run import Run
from conf.structure import NO_DEPOSITS, shipped_alternatives
from experiments.sweeping.design import Point, point_of

FEWEST_PATIENTS = 20_000
AT = "deposits"  # column of the points


def with_and_without(run: Run) -> list[Point]:
    """Return a run's points under the comparator alone, with the same luck: as it is, and without deposits.

    Its numbers are those of the run itself.
    """
    alone = dataclasses.replace(
        run,
        policies=(run.comparator,),
        patients=max(run.patients, FEWEST_PATIENTS),
        out=None,
        published=(),
    )
    none = next(one for one in shipped_alternatives() if one.name == NO_DEPOSITS)
    return [Point({AT: "as they are"}, alone), Point({AT: "none"}, point_of(none.numbers, alone).run)]
