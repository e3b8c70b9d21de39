"""What an agent sees of a world's state: observation spaces and their tables."""
