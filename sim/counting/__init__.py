"""What is counted for each patient, and how counts add up."""
