"""Sequence and generative models, their data and metrics, and worlds that they make."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.generative, not generative")
