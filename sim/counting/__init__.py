"""What is counted of a life, and how counts add up."""
