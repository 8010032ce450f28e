"""Shifted copies carry their track: they train where it trains, and are nowhere else."""

import dataclasses

import librosa
import numpy as np
import pytest
import soundfile
from helpers import librosa_mfcc, made_up_segments, noise

import evaluate
import preprocess
from genre import splits
from genre.features import Track
from genre.segments import Segments, segment_file
from genre.segments.collect import collect
from genre.songs import TEST, TRAIN, UNUSED, VALIDATION, Song
from genre.splits import split_file


def with_copies(tracks_in_genre: list[int], shifts: tuple[float, ...] = (-1, 2)) -> Segments:
    """Return made-up segments, two a track, in the file's order, with copies of each track."""
    plain = made_up_segments(tracks_in_genre, segments_per_track=2 * (1 + len(shifts)))
    order = np.argsort(plain.track_index, kind="stable")
    copy = np.tile(np.repeat([0, *shifts], 2), len(plain.tracks)).astype(float)
    return dataclasses.replace(
        plain,
        labels=plain.labels[order],
        track_index=plain.track_index[order],
        pitch_shift=copy,
    )


@pytest.mark.parametrize("name", ["track", "segment"])
@pytest.mark.parametrize("folds", [False, True])
def test_copies_train_where_their_originals_do_and_are_nowhere_else(name, folds):
    segments = with_copies([6, 7, 8])
    dealt = splits.folds(segments, name, n_folds=3, seed=1) if folds else None
    for split in dealt or [splits.split(segments, name, seed=1)]:
        parts = split.parts.reshape(-1, 3, 2)  # tracks, copies, segments
        assert set(np.unique(parts[:, 0])) == {TRAIN, VALIDATION, TEST}
        for copy in (1, 2):
            expected = np.where(parts[:, 0] == TRAIN, TRAIN, UNUSED)
            np.testing.assert_array_equal(parts[:, copy], expected)


@pytest.mark.parametrize("name", ["track", "segment"])
def test_a_split_written_down_is_read_again(name, tmp_path):
    segments = with_copies([6, 7, 8])
    split = splits.split(segments, name, seed=1)
    split_file.write(segments, split.parts, tmp_path / "split.csv")
    again = splits.split(segments, str(tmp_path / "split.csv"), seed=1)
    np.testing.assert_array_equal(again.parts, split.parts)
    n_rows = len((tmp_path / "split.csv").read_text().splitlines()) - 1
    assert n_rows == (21 if name == "track" else 42)


def test_copies_do_not_count_as_a_genres_segments():
    with pytest.raises(splits.SplitError, match="at least 10 segments; genre0 has 6"):
        splits.folds(with_copies([3, 4]), "segment", n_folds=10, seed=1)


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_the_file_says_what_is_shifted(suffix, tmp_path):
    segments = with_copies([2, 2])
    segment_file.write(segments, tmp_path / f"data{suffix}")
    read = segment_file.read(tmp_path / f"data{suffix}")
    np.testing.assert_array_equal(read.pitch_shift, segments.pitch_shift)


def test_every_copy_is_labelled():
    kept = []
    song = Song(None, "jazz/a.wav", "jazz"), Track(np.zeros((6, 3, 4), np.float32))
    other = Song(None, "rock/b.wav", "rock"), Track(np.zeros((3, 3, 4), np.float32))
    index, _ = collect([song, other], kept.append, feature="mfcc", settings={}, shifts=[-1, 2])
    assert index.pitch_shift.tolist() == [0, 0, -1, -1, 2, 2, 0, -1, 2]
    assert index.labels.tolist() == [0] * 6 + [1] * 3
    assert index.numbers.tolist() == [0, 1, 0, 1, 0, 1, 0, 0, 0]


def test_copies_are_those_of_librosa(run, tmp_path):
    for genre in ("blues", "jazz"):
        (tmp_path / "songs" / genre).mkdir(parents=True)
        soundfile.write(tmp_path / "songs" / genre / "a.wav", noise(3), 22050, "FLOAT")
    output = tmp_path / "shifted.json"
    arguments = ("--dataset", tmp_path / "songs", "--output", output, "--workers", 1)
    ended = run(preprocess, *arguments, "--pitch-shift", -1, 2)
    assert ended.status == 0
    assert "6 segments of shape (130, 13), 4 of them copies, in" in ended.out
    segments = segment_file.read(output)
    assert segments.pitch_shift.tolist() == [0, -1, 2] * 2
    shifted = librosa.effects.pitch_shift(noise(3).astype(np.float32), sr=22050, n_steps=2)
    np.testing.assert_allclose(segments.frames[2], librosa_mfcc(shifted), rtol=0, atol=0.01)


@pytest.mark.parametrize("shift", ["0", "13", "-13", "nan", "a semitone"])
def test_shifts_out_of_range_are_refused(shift, run):
    assert "semitones" in run(preprocess, "--pitch-shift", shift).err.splitlines()[-1]


def test_evaluate_scores_originals_alone(run, network, segments_path, tmp_path):
    plain = segment_file.read(segments_path)
    copies = dataclasses.replace(plain, pitch_shift=np.tile([0.0, 1.0], len(plain.labels) // 2))
    segment_file.write(copies, tmp_path / "copies.json")
    arguments = ("--model", network, "--output", tmp_path / "scores")
    ended = run(evaluate, *arguments, "--data", tmp_path / "copies.json")
    assert ended.status == 0
    assert "(40 segments)" in ended.out
