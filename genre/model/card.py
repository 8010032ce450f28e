"""card.json: what a trained model was trained on, how well it does, and what prediction needs.

`Card` is the schema. A card is checked against it when it is read and before it is written.
"""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from genre import features
from genre.errors import FeatureError, ModelError, reason
from genre.evaluation.calibration import Calibration
from genre.evaluation.metrics import Scores
from genre.features.settings import Settings
from genre.version import described

SCHEMA = 3
OPENING, SPREAD = "opening", "spread"  # what a model reads of a song, if nobody says
CARD_FILE = "card.json"
# A network for Keras, the same network for prediction, and a classifier.
MODEL_FILE, ONNX_FILE, CLASSIFIER_FILE = "model.keras", "model.onnx", "model.skops"
CENTRES_FILE = "centres.npz"  # the mean embedding of each genre: evaluation.distance
# Copies of a person's own front end, so that the folder is all that prediction needs.
FRONT_END_FILES = ("front_end.toml", "front_end.onnx")
# The packages that decide a model's values.
PACKAGES = (
    "librosa",
    "numpy",
    "scipy",
    "PyWavelets",
    "tensorflow",
    "keras",
    "onnxruntime",
    "scikit-learn",
    "skops",
    "soundfile",
    "soxr",
)

Count = Annotated[int, msgspec.Meta(ge=0)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Data(msgspec.Struct, frozen=True):
    """The segment file or table of features that a model was trained on."""

    file: str
    sha256: Sha256


class PartSize(msgspec.Struct, frozen=True):
    """The size of a part of the split, and the digest of the list of its tracks."""

    segments: Count
    tracks: Count
    tracks_sha256: Sha256


class CardSplit(msgspec.Struct, frozen=True):
    """How the data was split."""

    name: str
    seed: int
    notes: list[str]
    train: PartSize
    validation: PartSize
    test: PartSize


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What prediction needs, and what a reader of the scores must know."""

    schema: int = SCHEMA
    script: str  # the training script: "cnn"
    title: str  # the script and all that differs from its defaults: "cnn frequency --block resnet"
    command: str  # the command line that trained it
    created: str  # date and time, UTC
    mapping: Annotated[list[str], msgspec.Meta(min_length=2)]
    feature: str
    settings: dict[str, Any]  # of the feature; `settings` below checks them
    reads: Literal["opening", "spread"] = "opening"
    data: Data
    split: CardSplit
    architecture: dict[str, Any]  # the network's name and all of its options
    training: dict[str, Any]  # the recipe, seed, number of folds, epochs and seconds
    protocol: dict[str, Any] = {}  # how the data was split, and how often
    # On the test part, of all folds together where there are several; None if nothing was tested.
    scores: Scores | None = None
    runs: list[dict[str, int | float]]  # the seed and the scores of each run
    spread: dict[str, dict[str, float]] = {}  # mean and standard deviation of several runs' scores
    calibration: Calibration = Calibration()
    files: dict[str, Sha256]  # the digest of each file of the model
    front_end: dict[str, str] = {}  # source and licence of a person's own front end
    onnx_difference: float | None = None  # the largest, between the two files' probabilities
    versions: dict[str, str]


class _Versioned(msgspec.Struct):
    """The part of a card that is read first: the rest may have another schema."""

    schema: int


def new(**fields: Any) -> Card:
    """Return a card, given the fields of card.json; raises msgspec.ValidationError."""
    return msgspec.convert(fields, Card)


def versions() -> dict[str, str]:
    """Return the versions of this code, of Python and of the packages that decide a model."""
    ours = {"genre": described(), "python": platform.python_version()}
    return ours | {name: version(name) for name in PACKAGES}


def write(card: Card, folder: Path) -> None:
    """Write card.json into a folder; raises msgspec.ValidationError if `read` would refuse it."""
    content = msgspec.json.encode(card)
    msgspec.json.decode(content, type=Card)
    (folder / CARD_FILE).write_bytes(msgspec.json.format(content) + b"\n")


def read(folder: Path) -> Card:
    """Read the card in a model's folder; raises ModelError if it is missing or not a card."""
    path = folder / CARD_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; every trained model has one") from None
    try:
        schema = msgspec.json.decode(content, type=_Versioned).schema
        if schema != SCHEMA:
            raise ModelError(
                f"{path}: written by another version of this code (schema {schema}, this version "
                f"reads {SCHEMA}); train the model again"
            )
        card = msgspec.json.decode(content, type=Card)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path}: not a model's card ({reason(error)})") from None
    if len(set(card.mapping)) < len(card.mapping):
        raise ModelError(f"{path}: not a model's card (its mapping names a genre twice)")
    return card


def settings(card: Card) -> Settings:
    """Return the feature settings on a card.

    Raises ModelError if the frames of songs cannot be computed with them.
    """
    try:
        if FRONT_END_FILES[0] not in card.files:
            features.parts(card.feature)
    except FeatureError:
        raise ModelError(
            f"this model was trained on the feature {card.feature!r:.40}, which cannot be computed "
            "from songs; train one on a segment file (python preprocess.py)"
        ) from None
    try:
        return Settings.from_dict(card.settings)
    except ValueError as error:
        raise ModelError(f"the settings on the model's card cannot be used ({error})") from None
