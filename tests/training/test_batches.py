"""Batches for training: every segment once an epoch, in an order that a seed decides."""

import numpy as np
import pytest
from helpers import choose, made_up_segments

from genre import splits
from genre.segments import segment_file, take
from genre.training import batches, fit
from genre.training.batches import Batches
from genre.training.recipe import Recipe

SHAPE = (9, 4)  # 144 bytes


@pytest.fixture(params=[".json", ".h5"])
def segments(request, tmp_path, monkeypatch):
    """Segments whose blocks hold 7 and whose stretches hold 40 of them, in memory and on disk."""
    monkeypatch.setattr("genre.segments.BLOCK", 7 * 144)
    monkeypatch.setattr(batches, "HELD", 43 * 144)
    path = tmp_path / f"data{request.param}"
    segment_file.write(made_up_segments([20, 30], shape=SHAPE), path)
    return segment_file.read(path)


def epoch(of: Batches) -> list[tuple[np.ndarray, np.ndarray]]:
    found = [of[number] for number in range(len(of))]
    of.on_epoch_end()
    return found


def test_an_epoch_holds_every_chosen_segment_once_with_its_label(segments):
    chosen = np.arange(150) % 3 > 0
    expected = {
        frames.tobytes(): label
        for frames, label in zip(segments.frames[:][chosen], segments.labels[chosen], strict=True)
    }
    of = Batches(segments, chosen, batch_size=8, seed=1)
    for _ in range(3):
        found = epoch(of)
        assert [len(labels) for _, labels in found] == [8] * 12 + [4]
        pairs = [
            (x.tobytes(), y)
            for frames, labels in found
            for x, y in zip(frames, labels, strict=True)
        ]
        assert dict(pairs) == expected
        assert len(pairs) == len(expected)


def orders(segments, seed: int) -> list[bytes]:
    of = Batches(segments, np.full(150, True), batch_size=8, seed=seed)
    return [np.concatenate([frames for frames, _ in epoch(of)]).tobytes() for _ in range(3)]


def test_seed_and_epoch_decide_the_order(segments):
    assert orders(segments, 1) == orders(segments, 1)
    assert len({*orders(segments, 1), *orders(segments, 2)}) == 6


def test_data_on_disk_take_the_order_of_data_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("genre.segments.BLOCK", 7 * 144)
    monkeypatch.setattr(batches, "HELD", 43 * 144)
    in_memory = made_up_segments([20, 30], shape=SHAPE)
    segment_file.write(in_memory, tmp_path / "data.h5")
    assert orders(segment_file.read(tmp_path / "data.h5"), 1) == orders(in_memory, 1)


def test_neighbours_are_parted(segments):
    of = Batches(segments, np.full(150, True), batch_size=8, seed=1)
    position = {frames.tobytes(): i for i, frames in enumerate(segments.frames[:])}
    order = [position[frames.tobytes()] for batch, _ in epoch(of) for frames in batch]
    assert np.mean(np.abs(np.diff(order)) == 1) < 0.1


def test_no_more_than_a_stretch_is_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("genre.segments.BLOCK", 7 * 144)
    monkeypatch.setattr(batches, "HELD", 43 * 144)
    segment_file.write(made_up_segments([20, 30], shape=SHAPE), tmp_path / "data.h5")
    taken = []

    def counted(frames, rows):
        taken.append(len(rows))
        return take(frames, rows)

    monkeypatch.setattr(batches, "take", counted)
    epoch(Batches(segment_file.read(tmp_path / "data.h5"), np.full(150, True), 8, seed=1))
    assert taken == [40, 40, 40, 30]


def test_a_change_is_told_its_batch_and_has_its_own_random_numbers():
    def change(frames, labels, rows, rng):
        return frames.sum(axis=(1, 2)), rng.random(len(labels))

    segments = made_up_segments([4, 4], shape=SHAPE)
    plain = Batches(segments, np.full(24, True), 8, seed=1)
    changed = Batches(segments, np.full(24, True), 8, seed=1, change=change)
    drawn = []
    for _ in range(2):
        for (frames, _), (sums, numbers) in zip(epoch(plain), epoch(changed), strict=True):
            np.testing.assert_array_equal(sums, frames.sum(axis=(1, 2)))
            drawn.append(numbers.tobytes())
    assert len(set(drawn)) == 6
    changed.begin(0)
    assert changed[2][1].tobytes() == drawn[2]  # whatever was asked for before


def test_training_reads_no_stretch_of_an_epoch_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("genre.segments.BLOCK", 7 * 144)
    monkeypatch.setattr(batches, "HELD", 17 * 144)
    segment_file.write(made_up_segments([20, 30], shape=SHAPE), tmp_path / "data.h5")
    segments = segment_file.read(tmp_path / "data.h5")
    taken = []

    def counted(frames, rows):
        taken.append(tuple(rows))
        return take(frames, rows)

    monkeypatch.setattr(batches, "take", counted)
    split = splits.split(segments, "segment", seed=1)
    layers = choose("mlp", "linear").layers(segments)
    fit.fit(layers, segments, split, Recipe(epochs=2, batch_size=4), seed=1)
    assert len(taken) >= 2 * 6  # stretches of 16, of 90 segments
    assert len(set(taken)) == len(taken)
