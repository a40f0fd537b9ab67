"""By which levers two policies differ: each has a discrepancy of its own."""

from typing import Any, NamedTuple

from conf.policies import LEVERS, Policy

# Whom a lever is for, or how far it goes: no lever of its own.
PART_OF = {
    "neoadjuvant_for": "neoadjuvant",
    "adherence": "neoadjuvant",
    "local_excision_up_to": "local_excision",
    "lateral_threshold_mm": "lateral_dissection",
    "lateral_sides": "lateral_dissection",
}
# Who gets these otherwise shows it in what is spent. The other levers move everybody's chances: where nothing
# came of it, neither the course nor its costs show it.
SEEN = (
    "neoadjuvant", "organ_preservation", "contact_boost", "local_excision", "lateral_dissection", "operation",
    "diverting_stoma", "postoperative_chemoradiotherapy", "adjuvant_chemotherapy", "follow_up",
    "recurrence_induction_chemotherapy", "recurrence_reirradiation", "queue_priority",
)  # fmt: skip
DRAWN = tuple(lever for lever in LEVERS if lever not in PART_OF)


class Contrast(NamedTuple):
    """A policy beside the comparator: the levers by which they differ, of ``DRAWN`` and in its order."""

    levers: tuple[str, ...]

    @property
    def of_everybody(self) -> bool:
        """Whether the policy moves the chances of all, and not of those alone whose courses differ."""
        return any(lever not in SEEN for lever in self.levers)


def contrast_of(policy: Policy, comparator: Policy) -> Contrast:
    """Return the levers by which a policy differs from the comparator, for all patients or for some group.

    Where their guidelines differ, so do all levers that either sets by group.
    """
    own, others = _settings(policy), _settings(comparator)
    apart = {PART_OF.get(lever, lever) for lever in LEVERS if own[lever] != others[lever]}
    return Contrast(tuple(lever for lever in DRAWN if lever in apart))


def _settings(policy: Policy) -> dict[str, Any]:
    """Return what a policy sets each lever to: for all patients, and by group with what the groups are."""
    settings: dict[str, Any] = {}
    for lever in LEVERS:
        by_group = {group: own[lever] for group, levers in policy.by_group if lever in (own := dict(levers))}
        groups = policy.guideline.content() if by_group and policy.guideline else None
        settings[lever] = (getattr(policy, lever), by_group, groups)
    return settings
