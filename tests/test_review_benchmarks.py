"""Speed and memory of the review page, printed and never judged: pytest -m benchmarks -s."""

import io
import statistics
from pathlib import Path

import httpx
import pytest
from big_job import draw, make_big_job
from PIL import Image
from review_server import Server

PAGES = 5000
DECISIONS = 120
PERSON_MS = 300
"""Between a field on screen and the next key: three a second is faster than anybody reviews."""

WATCH = """() => {
  window.took = [];
  let pressed = 0;
  document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (!pressed || !document.querySelector("#stage .sheet img")) return;
    const since = pressed;
    pressed = 0;
    requestAnimationFrame(() => requestAnimationFrame(() =>
      window.took.push(performance.now() - since)));
  }).observe(document.getElementById("stage"), { childList: true });
}"""
"""Notes the time from a key to the second frame after the next field was drawn: it is on screen."""


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    return make_big_job(tmp_path_factory.mktemp("big") / "job", PAGES)


@pytest.fixture
def server(job):
    started = Server(job, "--audit", "0")
    yield started
    started.kill()


@pytest.mark.benchmarks
@pytest.mark.parametrize("order", ["page", "confidence"])
@pytest.mark.parametrize("wait_ms", [PERSON_MS, 0], ids=["at a person's pace", "at once"])
def test_print_the_time_from_key_to_screen(server, browser, order, wait_ms):
    page = browser.new_page()
    page.goto(server.address)
    page.wait_for_selector("#stage .sheet img", timeout=60_000)
    page.select_option("#order", order)
    page.wait_for_timeout(3000)
    page.wait_for_selector("#stage .sheet img", timeout=60_000)
    page.focus("#value")
    page.evaluate(WATCH)
    for count in range(DECISIONS):
        page.wait_for_timeout(wait_ms)
        page.keyboard.press("Enter")
        page.wait_for_function("count => window.took.length > count", arg=count, timeout=30_000)
    took = sorted(page.evaluate("window.took"))
    assert len(took) == DECISIONS
    print(
        f"\n{PAGES * 20:,} fields by {order}, {wait_ms} ms between: key to screen "
        f"{statistics.median(took):.0f} ms (median of {len(took)}), "
        f"{sum(t > 100 for t in took)} over 100 ms, slowest {took[-1]:.0f}; "
        f"server {peak(server)} MB"
    )


@pytest.mark.benchmarks
def test_print_the_peak_of_memory_with_pictures_of_a_page_on_the_pad(server, tmp_path):
    here = server.address.partition("/?")[0]
    with httpx.Client(base_url=here, headers={"origin": here}, timeout=120) as page:
        page.get(server.address)
        for reading in page.get("/api/queue").json()[:200:10]:
            page.get(f"/api/crops/{reading}").raise_for_status()
        print(f"\nserver of {PAGES * 20:,} fields after 20 crops: peak {peak(server)} MB")
        for dpi in (300, 400):
            draw(path := tmp_path / "page.jpg")
            scan = Image.open(path).convert("RGB")
            scan = scan.resize((scan.width * dpi // 300, scan.height * dpi // 300))
            for kind in ("JPEG", "PNG"):
                out = io.BytesIO()
                scan.save(out, kind, dpi=(dpi, dpi))
                for form in ("field", "auto"):
                    answer = page.post(
                        f"/api/read?form={form}",
                        content=out.getvalue(),
                        headers={"content-type": "image/png"},
                    )
                    print(
                        f"{kind} of A4 at {dpi} dpi in colour, {len(out.getvalue()) / 1e6:.1f} MB, "
                        f"as {form}: {answer.status_code}, peak {peak(server)} MB"
                    )


def peak(server):
    """Return the most memory that a server and its children ever held, in MB."""
    process = Path(f"/proc/{server.process.pid}")
    if not process.exists():
        pytest.skip("memory is read from /proc, which is not here")
    children = (process / "task" / process.name / "children").read_text().split()
    total = 0
    for each in (process.name, *children):
        status = Path(f"/proc/{each}/status").read_text("ascii")
        total += int(status.partition("VmHWM:")[2].split()[0])
    return total // 1024
