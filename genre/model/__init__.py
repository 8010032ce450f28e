"""The Python API: load a trained model and name the genre of songs. See `genre` for its use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from genre import environment, evaluation, executor
from genre.errors import AudioError, ModelError
from genre.evaluation import calibration, distance
from genre.model import card, files, loading, question
from genre.model.answer import Answer
from genre.model.question import AudioInput, Part


class Model:
    """A trained network, or a classifier of baseline.py, with its card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = card.read(folder)
        self.digest = self.card.files.get(files.model_file(self.card), "")  # SHA-256
        self.takes, self._raw = loading.predictor(folder, self.card)
        self._centres = loading.centres(folder, self.card, self.takes)
        self._threads = threadpoolctl.ThreadpoolController()  # too slow to make for each song

    def __repr__(self) -> str:
        known, accuracy = len(self.card.mapping), self.card.scores.track_accuracy
        return f"<Model {self.card.title}: {known} genres, {accuracy:.0%} of test tracks right>"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Pickle it as the place of its folder, from which it is loaded again."""
        return _loaded, (self.folder.absolute(), self.digest)

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
        question.check(song)
        part = Part(join=join, offset=offset, seconds=seconds, whole=whole)
        settings = card.settings(self.card)
        found, distances, embeddings, short = [], [], [], False
        with environment.one_thread(self._threads):  # as in a worker process: rounding differs else
            for track in question.tracks(song, self.card.feature, settings, part):
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
        # The threshold is fitted on means, so `join` does not matter here.
        uncertain = calibration.is_uncertain(
            evaluation.join(segments), self.card.calibration, nearest
        )
        genre = self.card.mapping[joined.argmax()]
        return Answer(
            song=question.name(song),
            genre=genre,
            uncertain=uncertain,
            verdict="open" if uncertain else "sure",
            genres=() if uncertain else (genre,),
            together=float(joined.max()),
            probabilities=dict(zip(self.card.mapping, joined.tolist(), strict=True)),
            segments=segments,
            segment_seconds=settings.segment_seconds,
            start=offset,
            starts=offset + settings.segment_seconds * np.arange(len(segments)),
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
            absolute = map(question.absolute, songs)
            found = executor.ordered(pool, function, absolute, unable=_failed)
            for song, answer in zip(names, found, strict=True):
                yield replace(answer, song=question.name(song))


def load(path: str | Path | None = None) -> Model:
    """Load a trained model from its folder, or by the model file in it.

    Without a path it is the pretrained one. Raises ModelError when there is none, when it cannot be
    read safely, or when a file of it is not the one that its card describes.
    """
    return Model(files.folder_of(files.PRETRAINED if path is None else Path(path)))


def predict_song(song: AudioInput, *, folder: Path, digest: str, options: dict[str, Any]) -> Answer:
    """Return the answer of the model in a folder for a song, in whichever process this runs."""
    return _answer(song, _loaded(folder, digest), options)


@lru_cache(maxsize=1)
def _loaded(folder: Path, digest: str) -> Model:
    """Load a model once in each process, and again where another takes its place."""
    model = load(folder)
    if model.digest != digest:
        raise ModelError(f"{folder}: the model is no longer the one that was loaded")
    return model


def _answer(song: AudioInput, model: Model, options: dict[str, Any]) -> Answer:
    try:
        return model.predict(song, **options)
    except AudioError as error:
        return Answer(song=question.name(song), error=str(error))


def _failed(reason: str) -> Answer:
    """Return the answer where no process could name a song, for this reason."""
    return Answer(song="", error=reason)
