"""Pictures, each from the tables of a run."""
