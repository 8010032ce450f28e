"""Load what a trained model predicts with: a network or a classifier, and the genres' centres."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from genre.errors import ModelError, reason
from genre.evaluation import Predict
from genre.evaluation.distance import Centres
from genre.model import centres_file, files
from genre.model.card import CENTRES_FILE, CLASSIFIER_FILE, FRONT_END_FILES, Card

NEEDS_SKLEARN = "a classifier needs scikit-learn and skops: pip install -r requirements.txt"


class Predictor(NamedTuple):
    """The function of a trained model, and the frames that it takes."""

    takes: Callable[[tuple[int, int]], bool]  # of a segment's shape, (frames, bands)
    predict: Predict  # not calibrated


def predictor(folder: Path, card: Card) -> Predictor:
    """Load the network or the classifier of a model.

    Raises ModelError where the file is not the one that the card describes, or not safe to load.
    """
    file = folder / files.model_file(card)
    content = files.content(file, card)
    if file.name == CLASSIFIER_FILE:
        return _classifier(file, content, card)
    return _network(file, content, card)


def feature(folder: Path, card: Card) -> str:
    """Return the feature to compute: its name, or the path of the model's own front end.

    Raises ModelError where that is not the one which the card describes.
    """
    description, weights = (folder / name for name in FRONT_END_FILES)
    if description.name not in card.files:
        return card.feature
    for file in (description, weights):
        files.content(file, card)
    return str(description.absolute())


def centres(folder: Path, card: Card, takes: Callable[[tuple[int, int]], bool]) -> Centres | None:
    """Return the genres' centres, or None for a model without them; raises ModelError."""
    if CENTRES_FILE not in card.files:
        return None
    file = folder / CENTRES_FILE
    try:
        centres = centres_file.from_bytes(files.content(file, card), len(card.mapping))
    except ValueError as error:
        raise ModelError(f"{file}: {error}") from None
    if not takes((1, len(centres.mean))):
        raise ModelError(f"{file}: not of the embeddings that this model takes")
    return centres


def _network(file: Path, content: bytes, card: Card) -> Predictor:
    from genre.model import onnx_file

    network = onnx_file.from_bytes(content, file)
    if network.n_genres != len(card.mapping):
        raise ModelError(
            f"{file}: predicts {network.n_genres} genres, but its card has {len(card.mapping)}"
        )
    return Predictor(lambda shape: shape == network.shape, network)


def _classifier(file: Path, content: bytes, card: Card) -> Predictor:
    from genre import classifiers

    try:
        from genre.model import skops_file
    except ModuleNotFoundError:
        raise ModelError(f"{file}: {NEEDS_SKLEARN}") from None
    kind = card.architecture.get("statistics", "")
    if kind not in classifiers.STATISTICS:
        raise ModelError(f"{file}: its card does not say what it learnt from; train it again")
    of_feature = (card.feature, card.settings)
    try:
        model = skops_file.from_bytes(content, len(card.mapping))
    except Exception as error:  # skops raises whatever its parts raise on a file of other content
        raise ModelError(f"{file}: not a classifier that can be loaded ({reason(error)})") from None
    return Predictor(
        takes=lambda shape: classifiers.takes(model, kind, shape, *of_feature),
        predict=classifiers.predictor(model, kind, *of_feature, len(card.mapping)),
    )
