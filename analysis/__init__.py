"""Tables and pictures from the results of a run."""
