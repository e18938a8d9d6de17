"""What a form's definition holds against a number, said in a real browser as it is typed."""

from chromium import said, shown, tab
from review_job import decisions, make_bill
from review_server import Server


def test_a_late_answer_about_a_number_typed_over_takes_no_complaint_back(tmp_path, browser):
    server = Server(make_bill(tmp_path), "--audit", "0")
    try:
        page, held = tab(browser, server, "100"), []
        page.route("**/complaint?value=9", lambda route: held.append(route))
        with page.expect_request("**/complaint?value=9"):
            page.keyboard.type("9")
        page.keyboard.type("0")
        said(page, "“total = net + tax” does not hold")
        with page.expect_response("**/complaint?value=9") as late:
            held[0].continue_()
        late.value.finished()
        page.evaluate("() => new Promise(done => setTimeout(done, 50))")
        said(page, "“total = net + tax” does not hold")
    finally:
        server.kill()


def test_what_a_form_forbids_is_said_as_one_types(tmp_path, browser):
    job = make_bill(tmp_path)
    server = Server(job, "--audit", "0")
    try:
        page = tab(browser, server, "100")
        page.keyboard.type("90")
        said(page, "“total = net + tax” does not hold")
        page.keyboard.press("Enter")
        said(page, "Press Enter again if it is right")
        page.keyboard.type("100")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("110")
        page.keyboard.press("Enter")
        shown(page, "20")
    finally:
        server.kill()
    assert decisions(job) == [("100", "value", "110")]
