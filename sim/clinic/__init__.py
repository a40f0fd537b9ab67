"""Queues, and what each event needs of a clinic."""
