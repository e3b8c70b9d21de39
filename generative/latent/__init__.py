"""Models with a latent code: autoencoders, variational ones, vector-quantised ones."""
