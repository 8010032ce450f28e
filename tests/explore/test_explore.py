"""explore.py: what it says of a segment file, what its pictures show, and what it refuses."""

import dataclasses

import matplotlib.image
import numpy as np
import pytest
import soundfile
from helpers import GTZAN, made_up_segments, noise, refusal
from sklearn.manifold import trustworthiness

import explore
from genre import features
from genre.cli import progress
from genre.demo import synth
from genre.evaluation import projection
from genre.explore import data_set, feature_image, song, track_map
from genre.features import librosa_features
from genre.segments import segment_file

# A warning that Python shows would be a line on stderr.
pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("error::UserWarning"),
]
SETTINGS = dataclasses.replace(GTZAN, segments_per_track=1)


def is_picture(path) -> bool:
    """Say whether a PNG shows more than one colour."""
    return len(np.unique(matplotlib.image.imread(path).reshape(-1, 4), axis=0)) > 10


# Songs


def test_a_song_becomes_one_picture_even_if_shorter_than_a_segment(run, tmp_path):
    soundfile.write(tmp_path / "song.wav", noise(1), 22050)
    ended = run(explore, tmp_path / "song.wav", "--output", tmp_path / "pictures")
    assert ended == (0, f"{tmp_path}/pictures/song.png\n", "")
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["song.png"]
    assert is_picture(tmp_path / "pictures" / "song.png")


def test_every_feature_of_a_song_is_drawn_in_a_panel_of_the_same_length(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(song, "save", lambda figure, path: figures.append(figure))
    samples = noise(4)
    frames = {feature: song.compute(samples, feature, SETTINGS) for feature in song.FEATURES}
    song.draw(samples, frames, SETTINGS, "a song", tmp_path / "song.png")
    drawn = [axis for axis in figures[0].axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in drawn] == [
        "Waveform",
        *(features.look(feature).title for feature in song.FEATURES),
    ]
    assert {axis.get_xlim() for axis in drawn} == {(0, 4)}


def test_a_scalogram_made_bit_by_bit_is_that_of_the_whole(monkeypatch):
    monkeypatch.setattr(song, "AT_ONCE", 64)
    samples = noise(4)  # 173 frames, so three times
    samples[: len(samples) // 2] *= 1e-3  # a quiet piece must not be raised to its own floor
    bit_by_bit = song.compute(samples, "wavelet", SETTINGS)
    whole = librosa_features.wavelet(samples, SETTINGS)
    assert bit_by_bit.shape == whole.shape
    np.testing.assert_allclose(bit_by_bit, whole, atol=0.01)


def test_standardised_bands_are_in_their_deviations_and_constant_ones_are_zero():
    frames = np.array([[1.0, 5.0], [3.0, 5.0]])
    scaled = feature_image.standardised(frames, frames.mean(axis=0), frames.std(axis=0))
    assert scaled.tolist() == [[-1, 0], [1, 0]]


# Segment files


def test_a_segment_file_becomes_a_summary_and_three_pictures(
    run, segments_path, tmp_path, monkeypatch
):
    monkeypatch.setattr(progress, "FIRST_LINE", 600)  # a busy machine says more on the way
    ended = run(explore, segments_path, "--output", tmp_path)
    names = ["mfcc-genres.png", "mfcc-examples.png", "mfcc-map.png"]
    assert ended.status == 0 and ended.err == ""
    assert ended.out.splitlines()[-3:] == [str(tmp_path / name) for name in names]
    assert "mfcc, 80 segments of shape (130, 13)" in ended.out
    assert "40 of 10 genres, 0 skipped" in ended.out
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert all(map(is_picture, tmp_path.iterdir()))


def test_the_summary_counts_what_the_file_names():
    segments = dataclasses.replace(
        made_up_segments([3, 2]),
        parts=["train", "train", "test", "", "train"],
        artists=["A", "A", "B", "", "C"],
        skipped=[{"track": f"{number}.mp3", "reason": "is empty"} for number in range(7)],
    )
    text = data_set.summary(segments, data_set.moments(segments))
    low, high = segments.frames.min(), segments.frames.max()
    for line in (
        f"feature   mfcc, 15 segments of shape (9, 4), values from {low:.4g} to {high:.4g}",
        "tracks    5 of 2 genres, 7 skipped",
        "parts     train 3, validation 0, test 1, none 1",
        "artists   3, unknown for 1 tracks",
        "genre   tracks  segments  artists",
        "genre0       3         9        2",
        "genre1       2         6        1",
        "skipped 4.mp3: is empty",
        "and 2 more skipped",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("suffix", ["json", "h5"])
def test_moments_are_numpys_over_all_frames_of_a_track(tmp_path, monkeypatch, suffix):
    segments = made_up_segments([3, 4], shape=(9, 4))
    segment_file.write(segments, tmp_path / f"data.{suffix}")
    monkeypatch.setattr("genre.segments.BLOCK", 4 * 9 * 4 * 2)  # two segments at a time
    values = data_set.moments(segment_file.read(tmp_path / f"data.{suffix}"))
    for track in range(7):
        frames = segments.frames[segments.track_index == track].reshape(-1, 4)
        np.testing.assert_allclose(values.mean[track], frames.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(values.deviation[track], frames.std(axis=0), rtol=1e-5)
    frames = segments.frames.reshape(-1, 4)
    np.testing.assert_allclose(values.overall_mean, frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(values.overall_deviation, frames.std(axis=0), rtol=1e-5)
    assert (values.lowest, values.highest) == (frames.min(), frames.max())


def test_shifted_copies_count_for_nothing_but_their_number():
    segments = made_up_segments([2, 2], segments_per_track=2)
    n_segments = len(segments.labels)
    copied = dataclasses.replace(
        segments,
        frames=np.concatenate([segments.frames, segments.frames + 100]),
        labels=np.tile(segments.labels, 2),
        track_index=np.tile(segments.track_index, 2),
        pitch_shift=np.repeat([0.0, 2.0], n_segments),
    )
    values = data_set.moments(copied)
    for ours, expected in zip(values, data_set.moments(segments), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert "copies    8 of the segments, shifted by 2 semitones" in data_set.summary(copied, values)
    for track in range(4):
        np.testing.assert_array_equal(
            data_set.middle(copied, track), data_set.middle(segments, track)
        )


def test_a_track_that_has_no_segments_is_left_out(run, tmp_path):
    segments = made_up_segments([4, 4])
    kept = segments.track_index != 2
    some = dataclasses.replace(
        segments,
        frames=segments.frames[kept],
        labels=segments.labels[kept],
        track_index=segments.track_index[kept],
    )
    assert data_set.labels_of_tracks(some).tolist() == [0, 0, -1, 0, 1, 1, 1, 1]
    segment_file.write(some, tmp_path / "some.json")
    ended = run(explore, tmp_path / "some.json", "--output", tmp_path)
    assert (ended.status, ended.err) == (0, "")


def test_the_typical_track_is_nearest_to_its_genres_mean():
    vectors = np.array([[0.0], [50], [1], [5], [60]])  # means 2 and 55
    labels = np.array([0, 1, 0, 0, 1])
    assert data_set.typical(vectors, labels, 0) == 2


def test_the_genres_with_most_tracks_are_drawn():
    labels = np.array([0, 1, 1, 2, 2, 2, 3, 3, -1, -1, -1, -1])
    assert data_set.largest(labels, 3) == [1, 2, 3]
    assert data_set.largest(labels, 9) == [0, 1, 2, 3]


def test_the_map_keeps_neighbours_and_is_the_same_again():
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(0, 10, (3, 60)), 20, axis=0) + rng.normal(0, 1, (60, 60))
    positions = projection.positions(vectors, seed=1)
    assert positions.shape == (60, 2)
    assert trustworthiness(vectors, positions, n_neighbors=10) > 0.9
    np.testing.assert_array_equal(projection.positions(vectors, seed=1), positions)


def test_of_very_many_tracks_some_are_mapped(monkeypatch):
    assert projection.chosen(30, seed=0).tolist() == list(range(30))
    monkeypatch.setattr(projection, "MOST_TRACKS", 20)
    some = projection.chosen(30, seed=0)
    assert len(set(some.tolist())) == 20 and set(some) <= set(range(30))


def test_tracks_that_are_no_landmarks_lie_between_similar_ones(monkeypatch):
    monkeypatch.setattr(projection, "LANDMARKS", 60)
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(0, 10, (3, 60)), 40, axis=0) + rng.normal(0, 1, (120, 60))
    positions = projection.all_positions(vectors, seed=1)
    assert positions.shape == (120, 2)
    assert trustworthiness(vectors, positions, n_neighbors=10) > 0.9


def test_forty_genres_differ_in_colour_or_mark(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(track_map, "save", lambda figure, path: figures.append(figure))
    labels = np.arange(explore.MOST_GENRES)
    names = {label: f"_{label}" for label in labels}
    tracks = [f"{label}.wav" for label in labels]
    positions = np.stack([labels, labels], axis=1)
    track_map.draw(positions, labels, names, tracks, "map", tmp_path / "map.png")
    axis = figures[0].axes[0]
    looks = {
        (mark.get_facecolor().tobytes(), mark.get_paths()[0].vertices.tobytes())
        for mark in axis.collections
    }
    assert len(looks) == len(labels) == len(axis.get_legend().get_texts())


def test_marks_of_few_tracks_have_numbers_and_names(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr(track_map, "save", lambda figure, path: figures.append(figure))
    tracks = ["rock/c.wav", "blues/a.wav", "rock/" + 40 * "d" + ".wav"]
    positions = np.array([[0.0, 1], [2, 3], [4, 5]])
    for n_tracks in (1, 100):  # times those three
        labels = np.tile([1, 0, 1], n_tracks)
        track_map.draw(
            np.tile(positions, (n_tracks, 1)),
            labels,
            {0: "blues", 1: "rock"},
            n_tracks * tracks,
            "map",
            tmp_path / "map.png",
        )
    few, many = figures
    lying = positions - positions.mean(axis=0)  # turned, so that they lie from left to right
    places = np.array([mark.xy for mark in few.axes[0].texts])
    assert [mark.get_text() for mark in few.axes[0].texts] == ["1", "2", "3"]
    np.testing.assert_allclose(
        np.abs(places[:, 0]), np.linalg.norm(lying[[1, 0, 2]], axis=1), atol=1e-9
    )
    names = [name.get_text() for name in few.axes[1].texts]
    assert names == ["1  a.wav", "2  c.wav", f"3  {29 * 'd'}…"]
    assert len(many.axes) == 1 and not many.axes[0].texts


def test_segments_of_one_frame_have_a_map_and_no_examples(run, tmp_path):
    segments = made_up_segments([20, 20], shape=(1, 8))
    segment_file.write(segments, tmp_path / "one.json")
    ended = run(explore, tmp_path / "one.json", "--output", tmp_path / "pictures")
    assert (ended.status, ended.err) == (0, "")
    assert "no examples: a segment has a single frame" in ended.out
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert names == {"one-genres.png", "one-map.png"}


@pytest.mark.parametrize(("n_tracks", "drawn"), [(14, False), (15, True)])
def test_a_map_needs_thirty_tracks(run, tmp_path, n_tracks, drawn):
    segment_file.write(made_up_segments([n_tracks, 15]), tmp_path / "some.json")
    ended = run(explore, tmp_path / "some.json", "--output", tmp_path)
    assert (ended.status, ended.err) == (0, "")
    assert ("no map: it needs 30 different tracks" in ended.out) is not drawn
    assert (tmp_path / "some-map.png").exists() is drawn


@pytest.mark.parametrize(
    "change",
    [
        lambda s: {"feature": "mfcc+centroid", "frames": np.repeat(s.frames, 4, axis=2)[..., :14]},
        lambda s: {"feature": "centroid", "frames": s.frames[..., :1]},
        lambda s: {"feature": "chroma_stft", "frames": np.repeat(s.frames, 3, axis=2)},
        lambda s: {"feature": "wavelet"},  # which has 64 bands, not these four
        lambda s: {"feature": "my own", "settings": {"what": "ever"}},
        lambda s: {"frames": np.zeros_like(s.frames)},
        lambda s: {"frames": np.sign(s.frames) * np.float32(3e38)},
        lambda s: {"mapping": ["_$a$", "ä" * 300], "parts": ["train", "", *["test"] * 6]},
    ],
)
def test_whatever_a_segment_file_may_hold_is_drawn(run, tmp_path, change):
    segments = made_up_segments([4, 4])
    segment_file.write(dataclasses.replace(segments, **change(segments)), tmp_path / "data.h5")
    ended = run(explore, tmp_path / "data.h5", "--output", tmp_path)
    assert (ended.status, ended.err) == (0, "")
    assert is_picture(tmp_path / "data-examples.png")


# What cannot be used


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.mp3", "No such file"),
        ("none.json", "no such file"),
        ("text.txt", "not readable as audio"),
        ("noise.mp3", "not readable as audio"),
        ("empty.wav", "is empty"),
        ("short.wav", "is 0.900 s long; a picture needs at least 1 s"),
        ("silent.wav", "nothing but silence"),
        ("other.json", "segment file"),
        ("broken.h5", "not a segment file, or damaged"),
        ("copies.h5", "only copies"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(run, tmp_path, name, words):
    (tmp_path / "text.txt").write_text("no song")
    (tmp_path / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(5000))
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "short.wav", noise(0.9), 22050)
    soundfile.write(tmp_path / "silent.wav", np.zeros(4 * 22050), 22050)
    (tmp_path / "other.json").write_text('{"labels": []}')
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"0" * 100)
    segments = made_up_segments([2, 2])
    shifts = np.ones(len(segments.labels))
    segment_file.write(dataclasses.replace(segments, pitch_shift=shifts), tmp_path / "copies.h5")
    line = refusal(run(explore, tmp_path / name, "--output", tmp_path / "pictures"))
    assert line.startswith(f"explore.py: {tmp_path / name}: ")
    assert words in line
    assert not (tmp_path / "pictures").exists()


def test_a_folder_without_songs_is_refused_in_a_line(run, tmp_path):
    line = refusal(run(explore, tmp_path, "--output", tmp_path / "pictures"))
    assert line == f"explore.py: no audio files in {tmp_path}"


def test_a_folder_of_songs_becomes_a_map_of_predicted_genres(run, tmp_path, monkeypatch):
    monkeypatch.setattr(projection, "FEWEST_TRACKS", 6)
    (tmp_path / "songs").mkdir()
    for number, genre in enumerate(["blues", "jazz", "metal"] * 2):
        path = tmp_path / "songs" / f"{number}.wav"
        soundfile.write(path, synth.make_track(genre, number, seconds=4), 22050)
    (tmp_path / "songs" / "broken.mp3").write_text("no song")
    ended = run(explore, tmp_path / "songs", "--output", tmp_path)
    assert ended.status == 1
    assert "broken.mp3: not readable as audio" in ended.err
    assert ended.out.splitlines() == [str(tmp_path / "songs-map.png")]
    assert is_picture(tmp_path / "songs-map.png")


def test_an_output_that_is_no_folder_is_refused_before_work(run, segments_path, tmp_path):
    (tmp_path / "file").write_text("mine")
    line = refusal(run(explore, segments_path, "--output", tmp_path / "file"))
    assert line.startswith(f"explore.py: {tmp_path / 'file'}: ")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("constant", "value", "words"),
    [
        ("HOP_LENGTH", 0, "hop_length"),
        ("SAMPLE_RATE", 60, "cqt cannot be computed with these settings"),
    ],
)
def test_settings_that_do_not_fit_are_blamed_on_config(
    run, tmp_path, monkeypatch, constant, value, words
):
    monkeypatch.setattr(f"config.{constant}", value)
    soundfile.write(tmp_path / "song.wav", noise(3.2), 22050)
    line = refusal(run(explore, tmp_path / "song.wav", "--output", tmp_path))
    assert line.startswith("explore.py: config.py: ") and words in line


def test_an_error_of_ours_is_not_blamed_on_config(run, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ValueError("a defect")

    monkeypatch.setattr(song, "compute", broken)
    soundfile.write(tmp_path / "song.wav", noise(3.2), 22050)
    with pytest.raises(ValueError, match="a defect"):
        run(explore, tmp_path / "song.wav", "--output", tmp_path)


def test_real_songs(run, real_data, tmp_path, monkeypatch):
    monkeypatch.setattr("config.TRACK_SECONDS", 8)
    ended = run(explore, real_data / "songs" / "jazz_music.mp3", "--output", tmp_path)
    assert (ended.status, ended.err) == (0, "")
    assert is_picture(tmp_path / "jazz_music.png")
