"""What a guideline's file says of its groups, in words, before anything of it is compiled."""

from collections.abc import Mapping
from typing import Any

from sim.seen import Moment

OTHERWISE = "otherwise"  # the condition of whoever is left
WHEN = {
    Moment.MEETING: "at the first team meeting",
    Moment.RESTAGING: "at restaging",
    Moment.PATHOLOGY: "when the specimen has been read",
}


def written_groups(given: object) -> list[tuple[str, Any]]:
    """Return the groups of a moment with their conditions, which a file lists or maps."""
    parts = given if isinstance(given, list) else [given]
    return [pair for part in parts if isinstance(part, Mapping) for pair in part.items()]
