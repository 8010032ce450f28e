"""The page of a library: what it holds, and that it works in a browser."""

import json
import math
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.page import GENRES, library, made_up_tags
from genre.collection import page
from genre.evaluation import projection
from genre.model.answer import Answer
from genre.songs.file_tags import Tags

WIDE, PHONE = (1400, 900), (390, 844)
DARK = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}


def write(songs, path: Path, *, read_tags=made_up_tags, mapping=GENRES) -> list[str]:
    """Write a page, and return the names of the steps."""
    steps: list[str] = []
    page.write(
        songs, mapping, path, title="My songs", seed=0, read_tags=read_tags, step=steps.append
    )
    return steps


def data_of(path: Path) -> dict:
    """Return the data in a page, with each song by the names of its fields."""
    text = path.read_text(encoding="utf-8")
    [content] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(content)


def answer(segments: np.ndarray, **values) -> Answer:
    joined = segments.mean(axis=0)
    made = {
        "song": "",
        "genre": "blues",
        "verdict": "sure",
        "genres": ("blues",),
        "together": float(joined[0]),
        "probabilities": {"blues": float(joined[0]), "jazz": float(joined[1])},
        "segments": segments,
        "segment_seconds": 2.0,
        "starts": 2.0 * np.arange(len(segments)),
    }
    return Answer(**(made | values))


def test_a_strip_is_the_mean_of_stretches_of_a_song(tmp_path):
    segments = np.array([[1, 0]] * page.COLUMNS + [[0.25, 0.75]] * page.COLUMNS)
    song = (tmp_path / "a.mp3", answer(segments))
    write([song], tmp_path / "page.html", mapping=["blues", "jazz"], read_tags=lambda _: Tags())
    [row] = data_of(tmp_path / "page.html")["songs"]
    starts, width, strip = row[-3:]
    assert starts == [4 * column for column in range(page.COLUMNS)]
    assert width == 4
    numbers = [ord(letter) - page.FIRST_LETTER for letter in strip]
    half = page.COLUMNS // 2
    assert numbers == [0, 100, 1, 0] * half + [1, 75, 0, 25] * half


def test_the_similar_songs_are_those_with_the_nearest_embeddings(tmp_path):
    songs = list(library(60, tmp_path, values=20))
    steps = write(songs, tmp_path / "page.html")
    vectors = np.stack([found.embedding for _, found in songs])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -1)
    data = data_of(tmp_path / "page.html")
    nearest = np.argsort(-similarity, axis=1)[:, : page.SIMILAR]
    same = [len({*a} & {*b}) for a, b in zip(nearest.tolist(), data["similar"], strict=True)]
    assert sum(same) >= 0.99 * page.SIMILAR * len(songs)  # float16 may change the last one
    places = np.array(data["places"])
    assert places.shape == (60, 2)
    assert places.min(axis=0).tolist() == [0, 0]
    assert places.max(axis=0).tolist() == [page.GRID, page.GRID]
    assert steps == ["comparing the songs", "similar songs of 60 of 60", "drawing the map"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_songs_have_a_page_without_a_map(count, tmp_path):
    write(library(count, tmp_path, values=20), tmp_path / "page.html")
    data = data_of(tmp_path / "page.html")
    assert len(data["songs"]) == count
    assert "places" not in data
    assert data.get("similar") == ([[1], [0]] if count == 2 else None)


def test_songs_without_embeddings_and_files_that_failed_are_listed(tmp_path):
    songs = [
        (tmp_path / "</script>.mp3", answer(np.array([[0.9, 0.1]]))),
        (tmp_path / "broken.mp3", Answer(song="broken.mp3", error="is empty")),
    ]
    write(songs, tmp_path / "page.html", mapping=["blues", "jazz"], read_tags=lambda _: Tags())
    data = data_of(tmp_path / "page.html")
    assert [row[0] for row in data["songs"]] == ["</script>.mp3"]
    assert data["failed"] == [[str(tmp_path / "broken.mp3"), "is empty"]]


@pytest.mark.skipif(sys.platform != "linux", reason="names in any bytes are Linux's")
def test_a_name_in_no_encoding_has_an_address_all_the_same(tmp_path):
    name = os.fsdecode(b"caf\xe9.mp3")
    write([(tmp_path / "music" / name, answer(np.array([[1.0, 0]])))], tmp_path / "page.html",
          mapping=["blues", "jazz"], read_tags=lambda _: Tags())  # fmt: skip
    [row] = data_of(tmp_path / "page.html")["songs"]
    assert row[1] == "music/caf%E9.mp3"


def test_memory_does_not_grow_with_the_songs(tmp_path):
    """The songs before one are gone when it comes: only files hold them."""
    import weakref

    alive = weakref.WeakSet()

    def songs():
        for song, found in library(40, tmp_path, values=20):
            alive.add(found)
            assert len(alive) <= 3
            yield song, found

    write(songs(), tmp_path / "page.html")


# What follows needs a browser.


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless Chromium that saves files in the folder `downloads`."""
    selenium = pytest.importorskip("selenium.webdriver")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("no chromium and chromedriver")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = selenium.Chrome(options, selenium.ChromeService(driver))
    yield started
    started.quit()


class Page:
    """A page in the browser."""

    def __init__(self, browser, path: Path):
        self.browser, self.folder = browser, path.parent
        browser.set_window_size(*WIDE)
        browser.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(path.parent / "downloads")},
        )
        browser.get_log("browser")  # what was said before
        browser.get(path.as_uri())

    def run(self, script: str, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, selector: str):
        return self.browser.find_element("css selector", selector)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((it) => it.innerText)"
        return self.run(script, selector)

    def wait(self, condition: Callable[[], object]) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.browser, 20, poll_frequency=0.05).until(lambda _: condition())

    def saved(self, name: str) -> str:
        path = self.folder / "downloads" / name
        self.wait(path.exists)
        return path.read_text(encoding="utf-8")

    def shown(self) -> int:
        return self.run("return shown.length")

    def press(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.browser).send_keys(*keys).perform()


@pytest.fixture
def opened(chromium, tmp_path):
    """Return a function that opens a page in the browser; the page may say no error there.

    That a song is not there is no error of the page.
    """

    def open_page(path: Path = tmp_path / "page.html") -> Page:
        return Page(chromium, path)

    yield open_page
    said = [it for it in chromium.get_log("browser") if "ERR_FILE_NOT_FOUND" not in it["message"]]
    assert [it for it in said if it["level"] == "SEVERE"] == []


@pytest.fixture
def made_up(tmp_path, opened) -> Page:
    """A page of 250 made-up songs with a map."""
    songs = [(tmp_path / "broken.mp3", Answer(song="broken.mp3", error="is empty"))]
    write(songs + list(library(250, tmp_path / "music", values=20)), tmp_path / "page.html")
    return opened()


def sound(path: Path, seconds: float = 30.0) -> Path:
    path.parent.mkdir(exist_ok=True)
    times = np.arange(int(8000 * seconds)) / 8000
    soundfile.write(path, 0.01 * np.sin(2 * math.pi * 440 * times), 8000)
    return path


def test_a_song_plays_is_sought_through_and_the_next_one_follows(opened, tmp_path):
    halves = np.repeat([[0.9, 0.1], [0.2, 0.8]], 5, axis=0)
    heard = answer(halves, segment_seconds=3.0, starts=3.0 * np.arange(10))
    names = ["a #1 100%.wav", "b.wma", "c.wav", "d gone.wav", "e.wav"]
    songs = [(tmp_path / "music" / name, heard) for name in names]
    for name in (names[0], names[2], names[4]):
        sound(tmp_path / "music" / name)
    tags = Tags(artist="Somebody", seconds=30)
    write(songs, tmp_path / "page.html", mapping=["blues", "jazz"], read_tags=lambda _: tags)
    site = opened()

    def state(expression: str):
        return site.run(f"const audio = byId('audio'); return {expression}")

    assert not site.find("#player").is_displayed()
    site.click("#rows tr:nth-child(2) .play")
    site.wait(lambda: state("!audio.paused && audio.currentTime > 0.1"))
    assert site.find("#now-title").text == f"{names[0]}, Somebody"
    width = site.find("#timeline").size["width"]
    click_at(site, "#timeline", x=0.5 * width, y=20)
    site.wait(lambda: 15 <= state("audio.currentTime") < 17)
    site.run("document.activeElement.blur()")
    site.press("\ue014")  # the right arrow
    site.wait(lambda: 25 <= state("audio.currentTime") < 28)
    site.press(" ")
    site.wait(lambda: state("audio.paused"))
    assert site.find("#seek").get_attribute("aria-valuetext").endswith("jazz")
    site.press(" ")
    site.run("seek(29.5)")  # the next song that a browser can play follows
    site.wait(lambda: site.find("#now-title").text.startswith("c.wav"))
    site.wait(lambda: state("!audio.paused"))
    assert site.find("#rows tr:nth-child(3) .play").get_attribute("title") == (
        "this browser cannot play .wma"
    )
    site.click("#next")
    site.wait(lambda: "d gone.wav cannot be opened" in site.find("#trouble").text)
    assert "gone" in site.find("#rows tr:nth-child(5)").get_attribute("class")
    site.click("#rows tr:nth-child(3) .play")
    assert site.find("#trouble").text == "b.wma: this browser cannot play .wma."
    site.click("#next")
    assert site.find("#now-title").text.startswith("c.wav")
    site.click("#next")  # past the one that is gone
    assert site.find("#now-title").text.startswith("e.wav")


def click_at(site: Page, selector: str, x: float, y: float) -> None:
    """Click at a place in an element, in pixels from its top left."""
    from selenium.webdriver import ActionChains

    element = site.find(selector)
    size = element.size
    offset = (round(x - size["width"] / 2), round(y - size["height"] / 2))
    ActionChains(site.browser).move_to_element_with_offset(element, *offset).click().perform()


def test_corrections_are_kept_marked_and_saved(made_up):
    folder = made_up.folder
    first = made_up.find("#rows tr:nth-child(2)")
    best = made_up.run("return genres[songs[arguments[0].dataset.number].best]", first)
    made_up.click("#rows tr:nth-child(2) .confirm")
    made_up.find("#rows tr:nth-child(3) .yours input").send_keys("Surf, Rock\ue007")
    made_up.find("#rows tr:nth-child(4) .yours input").send_keys("JAZZ\ue007")
    assert "changed" in first.get_attribute("class")
    assert made_up.find("#save-corrections").text == "save 3 corrections"
    made_up.browser.refresh()
    assert made_up.find("#rows tr:nth-child(3) .yours input").get_attribute("value") == "Surf, Rock"
    assert "Surf, Rock" in made_up.texts("#genre option")
    choose(made_up, "verdict", "changed")
    assert made_up.shown() == 3
    made_up.click("#save-corrections")
    paths = [folder / "music" / "Artist 0000" / f"{n:06} {GENRES[n]}.mp3" for n in range(3)]
    assert made_up.saved("corrections.csv").splitlines() == [
        "path,genre",
        f"{paths[0]},{best}",
        f'{paths[1]},"Surf, Rock"',
        f"{paths[2]},jazz",
    ]
    made_up.find("#rows tr:nth-child(3) .yours input").clear()
    made_up.press("\ue007")
    made_up.click("#rows tr:nth-child(2) .confirm")
    assert made_up.find("#save-corrections").text == "save 1 correction"


def choose(site: Page, name: str, value: str) -> None:
    from selenium.webdriver.support.ui import Select

    Select(site.find(f"#{name}")).select_by_value(value)
    site.wait(lambda: site.run(f"return filter['{name}']") == value)


def test_filters_and_orders_and_a_playlist_of_what_is_shown(made_up):
    songs = dict(library(250, made_up.folder / "music", values=20))
    assert made_up.find("#summary").text.startswith("250 songs: ")
    assert "1 file could not be used" in made_up.find("#failed").text
    for verdict in ("sure", "either", "open"):
        choose(made_up, "verdict", verdict)
        assert made_up.shown() == sum(found.verdict == verdict for found in songs.values()) > 0
    choose(made_up, "verdict", "")
    made_up.press("/")
    made_up.press("artist 0003")
    made_up.wait(lambda: made_up.shown() == 12)
    made_up.click("#rows .tag")
    tag = made_up.texts("#rows .tag")[0]
    made_up.wait(lambda: made_up.shown() < 12)
    wanted = [
        path
        for path, found in songs.items()
        if "Artist 0003" in str(path) and tag in found.tags
    ]  # fmt: skip
    assert made_up.shown() == len(wanted)
    made_up.click("#save-playlist")
    lines = made_up.saved(f"{tag} artist 0003.m3u8").splitlines()
    assert lines[0] == "#EXTM3U"
    assert lines[2::2] == [str(path) for path in wanted]
    made_up.click("#chosen button")
    assert made_up.shown() == 12
    made_up.click("[data-sort=percent]")
    shares = made_up.run("return shown.map((song) => song.percent)")
    assert shares == sorted(shares, reverse=True)
    assert made_up.find("th.answer").get_attribute("aria-sort") == "descending"
    made_up.click("#ask")
    first, second = made_up.run("return shown.slice(0, 2).map((song) => song.number)")
    assert second not in made_up.run("return similar[arguments[0]]", first)
    doubts = [100 - found.ranking[0][1] + found.ranking[1][1] for found in songs.values()]
    assert doubts[first] > np.median(doubts)


def test_map_and_table_know_each_other(made_up):
    from selenium.webdriver import ActionChains

    made_up.run("byId('map').scrollIntoView({block: 'center'})")
    x, y = made_up.run("const it = byId('map'); return placeOf(7, it.clientWidth, it.clientHeight)")
    nearest = made_up.run("return nearestOnMap(...arguments)", x, y)  # a mark may cover another
    click_at(made_up, "#map-above", x, y)
    similar = made_up.run("return similar[arguments[0]]", nearest)
    assert made_up.run("return shown.map((song) => song.number)") == sorted([nearest, *similar])
    assert made_up.find("#map-name").is_displayed()
    made_up.click("#chosen button")
    assert made_up.shown() == 250
    ActionChains(made_up.browser).move_to_element(made_up.find("#rows tr:nth-child(3)")).perform()
    made_up.wait(lambda: made_up.run("return pointed") == 1)
    size = made_up.find("#map-above").size
    half, high = size["width"] / 2, size["height"]
    around = ActionChains(made_up.browser).move_to_element_with_offset(
        made_up.find("#map-above"), 0, round(-high / 2) + 2
    )
    around.click_and_hold().move_by_offset(0, round(high - 4))
    around.move_by_offset(round(half - 2), 0).move_by_offset(0, -round(high - 4)).release()
    around.perform()
    rights = made_up.run(
        """const {clientWidth: w, clientHeight: h} = byId("map");
        return songs.filter((song) => placeOf(song.number, w, h)[0] > w / 2).length"""
    )
    assert made_up.shown() == rights > 0


def test_a_phone_shows_verdicts_and_strips_and_scrolls(made_up):
    browser = made_up.browser
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        browser.refresh()
        assert made_up.run("return document.documentElement.scrollWidth") <= PHONE[0]
        row = "#rows tr:nth-child(2)"
        for part in (".chip", "canvas", ".play", ".yours input"):
            assert made_up.find(f"{row} {part}").is_displayed()
        made_up.run("byId('map').scrollIntoView({block: 'center'})")
        before = made_up.run("return scrollY")
        box = made_up.run(
            "const {x, y, width, height} = byId('map').getBoundingClientRect();"
            "return [x + width / 2, y + height / 2]"
        )
        swipe(browser, *box)
        made_up.wait(lambda: made_up.run("return scrollY") > before + 100)
        assert made_up.shown() == 250
    finally:
        browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def swipe(browser, x: float, y: float) -> None:
    """Move a finger 200 pixels up."""

    def touch(kind: str, *points: dict) -> None:
        event = {"type": kind, "touchPoints": list(points)}
        browser.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    touch("touchStart", {"x": x, "y": y})
    for distance in range(20, 201, 20):
        touch("touchMove", {"x": x, "y": y - distance})
    touch("touchEnd")


def test_the_page_is_dark_where_the_system_is(made_up):
    def lightness() -> float:
        text = made_up.run("return getComputedStyle(document.body).backgroundColor")
        return float(np.mean([int(number) for number in re.findall(r"\d+", text)[:3]]))

    assert lightness() > 240
    made_up.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", DARK)
    try:
        assert lightness() < 40
    finally:
        made_up.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_the_page_can_be_used_by_keyboard_and_screen_reader(made_up):
    unnamed = made_up.run(
        """return [...document.querySelectorAll("button, input, select, canvas, th")].filter((it) =>
        !it.ariaLabel && !it.innerText.trim() && it.checkVisibility() && it.ariaHidden !== "true")
        .map((it) => it.outerHTML)"""
    )
    assert unnamed == []
    assert made_up.find("table").get_attribute("aria-rowcount") == "251"
    made_up.find("#rows tr:nth-child(2) .play").send_keys("\ue015")  # the arrow down
    focused = made_up.run("return document.activeElement.closest('tr').ariaRowIndex")
    assert focused == "3"
    assert made_up.run("return performance.getEntriesByType('resource')") == []


def test_ten_thousand_songs_open_at_once_and_scroll(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(projection, "LANDMARKS", 50)  # the map's shape does not matter
    heard = [found for _, found in library(100, tmp_path, values=4)]
    songs = [(tmp_path / f"{number}.mp3", heard[number % 100]) for number in range(10_000)]
    write(songs, tmp_path / "page.html")
    started = time.monotonic()
    site = opened()
    assert site.shown() == 10_000
    assert time.monotonic() - started < 10  # 1 s; a busy machine takes longer
    assert site.run("return document.querySelectorAll('#rows tr').length") < 100
    site.find("#rows tr:nth-child(2) .yours input").send_keys("zydeco")  # and no key Enter
    site.run("scrollTo(0, document.body.scrollHeight)")
    site.wait(lambda: "10001" in site.run("return [...rows.values()].map((it) => it.ariaRowIndex)"))
    tops = site.run("return [...rows.values()].map((it) => it.getBoundingClientRect().top)")
    assert len(set(tops)) == len(tops) < 100
    assert site.run("return [...corrections]") == [["0.mp3", "zydeco"]]
