"""What tests share: makers of inputs, oracles written by hand, and readers of pages."""
