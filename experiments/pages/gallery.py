"""``make gallery``: the pictures of docs/gallery.md, from the default scenario, a trial and two clinics."""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from analysis.pictures.catalogue import PICTURES
from experiments.cli.command import main as lrrc

FOLDER = Path(__file__).resolve().parents[2] / "docs/gallery"
# A picture comes from the first run that draws it.
RUNS = {
    "default": ("compare", "scenario=default"),
    "dutch_tme": ("compare", "scenario=dutch_tme"),
    "capacity": ("capacity",),
}
WIDTH, COLOURS = 900, 128  # small files, as a page of them is read over a network


def main() -> int:
    """Run them and write each picture once, small; return the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, words in RUNS.items():
            if status := lrrc([*words, f"out={scratch}/{name}"]):
                return status
        FOLDER.mkdir(exist_ok=True)
        for picture in PICTURES:
            name = f"{picture.__name__}.png"
            drawn = next(path for run in RUNS if (path := Path(scratch, run, name)).exists())
            print(shrink(drawn, FOLDER / name))
    return 0


def shrink(drawn: Path, to: Path, width: int = WIDTH, colours: int = COLOURS) -> Path:
    """Write a picture so many pixels wide, in few colours; return where."""
    with Image.open(drawn) as page:
        height = round(page.height * width / page.width)
        small = page.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        # Median cut, the default, would turn the rare colours of a scale grey.
        few = small.quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
        few.save(to, optimize=True)
    return to


if __name__ == "__main__":
    sys.exit(main())
