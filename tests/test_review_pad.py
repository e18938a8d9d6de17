"""The drawing pad's address: a picture in, what the recognizer saw out, and nobody else."""

import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw
from review_job import make_job, opened

from formreader.classify import CARD, load_recognizer, model_folder
from formreader.review.guard import LARGEST_PICTURE
from formreader.store import Store

pytestmark = pytest.mark.skipif(
    not (model_folder(None) / CARD).exists(), reason="there is no bundled model in this checkout"
)
PNG = {"content-type": "image/png"}


@pytest.fixture
def page(tmp_path):
    with opened(make_job(tmp_path / "job")) as client:
        yield client


def picture(sevens=1):
    """Return a PNG with sevens drawn by a pen."""
    image = Image.new("L", (300, 120), 255)
    for i in range(sevens):
        x = 80 + 70 * i
        ImageDraw.Draw(image).line((x, 20, x + 46, 20, x + 18, 100), fill=0, width=8)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_drawn_number_is_read_with_its_glyphs_and_two_best_classes(page):
    answer = page.post("/api/read", content=picture(), headers=PNG).json()
    assert (answer["width"], answer["height"]) == (300, 120)
    [reading] = answer["readings"]
    assert reading["value"] == "7"
    for symbol in reading["characters"]:
        glyph = np.frombuffer(base64.b64decode(symbol["glyph"]), np.uint8).reshape(28, 28)
        assert glyph.max() == 255
        assert glyph[0].max() == 0
        assert symbol["character"] == "7" != symbol["second"]
        assert symbol["confidence"] > symbol["second_confidence"]


def test_a_page_is_read_as_a_page(page):
    answer = page.post("/api/read?form=auto", content=picture(0), headers=PNG)
    assert answer.json()["readings"] == []


def test_an_empty_picture_has_no_value(page):
    [reading] = page.post("/api/read", content=picture(0), headers=PNG).json()["readings"]
    assert (reading["value"], reading["status"]) == ("", "blank")


def test_a_large_picture_is_shrunk_before_it_is_read(page):
    out = io.BytesIO()
    Image.new("L", (2480, 3508), 255).save(out, "PNG")
    answer = page.post("/api/read", content=out.getvalue(), headers=PNG).json()
    assert (answer["width"], answer["height"]) == (1131, 1600)


def test_a_small_file_with_too_many_pixels_is_refused_before_it_is_decoded(page):
    for size in ((9000, 9000), (20000, 20000)):
        out = io.BytesIO()
        Image.new("1", size).save(out, "PNG")
        answer = page.post("/api/read", content=out.getvalue(), headers=PNG)
        assert answer.status_code == 404
        assert "16 million pixels" in answer.json()["message"]


def test_the_pad_reads_with_the_model_and_error_rate_of_the_job(tmp_path):
    model = tmp_path / "own"
    shutil.copytree(model_folder(None), model)
    card = json.loads((model / CARD).read_text("utf-8"))
    (model / CARD).write_text(json.dumps(card | {"version": 7}), "utf-8")
    job = make_job(tmp_path / "job")
    own = load_recognizer(model).model_id
    with Store.open(job) as store:
        store.set_settings({"model": own, "model_folder": str(model), "max_error": "1e-9"})
    with opened(job) as client:
        answer = client.post("/api/read", content=picture(), headers=PNG).json()
    assert (answer["model"], answer["note"]) == (own, "")
    assert answer["readings"][0]["status"] == "review"
    shutil.rmtree(model)
    with opened(job) as client:
        answer = client.post("/api/read", content=picture(), headers=PNG).json()
    assert answer["model"] == load_recognizer().model_id
    assert own in answer["note"]


def test_what_is_no_picture_is_told(page):
    answer = page.post("/api/read", content=b"no picture", headers=PNG)
    assert answer.status_code == 404
    assert answer.json()["message"]


def test_a_script_needs_the_token_and_nothing_else(page):
    keys = page.app._keys
    page.cookies.clear()
    del page.headers["origin"]
    assert page.post("/api/read", content=picture(), headers=PNG).status_code == 403
    for token, code in ((keys.token, 200), (keys.token[:-1], 403), ("", 403)):
        headers = PNG | {"authorization": f"Bearer {token}"}
        assert page.post("/api/read", content=picture(), headers=headers).status_code == code


def test_a_picture_from_another_page_or_too_large_or_of_another_kind_is_refused(page):
    foreign = PNG | {"origin": "http://evil.example"}
    assert page.post("/api/read", content=picture(), headers=foreign).status_code == 403
    large = PNG | {"content-length": str(LARGEST_PICTURE + 1)}
    assert page.post("/api/read", content=b"", headers=large).status_code == 413
    text = {"content-type": "text/plain"}
    assert page.post("/api/read", content=picture(), headers=text).status_code == 415


def test_only_the_address_for_programs_is_described(page):
    described = page.get("/api/openapi.json").json()
    assert list(described["paths"]) == ["/api/read"]
    assert "glyph" in described["components"]["schemas"]["Symbol"]["properties"]


def test_the_pad_has_no_inline_script_or_style(page):
    html = page.get("/pad").text
    assert "<style" not in html
    assert " style=" not in html
    assert html.count("<script") == 1
