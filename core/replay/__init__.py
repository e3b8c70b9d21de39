"""What an agent has lived through, to learn from again: replay, uniform and prioritised, and trajectories on disk."""
