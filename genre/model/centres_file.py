"""centres.npz: the mean embedding of each genre, by which a model knows what is unlike them all."""

import io

import numpy as np

from genre.evaluation.distance import Centres


def to_bytes(centres: Centres) -> bytes:
    """Return centres as the content of a NumPy file."""
    content = io.BytesIO()
    np.savez_compressed(content, **centres._asdict())
    return content.getvalue()


def from_bytes(content: bytes, n_genres: int) -> Centres:
    """Read centres of so many genres; raises ValueError for anything else."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            centres = Centres(*(arrays[name] for name in Centres._fields))
    except Exception as error:  # NumPy raises whatever its parts raise on a file that is not whole
        raise ValueError(f"not the centres of genres ({error})") from None
    values = centres.mean.shape
    if centres.deviation.shape != values or centres.genres.shape != (n_genres, *values):
        raise ValueError("not the centres of these genres")
    return centres
