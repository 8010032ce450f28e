"""The errors that a user can cause. The text of each is the line that the user reads."""


class GenreError(Exception):
    """Base of the suite's errors; the command line prints its lines and exits with status 2."""


class AudioError(GenreError):
    """A file cannot be used as audio; the text gives the reason, but not the file's name."""


class FeatureError(GenreError):
    """A feature is not known, or cannot be computed with the settings given."""


class DatasetError(GenreError):
    """A folder of songs or a segment file cannot be used."""


class SplitError(GenreError):
    """The data cannot be split into training, validation and test parts as asked."""


class ModelError(GenreError):
    """A trained network's folder cannot be used."""


class TrainingError(GenreError):
    """A network cannot be trained as asked."""


def reason(error: Exception) -> str:
    """Return the first line of another library's or the system's error, or its type."""
    text = getattr(error, "strerror", None) or str(error)  # without "[Errno 2]" and the file's name
    return text.strip().split("\n")[0] or type(error).__name__
