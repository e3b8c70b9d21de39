"""Search without derivatives: climbing, annealing, genetic, swarm, cross-entropy, evolution strategies; SciPy's two."""
