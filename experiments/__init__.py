"""Designs: which cohorts and policies to run, and the folder that a run leaves."""
