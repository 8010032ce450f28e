"""Which songs a person is asked about, and in what form."""

import io
from pathlib import Path

import numpy as np

from genre.collection import ask
from genre.model.answer import Answer


def answer(song: str, first: float, second: float, **more) -> tuple[Path, Answer]:
    probabilities = {"jazz": second, "rock": first, "soul": 0.0}
    return Path(song), Answer(song=song, genre="rock", probabilities=probabilities, **more)


def test_doubt_is_largest_where_two_genres_are_even_or_a_song_is_unlike_all():
    assert ask.size(answer("a", 0.5, 0.5)[1]) == 1
    assert ask.size(answer("a", 1.0, 0.0)[1]) == 0
    assert ask.size(answer("a", 0.75, 0.25)[1]) == 0.5
    assert ask.size(answer("a", 1.0, 0.0, reason="unlike the training songs")[1]) == 1


def test_songs_that_sound_like_one_that_is_asked_for_come_later():
    doubts = np.array([1.0, 0.9, 0.5, 0.1])
    vectors = np.array([[1, 0], [1, 0.01], [0, 1], [-1, 0]], dtype=float)
    assert ask.choose(doubts, vectors, 2) == [0, 2]
    assert ask.choose(doubts, vectors, 9) == [0, 2, 3, 1]
    assert ask.choose(doubts, None, 2) == [0, 1]
    assert ask.choose(doubts[:0], None, 2) == []


def test_only_the_most_doubtful_songs_are_kept_while_all_pass():
    named = [answer(f"{i}", 0.5 + i / 200, 0.5 - i / 200) for i in range(60)]
    named.insert(3, (Path("broken"), Answer(song="broken", error="is empty")))
    kept: list[ask.Doubt] = []
    assert list(ask.keep(named, kept, 2)) == named
    assert sorted(int(each.answer.song) for each in kept) == list(range(2 * ask.POOL))
    assert [each.answer.song for each in ask.questions(kept, 2)] == ["0", "1"]


def test_of_even_doubts_the_first_song_is_asked_for():
    kept: list[ask.Doubt] = []
    list(ask.keep([answer(name, 0.5, 0.5) for name in "abc"], kept, 1))
    assert [each.answer.song for each in ask.questions(kept, 1)] == ["a"]


def test_the_list_has_whole_paths_and_the_answers():
    kept: list[ask.Doubt] = []
    either = answer('a, "b".mp3', 0.5, 0.5, verdict="either", genres=("rock", "jazz"))
    list(ask.keep([either], kept, 1))
    file = io.StringIO()
    ask.write(ask.questions(kept, 1), file)
    place = str(Path('a, "b".mp3').absolute()).replace('"', '""')
    assert file.getvalue() == f'path,genre,answer\n"{place}",,rock or jazz\n'
