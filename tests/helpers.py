"""What several test files share: made-up sound, made-up segments, and a look at a run's end."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax

import compare
from genre import networks
from genre.environment import load_librosa
from genre.features import Settings
from genre.model import card
from genre.segments import Segments

librosa = load_librosa()  # before any test imports it

ROOT = Path(__file__).parents[1]
GTZAN = Settings(
    sample_rate=22050,
    track_seconds=30,
    segments_per_track=10,
    n_fft=2048,
    hop_length=512,
    n_mfcc=13,
)
SMALL = Settings(  # for songs of a second
    sample_rate=22050,
    track_seconds=1,
    segments_per_track=2,
    n_fft=1024,
    hop_length=512,
    n_mfcc=5,
)


class Run(NamedTuple):
    """How a script ended."""

    status: int
    out: str
    err: str


def shell(script: str, *arguments: object, folder: Path = ROOT) -> Run:
    """Run a script in a process of its own, from `folder`."""
    command = [sys.executable, ROOT / script, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=240)
    return Run(ended.returncode, ended.stdout, ended.stderr)


def refusal(run: Run) -> str:
    """Return the one line with which a script says that it could do nothing."""
    assert run.status == 2, run
    assert run.out == ""
    (line,) = run.err.splitlines()
    return line


def noise(seconds: float, *, sample_rate: int = 22050, channels: int = 1, seed: int = 0):
    """Return noise whose colour changes, (samples,), or (samples, channels) for several."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.1, (round(seconds * sample_rate), channels))
    samples += 0.2 * np.sin(np.linspace(0, 400 * seconds, len(samples)) ** 1.1)[:, None]
    return np.clip(samples, -1, 1).squeeze(axis=1) if channels == 1 else np.clip(samples, -1, 1)


def librosa_mfcc(segment: np.ndarray, settings: Settings = GTZAN) -> np.ndarray:
    """Return librosa's own MFCC of one segment by itself, (frames, n_mfcc)."""
    return librosa.feature.mfcc(
        y=segment,
        sr=settings.sample_rate,
        n_mfcc=settings.n_mfcc,
        n_mels=settings.n_mels,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
    ).T


def made_up_segments(
    tracks_in_genre: Sequence[int],
    *,
    segments_per_track: int = 3,
    shape: tuple[int, int] = (9, 4),
    seed: int = 0,
) -> Segments:
    """Return segments of random frames, in random order, of so many tracks in each genre."""
    rng = np.random.default_rng(seed)
    mapping = [f"genre{i}" for i in range(len(tracks_in_genre))]
    genre_of_track = np.repeat(np.arange(len(mapping)), tracks_in_genre)
    track_index = rng.permutation(np.repeat(np.arange(len(genre_of_track)), segments_per_track))
    return Segments(
        feature="mfcc",
        settings=GTZAN.to_dict(),
        mapping=mapping,
        tracks=[f"{mapping[genre]}/{i}.wav" for i, genre in enumerate(genre_of_track)],
        labels=genre_of_track[track_index],
        track_index=track_index,
        frames=rng.normal(5, 3, (len(track_index), *shape)).astype(np.float32),
    )


def separable_segments(tracks_in_genre: Sequence[int], apart: float) -> Segments:
    """Return made-up segments whose genres can be told: each is louder in a band of its own."""
    segments = made_up_segments(tracks_in_genre)
    segments.frames[np.arange(len(segments.labels)), :, 1 + segments.labels] += apart
    return segments


def choose(
    script: str, name: str | None = None, given: dict[str, Any] | None = None
) -> networks.Architecture:
    """Return a network of a script, by default the basic one."""
    return networks.choose(script, compare.NETWORKS[script], name, given)


def read_card(folder: Path) -> dict:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def calibrated(probabilities: np.ndarray, folder: Path) -> np.ndarray:
    """Return a network's probabilities, (segments, genres), by the temperature on its card."""
    temperature = read_card(folder)["calibration"]["temperature"]
    return softmax(np.log(probabilities) / temperature, axis=1)


def edit_card(folder: Path, **values: object) -> None:
    (folder / "card.json").write_text(json.dumps(read_card(folder) | values), encoding="utf-8")


def judged(network: Path, song: Path) -> np.ndarray:
    """Return a network's calibrated softmax for the first 30 s of a song, (segments, genres).

    librosa computes the MFCCs, and Keras runs the network.
    """
    import keras

    samples, _ = librosa.load(song, sr=22050, duration=30)
    segments = samples[: len(samples) // 66150 * 66150].reshape(-1, 66150)
    frames = np.stack([librosa_mfcc(segment) for segment in segments])
    model = keras.saving.load_model(network / "model.keras")
    return calibrated(model.predict(frames, verbose=0), network)


def card_fields(**changes: Any) -> dict[str, Any]:
    """Return the fields of a network's card as training gives them."""
    digest = "0" * 64
    genres = ("jazz", "rock")
    row = {"precision": 0.5, "recall": 1.0, "f1": 0.67, "roc_area": None, "tracks": 2}
    return {
        "script": "cnn",
        "title": "cnn",
        "command": "python cnn.py",
        "created": "2026-01-02 03:04 UTC",
        "mapping": list(genres),
        "feature": "mfcc",
        "settings": {
            **{"sample_rate": 22050, "track_seconds": 30, "segments_per_track": 10},
            **{"n_fft": 2048, "hop_length": 512, "n_mfcc": 13},
        },
        "data": {"file": "mfcc.json", "sha256": digest},
        "split": {
            **{"name": "track", "seed": 42, "notes": ["few tracks"]},
            **{
                part: {"segments": 20, "tracks": 2, "tracks_sha256": digest}
                for part in ("train", "validation", "test")
            },
        },
        "architecture": {"name": "basic"},
        "training": {"seed": 42, "folds": 0, "seconds": 1.5},
        "scores": {
            **{"segment_accuracy": 0.7, "segments": 40, "track_accuracy": 0.75, "tracks": 4},
            **{
                "track_interval": [0.3, 0.95],
                "macro_f1": 0.7,
                "genres": dict.fromkeys(genres, row),
                "confusion": [[2, 0], [1, 1]],
            },
        },
        "runs": [{"seed": 42, "segment_accuracy": 0.7, "track_accuracy": 0.75, "tracks": 4}],
        "calibration": {
            **{"temperature": 1.5, "sure": 0.6, "either": 0.7, "tracks": 60},
            **{"error_before": 0.1, "error_after": 0.05},
            "verdicts": {
                "sure": {"share": 0.5, "right": 0.9},
                "either": {"share": 0.2, "right": 0.8},
                "open": {"share": 0.3},
            },
        },
        "files": {"model.keras": digest, "model.onnx": digest},
        "onnx_difference": 2e-7,
        "versions": card.versions(),
    } | changes
