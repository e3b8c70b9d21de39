"""Prediction: learners of the value of a given policy."""
