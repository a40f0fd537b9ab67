"""English: what people read of numbers, policies, places and events."""
