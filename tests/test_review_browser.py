"""The review page in a real browser, by keyboard alone, against the real server."""

import fake_reader
import pytest
from chromium import draw_a_seven, said, shown, tab
from PIL import Image
from review_job import decisions, make_job
from review_server import Server

from formreader.document import PageResult
from formreader.sources import list_files
from formreader.store import Store

NAMES = (*(f"doubt-{i}" for i in range(100, 112)), "00123")


@pytest.fixture
def job(tmp_path):
    return make_job(tmp_path / "job", NAMES)


@pytest.fixture
def serve(job):
    started = []

    def start(*words):
        started.append(Server(job, *words))
        return started[-1]

    yield start
    for server in started:
        server.kill()


def test_ten_fields_by_keyboard_with_the_server_killed_in_the_middle(job, serve, browser):
    server = serve()
    page = tab(browser, server)
    page.keyboard.press("Enter")
    shown(page, "101")
    page.keyboard.type("999")
    page.keyboard.press("Enter")
    shown(page, "102")
    page.keyboard.press("e")
    shown(page, "103")
    page.keyboard.press("x")
    shown(page, "104")
    page.keyboard.press("+")
    page.keyboard.press("Enter")
    shown(page, "105")
    server.kill()
    page.keyboard.press("Enter")
    said(page, "does not answer")
    half = [
        ("100", "value", "100"),
        ("101", "value", "999"),
        ("102", "blank", ""),
        ("103", "unreadable", ""),
        ("104", "value", "777"),
    ]
    assert decisions(job) == half
    page.close()

    server = serve()
    page = tab(browser, server, "105")
    for value in ("106", "107", "108", "109", "110"):
        page.keyboard.press("Enter")
        shown(page, value)
    assert decisions(job) == half + [(v, "value", v) for v in ("105", "106", "107", "108", "109")]
    server.stop()
    assert server.process.returncode == 0
    assert "doubt-101.png,1,field,number,101,0.5000,review,low confidence,777:0.0150,999" in (
        (job / "readings.csv").read_text("utf-8").replace("\r", "")
    )


def test_undo_after_a_restart_goes_back_step_by_step(job, serve, browser):
    server = serve()
    page = tab(browser, server)
    for value in ("101", "102"):
        page.keyboard.press("Enter")
        shown(page, value)
    server.kill()
    page.close()
    page = tab(browser, serve(), "102")
    page.keyboard.press("u")
    shown(page, "101")
    page.keyboard.press("u")
    shown(page, "100")
    page.keyboard.press("u")
    said(page, "nothing to take back")
    assert decisions(job) == []


def test_two_tabs_never_overwrite_each_other(job, serve, browser):
    server = serve()
    first = tab(browser, server)
    second = tab(browser, server)
    first.keyboard.type("555")
    first.keyboard.press("Enter")
    shown(first, "101")
    second.keyboard.type("666")
    second.keyboard.press("Enter")
    said(second, "said ‘555’ meanwhile")
    assert decisions(job) == [("100", "value", "555")]
    second.keyboard.press("Enter")
    shown(second, "101")
    second.keyboard.press("Enter")
    shown(second, "102")
    first.keyboard.press("s")
    shown(first, "102")
    assert first.complaints == second.complaints == []


def test_letters_never_get_into_a_number_and_a_held_enter_confirms_once(job, serve, browser):
    page = tab(browser, serve())
    page.keyboard.type("1q2w3")
    assert page.input_value("#value") == "123"
    page.keyboard.down("Enter")
    for _ in range(5):  # what the system sends while a key is held
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    shown(page, "101")
    page.wait_for_timeout(300)
    assert len(decisions(job)) == 1


def test_keys_pressed_while_a_decision_is_stored_reach_the_next_field(job, serve, browser):
    page = tab(browser, serve())
    page.evaluate(
        """() => {
            const real = window.fetch;
            window.fetch = async (...all) => {
                await new Promise((done) => setTimeout(done, 200));
                return real(...all);
            };
        }"""
    )
    page.keyboard.type("111\n222\n333\n", delay=10)
    shown(page, "103")
    assert [value for _, _, value in decisions(job)] == ["111", "222", "333"]


def test_back_shows_what_was_decided_and_allows_another_word(job, serve, browser):
    page = tab(browser, serve())
    page.keyboard.type("555\n")
    shown(page, "101")
    page.keyboard.press("b")
    shown(page, "555")
    said(page, "Decided: 555")
    page.keyboard.type("556\n")
    shown(page, "101")
    assert decisions(job) == [("100", "value", "556")]


def test_a_field_chosen_on_its_page_is_corrected_and_the_page_comes_back(job, serve, browser):
    page = tab(browser, serve())
    page.keyboard.press("p")
    page.wait_for_selector(".spot.review")
    page.keyboard.press("PageDown")
    page.wait_for_selector(".spot[title^='number: 101']")
    page.keyboard.press("Enter")
    shown(page, "101")
    page.keyboard.type("888\n")
    page.wait_for_selector(".spot.decided[title^='number: 888']")
    page.keyboard.press("g")
    page.keyboard.type("1\n")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    shown(page, "100")
    page.keyboard.press("Enter")
    shown(page, "102")
    assert decisions(job) == [("100", "value", "100"), ("101", "value", "888")]


def test_an_accepted_field_is_keyed_blind_and_looked_at_again_where_it_differs(job, serve, browser):
    page = tab(browser, serve("--audit", "1"))
    for value in (*(str(i) for i in range(101, 112)), ""):
        page.keyboard.press("Enter")
        shown(page, value)
    assert page.inner_text("#reasons").startswith("Check of an accepted field")
    assert "00123" not in page.inner_text("main:not([hidden])").replace("00123.png", "")
    page.keyboard.press("Enter")
    said(page, "Type the number")
    page.keyboard.type("0123\n")
    said(page, "the machine read ‘00123’")
    page.keyboard.press("Enter")
    said(page, "Type the number")
    page.keyboard.press("+")
    shown(page, "00123")
    page.keyboard.press("Enter")
    page.wait_for_selector("#stage .note")
    assert "0 of 1 wrong" in page.inner_text("#stage")
    assert decisions(job)[0] == ("00123", "value", "00123")


def test_double_keying_shows_the_machines_value_only_where_it_differs(job, serve, browser):
    page = browser.new_page()
    page.goto(serve("--blind").address)
    for value in ("100", "101"):
        page.wait_for_selector("#reasons:has-text('Keyed blind')")
        assert page.input_value("#value") == ""
        page.keyboard.type(f"{value}\n")
        said(page, "the machine agrees")
    page.keyboard.type("555\n")
    said(page, "the machine read ‘102’")
    page.keyboard.type("555\n")
    said(page, "Stored: 555")
    page.keyboard.type("103\n")
    said(page, "the machine agrees")
    page.keyboard.press("u")
    said(page, "Taken back")
    assert [value for _, _, value in decisions(job)] == ["100", "101", "555"]


def test_a_number_drawn_on_the_pad_is_read_at_once(serve, browser):
    page = tab(browser, serve())
    draw_a_seven(page)
    page.wait_for_selector(".reading .value:has-text('7')")
    assert page.locator(".reading canvas").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".reading").count() == 0
    assert page.complaints == []


def test_a_sheet_of_digits_by_keyboard(job, serve, browser):
    page = tab(browser, serve())
    page.keyboard.press("d")
    page.keyboard.press("3")
    page.wait_for_selector("#question:has-text('not a 3')")
    page.keyboard.press("Enter")
    said(page, "Look at the sheet first")
    page.wait_for_timeout(700)
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    said(page, "Stored: 2 characters, 1 of the sheet wrong")
    page.keyboard.press("u")
    said(page, "taken back")
    page.wait_for_timeout(700)
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    said(page, "Stored: 2")
    page.keyboard.press("Escape")
    shown(page, "100")
    for value in (*(str(i) for i in range(101, 112)), "00123"):
        page.keyboard.press("Enter")
        shown(page, value)
    page.keyboard.press("Enter")
    said(page, "ticked 3 as wrong. Press Enter again")
    page.keyboard.type("00128\n")
    page.wait_for_selector("#stage .note")
    assert decisions(job)[0] == ("00123", "value", "00128")


def test_the_next_field_costs_one_question_and_its_crop_is_there_before_it_is_needed(
    serve, browser
):
    page = tab(browser, serve())
    page.wait_for_timeout(300)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Enter")
    shown(page, "101")
    [decided] = [url for url in asked if "/api/fields/" in url]  # brings the next field along
    shown_next = decided.rpartition("next=")[2]
    assert shown_next.isdecimal()
    assert not any(url.endswith(f"/api/crops/{shown_next}") for url in asked)


def test_a_browser_that_goes_away_leaves_the_server_working(job, serve, browser):
    server = serve()
    page = tab(browser, server)
    page.keyboard.type("555\n")
    page.close()
    tab(browser, server, "101").close()
    assert len(decisions(job)) == 1


def test_fields_read_while_the_page_is_open_are_reached_and_no_run_is_disturbed(tmp_path, browser):
    job = make_job(tmp_path / "job", ("doubt-45",))
    server = Server(job)
    with Store.create(job) as run:  # as `formreader read` holds it
        run.note("running", True)
        page = tab(browser, server, "45")
        assert page.inner_text("#progress") == "0 of 1 so far"
        page.keyboard.press("Enter")
        page.wait_for_selector("#stage .note")
        Image.new("L", (90, 40), 200).save(tmp_path / "scans" / "doubt-67.png")
        run.sync(list_files(tmp_path / "scans"))
        found = fake_reader.reading("doubt-67", 1)
        run.add_page(PageResult("doubt-67.png", 1, "field", (found,)), {})
        page.keyboard.press("s")
        shown(page, "67")
        page.keyboard.press("Enter")
        page.wait_for_selector("#stage .note")
        page.focus("#tables")
        page.keyboard.press("Enter")
        said(page, "The job is being read")
        run.note("running", False)
    assert [value for _, _, value in decisions(job)] == ["45", "67"]
    server.stop()
    assert "67" in (job / "records.csv").read_text("utf-8")


def test_nothing_is_asked_of_any_other_place(serve, browser):
    server = serve()
    asked = []
    browser.on("request", lambda request: asked.append(request.url))
    tab(browser, server)
    assert asked
    assert all(url.startswith("http://127.0.0.1:") for url in asked)


def test_the_whole_page_fits_a_small_screen(serve, browser):
    page = tab(browser, serve())
    for _ in range(6):
        page.keyboard.press("Enter")
        page.wait_for_timeout(50)
    size = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
    assert size[0] <= 1366
    assert size[1] <= 650
    assert page.evaluate("document.querySelector('header').clientHeight") < 60


def test_the_end_names_the_command_that_teaches_what_was_confirmed(tmp_path, browser):
    job = make_job(tmp_path / "job", ("doubt-77",))
    server = Server(job, "--audit", "0")
    try:
        page = tab(browser, server, "77")
        assert page.is_hidden("#waiting")
        page.keyboard.press("Enter")
        page.wait_for_selector("#stage .note")
        told = page.inner_text("#stage .note")
        assert "2 digits that you confirmed are new to the reader" in told
        assert f"formreader train --reviewed {job} --out models/own" in told
        page.reload()
        page.wait_for_selector("#waiting:not([hidden])")
        page.focus("#waiting")
        page.keyboard.press("Enter")
        said(page, f"train --reviewed {job}")
    finally:
        server.kill()
