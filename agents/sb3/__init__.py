"""Stable-Baselines3's learners in this suite's comparisons."""
