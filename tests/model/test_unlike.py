"""A model of embeddings, from its training to a song that is unlike all that it was trained on."""

import json
import shutil

import numpy as np
import pytest
import soundfile

import genre
import mlp
import preprocess
from genre import features
from genre.demo import synth
from genre.errors import ModelError
from genre.model import card


@pytest.fixture(scope="module")
def folder(corpus, tmp_path_factory):
    """A linear network of musicnn's embeddings. Not to be written to."""
    folder = tmp_path_factory.mktemp("embeddings")
    data = folder / "musicnn.h5"
    options = ["--feature", "musicnn", "--segments", "15", "--limit", "3", "--output", f"{data}"]
    assert preprocess.main(["--dataset", f"{corpus}", *options]) == 0
    options = ["--architecture", "linear", "--folds", "3", "--refit", "--epochs", "10"]
    assert mlp.main(["--data", f"{data}", *options, "--output", f"{folder / 'linear'}"]) == 0
    return folder / "linear"


@pytest.fixture
def changed(folder, tmp_path):
    """A copy of the model whose card says other things of its calibration."""

    def change(**values):
        copy = shutil.copytree(folder, tmp_path / "linear", dirs_exist_ok=True)
        path = copy / card.CARD_FILE
        content = json.loads(path.read_bytes())
        content["calibration"] |= values
        path.write_text(json.dumps(content))
        return copy

    return change


def test_distance_alone_makes_a_song_open(changed, corpus):
    song = next(corpus.glob("jazz/*.wav"))
    sure = {"sure": 0.0, "tracks": 50, "against": None}
    for farthest, verdict in ((2.0, "sure"), (0.0, "open"), (None, "sure")):
        assert genre.load(changed(**sure, farthest=farthest)).predict(song).verdict == verdict


def test_noise_is_farther_away_than_music(changed, corpus):
    songs = [*corpus.glob("jazz/*.wav"), *corpus.glob("metal/*.wav")]
    noise = (np.random.default_rng(0).normal(0, 0.1, 6 * 22050).astype(np.float32), 22050)
    limit = genre.load(changed()).card.calibration.farthest
    assert 0 < limit < 1
    model = genre.load(changed(sure=0.0, tracks=50, against=None))
    assert sum(model.predict(song).verdict == "open" for song in songs) < len(songs) / 2
    assert model.predict(noise).verdict == "open"


@pytest.mark.parametrize("how", ["file", "samples", "rate first"])
def test_a_model_of_embeddings_listens_all_over_a_song(folder, how, tmp_path):
    model, path = genre.load(folder), tmp_path / "song.wav"
    seconds = 60
    sound = np.concatenate([synth.make_track("jazz", seed=i, seconds=20) for i in range(3)])
    soundfile.write(path, sound, 22050)
    song = {"file": path, "samples": (sound, 22050), "rate first": (22050, sound)}[how]
    answer = model.predict(song)
    np.testing.assert_allclose(answer.starts, (np.arange(15) + 0.5) * seconds / 15 - 1, atol=0.01)
    whole = model.predict(song, whole=True)
    np.testing.assert_allclose(
        answer.segments[0], model.predict(song, offset=1, seconds=2).segments[0], atol=1e-3
    )
    np.testing.assert_allclose(model.predict(song, seconds=30).segments, whole.segments[:15])
    assert len(answer.tags) == 50 and min(answer.tags.values()) > 0
    joined = np.exp(np.log(answer.segments).mean(axis=0))
    np.testing.assert_allclose([*answer.probabilities.values()], joined / joined.sum(), rtol=1e-4)


def test_frames_that_are_known_give_the_same_answer(folder, corpus):
    song, model = next(corpus.glob("jazz/*.wav")), genre.load(folder)
    track = features.of_track(song, "musicnn", card.settings(model.card))
    expected = model.predict(song)
    found = model.answer(track.frames, 2.0 * np.arange(len(track.frames)), song=expected.song)
    assert repr(found) == repr(expected) and found.tags == expected.tags
    rounded = model.answer(track.frames.astype(np.float16).astype(np.float32), found.starts)
    np.testing.assert_array_equal(rounded.segments, found.segments)  # of float16 in both cases


def test_the_readme_says_what_far_is(folder):
    limit = card.read(folder).calibration.farthest
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"distance of {limit:.2f} from the mean of each genre" in text


def test_centres_that_are_not_the_cards_are_refused(changed):
    copy = changed()
    (copy / card.CENTRES_FILE).write_bytes(b"other centres")
    with pytest.raises(ModelError, match=r"not the file that card\.json describes"):
        genre.load(copy)
    (copy / card.CENTRES_FILE).unlink()
    with pytest.raises(ModelError, match="no such file"):
        genre.load(copy)
