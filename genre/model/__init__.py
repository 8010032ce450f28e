"""The Python API: load a trained model and name the genre of songs. See `genre` for its use."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from hashlib import sha256
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

import config
from genre import audio, evaluation, executor, features
from genre.errors import AudioError, ModelError, reason
from genre.evaluation import calibration, distance
from genre.evaluation.distance import Centres
from genre.features.settings import Settings
from genre.files import LFS_POINTER, printable
from genre.model import card
from genre.model.answer import Answer
from genre.model.card import Card

Takes = Callable[[tuple[int, int]], bool]  # of the shape of frames, (frames, bands)
AudioInput = str | Path | tuple[np.ndarray, int]  # a file, or samples and their rate in Hz

EVERYTHING = 1e9  # s, longer than any recording


class Model:
    """A trained network, or a classifier of baseline.py, with its card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = card.read(folder)
        known = (card.ONNX_FILE, card.CLASSIFIER_FILE)
        name = next((name for name in known if name in self.card.files), card.ONNX_FILE)
        self.digest = self.card.files.get(name, "")  # SHA-256 of the file that predicts
        self.takes, self._raw = _load(folder / name, self.card)
        self._centres = _load_centres(folder / card.CENTRES_FILE, self.card, self.takes)
        self._threads = threadpoolctl.ThreadpoolController()  # too slow to make for each song

    def probabilities(self, frames: np.ndarray) -> np.ndarray:
        """Return the calibrated probabilities, (segments, genres), for frames of the feature.

        The frames are (segments, frames, bands). Raises ModelError when they are of another shape
        than those that the model was trained on.
        """
        if not self.takes(frames.shape[1:]):
            raise ModelError(
                f"{self.folder}: segments of {frames.shape[1]} frames by {frames.shape[2]} bands "
                "are not what this model was trained on"
            )
        return calibration.scaled(self._raw(frames), self.card.calibration.temperature)

    def predict(
        self,
        song: AudioInput,
        *,
        join: str = "mean",
        offset: float = 0.0,
        seconds: float | None = None,
        whole: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Answer:
        """Return the genres of a song: of a file, or of samples with their sample rate.

        The model reads as many seconds of it as it was trained on (30 by default), or `seconds`,
        or the `whole` song, in each case from `offset` seconds on. `join` is how the segments'
        probabilities are joined: "mean", "max" or "min". `progress` is called now and then with the
        number of seconds that have been analysed. Raises AudioError when the song cannot be used,
        and ValueError for options that mean nothing.
        """
        _check_options(join, offset, seconds)
        settings = card.settings(self.card)
        length = EVERYTHING if whole else seconds or settings.track_seconds
        found, distances, embeddings, short = [], [], [], False
        with self._threads.limit(limits=1):  # as in a worker process: rounding differs else
            for track in _tracks(song, self.card.feature, settings, offset, length):
                found.append(self.probabilities(track.frames))
                if track.frames.shape[1] == 1:  # a segment of one frame is an embedding
                    embeddings.append(track.frames[:, 0])
                if self._centres:
                    distances.append(distance.to_genres(track.frames[:, 0], self._centres))
                short |= track.short
                if progress:
                    progress(sum(map(len, found)) * settings.segment_seconds)
        segments = np.concatenate(found)
        nearest = np.concatenate(distances).mean(axis=0).min() if distances else None
        joined = evaluation.join(segments, join)
        return Answer(
            song=_name(song),
            genre=self.card.mapping[joined.argmax()],
            # The threshold is fitted on means, so `join` does not matter here.
            uncertain=calibration.is_uncertain(
                evaluation.join(segments), self.card.calibration, nearest
            ),
            probabilities=dict(zip(self.card.mapping, joined.tolist(), strict=True)),
            segments=segments,
            segment_seconds=settings.segment_seconds,
            start=offset,
            embedding=np.concatenate(embeddings).mean(axis=0) if embeddings else None,
            short=short,
        )

    def predict_many(
        self,
        songs: Iterable[AudioInput],
        *,
        workers: int | None = None,
        cluster: str | None = None,
        **options: Any,
    ) -> Iterator[Answer]:
        """Yield an answer for each song, in order, computed by several processes.

        `workers` is their number, by default one for each core; `cluster` is the address of a Dask
        scheduler whose workers are used instead. The other options are those of `predict`. A song
        that cannot be used gives an answer with an `error`.
        """
        if isinstance(songs, str | Path):  # text is an iterable, too, of letters
            raise TypeError("predict_many takes a list of songs; predict takes one")
        if workers == 1 and not cluster:
            function = partial(_answer, model=self, options=options)
        else:
            function = partial(  # with whole paths: a cluster's workers may run in other folders
                predict_song, folder=self.folder.absolute(), digest=self.digest, options=options
            )
        songs, names = tee(songs)
        with executor.opened(workers=workers, cluster=cluster) as pool:
            found = executor.ordered(pool, function, map(_absolute, songs), unable=_failed)
            for song, answer in zip(names, found, strict=True):
                yield replace(answer, song=_name(song))


def load(path: str | Path | None = None) -> Model:
    """Load a trained model from its folder, or by the model file in it.

    Without a path it is the pretrained one. Raises ModelError when there is none, when it cannot be
    read safely, or when a file of it is not the one that its card describes.
    """
    return Model(card.folder_of(Path(config.PRETRAINED_PATH if path is None else path)))


def predict_song(song: AudioInput, *, folder: Path, digest: str, options: dict[str, Any]) -> Answer:
    """Return the answer of the model in a folder for a song, in whichever process this runs."""
    model = _loaded(folder, digest)
    if model.digest != digest:
        raise ModelError(f"{folder}: the model is no longer the one that was loaded")
    return _answer(song, model, options)


@lru_cache(maxsize=1)
def _loaded(folder: Path, _digest: str) -> Model:
    """Load a model once in each process, and again where another takes its place."""
    return load(folder)


def _answer(song: AudioInput, model: Model, options: dict[str, Any]) -> Answer:
    try:
        return model.predict(song, **options)
    except AudioError as error:
        return Answer(song=_name(song), error=str(error))


def _failed(reason: str) -> Answer:
    """Return the answer where a worker of a cluster could do nothing, for this reason."""
    return Answer(song="", error=reason)


def _check_options(join: str, offset: float, seconds: float | None) -> None:
    if join not in evaluation.JOINS:
        raise ValueError(f"join {join!r} is none of {', '.join(evaluation.JOINS)}")
    if not 0 <= offset < math.inf:
        raise ValueError(f"offset {offset!r} is not a number of seconds from 0 on")
    if seconds is not None and not 0 < seconds < math.inf:
        raise ValueError(f"seconds {seconds!r} is not a number above 0")


def _load(file: Path, the_card: Card) -> tuple[Takes, evaluation.Predict]:
    """Return whether a model takes frames of a shape, and its function from frames.

    Raises ModelError where the file is not the one that the card describes, or not safe to load.
    """
    content = _read(file, the_card)
    if file.name == card.CLASSIFIER_FILE:
        return _load_classifier(file, content, the_card)
    from genre.model import onnx_file

    network = onnx_file.load(file)
    if network.n_genres != len(the_card.mapping):
        raise ModelError(
            f"{file}: predicts {network.n_genres} genres, but its card has {len(the_card.mapping)}"
        )
    return (lambda shape: shape == network.shape), network


def _read(file: Path, the_card: Card) -> bytes:
    """Return the content of a model's file; raises ModelError where the card describes another."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{file}: no such file; train the model again") from None
    if content.startswith(LFS_POINTER):
        raise ModelError(f"{file}: a pointer of Git LFS, not the model; run `git lfs pull`")
    if sha256(content).hexdigest() != the_card.files.get(file.name):
        raise ModelError(
            f"{file}: not the file that {card.CARD_FILE} describes: it was cut off, or comes from "
            "another training; copy it again, or train the model again"
        )
    return content


def _load_centres(file: Path, the_card: Card, takes: Takes) -> Centres | None:
    """Return the genres' centres; None for a model without them."""
    if file.name not in the_card.files:
        return None
    try:
        centres = distance.from_bytes(_read(file, the_card), len(the_card.mapping))
    except ValueError as error:
        raise ModelError(f"{file}: {error}") from None
    if not takes((1, len(centres.mean))):
        raise ModelError(f"{file}: not of the embeddings that this model takes")
    return centres


def _load_classifier(
    file: Path, content: bytes, the_card: Card
) -> tuple[Takes, evaluation.Predict]:
    from genre import classifiers
    from genre.model import skops_file

    kind = the_card.architecture.get("statistics", "")
    if kind not in classifiers.STATISTICS:
        raise ModelError(f"{file}: its card does not say what it learnt from; train it again")
    of_feature = (the_card.feature, the_card.settings)
    try:
        model = skops_file.from_bytes(content, len(the_card.mapping))
    except Exception as error:  # skops raises whatever its parts raise on a file of other content
        raise ModelError(f"{file}: not a classifier that can be loaded ({reason(error)})") from None
    predictor = classifiers.predictor(model, kind, *of_feature, len(the_card.mapping))
    return (lambda shape: classifiers.takes(model, kind, shape, *of_feature)), predictor


def _tracks(
    song: AudioInput, feature: str, settings: Settings, offset: float, length: float
) -> Iterator[features.Track]:
    """Yield the frames of `length` seconds of a song, piece by piece."""
    for number, samples in enumerate(_pieces(song, settings, offset, length)):
        if number == 0 or len(samples) >= settings.shortest_segment:
            yield features.of_samples(samples, feature, settings)


def _pieces(
    song: AudioInput, settings: Settings, offset: float, length: float
) -> Iterator[np.ndarray]:
    """Yield `length` seconds of a song as samples, at most `track_seconds` at a time."""
    piece, left = settings.track_seconds, length * settings.sample_rate
    how = {"sample_rate": settings.sample_rate, "offset": offset}
    if isinstance(song, tuple):
        samples = audio.from_samples(*song, seconds=length, **how)
        step = int(piece * settings.sample_rate)
        yield from (samples[start : start + step] for start in range(0, len(samples), step))
    elif length <= piece:
        yield audio.load(song, seconds=length, **how)
    else:
        for samples in audio.blocks(song, seconds=piece, **how):
            yield samples[: int(min(left, len(samples)))]
            left -= len(samples)
            if left <= 0:
                return


def _absolute(song: AudioInput) -> AudioInput:
    return song if isinstance(song, tuple) else Path(song).absolute()


def _name(song: AudioInput) -> str:
    return "" if isinstance(song, tuple) else printable(song)
