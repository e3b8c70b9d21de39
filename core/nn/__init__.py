"""Neural building blocks: frozen specs that build torch modules, alone or as a population of stacked copies."""
