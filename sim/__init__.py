"""The simulation itself: patients, reactions, clocks and outcomes. Knows nothing of files or pictures."""
