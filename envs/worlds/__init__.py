"""Builders: pure functions from parameters to the values of core.world."""
