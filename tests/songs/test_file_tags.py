"""Genres, artists and titles from the tags of files."""

import os
from pathlib import Path
from typing import Any

import av
import mutagen
import numpy as np
import pytest
import soundfile
from mutagen import id3

from genre.errors import DatasetError
from genre.songs import Song, file_tags

SUFFIXES = ("mp3", "flac", "ogg", "opus", "m4a", "wma", "wav", "aiff", "wv")
ENCODERS = {"opus": "libopus", "m4a": "aac", "wma": "wmav2", "wv": "wavpack"}
RATE = 48000


def sound(path: Path) -> Path:
    """Write half a second of silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix[1:]
    if suffix not in ENCODERS:
        soundfile.write(path, np.zeros(RATE // 2), RATE)
        return path
    with av.open(path, "w") as file:
        stream = file.add_stream(ENCODERS[suffix], rate=RATE, layout="mono", bit_rate=64000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE // 2), np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        fifo = av.AudioFifo()
        fifo.write(frame)
        for part in fifo.read_many(stream.frame_size or 1024, partial=True):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


def tagged(path: Path, **values: Any) -> Path:
    """Write a sound with tags, under the keys of its format."""
    file = mutagen.File(sound(path))
    if file.tags is None:
        file.add_tags()
    for name, value in values.items():
        key, *_ = file_tags.keys(file.tags)[name.replace("_", " ")]
        if isinstance(file.tags, id3.ID3):
            file.tags.add(id3.Frames[key](encoding=3, text=value))
        else:
            file.tags[key] = value
    file.save()
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_tells_genres_artist_and_title(suffix, tmp_path):
    path = tagged(
        tmp_path / f"song.{suffix}",
        genre=["Hip-Hop", "(17)", "Soul; Funk", "Soul"],
        album_artist=["The Band"],
        artist=["Someone"],
        title=["A Title"],
    )
    found = file_tags.read(path)
    assert found.genres == ("Hip-Hop", "Rock", "Soul", "Funk")
    assert (found.artist, found.title, found.artists) == ("The Band", "A Title", ("Someone",))
    assert found.seconds == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_song_without_tags_tells_nothing(suffix, tmp_path):
    found = file_tags.read(sound(tmp_path / f"song.{suffix}"))
    assert found == file_tags.Tags(seconds=found.seconds)
    assert found.seconds == pytest.approx(0.5, abs=0.2)


def test_other_kinds_of_tags_are_read_where_the_usual_one_says_nothing(tmp_path):
    ape = tagged(tmp_path / "a.wv", genre=["Reggae"])
    ape = mutagen.apev2.APEv2(ape)
    ape["Albumartist"] = "As Picard writes it"  # and not "Album Artist"
    ape.save(sound(tmp_path / "song.mp3"))
    found = file_tags.read(tmp_path / "song.mp3")
    assert (found.genres, found.artist) == (("Reggae",), "As Picard writes it")
    with soundfile.SoundFile(tmp_path / "info.wav", "w", 8000, 1) as file:
        file.genre, file.title, file.artist = "Techno", "Two  Words", "Somebody"
        file.write(np.zeros(16000))
    found = file_tags.read(tmp_path / "info.wav")
    assert found[:3] == (("Techno",), "Somebody", "Two Words")
    assert found.seconds == 2


@pytest.mark.parametrize(("inside", "name"), [("flac", "song.mp3"), ("mp3", "song.flac")])
def test_a_file_with_a_wrong_name_is_read_as_what_it_is(inside, name, tmp_path):
    path = tagged(tmp_path / f"right.{inside}", genre=["Jazz"])
    assert file_tags.read(path.rename(tmp_path / name)).genres == ("Jazz",)


def test_what_is_no_song_or_not_there_has_no_tags(tmp_path):
    (tmp_path / "text.mp3").write_text("no song")
    for path in (tmp_path / "text.mp3", tmp_path / "missing.mp3"):
        with pytest.raises(DatasetError, match="its tags cannot be read"):
            file_tags.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(DatasetError, match="not a file"):
        file_tags.read(tmp_path / "pipe.wav")


def test_various_artists_are_not_taken_for_one(tmp_path):
    song = tagged(tmp_path / "a.flac", album_artist="Various Artists", artist="Someone")
    assert file_tags.read(song).artist == "Someone"


def test_a_folder_of_tagged_songs_is_a_data_set(tmp_path):
    tagged(tmp_path / "Band/Album/1.flac", genre="Hip-Hop", artist="Band")
    tagged(tmp_path / "Band/Album/2.mp3", genre="hip hop", artist="Band")
    tagged(tmp_path / "Other/Album/1.ogg", genre="jazz", artist="Other")
    sound(tmp_path / "Other/Album/2.wav")
    (tmp_path / "broken.flac").write_bytes(b"fLaC" + bytes(100))
    found = file_tags.find(tmp_path, {"jazz": "Jazz"}, 1)
    assert [(song.track, song.genre, song.artist) for song in found.songs] == [
        ("Other/Album/1.ogg", "Jazz", "Other"),
        ("Band/Album/1.flac", "hip hop", "Band"),
        ("Band/Album/2.mp3", "hip hop", "Band"),
    ]
    assert found.left_out[0].startswith("broken.flac: its tags cannot be read")
    assert found.notes[0] == "1 song without a genre left out: Other/Album/2.wav"


def test_a_folder_without_genres_or_without_songs_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no audio files"):
        file_tags.find(tmp_path, {}, 1)
    sound(tmp_path / "a.wav")
    with pytest.raises(DatasetError, match="no genre in the tags of 1 songs"):
        file_tags.find(tmp_path, {}, 1)


def test_folders_of_artists_are_noticed(tmp_path):
    songs = [
        Song(tagged(tmp_path / f"{name}/1.flac", genre="Jazz", artist=name.title()), name, folder)
        for name, folder in (("miles davis", "Miles Davis"), ("nina", "Nina"), ("x", "jazz"))
    ]
    (line,) = file_tags.hint(songs)
    assert line.startswith("the folders look like artists: 2 of 3 songs")
    assert "--labels tags" in line
    assert file_tags.hint([song._replace(genre="jazz") for song in songs]) == []
