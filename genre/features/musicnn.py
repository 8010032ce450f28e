"""The embedding of a segment: the activations of two networks trained on 200,000 songs.

The networks are musicnn and a VGG, trained to tag the Million Song Dataset by J. Pons and X. Serra,
"musicnn: pre-trained convolutional neural networks for music audio tagging" (ISMIR 2019, late
breaking demo). `musicnn.onnx` holds both. `musicnn.md` says where their weights come from, and
`python -m tools.write_musicnn` wrote the file.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from genre.environment import load_onnxruntime
from genre.errors import FeatureError
from genre.features import spectrum
from genre.features.settings import Settings
from genre.files import beginning

ONNX_FILE = Path(__file__).with_suffix(".onnx")

# The mel spectrogram that the networks were trained on.
MEL = Settings(
    sample_rate=16_000, track_seconds=3, segments_per_track=1, n_fft=512, hop_length=256, n_mels=96
)
COMPRESSION = 10_000  # of a mel band's power before its logarithm
SHORTEST = 64  # frames, a second, below which the VGG's pooling leaves nothing
LOUDNESS = 0.1  # root mean square to which each segment is scaled, 20 dB below full scale
SILENCE = 1e-5  # root mean square below which a segment is not made louder

# The parts of an embedding, and the number of values in each.
PARTS = {
    "musicnn_pooled": 1506,  # maximum and mean over time of 753 feature maps, in turn
    "musicnn_hidden": 200,  # the last hidden layer
    "musicnn_tags": 50,  # logits
    "vgg_mean": 128,  # of the last pooling, over time
    "vgg_max": 128,
    "vgg_tags": 50,  # logits
    "vgg_pooled": 256,  # maximum and mean of the last convolution, over time and frequency
}
VALUES = sum(PARTS.values())


def musicnn(segments: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the embeddings of segments' samples, (segments, samples): (segments, 1, VALUES).

    All segments are first scaled to the same loudness, so that volume changes nothing. Raises
    ValueError for segments that are too short.
    """
    return np.stack([_embedding(samples, settings.sample_rate) for samples in segments])


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Return what the networks take of 16 kHz samples, (samples,): (frames, 96) float32."""
    return np.log10(1 + COMPRESSION * spectrum.mel_power(samples, MEL))


def _embedding(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    import soxr

    if sample_rate != MEL.sample_rate:
        samples = soxr.resample(samples, sample_rate, MEL.sample_rate)
    loudness = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
    frames = log_mel(np.float32(LOUDNESS / max(loudness, SILENCE)) * samples)
    if len(frames) < SHORTEST:
        needed = (SHORTEST - 1) * MEL.hop_length / MEL.sample_rate
        raise ValueError(f"musicnn needs segments of {needed:.3f} s")
    (embedding,) = _session().run(None, {"frames": frames[np.newaxis]})
    return embedding


@cache
def _session() -> Any:
    """Return the onnxruntime.InferenceSession of this process, which runs on one thread."""
    onnxruntime = load_onnxruntime()
    beginning(ONNX_FILE)  # raises OSError where it is missing, GenreError where it is a pointer
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong comes as an exception
    try:
        return onnxruntime.InferenceSession(ONNX_FILE, options, providers=["CPUExecutionProvider"])
    except Exception:  # ONNX Runtime's exceptions share no other base class
        raise FeatureError(
            f"{ONNX_FILE}: not whole; get it again, with the rest of the code"
        ) from None
