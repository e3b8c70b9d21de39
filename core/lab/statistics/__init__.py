"""From a stored run to scores, intervals, paired tests and a verdict in words."""
