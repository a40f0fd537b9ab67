"""The command: its words, its help, and running an experiment through Hydra."""
