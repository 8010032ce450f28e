"""The fifty tags of the feature `musicnn`: what else is heard in a song, in words.

The networks were trained to predict the fifty most frequent tags that listeners of Last.fm gave to
the songs of the Million Song Dataset. Their probabilities are not calibrated.
"""

import numpy as np

from genre.features.musicnn import PARTS

FEATURE = "musicnn"  # the feature whose embeddings hold the tags

# In the order of the networks' outputs: from the most frequent in the Million Song Dataset on.
NAMES = (
    *("rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s"),
    *("alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists"),
    *("classic rock", "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s"),
    *("chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic"),
    *("experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country"),
    *("easy listening", "sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock"),
    *("60s", "rnb", "indie pop", "sad", "House", "happy"),
)

# Those that say how a song feels. The others name a style, a time, an instrument or a voice.
MOODS = ("beautiful", "Mellow", "chill", "chillout", "party", "sexy", "catchy", "sad", "happy")

# Mean probability of each tag over the training tracks of the pretrained model, all genres alike:
# how common it is. `python -m benchmarks.tags --data output/pretrained.h5` measures it.
# fmt: off
USUAL = {
    "rock": 0.149, "pop": 0.113, "alternative": 0.038, "indie": 0.038, "electronic": 0.044,
    "female vocalists": 0.069, "dance": 0.035, "00s": 0.007, "alternative rock": 0.016,
    "jazz": 0.142, "beautiful": 0.011, "metal": 0.027, "chillout": 0.017, "male vocalists": 0.011,
    "classic rock": 0.061, "soul": 0.069, "indie rock": 0.012, "Mellow": 0.01, "electronica": 0.013,
    "80s": 0.08, "folk": 0.04, "90s": 0.03, "chill": 0.007, "instrumental": 0.058, "punk": 0.042,
    "oldies": 0.05, "blues": 0.063, "hard rock": 0.03, "ambient": 0.023, "acoustic": 0.015,
    "experimental": 0.021, "female vocalist": 0.009, "guitar": 0.015, "Hip-Hop": 0.046,
    "70s": 0.039, "party": 0.005, "country": 0.05, "easy listening": 0.016, "sexy": 0.004,
    "catchy": 0.005, "funk": 0.037, "electro": 0.006, "heavy metal": 0.022,
    "Progressive rock": 0.026, "60s": 0.037, "rnb": 0.016, "indie pop": 0.006, "sad": 0.004,
    "House": 0.007, "happy": 0.003,
}
# fmt: on
# A tag is shown from this probability on, if it is so many times as probable as usual.
LEAST, LIFT = 0.1, 1.5
MOST = 5  # tags that are shown of a song


def of_embeddings(embeddings: np.ndarray) -> dict[str, float]:
    """Return each tag's probability for a song, from its segments' embeddings, (segments, VALUES).

    It is the mean over the segments and over both networks.
    """
    from scipy.special import expit

    both = [expit(embeddings[:, _columns(part)]) for part in ("musicnn_tags", "vgg_tags")]
    return dict(zip(NAMES, np.mean(both, axis=(0, 1), dtype=float).tolist(), strict=True))


def _columns(part: str) -> slice:
    """Return the columns of a part of an embedding."""
    names = list(PARTS)
    start = sum(PARTS[name] for name in names[: names.index(part)])
    return slice(start, start + PARTS[part])


def standardised(embeddings: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return how strong each tag is in segments, (segments, tags), in deviations from its mean.

    The embeddings are (segments, VALUES); mean and deviation, (VALUES,), are those of the training
    songs. It is the mean of both networks' logits, standardised.
    """
    columns = [_columns(part) for part in ("musicnn_tags", "vgg_tags")]
    both = [(embeddings[:, at] - mean[at]) / deviation[at] for at in columns]
    return np.mean(both, axis=0)


def shown(probabilities: dict[str, float]) -> list[str]:
    """Return the tags to show of a song: at most MOST, the most probable first.

    A tag is shown if it is likely enough to be heard, and likelier than in most songs: "rock" is
    somewhat likely everywhere.
    """
    said = [
        tag
        for tag, probability in probabilities.items()
        if probability >= LEAST and probability >= LIFT * USUAL[tag]
    ]
    return sorted(said, key=lambda tag: -probabilities[tag])[:MOST]
