// One doubtful field at a time: confirm, type over, choose another reading, and on to the next.

import { get, post } from "./api.js";
import { settle, tell } from "./message.js";
import { Mode } from "./mode.js";
import * as stage from "./stage.js";

const AHEAD = 6; // crops loaded before they are needed
const TYPED = /^[0-9.,/ -]$/; // what goes into the number; letters are commands

const MEANINGS = { blank: "empty", unreadable: "cannot be read" };

export class Fields extends Mode {
  constructor(progress, showSheet, showDigits) {
    super("fields");
    this.showDigits = showDigits;
    this.showSheet = showSheet;
    this.back = null; // where to go after a field that was asked for from elsewhere
    this.progress = progress;
    this.stage = document.getElementById("stage");
    this.input = document.getElementById("value");
    this.list = document.getElementById("choices");
    this.ids = [];
    this.at = 0;
    this.field = null;
    this.next = null; // came with the answer to a decision, to be shown at once
    this.visible = false;
    this.undoable = [];
    this.warned = null;
    this.said = null; // what the form holds against a number of a field
    this.input.addEventListener("input", () => this.check());
  }

  get commands() {
    return [
      ["Enter", "confirm", () => this.confirm()],
      ["+", "other reading", () => this.choose(1), ["ArrowDown"]],
      ["E", "empty, no number", () => this.say("blank")],
      ["X", "cannot read", () => this.say("unreadable")],
      ["S", "skip", () => this.move(1), ["*", "PageDown"]],
      ["B", "back", () => this.move(-1), ["PageUp"]],
      ["U", "undo", () => this.undo()],
      ["P", "page", () => this.showSheet(this.field)],
      ["D", "digits", () => this.showDigits()],
    ];
  }

  // The order and filters chosen; starts at the first field of the new queue.
  async load(wanted) {
    tell("");
    this.back = null;
    this.wanted = wanted;
    this.ids = await get("/api/queue", wanted);
    this.at = 0;
    await this.show();
  }

  // Adds fields that a run under way has read since.
  async grow() {
    const known = new Set(this.ids);
    const added = (await get("/api/queue", this.wanted)).filter((id) => !known.has(id));
    this.ids.push(...added);
    return added.length;
  }

  async show(step = 1) {
    this.field = null;
    for (;;) {
      const id = this.ids[this.at];
      if (id === undefined) return this.end();
      stage.preload(this.ids.slice(this.at, this.at + AHEAD));
      try {
        const field = await this.take(id);
        if (step > 0 && field.decision) {
          this.at += 1; // somebody else was here
          continue;
        }
        return await this.present(field);
      } catch (error) {
        if (error.status !== 410) throw error;
        this.ids.splice(this.at, 1); // read again meanwhile
      }
    }
  }

  // A field as it is now: as it came with the answer to the last decision, or else asked for.
  take(id) {
    const { next } = this;
    this.next = null;
    return next?.id === id ? next : get(`/api/fields/${id}`);
  }

  async present(field) {
    this.visible = await stage.seen(field.id);
    this.field = field;
    this.warned = null;
    this.input.disabled = false;
    const { decision, keyed } = field;
    const differs = keyed && !decision && (keyed.meaning !== "value" || keyed.value !== field.value); // keyed blind, otherwise than the machine read it
    this.input.value = decision ? decision.value : differs ? "" : field.value;
    this.tellPlace();
    this.tellChoices();
    if (this.visible) this.redraw();
    else stage.note(this.stage, ["There is no picture of this field, so it cannot be confirmed.",
      "Put the scans back where they were, or skip the field."]);
    this.check();
    if (decision) tell(`Decided: ${words(decision)}, by ${decision.who || "somebody"}`);
    if (differs) tell(`Keyed ‘${words(keyed)}’, the machine read ‘${field.value}’. Look again: type what is right, or choose with +.`, "bad");
    this.focus();
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  redraw() {
    if (this.field && this.visible) stage.draw(this.stage, this.field);
  }

  async end() {
    this.input.value = "";
    this.input.disabled = true;
    this.list.replaceChildren();
    document.getElementById("place").textContent = "";
    document.getElementById("reasons").textContent = "";
    const [audit, { waiting, teach }] = await Promise.all([get("/api/audit"), get("/api/summary")]);
    stage.note(this.stage, ["No field is left here.",
      "Press S to look for skipped and new ones, U to take the last decision back.",
      audit.sentence,
      waiting ? `${waiting} digits that you confirmed are new to the reader. It learns them with:` : "",
      waiting ? teach : ""].filter(Boolean));
  }

  tellPlace() {
    const { file, page, field, reasons } = this.field;
    const name = document.createElement("b");
    name.textContent = field;
    document.getElementById("place").replaceChildren(`${file}, page ${page}, field `, name);
    document.getElementById("reasons").textContent =
      this.field.blind ? `${this.field.status === "accepted" ? "Check of an accepted field" : "Keyed blind"}: type what you see` : reasons.join(" · ");
  }

  tellChoices() {
    const { value, choices, keyed } = this.field;
    const all = [...new Set([value, keyed?.value, ...choices])].filter(Boolean);
    this.list.replaceChildren(...all.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = -1;
      button.dataset.value = text;
      button.append(...marked(text, value));
      button.addEventListener("click", () => this.put(text));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
    this.list.hidden = all.length < 2;
  }

  put(text) {
    this.input.value = text;
    this.check();
    this.focus();
  }

  choose(step) {
    const all = [...this.list.querySelectorAll("button")].map((button) => button.dataset.value);
    if (!all.length) return;
    const now = all.indexOf(this.input.value);
    this.put(all[(now + step + all.length) % all.length]);
  }

  // What is odd about the number typed; empty where nothing is.
  oddity() {
    const { expected, characters } = this.field;
    const value = this.input.value.trim();
    const wrong = characters.filter((character) => character.wrong);
    if (wrong.length && value === this.field.value)
      return `On a sheet of digits somebody ticked ${wrong.map(({ text }) => text).join(", ")} as wrong.`;
    if (value && expected && value.length !== expected)
      return `${value.length} characters; this field usually has ${expected}.`;
    return this.said?.field === this.field && this.said.value === value ? this.said.message : "";
  }

  // Asks what the form's definition holds against the number, once for each.
  async ask() {
    const { field, said } = this;
    const value = this.input.value.trim();
    if (!field.checked || !value || (said?.field === field && said.value === value)) return;
    const { message } = await get(`/api/fields/${field.id}/complaint`, { value });
    // Answers may overtake one another: one about a number typed over since would hide the newer.
    if (this.field === field && this.input.value.trim() === value) this.said = { field, value, message };
  }

  check() {
    if (!this.field) return;
    this.mark();
    if (this.field.checked) this.ask().then(() => this.field && this.mark(), () => {});
  }

  mark() {
    const odd = this.oddity();
    this.input.classList.toggle("warned", Boolean(odd));
    if (odd) tell(odd, "bad");
    else settle();
    for (const button of this.list.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset.value === this.input.value));
  }

  async confirm() {
    if (!this.field) return;
    const value = this.input.value.trim();
    const { decision } = this.field;
    if (decision && (decision.meaning !== "value" ? !value : decision.value === value))
      return this.move(1);
    if (!value) return tell("Type the number, or press E for empty, X for cannot read.", "bad");
    await this.ask();
    if (this.oddity() && this.warned !== value) {
      this.warned = value;
      return tell(`${this.oddity()} Press Enter again if it is right.`, "bad");
    }
    await this.say("value", value);
  }

  async say(meaning, value = "") {
    const { field } = this;
    if (!field) return;
    if (!this.visible)
      return tell("Without its picture a field cannot be decided. Press S to skip it.", "bad");
    const said = { seen: field.version, meaning, value };
    try {
      if (field.blind) return await this.sayBlind(said);
      const query = this.back ? "" : `?next=${this.ids[this.at + 1] ?? 0}`;
      const done = await post(`/api/fields/${field.id}/decision${query}`, said);
      this.next = done.next;
      this.undoable.push(done.decision);
      if (!field.decision && field.status === "review") this.progress.add(1);
    } catch (error) {
      if (error.status !== 409) throw error;
      await this.present(error.body.field);
      const { decision } = error.body.field;
      return tell(decision
        ? `${decision.who || "Somebody"} said ‘${words(decision)}’ meanwhile. Enter keeps that; type to change it.`
        : "Somebody took a decision back here meanwhile. Look again.", "bad");
    }
    await this.move(1);
    tell(`Stored: ${words({ meaning, value })}`, "good");
  }

  // What was keyed without the machine's value; where they differ, the person looks again.
  async sayBlind(said) {
    const { agrees, field } = await post(`/api/audits/${this.field.id}`, said);
    if (!agrees) return this.present(field);
    this.undoable.push(field.decision.id);
    if (field.status === "review") this.progress.add(1);
    await this.move(1);
    tell("Stored, and the machine agrees.", "good");
  }

  async move(step) {
    tell("");
    if (this.back) return this.back();
    if (step > 0 && this.at >= this.ids.length) return this.load(this.wanted);
    this.at = Math.max(0, this.at + step);
    await this.show(step);
  }

  async undo() {
    const decision = this.undoable.at(-1);
    if (decision === undefined) return tell("There is nothing to take back.", "");
    try {
      const { field } = await post("/api/undo", { decision });
      this.undoable.pop();
      if (!field.decision && field.status === "review") this.progress.add(-1);
      this.back = null;
      await this.open(field);
      tell("Taken back. Decide this field again.", "good");
    } catch (error) {
      if (error.status !== 409 && error.status !== 410) throw error;
      this.undoable.pop();
      tell(error.message, "bad");
    }
  }

  // Shows a field that was asked for from elsewhere; afterwards, whatever it was, goes back.
  async visit(reading, back) {
    const field = await get(`/api/fields/${reading}`);
    stage.preload([reading]);
    this.back = back;
    await this.present(field);
  }

  // Comes back to the queue, which may have grown.
  async resume() {
    this.back = null;
    await this.grow();
    await this.show();
  }

  // Goes to a field wherever it stands in the queue.
  async open(field) {
    const place = this.ids.indexOf(field.id);
    if (place < 0) this.ids.splice(this.at, 0, field.id);
    else this.at = place;
    await this.present(field);
  }

  // Takes a key; false leaves it to the browser.
  key(event) {
    if (event.ctrlKey && event.key.toLowerCase() === "z") return this.queue("U");
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    if (event.key === "ArrowUp") return this.queue("ArrowUp");
    if (event.key === "Escape" && this.back) return this.queue("S");
    const { key } = event;
    const command = this.find(key);
    if (command) return event.repeat || this.queue(key);
    if (key.length > 1) return false;
    if (!TYPED.test(key)) return true; // no letter gets into a number
    if (this.busy) return this.queue(key);
    this.input.focus();
    return false;
  }

  press(key) {
    if (key === "ArrowUp") return this.choose(-1);
    const command = this.find(key);
    if (command) return command[2]();
    const { selectionStart, selectionEnd } = this.input;
    this.input.setRangeText(key, selectionStart, selectionEnd, "end");
    this.check();
  }
}

function words({ meaning, value }) {
  return MEANINGS[meaning] ?? value;
}

// The text with those characters marked that differ from the machine's.
function marked(text, value) {
  if (text.length !== value.length) return [text];
  return [...text].map((symbol, i) => {
    if (symbol === value[i]) return symbol;
    const mark = document.createElement("mark");
    mark.textContent = symbol;
    return mark;
  });
}
