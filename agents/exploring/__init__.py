"""Exploration strategies: one set for bandits, tables and networks."""
