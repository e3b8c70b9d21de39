"""A run on disk: its folders and files, written whole and read by everyone else."""
