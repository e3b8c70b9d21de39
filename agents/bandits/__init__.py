"""Bandit learners: estimates of arms, and a strategy that chooses."""
