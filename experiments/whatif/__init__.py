"""The page "What if?": what is exported to it, and how it is put together."""
