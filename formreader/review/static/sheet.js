// A whole page with every field drawn over the scan; a field that is chosen can be corrected.

import { get } from "./api.js";
import { tell } from "./message.js";
import { Mode } from "./mode.js";

const STATUS = {
  review: "waits for you",
  decided: "decided by a person",
  accepted: "accepted",
  blank: "blank",
};
const LARGEST = 4; // times the scan: a small picture is not blown up beyond the screen
const LABEL_PX = 30; // on screen; a smaller field gets its value as a tip only

export class SheetView extends Mode {
  constructor(leave, correct) {
    super("sheet");
    this.leave = leave;
    this.correct = correct; // takes a reading; it comes back here when that is done
    this.desk = document.getElementById("desk");
    this.number = document.getElementById("number");
    this.page = null;
    this.at = 0;
    document.getElementById("go").addEventListener("submit", (event) => {
      event.preventDefault();
      this.guarded(() => this.find_page(this.page?.file ?? "", Number(this.number.value)));
    });
    document.getElementById("colours").replaceChildren(...Object.entries(STATUS).map(
      ([status, words]) => element("li", status, words)));
  }

  get commands() {
    return [
      ["Enter", "correct this field", () => this.choose()],
      ["ArrowRight", "next field", () => this.step(1), ["ArrowDown"]],
      ["ArrowLeft", "field before", () => this.step(-1), ["ArrowUp"]],
      ["PageDown", "next page", () => this.turn("after")],
      ["PageUp", "page before", () => this.turn("before")],
      ["G", "go to page", () => this.number.select()],
      ["P", "back", () => this.leave(), ["Escape"]],
    ];
  }

  async find_page(file, number) {
    const { page } = await get("/api/pages", { file, number: Math.max(1, number || 1) });
    if (page === null) return tell("There is no such page.", "bad");
    await this.load(page);
  }

  async load(id, reading = null) {
    this.page = await get(`/api/pages/${id}`);
    this.at = Math.max(0, this.page.spots.findIndex((spot) => spot.id === reading));
    this.draw();
    tell("");
  }

  draw() {
    const { page } = this;
    const sheet = element("div", "whole");
    const scale = Math.min(this.desk.clientWidth / page.width, LARGEST);
    sheet.style.width = `${page.width * scale}px`;
    sheet.style.height = `${page.height * scale}px`;
    if (page.trouble) sheet.classList.add("missing");
    else {
      const image = element("img", "");
      image.alt = "The scan";
      image.src = `/api/pages/${page.id}/scan`;
      sheet.append(image);
    }
    this.buttons = page.spots.map((spot, index) => this.spot(spot, index, scale));
    sheet.append(...this.buttons);
    this.desk.replaceChildren(sheet);
    document.getElementById("sheet-place").textContent = `${page.file}, page ${page.number}`;
    document.getElementById("trouble").textContent = page.failure || page.trouble;
    this.number.value = page.number;
    this.focus();
  }

  spot(spot, index, scale) {
    const button = element("button", `spot ${spot.status}`);
    const [x, y, width, height] = spot.rect.map((length) => length * scale);
    Object.assign(button.style,
      { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
    button.type = "button";
    const shown = { blank: "empty", unreadable: "cannot be read" }[spot.meaning] ?? spot.value;
    button.title = `${spot.field}: ${shown || "–"} (${STATUS[spot.status]})`;
    button.setAttribute("aria-label", button.title);
    if (shown && width > LABEL_PX) button.append(element("span", "", shown));
    button.addEventListener("click", () => {
      this.at = index;
      this.guarded(() => this.choose());
    });
    return button;
  }

  focus() {
    const button = this.buttons?.[this.at];
    if (!button) return this.main.focus();
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  }

  step(by) {
    const count = this.page.spots.length;
    this.at = count && (this.at + by + count) % count;
    this.focus();
  }

  async turn(side) {
    if (this.page[side] === null) return tell("There is no page further that way.");
    await this.load(this.page[side]);
  }

  async choose() {
    const spot = this.page.spots[this.at];
    if (spot) await this.correct(spot.id);
  }
}

function element(tag, kind, text = "") {
  const made = document.createElement(tag);
  made.className = kind;
  made.textContent = text;
  return made;
}
