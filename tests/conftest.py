"""What tests in several files need: a headless Chromium, or why there is none; a job to review;
what was read."""

from collections import Counter

import chromium
import pytest
import review_job


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


@pytest.fixture
def job(tmp_path):
    return review_job.make_job(tmp_path / "job")


@pytest.fixture
def page(job):
    with review_job.opened(job) as client:
        yield client


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "read.log"
    monkeypatch.setenv("READ_LOG", str(path))
    return lambda: Counter(path.read_text().split()) if path.exists() else Counter()
