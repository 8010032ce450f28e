"""The pictures: that each is drawn, whatever it shows, where it goes, and what it says."""

from pathlib import Path

import numpy as np
import pytest
from test_predictions import answer, name

from genre.errors import GenreError
from genre.evaluation import Predictions, metrics
from genre.reporting import figures

PNG = b"\x89PNG"
LARGEST = 300_000  # bytes


def texts(path: Path) -> str:
    """Return the text of an SVG picture, whose letters are kept as comments."""
    return path.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@pytest.mark.parametrize(
    "song",
    ["$\\frac$ of A$AP.wav", "two\nlines of 日本語 🎸.ogg", "x" * 250],
)
def test_a_picture_whatever_the_song_and_the_genres_are_called(song, tmp_path):
    mapping = ["$a_b_c$", "日本語"]
    figures.timeline(answer(song, mapping), 0.5, tmp_path / "picture.png")
    figures.confusion(np.eye(2, dtype=int), mapping, name(song), tmp_path / "confusion.png")
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(PNG)


@pytest.mark.parametrize(("suffix", "start"), [("png", PNG), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_timeline_is_written_in_the_format_that_its_name_asks_for(suffix, start, tmp_path):
    path = tmp_path / f"song.{suffix}"
    figures.timeline(answer("a.wav"), 0.5, path)
    assert path.read_bytes().startswith(start)


def test_times_are_written_in_hours_where_the_song_is_long(tmp_path):
    for n_segments, expected in ((40, "0:30"), (1500, "1:10:00")):
        shares = np.tile([0.3, 0.7], (n_segments, 1))
        of_song = answer("a.wav", ["jazz", "rock"])
        of_song.__dict__.update(segments=shares, starts=3.0 * np.arange(n_segments))
        figures.timeline(of_song, 0.5, tmp_path / "picture.svg")
        assert f"<!-- {expected} -->" in texts(tmp_path / "picture.svg")


def test_the_confusion_matrix_tells_the_genres_counts_and_greys_the_untested(tmp_path):
    counts = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])
    figures.confusion(counts, ["jazz", "rock", "ska"], "title", tmp_path / "picture.svg")
    text = texts(tmp_path / "picture.svg")
    for expected in ("jazz (n = 4)", "rock (n = 2)", "ska (n = 0)", "grey: not tested"):
        assert expected in text
    colors = figures._confusion_colors(counts / [[4], [2], [1]], counts.sum(axis=1))
    right, wrong, untested = colors[1, 1, :3], colors[0, 1, :3], colors[2, :, :3]
    assert right.argmax() == 2 and wrong.argmax() == 0  # blue, and red above all
    np.testing.assert_array_equal(np.ptp(untested, axis=1), 0)  # grey, on the diagonal too


def test_training_and_scores_are_drawn(tmp_path):
    curves = {"loss": [2.0, 1.0], "accuracy": [0.2, 0.4], "val_loss": [1.0, 0.5]}
    curves["val_accuracy"] = [0.3, 0.5]
    figures.history(curves, 2, tmp_path / "history.svg", title="cnn, fold 1 of 3")
    text = texts(tmp_path / "history.svg")
    assert "cnn, fold 1 of 3" in text and "Validation can be better than training" in text
    del curves["val_loss"], curves["val_accuracy"]
    figures.history(curves, 2, tmp_path / "history.svg", title="cnn")
    assert "No validation curve" in texts(tmp_path / "history.svg")
    labels = np.arange(12) % 3
    tested = Predictions(np.eye(3)[labels] * 0.9 + 0.1 / 3, labels, np.arange(12))
    curves, tracks = metrics.roc_curves(tested, ["a", "b", "c"]), {"a": 40, "b": 4, "c": 40}
    figures.roc(curves, tracks, "title", tmp_path / "roc.svg")
    text = texts(tmp_path / "roc.svg")
    assert "guessing, area 0.50" in text and "n = 40" in text
    assert text.count("too few to tell") == 1
    figures.roc({}, {"a": 12}, "title", tmp_path / "roc.png")  # one genre alone has no curve


def test_the_dots_of_a_ranking_have_intervals_on_a_whole_axis(tmp_path):
    path, dots = tmp_path / "dots.svg", figures.Dots([0.7, 0.8], (0.57, 0.89))
    figures.dot_plot({"title": {"knn": dots}}, "accuracy", path)
    for expected in ("0.75  (0.57 to 0.89)", "accuracy, with 95 % confidence intervals"):
        assert expected in texts(path)
    assert "<!-- 0.0 -->" in texts(path) and "<!-- 1.0 -->" in texts(path)


def test_panels_stand_side_by_side_and_a_model_has_the_same_row_in_all(tmp_path):
    path, interval = tmp_path / "dots.svg", (0.1, 0.9)
    one = {"a": figures.Dots([0.4], interval), "b": figures.Dots([0.3], interval)}
    other = {"b": figures.Dots([0.2], interval), "c": figures.Dots([0.1], interval)}
    figures.dot_plot({"split track": one, "split artist": other}, "accuracy", path)
    found = texts(path)
    assert "split track" in found and "split artist" in found
    assert [found.count(f"<!-- {name} -->") for name in "abc"] == [1, 1, 1]  # names of the rows
    assert [found.count(f"0.{tenth}0  (") for tenth in (4, 3, 2, 1)] == [1, 1, 1, 1]


def contrast_on_white(color: str) -> float:
    """Return the contrast as the W3C's guidelines for accessible web content define it."""
    light = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in light]
    return 1.05 / (np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05)


def test_a_genres_colour_can_be_seen_on_white_and_its_look_is_its_own():
    for color in (*figures.PALETTE, figures.NO_GENRE):
        assert contrast_on_white(color) >= 3
    assert len({figures.style(label) for label in range(100)}) == 100
    assert figures.NO_GENRE not in figures.PALETTE


def test_augmented_segments_are_shown_step_by_step_in_a_small_file(tmp_path):
    rng = np.random.default_rng(0)
    frames, shares = rng.normal(0, 1, (4, 130, 13)), np.eye(4)
    mixed = 0.75 * shares + 0.25 * shares[::-1]
    steps = [("as it is", frames, shares), ("mixed", frames + frames[::-1], mixed)]
    path = tmp_path / "augmented.svg"
    figures.augmented(steps, ["jazz", "pop", "rock", "ska"], path, seconds=3)
    for expected in ("as it is", "mixed", "jazz", "75% jazz, 25% ska"):
        assert f"<!-- {expected} -->" in texts(path)
    noise = rng.normal(0, 1, (4, 130, 128))
    steps = [(f"step {number}", noise, shares) for number in range(6)]
    figures.augmented(steps, ["jazz", "pop", "rock", "ska"], tmp_path / "large.png", seconds=3)
    assert (tmp_path / "large.png").stat().st_size < LARGEST


# Where the pictures of songs go


@pytest.mark.parametrize(
    "names",
    [
        ["x/a.wav", "x/a.mp3", "y/a.wav"],
        ["x/a.wav", "y/a.wav", "y/a-2.wav"],
        ["x/a-2.wav", "x/a.wav", "y/a.wav"],
        ["x/a.wav", "y/A.wav"],  # one file where capital letters do not count
    ],
)
def test_every_song_has_a_picture_of_its_own(names, tmp_path):
    paths = figures.timeline_paths(tmp_path / "pictures", list(map(Path, names)))
    assert list(paths) == list(map(Path, names))
    assert {path.parent for path in paths.values()} == {tmp_path / "pictures"}
    assert {path.suffix for path in paths.values()} == {".png"}
    assert len({str(path).lower() for path in paths.values()}) == len(names)


def test_a_picture_has_a_name_that_a_file_can_have(tmp_path):
    songs = [
        Path(f"{letter * (250 // len(letter.encode()))}{i}.wav") for letter in "xé" for i in "12"
    ]
    for picture in figures.timeline_paths(tmp_path, songs).values():
        assert len(f".1234567.{picture.name}".encode()) <= 255


@pytest.mark.parametrize(
    ("path", "n_songs", "reason"),
    [
        ("all.png", 2, "give a folder, for 2 songs"),
        ("x.jpg", 1, "not a picture"),
        ("y.gif", 2, "not a picture"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(path, n_songs, reason, tmp_path):
    songs = [Path(f"{number}.wav") for number in range(n_songs)]
    with pytest.raises(GenreError, match=reason):
        figures.timeline_paths(tmp_path / path, songs)
    assert not any(tmp_path.iterdir())
