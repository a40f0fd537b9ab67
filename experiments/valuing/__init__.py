"""Costs and quality of life under uncertain numbers: what is drawn, and what is made of it."""
