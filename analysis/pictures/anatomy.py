"""The pelvis after total mesorectal excision, drawn in two views: compartments, organs and bones as paths.

A schema drawn for this project: things lie as surgeons and radiologists speak of them, but measure nothing on
it. Lengths are roughly centimetres.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.path import Path

Points = Sequence[tuple[float, float]]


class View(NamedTuple):
    """One view: ``compartments`` to be shaded, ``bones``, ``muscles`` and ``organs``, and open ``lines``.

    ``corner`` is its lower left corner, ``size`` its width and height; ``spots`` say where the number of each
    compartment stands.
    """

    corner: tuple[float, float]
    size: tuple[float, float]
    compartments: dict[str, Path]
    spots: dict[str, tuple[float, float]]
    bones: dict[str, Path]
    muscles: dict[str, Path]
    organs: dict[str, Path]
    lines: dict[str, Path]


def smooth(points: Points, closed: bool = True) -> Path:
    """Return a smooth curve through the points: Catmull and Rom's, as cubic Bezier pieces."""
    p = np.array(points, float)
    if closed:
        p = np.vstack([p, p[:1]])
        before, after = p[-2:-1], p[1:2]
    else:
        before, after = p[:1], p[-1:]
    around = np.vstack([before, p, after])
    slope = (around[2:] - around[:-2]) / 6
    vertices, codes = [p[0]], [Path.MOVETO]
    for k in range(len(p) - 1):
        vertices += [p[k] + slope[k], p[k + 1] - slope[k + 1], p[k + 1]]
        codes += [Path.CURVE4] * 3
    if closed:
        vertices.append(p[0])
        codes.append(Path.CLOSEPOLY)
    return Path(vertices, codes)


def _at(places: str) -> Points:
    """Return the points written ``x,y x,y ...``."""
    return [(float(x), float(y)) for x, y in (place.split(",") for place in places.split())]


def _line(points: Points) -> Path:
    return smooth(points, closed=False)


def _oval(x: float, y: float, width: float, height: float) -> Path:
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return smooth(list(zip(x + width / 2 * np.cos(turn), y + height / 2 * np.sin(turn), strict=True)))


def _both(name: str, points: Points) -> dict[str, Path]:
    """Return the shape of the patient's left, on the viewer's right, and its mirror image."""
    return {f"left {name}": smooth(points), f"right {name}": smooth([(-x, y) for x, y in points])}


# Sagittal: the patient looks to the viewer's left, so smaller x is in front, and larger y above.
_BOWEL_FRONT = _at("6.1,12.6 6.2,11.2 6.35,9.7 6.45,8.2 6.3,6.6 6.1,5.3 6.2,4.3 6.6,3.4")
_BOWEL_BACK = _at("7.8,3.5 8.2,4.2 8.5,5.3 8.7,6.6 8.7,8.2 8.45,9.7 8.05,11.2 7.7,12.6")
_SACRUM_FRONT = _at("9.3,12.6 10.4,11.0 11.05,9.2 11.15,7.4 10.75,5.9")
_SACRUM_BACK = _at("11.4,5.55 12.3,6.9 12.75,8.9 12.4,10.9 11.5,12.7 10.3,12.9")
_POUCH = _at("1.5,8.0 2.6,7.75 3.7,7.7 4.7,7.3 5.3,7.1 5.85,7.4 6.15,8.2 6.2,9.3")

SAGITTAL = View(
    corner=(0.0, 0.0),
    size=(13.4, 13.0),
    compartments={
        "central": smooth([*_BOWEL_FRONT[2:], *_BOWEL_BACK[:6]]),
        "anterior": smooth(
            _at(
                "2.1,5.2 2.3,6.6 2.9,7.5 3.8,7.45 4.7,7.05 5.3,6.85 5.9,6.95 6.05,6.3 5.85,5.3 5.9,4.3 "
                "5.6,3.45 4.4,2.95 3.4,2.45 2.75,3.2"
            )
        ),
        "posterior": smooth(
            _at(
                "8.65,11.2 8.75,9.9 9.0,8.2 8.98,6.6 8.75,5.3 8.4,4.05 9.15,4.1 10.0,4.9 10.55,6.0 "
                "10.95,7.4 10.85,9.2 10.15,10.8 9.35,11.9"
            )
        ),
        "perineal": smooth(
            _at("4.4,2.55 5.6,3.15 6.6,3.1 7.8,3.1 8.8,3.55 9.2,2.8 8.9,1.7 8.2,0.95 7.1,0.6 5.9,0.9 4.8,1.6")
        ),
        "peritoneal": smooth(
            _at(
                "1.6,8.2 2.6,7.98 3.7,7.93 4.7,7.55 5.3,7.35 5.75,7.65 5.98,8.3 6.05,9.4 5.2,9.5 4.0,9.2 "
                "2.6,9.2"
            )
        ),
    },
    spots={
        "central": (7.4, 6.9),
        "anterior": (3.72, 6.2),
        "posterior": (9.93, 8.3),
        "perineal": (5.85, 1.85),
        "peritoneal": (4.4, 8.4),
    },
    bones={
        "pubic symphysis": smooth(_at("1.0,4.9 1.7,5.0 2.2,4.0 2.35,2.9 1.8,2.5 1.15,3.4")),
        "sacrum": smooth([*_SACRUM_FRONT, *_SACRUM_BACK]),
        "coccyx": smooth(_at("10.65,5.7 10.1,4.7 9.25,3.95 9.55,3.55 10.55,4.2 11.25,5.3")),
    },
    muscles={},
    organs={
        "bladder": smooth(_at("2.35,5.7 2.6,6.7 3.4,7.35 4.4,7.05 5.1,6.2 4.9,5.5 4.1,5.05 3.2,5.0")),
        "prostate": smooth(_at("3.05,4.7 4.0,4.85 4.95,4.65 4.95,3.6 4.1,3.0 3.35,3.5")),
        "seminal vesicle": smooth(_at("5.0,4.9 5.45,5.5 5.8,6.35 5.5,6.4 5.15,5.8")),
    },
    lines={
        "neorectum in front": _line([*_BOWEL_FRONT[:7], (6.75, 3.3), (6.95, 2.0), (7.2, 0.7)]),
        "neorectum behind": _line([(8.05, 0.75), (8.0, 2.0), (7.75, 3.2), *_BOWEL_BACK[1:]]),
        "anastomosis": _line([(6.1, 5.4), (7.3, 5.15), (8.52, 5.4)]),
        "peritoneal reflection": _line([(0.6, 9.4), (0.9, 8.5), *_POUCH, (6.05, 10.6)]),
        "levator ani in front": _line(_at("3.3,2.1 4.5,2.75 5.6,3.35 6.7,3.35")),
        "levator ani behind": _line([(7.75, 3.3), (8.5, 3.6), (9.25, 3.9)]),
        "first sacral disc": _line([(10.3, 11.15), (11.9, 11.95)]),
        "second sacral disc": _line([(10.9, 9.7), (12.5, 10.3)]),
        "third sacral disc": _line([(11.15, 8.25), (12.7, 8.35)]),
        "fourth sacral disc": _line([(11.05, 6.95), (12.25, 6.85)]),
        "skin in front": _line(_at("0.3,9.6 0.2,7.2 0.15,5.0 0.5,3.2 1.4,1.9")),
        "perineal skin": _line(
            _at("3.6,1.5 5.0,0.95 6.4,0.35 7.2,0.45 8.0,0.45 9.2,0.75 11.0,2.4 12.6,5.2 13.3,8.6")
        ),
    },
)

# Axial, seen from the feet as in CT and MRI: larger y is in front, the patient's left on the viewer's right.
# At the level of the anastomosis and the seminal vesicles.
_SIDE_WALL = _at("3.3,3.0 4.3,2.7 5.1,1.2 5.15,-0.8 4.6,-2.4 3.7,-3.2 2.75,-2.5 2.45,-1.0 2.5,0.6 2.85,2.1")
_OBTURATOR = _at(
    "3.6,4.0 4.7,3.2 5.6,1.5 5.75,-0.9 5.2,-2.8 4.4,-3.9 3.9,-3.5 4.85,-2.4 5.3,-0.8 5.25,1.2 "
    "4.4,2.85 3.4,3.5"
)
_HIP_BONE = _at(
    "0.3,5.75 1.6,5.65 3.4,4.9 5.2,4.3 6.6,4.1 6.9,2.9 6.5,1.6 6.7,0.2 7.4,-0.8 7.3,-2.2 "
    "6.4,-3.2 5.55,-2.9 5.9,-0.8 5.75,1.6 4.8,3.3 3.2,4.2 1.4,4.75 0.3,4.8"
)
_GLUTEUS = _at("0.9,-6.1 2.2,-5.2 4.2,-4.5 6.2,-3.7 7.6,-2.8 8.0,-4.0 6.6,-5.8 4.0,-6.9 1.6,-7.0")
_SACRUM_AXIAL = _at("-2.1,-4.7 -1.0,-4.6 0,-4.5 1.0,-4.6 2.1,-4.7 1.3,-5.6 0,-6.1 -1.3,-5.6")

AXIAL = View(
    corner=(-8.2, -7.2),
    size=(16.4, 13.2),
    compartments={
        "central": _oval(0, -0.75, 3.7, 3.1),
        "anterior": smooth(
            _at(
                "-2.75,3.2 -1.6,4.25 0,4.5 1.6,4.25 2.75,3.2 2.35,1.7 1.9,0.8 1.0,0.95 0,1.05 -1.0,0.95 "
                "-1.9,0.8 -2.35,1.7"
            )
        ),
        "posterior": smooth(
            _at(
                "-2.3,-2.2 -1.3,-2.2 0,-2.55 1.3,-2.2 2.3,-2.2 2.75,-3.3 1.9,-4.3 0.8,-4.3 0,-4.2 "
                "-0.8,-4.3 -1.9,-4.3 -2.75,-3.3"
            )
        ),
        "lateral_left": smooth(_SIDE_WALL),
        "lateral_right": smooth([(-x, y) for x, y in _SIDE_WALL]),
    },
    spots={
        "central": (0.0, -0.75),
        "anterior": (0.0, 1.65),
        "posterior": (0.0, -3.35),
        "lateral_left": (3.8, -0.2),
        "lateral_right": (-3.8, -0.2),
    },
    bones={"sacrum": smooth(_SACRUM_AXIAL), **_both("hip bone", _HIP_BONE)},
    muscles={**_both("obturator internus", _OBTURATOR), **_both("gluteus", _GLUTEUS)},
    organs={
        "bladder": smooth(_at("-2.2,3.2 -1.4,3.95 0,4.2 1.4,3.95 2.2,3.2 1.7,2.6 0,2.4 -1.7,2.6")),
        **_both("seminal vesicle", _at("1.4,1.75 1.8,2.2 2.25,2.05 2.1,1.5 1.65,1.2")),
        "neorectum": _oval(0, -0.75, 2.9, 2.4),
        **_both("obturator vessels", _at("4.1,2.15 4.35,2.0 4.2,1.75 3.95,1.9")),
        **_both("internal iliac vessels", _at("3.55,-1.9 3.9,-2.0 3.8,-2.4 3.45,-2.3")),
    },
    lines={},
)
