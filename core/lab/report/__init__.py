"""One self-contained HTML page of a run, made from its store alone."""
