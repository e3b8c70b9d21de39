"""Models of what comes next: n-grams, recurrent networks, temporal convolutions, Transformers."""
