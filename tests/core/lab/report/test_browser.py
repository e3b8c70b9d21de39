"""The report as a person meets it: in a real browser, on a wide and a narrow screen, light and dark."""

import json
from typing import Any

import pytest

from daedalus.core.lab.report.page import write_report
from daedalus.core.lab.statistics.comparison import summarise

pytestmark = pytest.mark.browser

WIDE, PHONE = (1280, 900), (360, 740)

# For every plot: the boxes of its two versions, the size of its letters on the screen, and letters that leave the
# plot or lie on one another.
PLOTS = """
return [...document.querySelectorAll('figure.plot')].map(figure => {
  const shown = [...figure.querySelectorAll('.canvas svg')].filter(svg => svg.getClientRects().length);
  const boxes = shown.map(svg => svg.getBoundingClientRect());
  const texts = shown.flatMap(svg => [...svg.querySelectorAll('text')]);
  const rects = texts.map(text => text.getBoundingClientRect());
  const within = (r, b) =>
    r.left >= b.left - 1 && r.right <= b.right + 1 && r.top >= b.top - 1 && r.bottom <= b.bottom + 1;
  const overlaps = [];
  rects.forEach((a, i) => rects.slice(i + 1).forEach((b, j) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 3) overlaps.push(texts[i].textContent + ' on ' + texts[i + 1 + j].textContent);
  }));
  return {
    key: figure.id,
    boxes: boxes.map(b => [b.width, b.height]),
    letter: 12 * boxes[0].width / shown[0].viewBox.baseVal.width,
    outside: texts.filter((_, i) => !within(rects[i], boxes[0])).map(text => text.textContent),
    overlaps,
    lines: shown[0].querySelectorAll('.line').length,
    alt: figure.querySelector('[role=img]').getAttribute('aria-label'),
  };
});
"""


@pytest.fixture(scope="module")
def browser(driver: Any, make_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    run = make_run(tmp_path_factory.mktemp("runs") / "made")
    driver.get(write_report(run, summarise(run)).as_uri())
    return driver


def look(browser: Any, size: tuple[int, int], theme: str = "light") -> None:
    """Show the page at a size and in a theme that the system asks for."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wishes = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in wishes.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_nothing_is_fetched_and_nothing_complains(browser: Any) -> None:
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [address[:5] for address in asked if not address.startswith("data:")] == ["file:"]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_every_plot_is_shown_and_can_be_read(browser: Any, size: tuple[int, int]) -> None:
    look(browser, size)
    plots = browser.execute_script(PLOTS)
    assert len(plots) > 20
    for plot in plots:
        assert len(plot["boxes"]) == 1, plot["key"]  # one of its two versions
        ((width, height),) = plot["boxes"]
        assert width > 280, plot["key"]
        assert height > 80, plot["key"]
        assert plot["letter"] >= 11, plot["key"]
        assert plot["outside"] == [], plot["key"]
        assert plot["overlaps"] == [], plot["key"]
        assert len(plot["alt"]) > 40


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_page_does_not_scroll_sideways(browser: Any, size: tuple[int, int]) -> None:
    look(browser, size)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]


def test_tables_are_filled(browser: Any) -> None:
    tables = browser.execute_script(
        "return [...document.querySelectorAll('table')].map(t => [...t.tBodies[0].rows].map(r =>"
        " [...r.cells].map(c => c.textContent.trim())))"
    )
    assert len(tables) >= 5
    assert all(rows and all(all(row) for row in rows) for rows in tables)
    assert len(tables[0]) == 6  # the agents on the bandit


def first_column(browser: Any) -> list[str]:
    rows = "return [...document.querySelector('table').tBodies[0].rows].map(r => r.cells[0].textContent.trim())"
    return list(browser.execute_script(rows))


def test_a_click_or_a_key_sorts(browser: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    look(browser, WIDE)
    heads = browser.find_elements(By.CSS_SELECTOR, "table:first-of-type thead th")
    before = first_column(browser)
    agent, iqm = heads[0].find_element(By.TAG_NAME, "button"), heads[1].find_element(By.TAG_NAME, "button")
    agent.click()
    assert first_column(browser) == sorted(before)
    assert heads[0].get_attribute("aria-sort") == "ascending"
    iqm.send_keys(Keys.ENTER)
    assert heads[0].get_attribute("aria-sort") is None
    assert heads[1].get_attribute("aria-sort") == "descending"
    assert first_column(browser) == before  # the page comes sorted from the best on
    iqm.send_keys(Keys.SPACE)
    assert heads[1].get_attribute("aria-sort") == "ascending"
    assert first_column(browser) == before[::-1]


STATE = """
const seen = selector => [...document.querySelectorAll(selector)].filter(i => i.getClientRects().length).length;
const line = document.querySelector('.canvas svg .series-0.line path');
const colours = [getComputedStyle(document.body).backgroundColor, getComputedStyle(line).stroke];
return [...colours, seen('.on-light'), seen('.on-dark')];
"""


def test_the_theme_follows_the_system_and_the_button(browser: Any) -> None:
    from selenium.webdriver.common.by import By

    look(browser, WIDE, "light")
    light = browser.execute_script(STATE)
    look(browser, WIDE, "dark")
    dark = browser.execute_script(STATE)
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    pictures = light[2]
    assert pictures > 10
    assert (light[3], dark[2], dark[3]) == (0, 0, pictures)
    button = browser.find_element(By.CSS_SELECTOR, "button.theme")
    button.click()
    assert browser.execute_script(STATE) == light
    button.click()
    assert browser.execute_script(STATE) == dark


def test_pointing_at_a_legend_brings_its_line_forward(browser: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    look(browser, WIDE)
    faint = "return document.querySelectorAll('.faint').length"
    assert browser.execute_script(faint) == 0
    ActionChains(browser).move_to_element(browser.find_element(By.CSS_SELECTOR, ".legend li")).perform()
    assert browser.execute_script(faint) > 0
    ActionChains(browser).move_to_element(browser.find_element(By.TAG_NAME, "h1")).perform()
    assert browser.execute_script(faint) == 0
    assert browser.get_log("browser") == []


def test_episodes_move_only_where_motion_is_welcome(browser: Any) -> None:
    look(browser, WIDE)
    shown = "return [...document.querySelectorAll('picture.on-light img')].map(i => [i.currentSrc, i.naturalWidth > 0])"
    still = browser.execute_script(shown)
    features = [{"name": "prefers-reduced-motion", "value": "no-preference"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    moving = browser.execute_async_script(
        "const [done] = arguments; requestAnimationFrame(() => setTimeout(() => done("
        "[...document.querySelectorAll('picture.on-light img')].map(i => [i.currentSrc, i.naturalWidth > 0])), 500));"
    )
    assert len(still) == len(moving) == 10
    for (quiet, there), (lively, here) in zip(still, moving, strict=True):
        assert there
        assert here
        assert quiet != lively
