"""The folder that a run leaves: complete or not at all, on any system, however the run ends."""
