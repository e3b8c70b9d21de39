"""Sequence and generative models, their data and metrics, and worlds that they make.

Importing this registers those worlds with Gymnasium (now, or when Gymnasium is imported).
"""

if not __name__.startswith("daedalus."):
    raise ImportError("import daedalus.generative, not generative")

from daedalus.envs.registration import register_on_import

from .registration import register_generated

register_on_import(register_generated)
