"""A small run of every experiment, and of every kind of design, that leaves each table that there is."""

from pathlib import Path

from experiments.cli.command import main

SWEPT = "grid={surgery.leak_probability:[0.02,0.1],washout:[always,never]}"
# Capacity, sweeps and calibrations are made in long tests only.
RUNS = {
    "compare": ("compare", "scenario=dutch_tme", "patients=60", "rows=true", "journal=true",
                "pictures=false"),
    "validate": ("validate", "trial=crab", "patients=60", "most_patients=60"),
    "patient": ("patient", "number=3", "policies=[tme_alone,short_course]"),
    "sweep": ("sweep", SWEPT, "patients=40", "horizon_years=2", "policies=[tme_alone,short_course]",
              "compute.workers=1", "precision=0.5", "pictures=false"),
    "groups": ("sweep", "list=[{cohort:dutch_tme,seed:3},{cohort:dutch_contemporary,seed:4}]", "patients=40",
               "horizon_years=2", "policies=[tme_alone]", "compute.workers=1", "pictures=false"),
    "posterior": ("sweep", "posterior=2", "patients=40", "horizon_years=2",
                  "policies=[tme_alone,short_course]", "compute.workers=1", "pictures=false"),
    "capacity": ("capacity", "patients=15", "policies=[tme_alone]", "clinics=[regional]", "horizon_years=0.5",
                 "pictures=false"),
    "calibrate": ("calibrate", "trial=[crab]", "fitted=[margin]", "patients=200", "ensemble=20", "steps=1",
                  "search_evaluations=20", "workers=1"),
    "valued": ("compare", "economics=dutch", "patients=60", "policies=[tme_alone,short_course]",
               "pictures=false"),
    "psa": ("psa", "members=20", "patients=60", "policies=[tme_alone,short_course,chemoradiotherapy]",
            "study={parameters:[surgery.leak_probability],sizes:[100]}", "compute.workers=1",
            "pictures=false"),
    "sensitivity": ("sensitivity", "method=[tornado,structure,map,morris,sobol]", "patients=100",
                    "vary=[salvage.expert_curative_odds_ratio,economics.stoma_price_per_year]",
                    "alternatives=[no_lateral_nodes,undiscounted]", "trajectories=2", "samples=2",
                    "map={surgery.leak_probability:[0.02,0.2],economics.stoma_price_per_year:[100,4000]}",
                    "map_steps=2", "horizon_years=5", "policies=[tme_alone,short_course]",
                    "compute.workers=1", "pictures=false"),
    "gains": ("gains", "patients=400", "policies=[tme_alone,short_course]", "pictures=false"),
    "budget": ("budget", "patients=60", "policies=[tme_alone,short_course]", "uptake=[0.5,1]",
               "pictures=false"),
    "verify": ("verify", "patients=60"),
}  # fmt: skip
SHORT = ("compare", "validate", "patient")


def made(name: str, folder: Path) -> Path:
    """Make a run in ``folder / name``, unless it is there; return its folder."""
    there = folder / name
    if not there.exists():
        main([*RUNS[name], f"out={there}"])  # verify: its status says whether so few patients show all
        assert (there / "manifest.json").is_file()
    return there
