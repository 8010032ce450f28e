"""Songs heard through the store: the same answers, and nothing computed twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from helpers import GTZAN

import genre
from genre.collection import heard, store
from genre.demo import synth
from genre.features import Track
from genre.model import question
from genre.model.answer import Answer
from genre.reporting import predictions


@pytest.fixture(scope="module")
def model() -> genre.Model:
    return genre.load()


@pytest.fixture
def songs(tmp_path) -> list[Path]:
    """Songs of 32 s, of 5.2 s and of less than a segment, a copy, and a file that is none."""
    sounds = {"long": 32, "other": 5.2, "short": 1, "copy": 32}
    for name, seconds in sounds.items():
        sound = synth.make_track("jazz", 3, seconds=seconds)
        soundfile.write(tmp_path / f"{name}.flac", sound, 22050)
    (tmp_path / "broken.flac").write_text("no song")
    return [tmp_path / f"{name}.flac" for name in ("long", "broken", "other", "short", "copy")]


@pytest.fixture
def computed(monkeypatch) -> list[Path]:
    """The songs that have been decoded, in order."""
    found, whole_track = [], question.whole_track

    def noted(song: Path, *arguments: Any, **options: Any) -> Track:
        found.append(song)
        return whole_track(song, *arguments, **options)

    monkeypatch.setattr(question, "whole_track", noted)
    return found


@pytest.fixture
def ask(model, tmp_path) -> Callable[..., list[Answer]]:
    """Ask the model for the genres of songs, in this process, with a store."""

    def ask(songs: list[Path], **options: Any) -> list[Answer]:
        with store.opened(tmp_path / "store.sqlite") as kept:
            return list(heard.answers(kept, model, songs, workers=1, **options))

    return ask


def written(model: genre.Model, answers: list[Answer]) -> Iterator[str]:
    """Yield all that is known of answers as text: equal texts mean equal bits."""
    in_json = predictions.json_rows(model.digest, count=None, with_segments=True)
    _, in_csv = predictions.csv_rows(model.card.mapping, model.digest)
    for answer in answers:
        if answer.error:
            yield repr(answer)
        else:
            yield in_csv(answer)
            yield in_json(answer)
            yield f"{answer.short} {answer.starts.tolist()} {answer.embedding.tolist()}"


@pytest.mark.parametrize(
    "options",
    [{}, {"whole": True, "join": "max"}, {"offset": 0.5, "seconds": 4}],
    ids=["spread", "whole", "part"],
)
def test_answers_are_the_same_with_a_new_store_and_from_it(model, songs, ask, computed, options):
    expected = list(written(model, model.predict_many(songs, workers=1, **options)))
    assert list(written(model, ask(songs, **options))) == expected
    assert len(computed) == 4  # the copy is known when its turn comes
    assert list(written(model, ask(songs, **options))) == expected
    assert computed[4:] == [songs[1]]


def test_worker_processes_give_the_same_with_a_store_and_without_one(model, songs):
    expected = list(written(model, model.predict_many(songs[1:4], workers=1)))
    with store.opened(None) as opened:
        for kept in (opened, None):
            found = heard.answers(kept, model, songs[1:4], workers=2)
            assert list(written(model, found)) == expected


def test_another_part_of_a_song_is_heard_anew(songs, ask, computed):
    for n_computed, options in enumerate(
        ({}, {"seconds": 4}, {"seconds": 6}, {"offset": 2}, {"whole": True}), start=1
    ):
        ask(songs[:1], **options)
        assert len(computed) == n_computed
    ask(songs[:1], join="min")
    assert len(computed) == n_computed


def test_what_was_heard_before_an_interrupt_is_known(model, songs, ask, computed, tmp_path):
    with store.opened(tmp_path / "store.sqlite") as kept:
        answers = heard.answers(kept, model, [songs[0], songs[2]], workers=1)
        next(answers)
        answers.close()
    ask([songs[0], songs[2]])
    assert computed == [songs[0], songs[2]]


def test_the_progress_of_a_song_is_told(songs, ask):
    seconds: list[float] = []
    ask(songs[:1], whole=True, progress=seconds.append)
    assert seconds == [30, 32]


def test_a_model_of_another_feature_needs_no_store(network, corpus):
    model, song = genre.load(network), next(corpus.glob("jazz/*.wav"))
    no_store: Any = object()  # any use of it would fail
    (answer,) = heard.answers(no_store, model, [song], workers=1)
    np.testing.assert_array_equal(answer.segments, model.predict(song).segments)


def test_kinds_name_what_decides_the_embeddings():
    kinds = {
        heard.kind(heard.How("musicnn", settings, part, spread))
        for settings in (GTZAN, replace(GTZAN, segments_per_track=15))
        for part in (question.Part(), question.Part(offset=1), question.Part(whole=True))
        for spread in (False, True)
    }
    assert len(kinds) == 8  # `spread` counts only where the part says nothing
