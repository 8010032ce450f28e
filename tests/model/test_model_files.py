"""The folder of a model: how it is named, and what is refused."""

import pytest

from genre.errors import ModelError
from genre.model import files


def test_a_model_is_named_by_its_folder_or_by_a_file_in_it(tmp_path):
    for path in (
        tmp_path,
        *(tmp_path / f"model.{suffix}" for suffix in ("keras", "onnx", "skops")),
    ):
        assert files.folder_of(path) == tmp_path
    (tmp_path / "model.h5").touch()
    refused = (("model.h5", "Keras 2"), ("none", "no such model"), ("best.keras", "no such model"))
    for name, reason in refused:
        with pytest.raises(ModelError, match=reason):
            files.folder_of(tmp_path / name)
