"""Planning as strategies: those who know the model, or may ask a simulator."""
