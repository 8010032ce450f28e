"""The Python API: load a trained model and name the genre of songs. See `genre` for its use."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import tee
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import threadpoolctl

from genre import environment, evaluation, executor, features
from genre.errors import AudioError, ModelError
from genre.evaluation import calibration, distance, tag_evidence, verdict
from genre.features import tags
from genre.model import card, files, loading, question
from genre.model.answer import Answer
from genre.model.question import AudioInput, Part


class _Read(NamedTuple):
    """What a model makes of some segments of a song."""

    starts: np.ndarray  # s, (segments,)
    probabilities: np.ndarray  # (segments, genres)
    embeddings: np.ndarray | None  # (segments, values)
    short: bool


class Model:
    """A trained network, or a classifier of baseline.py, with its card."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = card.read(folder)
        self.digest = self.card.files.get(files.model_file(self.card), "")  # SHA-256
        self.feature = loading.feature(folder, self.card)
        self.takes, self._raw = loading.predictor(folder, self.card)
        self._centres = loading.centres(folder, self.card, self.takes)
        self._threads = threadpoolctl.ThreadpoolController()  # too slow to make for each song

    def __repr__(self) -> str:
        known, scores = len(self.card.mapping), self.card.scores
        right = f"{scores.track_accuracy:.0%} of test tracks right" if scores else "not tested"
        return f"<Model {self.card.title}: {known} genres, {right}>"

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
        probabilities, fitted = self._raw(frames), self.card.calibration
        if evidence := self._evidence(frames[:, 0]):
            probabilities = tag_evidence.supported(probabilities, evidence.named, fitted.tag_weight)
        return calibration.scaled(probabilities, fitted.temperature)

    @property
    def join(self) -> str:
        """How the probabilities of a song's segments are joined, if nobody says."""
        return evaluation.GEOMETRIC if self.card.reads == card.SPREAD else evaluation.MEAN

    def predict(
        self,
        song: AudioInput,
        *,
        join: str | None = None,
        offset: float = 0.0,
        seconds: float | None = None,
        whole: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Answer:
        """Return the genres of a song: of a file, or of samples with their sample rate.

        A model on an embedding reads segments from all over the song, as many as it was trained on
        (15 of 2 s for the pretrained one); other models read the opening (30 s by default).
        `offset`, `seconds` and `whole` ask for a part instead: `seconds` of the song, or all of it,
        from `offset` on. `join` is how the segments' probabilities are joined: "mean",
        "geometric", "max" or "min"; by default as the model's limits were fitted. `progress` is
        called now and then with the number of seconds that have been analysed. Raises AudioError
        when the song cannot be used, and ValueError for options that mean nothing.
        """
        question.check(song)
        part = Part(join=join or self.join, offset=offset, seconds=seconds, whole=whole)
        settings = card.settings(self.card)
        found: list[_Read] = []
        with environment.one_thread(self._threads):  # as in a worker, to round alike
            for track in question.tracks(
                song, self.feature, settings, part, spread=self.card.reads == card.SPREAD
            ):
                found.append(self._read(track.frames, track.starts, track.short))
                if progress:
                    progress(sum(len(each.starts) for each in found) * settings.segment_seconds)
            return self._answer(question.name(song), found, part)

    def answer(
        self,
        frames: np.ndarray,
        starts: np.ndarray,
        *,
        song: str = "",
        join: str | None = None,
        short: bool = False,
    ) -> Answer:
        """Return the answer of `predict` for a song of which the frames are known.

        They are (segments, frames, bands). `starts` are the times at which the segments begin,
        (segments,) in seconds. `short` says that the song was repeated to fill one segment.
        """
        # As many at a time as in `predict`: the last digits depend on it.
        step = card.settings(self.card).segments_per_track
        with environment.one_thread(self._threads):
            found = [
                self._read(frames[first : first + step], starts[first : first + step], short)
                for first in range(0, len(frames), step)
            ]
            return self._answer(song, found, Part(join=join or self.join))

    def _read(self, frames: np.ndarray, starts: np.ndarray, short: bool) -> _Read:
        """Return what the model makes of some segments of a song."""
        if features.is_embedding(self.card.feature):
            frames = features.rounded(frames)  # as the store keeps them, whether it does or not
        embeddings = frames[:, 0] if frames.shape[1] == 1 else None
        return _Read(starts, self.probabilities(frames), embeddings, short)

    def _answer(self, name: str, found: list[_Read], part: Part) -> Answer:
        """Return the answer for a song, of which all segments have been read."""
        starts, segments = (np.concatenate([each[i] for each in found]) for i in (0, 1))
        vectors = [each.embeddings for each in found if each.embeddings is not None]
        embeddings = np.concatenate(vectors) if vectors else None
        joined, mapping = evaluation.join(segments, part.join), self.card.mapping
        said = verdict.of_song(
            evaluation.join(segments, self.join),  # for which the limits are fitted
            calibration.limits(self.card.calibration),
            self._nearest(embeddings),
            self._against(embeddings),
        )
        if said.labels and joined.argmax() not in said.labels:  # joined in another way
            said = verdict.Verdict(together=float(joined.max()), reason=verdict.TOO_LOW)
        return Answer(
            song=name,
            genre=mapping[joined.argmax()],
            verdict=said.name,
            genres=tuple(mapping[label] for label in said.labels),
            together=said.together,
            reason=said.reason,
            probabilities=dict(zip(mapping, joined.tolist(), strict=True)),
            segments=segments,
            segment_seconds=card.settings(self.card).segment_seconds,
            starts=starts,
            tags=self._tags(embeddings),
            embedding=None if embeddings is None else embeddings.mean(axis=0),
            short=any(each.short for each in found),
        )

    def _tags(self, embeddings: np.ndarray | None) -> dict[str, float]:
        """Return the tags of a song; none for a model without tags."""
        if embeddings is None or self.card.feature != tags.FEATURE:
            return {}
        return tags.of_embeddings(embeddings)

    def _evidence(self, embeddings: np.ndarray) -> tag_evidence.Evidence | None:
        """Return what the tags of segments say of the genres; None for a model without tags."""
        if self._centres is None or self.card.feature != tags.FEATURE:
            return None
        centres = self._centres
        strengths = tags.standardised(embeddings, centres.mean, centres.deviation)
        return tag_evidence.of_segments(strengths, self.card.mapping)

    def _against(self, embeddings: np.ndarray | None) -> np.ndarray | None:
        """Return what the tags of a song say against each genre, (genres,)."""
        evidence = None if embeddings is None else self._evidence(embeddings)
        return None if evidence is None else evidence.against.mean(axis=0)

    def _nearest(self, embeddings: np.ndarray | None) -> float | None:
        """Return the distance of a song to the nearest genre; None for a model without centres."""
        if self._centres is None or embeddings is None:
            return None
        return float(distance.to_genres(embeddings, self._centres).mean(axis=0).min())

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
        if (workers or executor.cores()) == 1 and not cluster:
            function = partial(_answer, model=self, options=options)
        else:
            function = partial(  # with whole paths: a cluster's workers may run in other folders
                predict_song, folder=self.folder.absolute(), digest=self.digest, options=options
            )
        songs, names = tee(songs)
        with executor.opened(workers=workers, cluster=cluster) as pool:
            absolute = map(question.absolute, songs)
            found = executor.ordered(
                pool, function, absolute, unable=lambda reason: Answer(song="", error=reason)
            )
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
