"""Texts and pages: the story of a patient, summaries for a terminal, reports."""
