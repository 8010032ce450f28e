"""The page of a library: what it holds, and that it works in a browser."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from genre.collection import page
from genre.model.answer import Answer

MAPPING, COLORS = ["blues", "jazz"], ["#3f90da", "#ffa90e"]

# Where the map draws the song at (0, 0), in pixels from the window's top left.
PLACE_OF_FIRST = """
const [view] = Bokeh.index.roots;
view.el.scrollIntoView();
const area = view.canvas_view.el.getBoundingClientRect();
return [area.left + view.frame.x_scale.compute(0), area.top + view.frame.y_scale.compute(0)];
"""
TOOLTIPS = """
const texts = [];
const walk = (node) => {
  if (String(node.className).includes("tooltip-row-value")) texts.push(node.textContent);
  for (const child of [...(node.shadowRoot?.children ?? []), ...node.children]) walk(child);
};
walk(document.body);
return texts.join();
"""


def named(
    path: Path, segments: np.ndarray, *, seconds: float, uncertain: bool = False
) -> tuple[Path, Answer]:
    probabilities = dict(zip(MAPPING, segments.mean(axis=0).tolist(), strict=True))
    return path, Answer(
        song=str(path),
        genre=max(probabilities, key=probabilities.get),
        verdict="open" if uncertain else "sure",
        probabilities=probabilities,
        segments=segments,
        segment_seconds=seconds,
    )


def songs(count: int) -> list[tuple[Path, Answer]]:
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        segments = rng.dirichlet([3, 1] if number % 2 else [1, 3], size=200)
        path = Path("Music") / ("</script>" if number == 0 else f"folder {number % 3}")
        found.append(
            named(path / f"song {number:03}.mp3", segments, seconds=2.0, uncertain=number % 5 == 0)
        )
    return found


def test_a_strip_is_the_mean_of_stretches_of_a_song(tmp_path):
    segments = np.array([[1, 0]] * page.STRIP + [[0, 1]] * page.STRIP, dtype=float)
    song = named(Path("a.mp3"), segments, seconds=2.0)
    page.write([song], MAPPING, COLORS, tmp_path / "page.html", title="Songs")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    content = re.search(r'<script type="application/json" id="data">(.*?)</script>', text).group(1)
    [row] = json.loads(content)["songs"]
    assert row["winners"] == [0] * (page.STRIP // 2) + [1] * (page.STRIP // 2)
    assert set(row["shares"]) == {100}
    assert row["seconds"] == 480
    assert "bokeh" not in text.lower()  # a page without a map needs no plotting library


@pytest.fixture
def browser():
    """A headless Chromium."""
    selenium = pytest.importorskip("selenium.webdriver")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("no chromium and chromedriver")
    options = selenium.ChromeOptions()
    options.binary_location = binary
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = selenium.Chrome(options, selenium.ChromeService(driver))
    yield started
    started.quit()


def test_the_page_sorts_filters_and_names_points_without_a_network(browser, tmp_path):
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select, WebDriverWait

    made, path = songs(250), tmp_path / "page.html"
    positions = np.random.default_rng(1).normal(size=(len(made), 2))
    positions[0] = 0, 0
    failed = [("broken.mp3", "is empty")]
    page.write(made, MAPPING, COLORS, path, title="My songs", failed=failed, positions=positions)
    browser.set_window_size(1000, 900)
    browser.get(path.as_uri())

    def column(number: int) -> list[str]:
        return browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((cell) => cell.innerText)",
            f"#songs td:nth-child({number})",
        )

    assert len(column(1)) == 100  # the rest when asked for
    browser.find_element(By.ID, "more").click()
    assert len(column(1)) == 200
    heading = browser.find_element(By.CSS_SELECTOR, "[data-column=percent]")
    heading.click()
    heading.click()
    percents = [int(text.split()[0]) for text in column(3)]
    assert percents == sorted(percents, reverse=True)
    assert percents[0] == max(round(100 * max(a.probabilities.values())) for _, a in made)
    browser.find_element(By.ID, "search").send_keys("FOLDER 2")
    Select(browser.find_element(By.ID, "genre")).select_by_visible_text("jazz")
    Select(browser.find_element(By.ID, "sure")).select_by_value("uncertain")
    wanted = {
        song.name for song, a in made if a.uncertain and a.genre == "jazz" and "2/" in str(song)
    }
    WebDriverWait(browser, 10).until(  # Chromium tells the page of a choice a little later
        lambda _: {text.split("\n")[0] for text in column(1)} == wanted != set()
    )

    WebDriverWait(browser, 10).until(
        lambda _: browser.execute_script("return Bokeh.documents[0].is_idle")
    )
    x, y = browser.execute_script(PLACE_OF_FIRST)
    mouse = ActionBuilder(browser)
    for left in (x - 5, x):
        mouse.pointer_action.move_to_location(round(left), round(y))
    mouse.perform()
    WebDriverWait(browser, 10).until(lambda _: "song 000.mp3" in browser.execute_script(TOOLTIPS))

    browser.set_window_size(390, 800)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= browser.execute_script("return window.innerWidth")
    assert browser.execute_script("return performance.getEntriesByType('resource')") == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
