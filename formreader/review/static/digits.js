// All characters read as one digit on a sheet, least sure first: tick the wrong ones, confirm.

import { get, post } from "./api.js";
import { tell } from "./message.js";
import { Mode } from "./mode.js";

const COLUMNS = 12;
const LOOK_MS = 600; // a sheet confirmed sooner than this was not looked at

export class Digits extends Mode {
  constructor(leave) {
    super("digits");
    this.leave = leave;
    this.grid = document.getElementById("grid");
    this.digit = "0";
    this.tiles = [];
    this.at = 0;
  }

  get commands() {
    return [
      ["Enter", "confirm the sheet", () => this.confirm()],
      [" ", "tick as wrong", () => this.tick()],
      ["ArrowRight", "next", () => this.step(1)],
      ["ArrowLeft", "before", () => this.step(-1)],
      ["ArrowDown", "below", () => this.step(COLUMNS)],
      ["ArrowUp", "above", () => this.step(-COLUMNS)],
      ["0", "… 9 choose the digit", () => this.load("0")],
      ["U", "undo", () => this.undo()],
      ["D", "back", () => this.leave(), ["Escape"]],
    ];
  }

  find(key) {
    return /^[1-9]$/.test(key) ? [key, "", () => this.load(key)] : super.find(key);
  }

  async load(digit) {
    this.digit = digit;
    const { glyphs, left } = await get(`/api/digits/${digit}`);
    document.getElementById("question").textContent = glyphs.length
      ? `Which of these are not a ${digit}?`
      : `No ${digit} is left to check. Press another digit.`;
    document.getElementById("unchecked").textContent = `${left} left to check`;
    this.at = 0;
    this.tiles = glyphs.map(([reading, position], index) => this.tile(reading, position, index));
    this.grid.replaceChildren(...this.tiles);
    await Promise.allSettled(this.tiles.map((tile) => tile.firstChild.decode()));
    for (const tile of this.tiles) tile.classList.toggle("missing", !tile.firstChild.naturalWidth);
    this.since = performance.now();
    this.focus();
  }

  tile(reading, position, index) {
    const tile = document.createElement("button");
    tile.type = "button";
    tile.glyph = [reading, position];
    const image = new Image();
    image.alt = `Character ${index + 1}`;
    image.src = `/api/glyphs/${reading}/${position}`;
    tile.append(image);
    tile.setAttribute("aria-pressed", "false");
    tile.addEventListener("click", () => {
      this.at = index;
      this.tick();
    });
    return tile;
  }

  focus() {
    (this.tiles[this.at] ?? this.main).focus();
  }

  step(by) {
    const next = this.at + by;
    if (next >= 0 && next < this.tiles.length) this.at = next;
    this.focus();
  }

  tick() {
    const tile = this.tiles[this.at];
    if (!tile) return;
    tile.setAttribute("aria-pressed", String(tile.getAttribute("aria-pressed") !== "true"));
    this.focus();
  }

  async confirm() {
    if (!this.tiles.length) return;
    if (performance.now() - this.since < LOOK_MS) return tell("Look at the sheet first.", "bad");
    const seen = this.tiles.filter((tile) => !tile.classList.contains("missing"));
    if (!seen.length) return tell("There are no pictures of these characters.", "bad");
    const wrong = seen.filter((tile) => tile.getAttribute("aria-pressed") === "true");
    const right = seen.filter((tile) => !wrong.includes(tile));
    const { stored } = await post("/api/digits", {
      digit: this.digit,
      right: right.map((tile) => tile.glyph),
      wrong: wrong.map((tile) => tile.glyph),
    });
    await this.load(this.digit);
    tell(`Stored: ${stored} characters, ${wrong.length} of the sheet wrong.`, "good");
  }

  async undo() {
    const { digit } = await post("/api/digits/undo", {});
    await this.load(digit);
    tell("The last sheet was taken back.", "good");
  }
}
