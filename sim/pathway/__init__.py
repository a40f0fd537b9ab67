"""The reactions, in the order of a life: what happens to a patient at each event."""
