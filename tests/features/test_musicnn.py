"""The embedding of a segment by musicnn's networks. tests/front_end compares these networks."""

import librosa
import msgspec
import numpy as np
import pytest
from helpers import noise

from genre import features
from genre.demo import synth
from genre.errors import FeatureError
from genre.features import Settings, front_end, musicnn

TWO_SECONDS = Settings(22050, 30, 15, 2048, 512)
# The last four values of each part of the embedding of 2 s of made-up metal, as first computed.
RECORDED = {
    "musicnn_pooled": [-1.26, 3.145, -0.892, 1.115],
    "musicnn_hidden": [0.522, 0.346, -0.211, -0.293],
    "musicnn_tags": [-4.838, -5.523, -3.824, -6.088],
    "vgg_mean": [-0.559, -0.24, 1.432, -0.621],
    "vgg_max": [-0.212, -0.24, 1.469, -0.621],
    "vgg_tags": [-5.095, -5.53, -5.203, -6.281],
    "vgg_pooled": [-0.834, -0.24, -0.061, -0.535],
}


def embedding(samples: np.ndarray) -> np.ndarray:
    return features.of_segment(samples.astype(np.float32), "musicnn", TWO_SECONDS)[0]


@pytest.fixture(scope="module")
def metal() -> np.ndarray:
    return synth.make_track("metal", seed=0, seconds=2)


def test_the_embedding_has_its_recorded_values(metal):
    assert RECORDED.keys() == musicnn.PARTS.keys()
    values = embedding(metal)
    for end, recorded in zip(np.cumsum([*musicnn.PARTS.values()]), RECORDED.values(), strict=True):
        np.testing.assert_allclose(values[end - len(recorded) : end], recorded, atol=2e-3)


def test_the_description_knows_its_parts_and_its_reference():
    assert front_end.read(musicnn.DESCRIPTION).values == musicnn.VALUES
    front_end.verify(musicnn.DESCRIPTION)


def test_the_networks_take_what_librosa_makes_of_a_mel_spectrogram():
    described = msgspec.structs.replace(front_end.read(musicnn.DESCRIPTION), loudness=None)
    samples = noise(2, sample_rate=16_000, seed=1).astype(np.float32)
    power = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=512, hop_length=256, n_mels=96
    )
    frames = front_end.network_input(samples, None, described)
    np.testing.assert_allclose(frames, np.log10(1 + 10_000 * power).T, atol=1e-4)


def test_volume_changes_nothing(metal):
    np.testing.assert_allclose(embedding(0.1 * metal), embedding(metal), atol=1e-3)


def test_what_is_fainter_than_any_recording_is_taken_for_silence():
    faint = embedding(1e-9 * noise(2))
    np.testing.assert_allclose(faint, embedding(np.zeros(44100)), atol=0.1)
    assert np.abs(faint - embedding(0.1 * noise(2))).max() > 1


def test_segments_do_not_depend_on_each_other(metal):
    both = np.stack([metal, noise(2).astype(np.float32)])
    together = features.of_segments(both, "musicnn", TWO_SECONDS)
    assert together.shape == (2, 1, musicnn.VALUES)
    np.testing.assert_array_equal(together[0, 0], embedding(metal))


def test_one_thread_and_several_give_the_same_embeddings(metal, monkeypatch):
    segments = np.stack([metal * np.float32(share) for share in (1, 0.5)] + [metal[::-1]])
    several = features.of_segments(segments, "musicnn", TWO_SECONDS)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert np.array_equal(features.of_segments(segments, "musicnn", TWO_SECONDS), several)


def test_segments_that_are_too_short_are_refused():
    with pytest.raises(FeatureError, match=r"musicnn needs segments of 1.008 s"):
        features.check("musicnn", Settings(22050, 30, 30, 2048, 512))


def test_it_cannot_be_joined_frame_by_frame_with_features_of_more_frames():
    with pytest.raises(FeatureError, match="same number of frames"):
        features.check("mfcc+musicnn", TWO_SECONDS)
