"""Many copies of one problem stepped by one compiled kernel, as a Gymnasium VectorEnv."""
