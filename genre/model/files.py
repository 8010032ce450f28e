"""The folder of a model: find it, and read those files of it that are what the card says."""

from hashlib import sha256
from pathlib import Path

from genre.errors import ModelError
from genre.files import LFS_POINTER, printable
from genre.model.card import CARD_FILE, CLASSIFIER_FILE, MODEL_FILE, ONNX_FILE, Card

PRETRAINED = Path(__file__).parents[1] / "pretrained"  # the model that comes with the code


def folder_of(path: Path) -> Path:
    """Return a model's folder, given it or a model file in it; raises ModelError without one."""
    is_model = path.name in (MODEL_FILE, ONNX_FILE, CLASSIFIER_FILE)
    folder = path.parent if is_model else path
    if path.suffix in (".h5", ".hdf5") and path.is_file():
        raise ModelError(
            f"{path}: an HDF5 file, perhaps a model of Keras 2; only models that the training "
            "scripts of this code wrote can be used (python cnn.py)"
        )
    if folder.is_file():
        raise ModelError(f"{path}: not a model; give the folder that a training script wrote")
    if not folder.is_dir():
        raise ModelError(f"{path}: no such model; a training script writes one (python cnn.py)")
    models = sorted(each.parent for each in folder.glob(f"*/{CARD_FILE}"))
    if models and not (folder / CARD_FILE).exists():
        raise ModelError(
            f"{path}: a folder of several models; give one: {', '.join(map(printable, models))}"
        )
    return folder


def model_file(card: Card) -> str:
    """Return the name of the file that predicts: a network's, or a classifier's."""
    return CLASSIFIER_FILE if CLASSIFIER_FILE in card.files else ONNX_FILE


def content(file: Path, card: Card) -> bytes:
    """Return the content of a model's file; raises ModelError where the card describes another."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{file}: no such file; train the model again") from None
    if content.startswith(LFS_POINTER):
        raise ModelError(f"{file}: a pointer of Git LFS, not the model; run `git lfs pull`")
    if sha256(content).hexdigest() != card.files.get(file.name):
        raise ModelError(
            f"{file}: not the file that {CARD_FILE} describes: it was cut off, or comes from "
            "another training; copy it again, or train the model again"
        )
    return content
