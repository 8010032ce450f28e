"""How far an embedding is from everything that a model was trained on.

A model gives probabilities to the genres that it knows for any music. The embeddings of music of
other genres are far from those of all known genres.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from genre import features

# Embeddings, (segments, values), with the labels of their genres and weights, (segments,).
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


class Centres(NamedTuple):
    """The mean embedding of each genre, and what embeddings are standardised by."""

    mean: np.ndarray  # (values,)
    deviation: np.ndarray  # (values,)
    genres: np.ndarray  # (genres, values), standardised; 0 for a genre without tracks


def fit(batches: Iterable[Batch], n_genres: int) -> Centres:
    """Return the centres of embeddings that come batch by batch."""
    sums, squares, total = np.zeros(1), np.zeros(1), np.zeros(n_genres)
    for embeddings, labels, weights in batches:
        of_genre = np.eye(n_genres)[labels] * weights[:, np.newaxis]
        total += of_genre.sum(axis=0)
        sums = sums + of_genre.T @ embeddings
        squares = squares + weights @ np.square(embeddings, dtype=np.float64)
    mean = sums.sum(axis=0) / total.sum()
    variance = squares / total.sum() - mean**2
    deviation = features.scale(mean, np.sqrt(np.maximum(variance, 0)))
    known = (total > 0)[:, np.newaxis]
    genres = np.where(known, sums / np.where(known, total[:, np.newaxis], 1), mean)
    centres = Centres(mean, deviation, (genres - mean) / deviation)
    return Centres(*(array.astype(np.float32) for array in centres))


def to_genres(embeddings: np.ndarray, centres: Centres) -> np.ndarray:
    """Return the cosine distance of embeddings, (segments, values), to each genre, from 0 to 2."""
    standardised = (embeddings - centres.mean) / centres.deviation
    lengths = np.linalg.norm(standardised, axis=1)[:, np.newaxis]
    lengths = lengths * np.linalg.norm(centres.genres, axis=1)
    products = standardised @ centres.genres.T
    return 1 - np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
