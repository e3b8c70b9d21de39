"""Supervised learning on the neural core: its models, its data, and the trial that fits them."""
