"""Decide what a model's answer changes in the tags of a song."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from genre.evaluation.verdict import SURE
from genre.features import tags as heard_tags
from genre.model.answer import Answer, shown_tags
from genre.songs import genre_map
from genre.songs.file_tags import GENRE, MOOD, SOUND, Tags


class Wanted(NamedTuple):
    """What a person wants to have in the tags."""

    genre: bool  # of songs that the model is sure of
    either: bool  # also both genres of songs that are either of two
    sound: bool  # what else is heard: moods, and the other tags of the model
    overwrite: bool  # a new genre in place of the one that is there
    rules: Mapping[str, str]  # of a genre map: how genres are written


def names(answer: Answer, rules: Mapping[str, str]) -> tuple[str, ...]:
    """Return the genres that an answer names, after a genre map; none if that leaves one out."""
    named = [genre_map.mapped(genre, rules) for genre in answer.genres]
    return tuple(dict.fromkeys(named)) if all(named) else ()


def texts(answer: Answer, wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Return what is to be said in the tags of a song, by GENRE, MOOD and SOUND."""
    said: dict[str, Sequence[str]] = {}
    if wanted.genre and (wanted.either or answer.verdict == SURE):
        said[GENRE] = names(answer, wanted.rules)
    if wanted.sound:
        shown = shown_tags(answer)
        said[MOOD] = [tag for tag in shown if tag in heard_tags.MOODS]
        said[SOUND] = [tag for tag in shown if tag not in heard_tags.MOODS]
    return {what: tuple(values) for what, values in said.items() if values}


def new(
    said: Mapping[str, tuple[str, ...]], found: Tags, *, overwrite: bool
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the old and the new values of what changes in a file's tags, which hold `found`."""
    held = {GENRE: found.genres, MOOD: found.moods, SOUND: found.sounds}
    return {
        what: (held[what], values)
        for what, values in said.items()
        if not held[what] or (overwrite and what == GENRE and held[what] != values)
    }
