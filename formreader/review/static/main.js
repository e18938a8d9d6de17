// Starts the page: filters, ways to work, keys, legend, and a look now and then at the job.

import { get, post, Refused } from "./api.js";
import { Digits } from "./digits.js";
import { Fields } from "./fields.js";
import { tell } from "./message.js";
import { Progress } from "./progress.js";
import { SheetView } from "./sheet.js";

const LOOK_MS = 15_000;
const FILTERS = ["order", "field", "reason", "file"];
const KEYS = { ArrowRight: "→", ArrowLeft: "←", ArrowDown: "↓", ArrowUp: "↑", " ": "Space" };

const progress = new Progress();
const fields = new Fields(progress, showSheet, showDigits);
const sheet = new SheetView(backToFields, correct);
const digits = new Digits(backToFields);
let mode = fields;
let last = 0; // the last reading known

const filter = (name) => document.getElementById(name).value;
const wanted = () => Object.fromEntries(FILTERS.map((name) => [name, filter(name)]));

function show(next) {
  mode = next;
  for (const each of [fields, sheet, digits]) each.main.hidden = each !== mode;
  legend();
}

async function showSheet(field) {
  show(sheet);
  await sheet.guarded(() =>
    field ? sheet.load(field.sheet, field.id) : showFile());
}

// The first page of the first file that the filter finds.
async function showFile() {
  const [file = filter("file")] = filter("file")
    ? await get("/api/names", { kind: "file", part: filter("file") }) : [""];
  await sheet.find_page(file, 1);
}

async function showDigits() {
  show(digits);
  tell("");
  await digits.guarded(() => digits.load(digits.digit));
}

async function backToFields() {
  show(fields);
  await fields.guarded(() => fields.resume());
}

async function correct(reading) {
  const { id } = sheet.page;
  show(fields);
  const back = async () => {
    show(sheet);
    fields.back = null;
    await sheet.guarded(() => sheet.load(id, reading));
  };
  await fields.guarded(() => fields.visit(reading, back));
}

async function guarded(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(error.message, "bad");
  }
}

function legend() {
  const typing = mode === fields ? [["0…9", "type over"]] : [];
  document.getElementById("legend").replaceChildren(
    ...[...typing, ...mode.commands].map(([key, what]) => {
      const item = document.createElement("li");
      const cap = document.createElement("kbd");
      cap.textContent = KEYS[key] ?? key;
      item.append(cap, ` ${what}`);
      return item;
    }),
  );
}

function tellWaiting({ waiting, teach }) {
  const button = document.getElementById("waiting");
  button.hidden = !waiting;
  button.textContent = `${waiting} new digits to learn from`;
  button.onclick = () => tell(`The reader learns what you confirmed with:  ${teach}`, "good");
}

async function look() {
  const summary = await get("/api/summary");
  if (!fields.busy) progress.set(summary);
  tellWaiting(summary);
  if (summary.last !== last && (await fields.grow()) && !fields.field && mode === fields)
    await fields.guarded(() => fields.show());
  last = summary.last;
}

document.addEventListener("keydown", (event) => {
  const elsewhere = event.target.closest("select, a, footer button, #number, .filters input");
  if (elsewhere && event.key === "Escape") return mode.focus();
  if (elsewhere) return;
  if (mode.key(event)) event.preventDefault();
});

for (const name of FILTERS) {
  document.getElementById(name).addEventListener("change", () => mode.guarded(async () => {
    if (mode === sheet && name === "file") return showFile();
    show(fields);
    await fields.guarded(() => fields.load(wanted()));
  }));
}

for (const kind of ["field", "file"]) {
  const box = document.getElementById(kind);
  const suggest = () => guarded(async () => {
    const names = await get("/api/names", { kind, part: box.value });
    document.getElementById(`${kind}-names`).replaceChildren(...names.map((name) => new Option(name, name)));
  });
  box.addEventListener("focus", suggest);
  box.addEventListener("input", suggest);
}

document.getElementById("tables").addEventListener("click", () =>
  guarded(async () => {
    tell((await post("/api/tables", {})).message, "good");
    mode.focus();
  }));

window.addEventListener("resize", () => {
  if (mode === sheet) sheet.draw();
  if (mode === fields) fields.redraw();
});

show(fields);
fields.guarded(async () => {
  const summary = await get("/api/summary");
  progress.set(summary);
  tellWaiting(summary);
  fields.undoable = summary.history;
  last = summary.last;
  await fields.load(wanted());
});
setInterval(() => guarded(look), LOOK_MS);
