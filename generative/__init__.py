"""Sequence and generative models. Empty for now: the catalogue announces nothing yet."""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.generative, not generative")
