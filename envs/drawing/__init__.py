"""Pictures of worlds, in NumPy alone: tiles, overlays, slot machines, text."""
