"""Deep learners: DQN as a population of networks, its trial, its face, its callbacks."""
