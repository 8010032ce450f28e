"""Name the genre of songs, and train the networks that do.

import genre

model = genre.load()                       # the pretrained one; or a folder: "output/cnn"
answer = model.predict("song.mp3")         # or (samples, sample_rate)
answer.genre, answer.verdict               # "jazz", "sure"; or "either" of answer.genres, or "open"
answer.probabilities                       # {"blues": 0.02, ...}
answer.segments                            # array (segments, genres)
answer.tags                                # {"folk": 0.41, ...}: what else is heard, if it has tags
model.card                                 # what it was trained on, and how well it does
for answer in model.predict_many(paths):   # in parallel, in order
    ...
"""

from typing import Any

from genre.errors import (
    AudioError,
    DatasetError,
    FeatureError,
    GenreError,
    ModelError,
    SplitError,
    TrainingError,
)
from genre.version import VERSION as __version__

_LOADED_LATER = ("Answer", "Model", "load")
__all__ = [
    "Answer",
    "AudioError",
    "DatasetError",
    "FeatureError",
    "GenreError",
    "Model",
    "ModelError",
    "SplitError",
    "TrainingError",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    """Import the API when it is first used, so that `import genre` itself takes no time."""
    if name not in _LOADED_LATER:
        raise AttributeError(f"module 'genre' has no attribute {name!r}")
    from genre import model

    return getattr(model, name)


def __dir__() -> list[str]:
    return __all__
