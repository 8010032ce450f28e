"""Front ends: networks in ONNX files that turn a segment's samples into an embedding.

Beside the ONNX file `NAME.onnx` lies its description, `NAME.toml`, which says what the network
takes and gives. It is data, and no code is run from it. TOML is used because people write it by
hand, with comments. `Description` is its schema; docs/front_ends.md explains it by an example.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from genre import onnx_session
from genre.errors import FeatureError, reason
from genre.features import spectrum
from genre.features.settings import Count, Settings
from genre.files import beginning

DESCRIPTION, WEIGHTS = ".toml", ".onnx"  # the suffixes of the two files
SILENCE = 1e-5  # root mean square below which a segment is not made louder
TOLERANCE = 0.01  # of the largest reference value, for values that are computed here
CHANGED = "not the description with which the data was computed; run preprocess.py again"
THREADS = 2  # segments that are computed at once; more would take more memory
ABOUT = ("source", "licence", "reference")  # the fields that decide no value

Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e9)]
Embed = Callable[[np.ndarray], np.ndarray]  # from a patch to its embedding, (1, values)


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in a description: a name that the schema does not know is an error."""


class Mel(Table, frozen=True):
    """The mel spectrogram that a network takes: log10(1 + compression * power)."""

    n_fft: Count  # samples
    hop_length: Count  # samples
    n_mels: Count  # bands from 0 Hz to half the sample rate, as librosa's
    compression: Positive


class Patch(Table, frozen=True):
    """The length of what a network takes at once, and the distance between two of them."""

    length: Count  # frames of the mel spectrogram or, without one, samples
    hop: Count


class Reference(Table, frozen=True):
    """What the network gives for a known sound: every `step`-th value of its embedding."""

    seconds: Positive
    step: Count
    values: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]


class Description(Table, frozen=True, kw_only=True):
    """What a network takes and gives."""

    source: str  # where the weights are from
    licence: str  # of the weights
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]  # of the ONNX file
    sample_rate: Count  # Hz
    loudness: Positive | None = None  # root mean square to which each segment is scaled
    mel: Mel | None = None  # without it, the network takes samples
    patch: Patch | None = None  # without it, the network takes a segment of any length
    shortest: Count = 1  # frames or samples that it needs, if there is no patch
    output: str  # the name of the output that is the embedding
    values: Count  # of an embedding
    reference: Reference


def read(path: Path) -> Description:
    """Read a description; raises FeatureError if it is missing, or not one."""
    try:
        return _decoded(path.read_bytes())
    except FileNotFoundError:
        raise FeatureError(f"{path}: no such description of a front end") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FeatureError(f"{path}: not the description of a front end: {reason(error)}") from None


@lru_cache(maxsize=8)
def _decoded(content: bytes) -> Description:
    return msgspec.toml.decode(content, type=Description)


def about(path: Path) -> dict[str, str]:
    """Return where the weights of a front end are from, and their licence."""
    described = read(path)
    return {"source": described.source, "licence": described.licence}


def check(path: Path, wanted: str) -> None:
    """Raise FeatureError if a front end is not there, or is not the one with a digest."""
    if digest(path) != wanted:
        raise FeatureError(f"{path}: {CHANGED}")
    _content(path.with_suffix(WEIGHTS), read(path))


def digest(path: Path) -> str:
    """Return the SHA-256 of all that decides the values of embeddings: what tells them apart."""
    fields = msgspec.to_builtins(read(path))
    deciding = {name: value for name, value in fields.items() if name not in ABOUT}
    return hashlib.sha256(msgspec.json.encode(deciding)).hexdigest()


def embed(segments: np.ndarray, settings: Settings, *, path: Path) -> np.ndarray:
    """Return the embeddings of segments' samples, (segments, samples): (segments, 1, values).

    `path` is that of the description. Raises ValueError for segments that are too short, and
    FeatureError if the front end cannot be used, or is not that of the settings.
    """
    if settings.front_end and settings.front_end != digest(path):
        raise FeatureError(f"{path}: {CHANGED}")
    of_segment = partial(_embedding, sample_rate=settings.sample_rate, path=path)
    first = of_segment(segments[0])  # loads the network, so that the threads do not load it twice
    # A worker process has one core, and says so by this variable, as other programs do.
    n_threads = 1 if os.environ.get("OMP_NUM_THREADS") == "1" else THREADS
    with ThreadPoolExecutor(n_threads) as threads:
        return np.stack([first, *threads.map(of_segment, segments[1:])])


def verify(path: Path) -> None:
    """Raise FeatureError if a front end does not give the reference of its description."""
    described = read(path)
    reference = described.reference
    wanted = np.array(reference.values)
    try:
        embedding = _embedding(sweep(reference.seconds, described.sample_rate), None, path)
    except ValueError as error:
        raise FeatureError(f"{path}: its reference is too short: {error}") from None
    found = embedding[0, :: reference.step]
    if len(found) != len(wanted):
        raise FeatureError(
            f"{path}: the reference holds {len(wanted)} values; every {reference.step}. value of "
            f"{described.values} makes {len(found)}"
        )
    place = np.abs(found - wanted).argmax()
    if not np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max():
        raise FeatureError(
            f"{path}: the network does not give the reference: value {place * reference.step} is "
            f"{found[place]:.4g}, not {wanted[place]:.4g}; are sample rate, spectrogram and output "
            "right?"
        )


def sweep(seconds: float, sample_rate: int) -> np.ndarray:
    """Return the sound of the reference, (samples,): a tone that rises to half the sample rate."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (0.5 * np.sin(np.pi * sample_rate / 2 / seconds * time**2)).astype(np.float32)


def _embedding(samples: np.ndarray, sample_rate: int | None, path: Path) -> np.ndarray:
    """Return the embedding of a segment, (1, values): the mean of those of its patches.

    Without a sample rate, the samples have that of the network.
    """
    described = read(path)
    embed = _network(path.with_suffix(WEIGHTS), described)
    patches = _patches(network_input(samples, sample_rate, described), described, path.stem)
    return np.mean([embed(patch) for patch in patches], axis=0)


def network_input(
    samples: np.ndarray, sample_rate: int | None, described: Description
) -> np.ndarray:
    """Return what a network takes of samples: (frames, bands), or (samples,), float32."""
    import soxr

    if sample_rate not in (None, described.sample_rate):
        samples = soxr.resample(samples, sample_rate, described.sample_rate)
    if described.loudness:
        loudness = np.sqrt(np.mean(np.square(samples, dtype=np.float64)))
        samples = np.float32(described.loudness / max(loudness, SILENCE)) * samples
    if not (mel := described.mel):
        return samples
    settings = Settings(
        sample_rate=described.sample_rate,
        track_seconds=1,
        segments_per_track=1,
        n_fft=mel.n_fft,
        hop_length=mel.hop_length,
        n_mels=mel.n_mels,
    )
    return np.log10(1 + mel.compression * spectrum.mel_power(samples, settings))


def _patches(frames: np.ndarray, described: Description, name: str) -> list[np.ndarray]:
    """Cut frames, or samples, into patches; raises ValueError if there are too few for one."""
    patch, mel = described.patch, described.mel
    shortest = patch.length if patch else described.shortest
    if len(frames) < shortest:
        n_samples = (shortest - 1) * mel.hop_length if mel else shortest
        raise ValueError(f"{name} needs segments of {n_samples / described.sample_rate:.3f} s")
    if not patch:
        return [frames]
    starts = range(0, len(frames) - patch.length + 1, patch.hop)
    return [frames[start : start + patch.length] for start in starts]


@lru_cache(maxsize=2)
def _network(file: Path, described: Description) -> Embed:
    """Load a network once in each process; raises FeatureError if it is not the one described."""
    session = _session(file, described)
    (name,) = [value.name for value in session.get_inputs()]

    def embed(patch: np.ndarray) -> np.ndarray:
        try:
            (found,) = session.run([described.output], {name: patch[np.newaxis]})
        except Exception as error:  # ONNX Runtime's exceptions share no other base class
            shape = (1, *patch.shape)
            why = " ".join(str(error).split())
            raise FeatureError(f"{file}: cannot take an input of shape {shape}: {why}") from None
        if found.ndim == 3:  # a value for each step in time
            found = found.mean(axis=1)
        if found.shape != (1, described.values):
            raise FeatureError(
                f"{file}: {described.output} has the shape {found.shape}, not "
                f"{(1, described.values)}, as its description says"
            )
        return found

    return embed


def _session(file: Path, described: Description) -> Any:
    """Return the onnxruntime.InferenceSession of a front end."""
    try:
        session = onnx_session.session(_content(file, described))
    except ValueError as error:
        raise FeatureError(f"{file}: {error}") from None
    if [value.type for value in session.get_inputs()] != ["tensor(float)"]:
        raise FeatureError(f"{file}: must have one input, of float32")
    names = [value.name for value in session.get_outputs()]
    if described.output not in names:
        raise FeatureError(
            f"{file}: has no output {described.output!r:.40}; it has {', '.join(names)}"
        )
    return session


def _content(file: Path, described: Description) -> bytes:
    """Return the content of the ONNX file; raises FeatureError if it is not the one described."""
    description = file.with_suffix(DESCRIPTION).name
    try:
        beginning(file)  # raises GenreError where it is a pointer of Git LFS
        content = file.read_bytes()
    except FileNotFoundError:
        raise FeatureError(f"{file}: no such file; {description} describes it") from None
    if (found := hashlib.sha256(content).hexdigest()) != described.sha256:
        raise FeatureError(f"{file}: not the file that {description} describes: SHA-256 {found}")
    return content
