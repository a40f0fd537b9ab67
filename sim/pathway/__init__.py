"""The reactions, in the order of a patient's course: what happens at each event."""
