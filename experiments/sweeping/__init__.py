"""A sweep: its design, its ledger, and where its tasks are done."""
