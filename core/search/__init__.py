"""Search without derivatives: hill climbing, annealing, genetic, particle swarm, cross-entropy, evolution strategies."""
