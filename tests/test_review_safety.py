"""The review page opens to nobody else, and no path leads out of its job."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from review_job import HERE, PORT, field, make_job, opened, queue, rows, say, sheet

from formreader.document import Page
from formreader.review import app as review_app
from formreader.review import pictures
from formreader.review.guard import Keys
from formreader.store import DATABASE
from formreader.store_reviews import Scan

# Safety


@pytest.fixture
def stranger(job):
    keys = Keys(PORT)
    with TestClient(
        review_app.create_app(job, keys, "anna", 0.0), base_url=HERE, follow_redirects=False
    ) as client:
        client.keys = keys
        yield client


@pytest.mark.parametrize("path", ["/", "/api/queue", "/api/crops/2", "/static/main.js", "/docs"])
def test_nothing_is_shown_without_the_address(stranger, path):
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "formreader review" in answer.text


def test_a_wrong_token_or_cookie_opens_nothing(stranger):
    assert stranger.get("/?token=wrong").status_code == 403
    assert (
        stranger.get("/", headers={"cookie": f"{stranger.keys.cookie}=ü".encode()}).status_code
        == 403
    )
    assert stranger.get("/api/queue?token=" + stranger.keys.token).status_code == 403


def test_the_token_is_traded_for_a_cookie_that_scripts_and_other_sites_do_not_have(stranger):
    answer = stranger.get("/", params={"token": stranger.keys.token})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.keys.token not in cookie
    assert stranger.get("/").status_code == 200


def test_the_address_that_the_browser_is_started_with_opens_once(stranger):
    ticket = {"token": stranger.keys.ticket}
    assert stranger.keys.address_once.endswith(stranger.keys.ticket)
    assert stranger.get("/", params=ticket).status_code == 303
    assert stranger.get("/", params=ticket).status_code == 403
    assert stranger.get("/", params={"token": stranger.keys.token}).status_code == 303


def test_each_start_has_a_token_of_its_own():
    assert Keys(PORT).token != Keys(PORT).token
    assert len(Keys(PORT).token) >= 43


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:80", ""])
def test_a_foreign_host_name_is_refused(page, host):
    assert page.get("/api/queue", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:80"])
def test_a_change_from_another_page_is_refused(job, page, origin):
    reading = queue(page)[0]
    page.headers["origin"] = origin
    assert say(page, reading, "46").status_code == 403
    assert rows(job, "SELECT * FROM reviews") == []


def test_a_change_must_be_json_of_modest_size(page):
    url = f"/api/fields/{queue(page)[0]}/decision"
    assert page.post(url, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    headers = {"content-type": "application/json"}
    assert page.post(url, content=b" " * 20_000, headers=headers).status_code == 413
    assert page.post(url, content=iter([b"{}"]), headers=headers).status_code == 411
    assert page.delete(url).status_code == 405


def test_every_answer_forbids_foreign_content(page, stranger):
    for answer in (page.get("/"), page.get("/static/main.js"), page.get("/x"), stranger.get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_page_has_no_inline_script_or_style_and_names_no_other_site(page):
    html = page.get("/").text
    assert "<style" not in html
    assert " style=" not in html
    assert " on" not in "".join(html.partition("<body>")[2].split("aria-")).replace(" one", "")
    assert html.count("<script") == html.count('<script type="module" src="/static/')
    assert "//" not in html.replace("<!doctype", "")


def test_names_from_the_job_are_text_and_no_markup(tmp_path):
    job = make_job(tmp_path / "other", ("doubt-1",))
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET field = '<script>alert(1)</script>'")
        database.commit()
    with opened(job) as page:
        assert "<script>alert" not in page.get("/").text


def test_a_crop_shows_the_field_with_its_surroundings(page):
    answer = page.get(f"/api/crops/{queue(page)[0]}")
    assert answer.headers["content-type"] == "image/png"
    shown = field(page, queue(page)[0])["crop"]
    x, y, width, height = shown["rect"]
    assert (width, height) == (30, 12)
    assert x >= 12
    assert y >= 6


def test_no_more_pages_are_kept_than_fit_the_memory(job, monkeypatch):
    monkeypatch.setattr(pictures, "KEPT_BYTES", 2 * 40 * 90)
    loads = []
    monkeypatch.setattr(
        pictures, "read_again", lambda *place: loads.append(place[2]) or page_of(np.zeros((40, 90)))
    )
    scans = pictures.Scans()
    for number in (1, 2, 1, 3, 1, 2):
        scans.page(job, Scan("a.png", 1, 1), number)
    assert loads == [1, 2, 3, 2]
    monkeypatch.setattr(pictures, "KEPT_BYTES", 1)  # one is kept, however large
    scans.page(job, Scan("a.png", 1, 1), 4)
    scans.page(job, Scan("a.png", 1, 1), 4)
    assert loads[4:] == [4]


def page_of(image):
    return Page("a.png", 1, image.astype(np.uint8), 300.0)


def test_a_crop_falls_back_to_the_picture_in_the_job(job, page):
    reading = queue(page)[0]
    (job.with_name("scans") / "doubt-45.png").unlink()
    assert page.get(f"/api/crops/{reading}").status_code == 404
    (job / "snippets").mkdir()
    Image.fromarray(np.full((20, 38), 9, np.uint8)).save(job / "snippets" / "a.png")
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET snippet = 'snippets/a.png'")
        database.commit()
    assert page.get(f"/api/crops/{reading}").status_code == 200


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "job.sqlite", "snippets/../x"])
def test_a_picture_outside_the_folder_of_pictures_is_not_served(job, page, path):
    (job / "snippets").mkdir()
    secret = Image.fromarray(np.zeros((9, 9), np.uint8))
    secret.save(job.parent / "secret.png")
    secret.save(job / "x", "PNG")
    with closing(sqlite3.connect(job / DATABASE)) as database:
        database.execute("UPDATE readings SET snippet = ?", (path,))
        database.execute("UPDATE files SET path = '../' || path")
        database.commit()
    assert page.get(f"/api/crops/{queue(page)[0]}").status_code == 404
    assert "is not where it was" in sheet(page, queue(page)[0])["trouble"]


@pytest.mark.parametrize(
    "path",
    [
        *("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/snippets/a.png"),
        *("/api/crops/..%2f..%2fx", "/job.sqlite", "/api/crops/2/../../x", "/static//etc/hostname"),
    ],
)
def test_no_path_leads_out(page, path):
    assert page.get(path).status_code in (403, 404, 422)
