"""What moves parameters: torch's optimisers and schedules from frozen specs, clipping, averaging."""
