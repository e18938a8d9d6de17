"""Everybody can use the review page: contrast, names, and all of it by keyboard (WCAG 2.2 AA).

Every state of every page is looked at in Chromium. axe-core, where it is installed, looks too;
it knows nothing of the order of Tab or of whether one sees where the focus is.
"""

import pytest
from chromium import draw_a_seven, said, tab
from review_job import make_job
from review_server import Server

LOOK = r"""() => {
  const complaints = [], seen = { texts: 0, controls: 0 };
  const rgba = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((value, i) => value * a + under[i] * (1 - a)).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => part / 255).map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const shown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // What may lie behind: the colours of the ancestors; over a scan both black and white.
  const grounds = (element, scan = element.closest(".whole")) => {
    let layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (at === scan) return [[0, 0, 0, 1], [255, 255, 255, 1]].map((under) =>
        layers.reduceRight((ground, layer) => over(layer, ground), under));
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return [layers.reduceRight((ground, layer) => over(layer, ground), [255, 255, 255, 1])];
  };
  const judge = (element, colour, least, what) => {
    for (const ground of grounds(element)) {
      const found = contrast(over(rgba(colour), ground), ground);
      if (found < least) complaints.push(`${what}: contrast ${found.toFixed(2)} of ${least}`);
    }
  };
  const name = (element) =>
    `${element.tagName.toLowerCase()}#${element.id}.${element.className} “${
      (element.textContent || element.value || "").trim().slice(0, 30)}”`;
  const least = (style) => {
    const size = parseFloat(style.fontSize);
    return size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
  };
  for (const element of document.querySelectorAll("body *")) {
    if (!shown(element) || element.closest("noscript, option, datalist")) continue;
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const typed = element.matches("input, select") && !element.disabled;
    if (own || typed) {
      seen.texts += 1;
      judge(element, style.color, least(style), name(element));
    }
    if (typed && element.placeholder)
      judge(element, getComputedStyle(element, "::placeholder").color, 4.5, `${name(element)}…`);
    for (const side of ["::before", "::after"]) {
      const extra = getComputedStyle(element, side);
      if (extra.content !== "none" && extra.content !== "normal")
        judge(element, extra.color, least(extra), `${side} of ${name(element)}`);
    }
    if (element.matches("input:not([type=file]), select, button") && !element.disabled) {
      seen.controls += 1;
      const ground = grounds(element.parentElement)[0];
      const edge = contrast(over(rgba(style.borderTopColor), ground), ground);
      if (edge < 3 && !element.closest(".whole"))
        complaints.push(`edge of ${name(element)}: ${edge.toFixed(2)} of 3`);
    }
    if (element.matches("img") && !element.alt) complaints.push(`no words for ${name(element)}`);
  }
  if (!document.documentElement.lang) complaints.push("the page names no language");
  if (!document.title) complaints.push("the page has no title");
  for (const one of ["main", "h1"])
    if ([...document.querySelectorAll(one)].filter(shown).length !== 1)
      complaints.push(`not one ${one}`);
  if (!seen.texts) complaints.push("nothing was looked at");
  return complaints;
}"""

REACHED = r"""() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const wide = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { id: window.controls.indexOf(at), body: at === document.body,
    what: `${at.tagName}#${at.id} ${at.textContent.slice(0, 20)}`, wide };
}"""

CONTROLS = r"""() => {
  const all = "button, input, select, textarea, a[href], [tabindex='0']";
  window.controls = [...document.querySelectorAll(all)].filter((element) =>
    element.checkVisibility() && !element.disabled && !element.closest("#choices"));
  return window.controls.map((element) =>
    `${element.tagName}#${element.id} ${element.textContent.trim().slice(0, 20)}`);
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    names = (*(f"doubt-{i}" for i in range(100, 106)), *map(str, range(530, 535)))
    started = Server(make_job(tmp_path_factory.mktemp("access") / "job", names), "--audit", "0")
    yield started
    started.kill()


@pytest.fixture
def page(server, browser):
    return tab(browser, server)


def field(page):
    return None


def warned(page):
    page.keyboard.type("1")
    said(page, "this field usually has 3")


def other_reading(page):
    page.keyboard.press("+")


def stored(page):
    page.keyboard.press("Enter")
    said(page, "Stored")
    page.keyboard.press("u")
    said(page, "Taken back")


def whole_page(page):
    page.keyboard.press("p")
    page.wait_for_selector(".spot.review")


def digits(page):
    page.keyboard.press("d")
    page.keyboard.press("3")
    page.wait_for_selector("#grid button")
    page.keyboard.press(" ")
    page.wait_for_selector("#grid [aria-pressed=true]")


def no_digit(page):
    page.keyboard.press("d")
    page.keyboard.press("9")
    page.wait_for_selector("#question:has-text('No 9')")


def end(page):
    page.fill("#field", "no such field")
    page.keyboard.press("Tab")
    page.wait_for_selector("#stage .note")


def pad(page):
    draw_a_seven(page)
    page.wait_for_selector(".reading .value")


STATES = (field, warned, other_reading, stored, whole_page, digits, no_digit, end, pad)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_everything_can_be_seen_and_has_a_name(page, state):
    state(page)
    for scheme in ("light", "dark"):  # the page has one look for both
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(LOOK) == []
    assert nameless(page) == []
    assert page.complaints == []


@pytest.mark.parametrize(
    "state", [field, whole_page, digits, pad], ids=lambda state: state.__name__
)
def test_every_control_is_reached_by_tab_and_one_sees_where_one_is(page, state):
    state(page)
    controls = page.evaluate(CONTROLS)
    assert len(controls) >= 4
    reached = set()
    for _ in range(2 * len(controls) + 4):
        page.keyboard.press("Tab")
        at = page.evaluate(REACHED)
        if at["id"] >= 0:
            reached.add(at["id"])
            assert at["wide"], f"the focus on {at['what']} cannot be seen"
    assert [controls[i] for i in range(len(controls)) if i not in reached] == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(page, state):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe is installed")
    state(page)
    found = axe.Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        ("document.getElementById('place').style.color = '#999'", "contrast"),
        ("document.getElementById('order').style.borderColor = '#ddd'", "edge of select#order"),
        ("document.querySelector('#stage img').alt = ''", "no words for img"),
        ("document.documentElement.lang = ''", "no language"),
    ],
)
def test_the_look_finds_what_is_wrong(page, spoil, complaint):
    page.evaluate(spoil)
    assert complaint in " ".join(page.evaluate(LOOK))


def test_the_look_finds_a_control_without_a_name(page):
    page.evaluate("(order => order.closest('label').replaceWith(order))(window.order)")
    assert nameless(page) == ["combobox"]


def nameless(page):
    """Return the roles of what can have the focus and has no name for a screen reader."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    controls = [
        node
        for node in nodes
        if not node["ignored"]
        and any(p["name"] == "focusable" for p in node.get("properties", []))
        and node["role"]["value"] != "RootWebArea"
    ]
    assert controls
    return [node["role"]["value"] for node in controls if not node.get("name", {}).get("value")]
