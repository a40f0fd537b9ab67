"""The scenarios: YAML, and the typed schema that refuses a wrong key, type or range."""
