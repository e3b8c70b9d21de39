"""What models and their samples are worth: distances, coverage, features, latent units, levels judged by the solver."""
