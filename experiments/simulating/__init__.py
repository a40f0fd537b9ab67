"""Produces the counts: who is simulated, by which clock, and how counts add up."""
