"""Bag of words: the next token from the mean of all before, as makemore has it (Karpathy 2022).

    x_t = E[token_t] + P[t];   h_t = x_t + 1/t Σ_{s ≤ t} x_s;   y_t = h_t + W₂ tanh(W₁ h_t)

It is what is left of a Transformer whose attention is even. Differences from makemore's: the perceptron is as wide as
the embedding.
"""

from dataclasses import dataclass

import torch

from .bodies import BagBody
from .causal import Causal, SequenceConfig


@dataclass(frozen=True)
class BagOfWordsConfig(SequenceConfig):
    """Embeddings and perceptron are as wide as each other."""

    def body(self, features: int, length: int, generator: torch.Generator) -> BagBody:
        """What takes the mean."""
        return BagBody(features, self.width, length, generator)


class BagOfWords(Causal):
    """The mean of what came before."""

    name, config_class = "bag_of_words", BagOfWordsConfig
