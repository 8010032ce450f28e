"""A trained network's folder: model.keras and card.json, the card with all that predict needs."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lazy_loader as lazy

from genre import checks, features
from genre.errors import FeatureError, ModelError
from genre.settings import Settings

keras = lazy.load("keras")

SCHEMA = 1
MODEL_FILE, CARD_FILE = "model.keras", "card.json"
PACKAGES = ("librosa", "numpy", "tensorflow", "keras", "scikit-learn", "soundfile", "soxr")


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
    weights_sha256: str
    versions: dict[str, str]
    created: str  # date and time, UTC
    title: str = ""  # the script and what was asked for beyond its defaults: "cnn frequency"
    architecture: dict[str, Any] = field(default_factory=dict)  # its name and all of its options


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that decide a network's values."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def weights_digest(network: "keras.Model") -> str:
    """Return the SHA-256 of a network's weights, in hexadecimal, the same for equal weights."""
    digest = hashlib.sha256()
    for array in network.get_weights():  # in the order of the layers
        digest.update(array.tobytes())
    return digest.hexdigest()


def save(network: "keras.Model", card: Card, folder: Path) -> None:
    """Write model.keras and card.json into a folder."""
    network.save(folder / MODEL_FILE)
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
        checks.mapping(card.architecture, "architecture")
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
    folder = path.parent if path.suffix == ".keras" else path
    if not folder.is_dir():
        raise ModelError(f"{path}: no such network; a training script writes one (python cnn.py)")
    return folder


def settings(card: Card, network: "keras.Model | None" = None) -> Settings:
    """Return the feature settings that a card holds.

    Raises ModelError when the card's feature cannot be computed with them, or not for that network.
    """
    try:
        settings = Settings.from_dict(card.settings)
        shape = features.check(card.feature, settings)
    except (FeatureError, ValueError) as error:
        raise ModelError(f"the settings on the network's card cannot be used ({error})") from None
    if network and network.input_shape[1:] != shape:
        raise ModelError(f"the card's settings give frames of {shape}, the network takes others")
    return settings


def load(path: Path) -> tuple["keras.Model", Card]:
    """Load a network and its card from its folder, or from the .keras file in it.

    Raises ModelError when there is none, when it cannot be read safely, or when network and card
    are not of one training run.
    """
    folder = folder_of(path)
    card = read(folder)
    file = folder / MODEL_FILE
    if not file.is_file():
        raise ModelError(f"{file}: no such file; train the network again")
    try:
        network = keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever its parts raise on a file that is not whole
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise ModelError(f"{file}: not a network that can be loaded ({reason})") from None
    n_genres = network.output_shape[-1]
    if weights_digest(network) != card.weights_sha256 or n_genres != len(card.mapping):
        raise ModelError(f"{file}: not the network that {CARD_FILE} describes; train it again")
    return network, card
