"""A headless Chromium for tests of the review page, and what they wait for in it."""

import shutil
from pathlib import Path

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def find(playwright):
    """Return the path of a Chromium: the system's, or the one that Playwright downloaded."""
    for name in ("chromium", "chromium-browser", "chrome"):
        if found := shutil.which(name):
            return found
    path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def tab(browser, server, first="100"):
    """Open the page in a new tab and wait for its first field; notes what the browser refuses."""
    page = browser.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: page.complaints.append(said.text) if "Security" in said.text else None,
    )
    page.goto(server.address)
    shown(page, first)
    return page


def shown(page, value):
    """Wait until a field is on screen, with this in the place for its value."""
    page.wait_for_function(
        "value => document.getElementById('value').value === value"
        " && document.querySelector('#stage .sheet')",
        arg=value,
        timeout=10_000,
    )


def said(page, text):
    """Wait until the page says this."""
    page.wait_for_function(
        "text => document.getElementById('message').textContent.includes(text)",
        arg=text,
        timeout=10_000,
    )


def draw_a_seven(page):
    """Go to the drawing pad, wait until its script runs, and draw a 7 there."""
    page.click("text=Try the reader")
    page.wait_for_url("**/pad*", wait_until="load")
    page.locator("#drawing").hover()  # waits until it stands still
    box = page.locator("#drawing").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 60)
    page.mouse.down()
    for x, y in ((430, 60), (350, 240)):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
    page.mouse.up()
