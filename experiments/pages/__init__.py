"""The pages of the documentation that are made by running the program."""
