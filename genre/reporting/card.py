"""A trained network's folder: the model and card.json, the card with all that predict needs.

The model is model.keras, or model.skops for a classifier of baseline.py.
"""

import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import lazy_loader as lazy
import numpy as np

from genre import checks, classifiers, evaluation, features
from genre.classifiers import statistics
from genre.datasets import feature_table
from genre.errors import FeatureError, ModelError
from genre.evaluation.calibration import Calibration, scaled
from genre.features.settings import Settings

keras = lazy.load("keras")

SCHEMA = 1
MODEL_FILE, CLASSIFIER_FILE, CARD_FILE = "model.keras", "model.skops", "card.json"
BASELINE = "baseline"  # the script whose model is a classifier
PACKAGES = ("librosa", "numpy", "tensorflow", "keras", "scikit-learn", "skops", "soundfile", "soxr")


class Model(NamedTuple):
    """What there is to do with a trained network, or with a classifier of baseline.py."""

    judge: evaluation.Judge
    takes: Callable[[tuple[int, int]], bool]  # whether it can judge frames of (frames, bands)


@dataclass(frozen=True)
class Card:
    """What a prediction must agree with, and what a reader of a score must know."""

    schema: int
    script: str  # the training script: "cnn"
    mapping: list[str]
    feature: str
    settings: dict[str, Any]
    data: dict[str, Any]  # the segment file's name and digest
    split: dict[str, Any]  # name, seed, and for each part its counts and its tracks' digest
    training: dict[str, Any]  # seed, batch size, learning rate, epochs, seconds
    scores: dict[str, Any]  # on the test part, of all folds together where there are several
    runs: list[dict[str, Any]]  # the measures of each run, the first of which is saved
    spread: dict[str, Any]  # mean and standard deviation over the runs, empty for one run
    weights_sha256: str  # of a network's weights, or of a classifier's file
    versions: dict[str, str]
    created: str  # date and time, UTC
    command: str = ""  # that trained it, none in older cards
    title: str = ""  # the script and what was asked for beyond its defaults: "cnn frequency"
    architecture: dict[str, Any] = field(default_factory=dict)  # its name and all of its options
    # The temperature and the threshold, and what they do on the test part; none in older cards.
    calibration: dict[str, Any] = field(default_factory=dict)

    @property
    def calibrated(self) -> Calibration:
        """What brings this network's probabilities to what they should be."""
        kept = {name: self.calibration.get(name) for name in Calibration._fields}
        return Calibration(**{name: value for name, value in kept.items() if value is not None})


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a network's values."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def weights_digest(network: "keras.Model") -> str:
    """Return the SHA-256 of a network's weights, in hexadecimal, the same for equal weights."""
    digest = hashlib.sha256()
    for array in network.get_weights():  # in the order of the layers
        digest.update(array.tobytes())
    return digest.hexdigest()


def write(card: Card, folder: Path) -> None:
    """Write card.json into a folder."""
    text = json.dumps(asdict(card), indent=2)
    (folder / CARD_FILE).write_text(f"{text}\n", encoding="utf-8")


def read(folder: Path) -> Card:
    """Read the card in a network's folder; raises ModelError when it is missing or not ours."""
    path = folder / CARD_FILE
    try:
        content = checks.mapping(json.loads(path.read_text(encoding="utf-8")), "the card")
        if content.get("schema") != SCHEMA:
            raise ValueError(f"schema {content.get('schema')!r:.40}, this version reads {SCHEMA}")
        card = Card(**content)
        checks.genres(card.mapping)
        checks.mapping(card.settings, "settings")
        checks.names([card.script, card.feature, card.weights_sha256], "what the card names")
        checks.names([card.title], "title")
        checks.names([card.command], "command")
        checks.mapping(card.architecture, "architecture")
        checks.mapping(card.calibration, "calibration")
        checks.number(card.calibrated.temperature, "temperature", whole=False)
        checks.number(1 + card.calibrated.threshold, "threshold", whole=False)
        if not isinstance(checks.mapping(card.split, "split").get("seed"), int):
            raise ValueError("the split has no seed")
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; a trained network's folder holds one") from None
    except (ValueError, TypeError, RecursionError) as error:
        reason = str(error).replace("Card.__init__() ", "").split("\n")[0]
        raise ModelError(f"{path}: not a network's card ({reason})") from None
    return card


def folder_of(path: Path) -> Path:
    """Return the folder of the network that a path names; raises ModelError when there is none."""
    is_model = path.suffix in (Path(MODEL_FILE).suffix, Path(CLASSIFIER_FILE).suffix)
    folder = path.parent if is_model else path
    if not folder.is_dir():
        raise ModelError(f"{path}: no such network; a training script writes one (python cnn.py)")
    return folder


def settings(card: Card, model: Model | None = None) -> Settings:
    """Return the feature settings that a card holds.

    Raises ModelError when the card's feature cannot be computed with them, or not for that model.
    """
    if card.feature == feature_table.FEATURE:
        raise ModelError(
            "this classifier learnt from a table of features, which cannot be computed from songs; "
            "train one on a segment file (python baseline.py --data FILE.json)"
        )
    try:
        settings = Settings.from_dict(card.settings)
        shape = features.check(card.feature, settings)
    except (FeatureError, ValueError) as error:
        raise ModelError(f"the settings on the network's card cannot be used ({error})") from None
    if model and not model.takes(shape):
        raise ModelError(f"the card's settings give frames of {shape}, the network takes others")
    return settings


def load(path: Path) -> tuple[Model, Card]:
    """Load a network or a classifier and its card from its folder, or by the model file in it.

    Raises ModelError when there is none, when it cannot be read safely, or when model and card
    are not of one training run.
    """
    folder = folder_of(path)
    card = read(folder)
    file = folder / (CLASSIFIER_FILE if card.script == BASELINE else MODEL_FILE)
    if not file.is_file():
        raise ModelError(f"{file}: no such file; train the network again")
    model = (_load_classifier if card.script == BASELINE else _load_network)(file, card)
    temperature = card.calibrated.temperature
    return model._replace(judge=lambda frames: scaled(model.judge(frames), temperature)), card


def _load_network(file: Path, card: Card) -> Model:
    try:
        network = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise on a file that is not whole
        raise ModelError(f"{file}: not a network that can be loaded ({_reason(error)})") from None
    n_genres = network.output_shape[-1]
    if weights_digest(network) != card.weights_sha256 or n_genres != len(card.mapping):
        raise ModelError(f"{file}: not the network that {CARD_FILE} describes; train it again")
    return Model(evaluation.judge_of(network), lambda shape: network.input_shape[1:] == shape)


def _load_classifier(file: Path, card: Card) -> Model:
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != card.weights_sha256:
        raise ModelError(f"{file}: not the classifier that {CARD_FILE} describes; train it again")
    try:
        model = classifiers.from_bytes(content, len(card.mapping))
    except Exception as error:  # skops raises whatever its parts raise on a file that is not whole
        raise ModelError(
            f"{file}: not a classifier that can be loaded ({_reason(error)})"
        ) from None

    raw = classifiers.judge_of(model, card.feature, card.settings, len(card.mapping))

    def judge(frames: np.ndarray) -> np.ndarray:
        try:
            return raw(frames)
        except ValueError as error:  # frames can be finite, and what is made of them not
            raise ModelError(f"{file}: cannot judge these frames ({_reason(error)})") from None

    return Model(judge, lambda shape: statistics.n_statistics(shape) == model.n_features_in_)


def _reason(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
