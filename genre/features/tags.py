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
