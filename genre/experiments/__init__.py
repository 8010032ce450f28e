"""Experiments: learners that are trained and tested as a protocol asks, and their comparison."""
