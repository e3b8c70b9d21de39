"""Learners for contexts: which action is best depends on what is seen, and every episode is one step."""
