"""Tables and estimates from the results of runs."""
