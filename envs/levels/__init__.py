"""Where grids of tiles come from: generators of mazes, and drawings that a person made."""
