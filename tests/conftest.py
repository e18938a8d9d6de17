"""What tests in several files need: a headless Chromium, or the reason why there is none."""

import chromium
import pytest


@pytest.fixture(scope="session")
def headless():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            pytest.skip("no Chromium is installed here")
        started = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield started
        started.close()


@pytest.fixture
def browser(headless):
    context = headless.new_context(viewport={"width": 1366, "height": 650})
    yield context
    context.close()
