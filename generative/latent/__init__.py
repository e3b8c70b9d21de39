"""Models with a code: autoencoders, variational ones, vector-quantised ones."""
