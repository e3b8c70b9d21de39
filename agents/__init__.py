"""Strategies and learners: bandits, tables, and adapters to Stable-Baselines3."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.agents, not agents")
