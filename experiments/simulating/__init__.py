"""All that counts follow from, beside the model: who is simulated, by which clock, and how counts add up."""
