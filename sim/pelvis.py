"""The pelvis: its compartments as bit masks, which of them lie beside each other, and how cells spread there.

Left and right side wall are one place where compartments are counted as they spread: only one is reached.
"""

import numpy as np

from sim.compiled import compiled
from sim.patient import Compartment

ANTERIOR = 1 << Compartment.ANTERIOR
POSTERIOR = 1 << Compartment.POSTERIOR
LATERAL = (1 << Compartment.LATERAL_LEFT) | (1 << Compartment.LATERAL_RIGHT)
PERINEAL = 1 << Compartment.PERINEAL
PERITONEAL = 1 << Compartment.PERITONEAL

# Compartments that a recurrence reaches next, nearest first; the borders are gone after TME.
NEIGHBOURS = np.array(
    [
        [Compartment.POSTERIOR, Compartment.ANTERIOR, Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT],
        [Compartment.CENTRAL, Compartment.LATERAL_RIGHT, Compartment.LATERAL_LEFT, Compartment.PERINEAL],
        [Compartment.CENTRAL, Compartment.LATERAL_LEFT, Compartment.LATERAL_RIGHT, Compartment.PERINEAL],
        [Compartment.POSTERIOR, Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.PERINEAL],
        [Compartment.POSTERIOR, Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.PERINEAL],
        [Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.POSTERIOR, Compartment.LATERAL_LEFT],
        [Compartment.CENTRAL, Compartment.ANTERIOR, Compartment.POSTERIOR, Compartment.LATERAL_RIGHT],
    ]
)
ADJACENT = NEIGHBOURS.shape[1]
_COUNTS = np.array([mask.bit_count() for mask in range(1 << len(Compartment))])


@compiled
def count_compartments(mask: int) -> int:
    """Return how many compartments a bit mask holds."""
    return _COUNTS[mask]


@compiled
def spread(compartment: int, extra: int, direction: float) -> int:
    """Return the bit mask of a compartment and ``extra`` of its neighbours, from a uniform direction.

    Both sides count as one compartment, so only one of them is reached.
    """
    mask = 1 << compartment
    start = int(direction * ADJACENT)
    for step in range(ADJACENT):
        bit = 1 << NEIGHBOURS[compartment, (start + step) % ADJACENT]
        if extra > 0 and not (bit & LATERAL and mask & LATERAL):
            mask |= bit
            extra -= 1
    return mask
