"""Clocks decide when things happen; reactions, what happens."""
