"""What an agent has lived through, to learn from again: uniform and prioritised replay, n-step returns, trajectories."""
