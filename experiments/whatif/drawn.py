"""What the page draws with: the colours of all pictures, the marks of fates, and the drawn pelvis."""

from typing import Any

from matplotlib.path import Path

from analysis.pictures import icon_array, look
from analysis.pictures.anatomy import AXIAL, SAGITTAL, View

Plain = dict[str, Any]
LETTERS = {int(Path.MOVETO): "M", int(Path.LINETO): "L", int(Path.CURVE4): "C", int(Path.CLOSEPOLY): "Z"}


def drawn() -> Plain:
    """Return the colours and shapes of the pictures, from where the command's own pictures take them."""
    policies = [str(k) for k in range(8)]
    looks = look.policy_looks(policies, policies[0])
    return {
        "looks": [
            {
                "colour": one.colour,
                "dashes": [] if one.line == "-" else list(one.line[1]),
                "marker": one.marker,
            }
            for one in looks.values()
        ],
        "colours": {
            "ink": look.INK,
            "grey": look.GREY,
            "pale": look.PALE,
            "stack": list(look.STACK),
            "better": look.BLUE,
            "worse": look.ORANGE,
            "lit": look.SKY,
        },
        "fates": [_kind(*item) for item in icon_array.FATES.items()],
        "lived_with": [_kind(*item) for item in icon_array.LIVED_WITH.items()],
        "pelvis": {"sagittal": _view(SAGITTAL), "axial": _view(AXIAL)},
    }


def _kind(name: str, about: tuple[str, str, str]) -> Plain:
    words, colour, mark = about
    return {"name": name, "words": words, "colour": colour, "mark": mark}


def _view(view: View) -> Plain:
    """Return a view with its paths as SVG writes them; y grows downwards."""
    (x, y), (width, height) = view.corner, view.size
    top = y + height
    parts = ("compartments", "bones", "muscles", "organs", "lines")
    return {
        "size": [width, height],
        "spots": {name: [_round(a - x), _round(top - b)] for name, (a, b) in view.spots.items()},
        **{part: {name: _path(path, x, top) for name, path in getattr(view, part).items()} for part in parts},
    }


def _path(path: Path, left: float, top: float) -> str:
    words = []
    for vertices, code in path.iter_segments(curves=True, simplify=False):
        letter = LETTERS[int(code)]
        points = [] if letter == "Z" else vertices.reshape(-1, 2).tolist()
        words.append(letter + " ".join(f"{_round(a - left):g},{_round(top - b):g}" for a, b in points))
    return "".join(words)


def _round(length: float) -> float:
    return round(length, 3)
