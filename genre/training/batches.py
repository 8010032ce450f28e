"""Batches of segments in random order, from memory or from the disk. This module imports Keras."""

import math
from collections.abc import Callable

import keras
import numpy as np

from genre.segments import Segments, by_block, take

HELD = 2**28  # bytes of frames from the disk that are in memory at once
# Takes a batch's frames, labels and segment indices; returns what the network is trained on.
Change = Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], tuple]


class Batches(keras.utils.PyDataset):
    """Batches of the chosen segments, a mask of (segments,), in an order set by epoch and seed.

    Reading single segments in random order from a disk is slow. So blocks of neighbouring segments
    are put in random order, and only as many of them as fit into memory, a stretch, are read at
    once and shuffled. Data in memory has the same order, and so gives the same network.

    `change` is applied to every batch, with random numbers set by seed, epoch and batch.
    """

    def __init__(
        self,
        segments: Segments,
        chosen: np.ndarray,
        batch_size: int,
        seed: int,
        change: Change | None = None,
    ) -> None:
        super().__init__()
        self._frames, self._labels = segments.frames, segments.labels
        self._rows = np.flatnonzero(chosen)
        self._batch_size, self._seed, self._change = batch_size, seed, change
        fitting = HELD // (4 * math.prod(self._frames.shape[1:]))
        self._stretch = max(1, fitting // batch_size) * batch_size
        self._held: tuple[int, np.ndarray, np.ndarray] | None = None
        self.begin(0)

    def begin(self, epoch: int) -> None:
        """Shuffle for an epoch."""
        self.epoch = epoch
        shuffle = np.random.default_rng([self._seed, epoch])
        blocks = by_block(self._frames, self._rows)
        self._order = np.concatenate([blocks[i] for i in shuffle.permutation(len(blocks))])
        for start in range(0, len(self._order), self._stretch):
            shuffle.shuffle(self._order[start : start + self._stretch])
        if len(self._order) > self._stretch:
            self._held = None

    def on_epoch_end(self) -> None:
        self.begin(self.epoch + 1)

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        """Return the frames, (batch, frames, bands), and the labels, (batch,), of a batch.

        With a `change` it returns what that returns.
        """
        start = number * self._batch_size
        rows = self._order[start : start + self._batch_size]
        frames, labels = self._take(rows, start // self._stretch), self._labels[rows]
        if self._change is None:
            return frames, labels
        # From 1, because for NumPy [seed, epoch, 0] is the same seed as [seed, epoch], above.
        rng = np.random.default_rng([self._seed, self.epoch, number + 1])
        return self._change(frames, labels, rows, rng)

    def _take(self, rows: np.ndarray, stretch: int) -> np.ndarray:
        if isinstance(self._frames, np.ndarray):
            return self._frames[rows]
        if not self._held or self._held[0] != stretch:
            self._held = None  # frees memory before the same amount is read again
            start = stretch * self._stretch
            of_stretch = np.sort(self._order[start : start + self._stretch])
            self._held = (stretch, of_stretch, take(self._frames, of_stretch))
        _, held_rows, held = self._held
        return held[np.searchsorted(held_rows, rows)]
