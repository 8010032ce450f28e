"""Pictures of songs and of data sets.

`feature_image` draws a feature over time, `song` the features of a song, `data_set` the genres of a
segment file, and `track_map` a map of tracks by similarity. They load librosa and matplotlib, so
import them only where they are needed.
"""

from genre.environment import load_librosa

load_librosa()  # before the modules here import it
