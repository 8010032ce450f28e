"""Synthesise a song in one of ten genres, from rules for tempo, rhythm, harmony and timbre.

A genre is a paragraph of the SONGBOOK. A track is one performance of a paragraph; draw_take()
chooses at random what differs from track to track, such as tempo and key.
"""

import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

SAMPLE_RATE = 22050  # Hz, as GTZAN's

# Each genre: its name, slowest and fastest tempo in beats a minute, and chords, one a bar, in C.
# Then the score of a bar of four beats, in 16 steps or, for a shuffle, in 12. For drums, x is a
# stroke and o a soft one. For instruments, x is the whole chord, 1 3 5 are its tones, 8 is the
# octave, and ? is a random tone of the chord. A note lasts until the next one.
SONGBOOK = """
blues 70 100 C7 F7 C7 C7 F7 F7 C7 C7 G7 F7 C7 G7
kick    x.....x.....
snare   ...x.....x..
hat     x.ox.ox.ox.o
bass    1.13.35.58.5
piano   x..x.xx..x.x
lead    ?..?.??....?

classical 60 110 C G Am Em F C F G
strings x.......x.......
flute   ?...?.?.?...?...

country 95 130 C C F C G G C C
kick    x.......x.......
brush   o.oox.ooo.oox.oo
bass    1.......5.......
guitar  ..x...x...x...x.
banjo   1358135813581358

disco 112 128 Am Dm G C
kick    x...x...x...x...
clap    ....x.......x...
open    ..x...x...x...x.
bass    1.8.1.8.1.8.1.8.
strings x.......x.....x.

hiphop 80 98 Am Am F Em
kick    x.....x...x.....
snare   ....x.......x...
hat     x.x.x.x.x.xxx.x.
sub     1.....1...5.....
bells   ?.....?...?.....

jazz 110 190 Dm7 G7 C A7
ride    x..x.xx..x.x
brush   ...o.....o..
bass    1..3..5..3..
brass   x....x......
vibes   ?..?.??..?.?

metal 130 190 Em Em F Em G Em F Bb
kick    x.xxx.xxx.xxx.xx
snare   ....x.......x...
ride    x...x...x...x...
bass    1.1.1.1.1.1.1.1.
fuzz    1.111.111.111.31

pop 96 126 C G Am F
kick    x...x...x...x...
clap    ....x.......x...
hat     ..o...o...o...o.
bass    1.1.1.1.1.1.1.1.
synth   x.....x.....x...
bells   ?...?.?.?...?.?.

reggae 66 84 Am Am Dm Em
kick    ........x.......
rim     ........x.......
hat     o.o.o.o.o.o.o.o.
sub     1...1.3.5...3.1.
skank   ....x.......x...
organ   ..x.x.x...x.x.x.

rock 105 145 C F G F
kick    x.......x.x.....
snare   ....x.......x...
hat     x.x.x.x.x.x.x.x.
bass    1.1.1.1.1.1.1.1.
crunch  x.....x.x.....x.
"""


class Drum(NamedTuple):
    """A sine of falling pitch, mixed with a burst of noise."""

    pitch: float  # Hz, at the end of the sine; it starts three times as high
    noise: float  # share of the noise in the mix, 0 to 1
    half_life: float  # seconds in which the amplitude halves
    edge: int = 0  # how many times the noise is differentiated, which removes low frequencies


DRUMS = {
    "brush": Drum(180, noise=0.95, half_life=0.050),
    "clap": Drum(400, noise=0.90, half_life=0.035, edge=1),
    "hat": Drum(400, noise=1.00, half_life=0.015, edge=2),
    "kick": Drum(50, noise=0.03, half_life=0.060),
    "open": Drum(400, noise=1.00, half_life=0.090, edge=2),
    "ride": Drum(400, noise=1.00, half_life=0.060, edge=3),
    "rim": Drum(820, noise=0.15, half_life=0.012),
    "snare": Drum(190, noise=0.75, half_life=0.045),
}


class Instrument(NamedTuple):
    """A sum of harmonics, each weaker than the one below it by the same ratio."""

    octave: int
    brightness: float  # that ratio when a note begins, 0 to 1
    dulling: float  # how fast the ratio falls; per second
    attack: float  # seconds
    half_life: float  # seconds in which the amplitude halves
    ratios: tuple[float, ...] = (1.0,)  # frequencies that sound together, relative to the note's
    drive: float = 0.0  # gain before the distortion; 0 is clean


INSTRUMENTS = {
    "banjo": Instrument(5, 0.90, 8.0, 0.002, 0.10),
    "bass": Instrument(2, 0.55, 3.0, 0.006, 0.35),
    "bells": Instrument(5, 0.10, 3.0, 0.002, 0.35, ratios=(1.0, 2.76, 5.40)),
    "brass": Instrument(4, 0.82, 0.5, 0.030, 1.50),
    "crunch": Instrument(3, 0.75, 0.8, 0.004, 0.90, ratios=(1.0, 1.003), drive=1.5),
    "flute": Instrument(5, 0.18, 0.0, 0.060, 3.00),
    "fuzz": Instrument(2, 0.80, 0.2, 0.004, 2.00, ratios=(1.0, 1.498, 2.003), drive=6.0),
    "guitar": Instrument(4, 0.78, 4.0, 0.003, 0.30, ratios=(1.0, 1.001)),
    "lead": Instrument(5, 0.75, 0.8, 0.004, 0.90, ratios=(1.0, 1.003), drive=1.5),
    "organ": Instrument(4, 0.25, 0.0, 0.008, 9.00, ratios=(0.5, 1.0, 2.0, 4.0)),
    "piano": Instrument(4, 0.60, 2.5, 0.004, 0.45, ratios=(1.0, 1.002)),
    "skank": Instrument(4, 0.80, 9.0, 0.003, 0.05),  # a muted guitar
    "strings": Instrument(4, 0.72, 0.0, 0.150, 6.00, ratios=(0.996, 1.0, 1.005)),
    "sub": Instrument(2, 0.12, 1.0, 0.006, 0.50),
    "synth": Instrument(4, 0.88, 0.3, 0.010, 2.00, ratios=(0.993, 1.0, 1.008)),
    "vibes": Instrument(5, 0.02, 0.5, 0.003, 0.60, ratios=(1.0, 3.98)),
}

ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "Bb": 10}  # semitones above C
QUALITIES = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "m7": (0, 3, 7, 10)}

Chord = list[int]  # semitones above C
Sounds = Iterator[tuple[float, np.ndarray]]  # start in bars, and samples


class Style(NamedTuple):
    """A paragraph of the songbook."""

    tempo: tuple[float, float]  # beats a minute
    chords: list[Chord]
    score: dict[str, str]  # pattern of each drum and instrument


def read_chord(name: str) -> Chord:
    """Return a chord's tones: "Dm" is [2, 5, 9]."""
    (root, quality), *_ = re.findall("^([A-G]b?)(.*)$", name)
    return [ROOTS[root] + interval for interval in QUALITIES[quality]]


def read_songbook() -> dict[str, Style]:
    """Return each genre's style."""
    styles = {}
    for paragraph in SONGBOOK.strip().split("\n\n"):
        heading, *score = paragraph.splitlines()
        genre, slowest, fastest, *chords = heading.split()
        styles[genre] = Style(
            tempo=(float(slowest), float(fastest)),
            chords=[read_chord(chord) for chord in chords],
            score=dict(line.split() for line in score),
        )
    return styles


STYLES = read_songbook()
GENRES = tuple(STYLES)


class Take(NamedTuple):
    """What is random about one track."""

    bar: float  # seconds
    bars: int  # as many as fill the track
    key: float  # semitones above C; a fraction, because bands are not tuned alike
    busyness: float  # share of the notes of the score that are played
    dullness: float  # exponent of the instruments' brightness; 1 leaves it as in the table


def draw_take(style: Style, seconds: float, rng: Generator) -> Take:
    """Choose at random what differs from track to track."""
    bar = 4 * 60 / rng.uniform(*style.tempo)
    return Take(
        bar=bar,
        bars=math.ceil(seconds / bar),
        key=rng.uniform(-5, 6),
        busyness=rng.uniform(0.75, 1),
        dullness=rng.uniform(0.7, 1.4),
    )


def stroke(drum: Drum, rng: Generator) -> np.ndarray:
    """Return the samples of one stroke, until its level has fallen by 60 dB."""
    t = np.arange(round(10 * drum.half_life * SAMPLE_RATE)) / SAMPLE_RATE
    fall = 0.02  # seconds
    sine = np.sin(2 * np.pi * drum.pitch * (t + 2 * fall * (1 - np.exp(-t / fall))))
    noise = np.diff(rng.standard_normal(len(t) + drum.edge), n=drum.edge)
    mixed = (1 - drum.noise) * sine + drum.noise * noise / (2 * noise.std())
    return 0.5 ** (t / drum.half_life) * mixed


def note(instrument: Instrument, pitch: float, seconds: float, take: Take) -> np.ndarray:
    """Return the samples of one note; `pitch` is a MIDI note number, which may be a fraction.

    The harmonics need no loop: r sin(x) + r^2 sin(2x) + r^3 sin(3x) + ... has a closed form
    (Moorer 1976), even where r falls with time.
    """
    seconds = min(seconds, 10 * instrument.half_life)  # by then its level has fallen by 60 dB
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    t = time.astype(np.float32)  # float32 is three times as fast, but too imprecise for a phase
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    sound = np.zeros_like(t)
    for ratio in instrument.ratios:
        x = 2 * np.pi * (frequency * ratio * time % 1).astype(np.float32)
        # With this ratio, harmonics near half the sample rate are 40 dB lower: no audible aliasing.
        unaliased = 0.01 ** (2 * frequency * ratio / SAMPLE_RATE)
        r = min(instrument.brightness**take.dullness, unaliased) * np.exp(-instrument.dulling * t)
        sound += np.sqrt(1 - r**2) * np.sin(x) / (1 - 2 * r * np.cos(x) + r**2)
    if instrument.drive:
        sound = np.tanh(instrument.drive * sound)
    release = np.minimum(1, t[::-1] / 0.01)  # 10 ms, so that no note ends in a click
    envelope = np.minimum(1, t / instrument.attack) * 0.5 ** (t / instrument.half_life) * release
    return envelope * sound / math.sqrt(len(instrument.ratios))


def choose_tones(symbol: str, chord: Chord, rng: Generator) -> Chord:
    """Return the tones of a chord that a symbol of the score means."""
    if symbol == "x":
        return chord
    if symbol == "?":
        return [int(rng.choice(chord) + 12 * rng.integers(2))]
    return [{"1": chord[0], "3": chord[1], "5": chord[2], "8": chord[0] + 12}[symbol]]


def read_pattern(pattern: str, take: Take, rng: Generator) -> Iterator[tuple[float, float, str]]:
    """Yield the start and the length of each note, in bars, and its symbol.

    The note at step 0 is always played; of the others, `busyness` decides how many are.
    """
    for bar in range(take.bars):
        written = [step for step, symbol in enumerate(pattern) if symbol != "."]
        played = [step for step in written if step == 0 or rng.random() < take.busyness]
        for step, following in pairwise([*played, len(pattern)]):
            yield bar + step / len(pattern), (following - step) / len(pattern), pattern[step]


def play_drum(name: str, pattern: str, take: Take, rng: Generator) -> Sounds:
    """Yield a drum's strokes."""
    loud = rng.uniform(0.6, 1) * stroke(DRUMS[name], rng)
    for start, _, symbol in read_pattern(pattern, take, rng):
        yield start, loud if symbol == "x" else 0.4 * loud


def play_instrument(
    name: str, pattern: str, chords: list[Chord], take: Take, rng: Generator
) -> Sounds:
    """Yield an instrument's notes."""
    instrument = INSTRUMENTS[name]
    gain = rng.uniform(0.25, 0.45)
    cached_note = cache(note)  # a track repeats the same notes many times
    for start, length, symbol in read_pattern(pattern, take, rng):
        for semitones in choose_tones(symbol, chords[int(start) % len(chords)], rng):
            pitch = 12 * (instrument.octave + 1) + take.key + semitones
            yield start, gain * cached_note(instrument, pitch, length * take.bar, take)


def play(style: Style, take: Take, rng: Generator) -> Sounds:
    """Yield every sound of a track, one line of the score after another."""
    first = rng.integers(len(style.chords))  # a clip may begin at any chord of its song
    chords = style.chords[first:] + style.chords[:first]
    for name, pattern in style.score.items():
        if name in DRUMS:
            yield from play_drum(name, pattern, take, rng)
        else:
            yield from play_instrument(name, pattern, chords, take, rng)


def make_track(genre: str, seed: int, *, seconds: float = 30.0) -> np.ndarray:
    """Return one track, mono float32 in [-1, 1]: the same for the same genre and seed.

    Raises ValueError for an unknown genre.
    """
    if genre not in STYLES:
        raise ValueError(f"unknown genre {genre!r}; the known ones are {', '.join(GENRES)}")
    rng = np.random.default_rng([seed, GENRES.index(genre)])
    take = draw_take(STYLES[genre], seconds, rng)
    audio = 0.001 * rng.standard_normal(round(seconds * SAMPLE_RATE))  # noise: it is never silent
    for start, sound in play(STYLES[genre], take, rng):
        place = audio[round(start * take.bar * SAMPLE_RATE) :][: len(sound)]
        place += sound[: len(place)]  # the track may end before the sound does
    audio[1:] -= rng.uniform(-0.25, 0.25) * audio[:-1]  # more treble or less
    audio -= audio.mean()
    peak = 10 ** (rng.uniform(-12, 0) / 20)
    return (peak / np.abs(audio).max() * audio).astype(np.float32)
