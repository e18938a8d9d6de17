// Starts the page: filters, keys, legend, and a look every few seconds at what the job holds.

import { get, post, Refused } from "./api.js";
import { Fields } from "./fields.js";
import { Progress } from "./progress.js";

const LOOK_MS = 15_000;
const FILTERS = ["order", "field", "reason", "file"];

const progress = new Progress();
const fields = new Fields(progress);

const wanted = () =>
  Object.fromEntries(FILTERS.map((name) => [name, document.getElementById(name).value]));

async function guarded(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fields.tell(error.message, "bad");
  }
}

function legend(commands) {
  document.getElementById("legend").replaceChildren(
    ...[["0…9", "type over"], ...commands].map(([key, what]) => {
      const item = document.createElement("li");
      const cap = document.createElement("kbd");
      cap.textContent = key;
      item.append(cap, ` ${what}`);
      return item;
    }),
  );
}

async function look() {
  const summary = await get("/api/summary");
  if (!fields.busy) progress.set(summary);
  await fields.grow();
}

document.addEventListener("keydown", (event) => {
  const elsewhere = event.target.closest("select, button");
  if (elsewhere && event.key === "Escape") return fields.input.focus();
  if (elsewhere) return;
  if (fields.key(event)) event.preventDefault();
});

for (const name of FILTERS) {
  document.getElementById(name).addEventListener("change", () =>
    guarded(() => fields.load(wanted())));
}

document.getElementById("tables").addEventListener("click", () =>
  guarded(async () => {
    fields.tell((await post("/api/tables", {})).message, "good");
    fields.input.focus();
  }));

window.addEventListener("resize", () => {
  fields.redraw();
});

legend(fields.commands);
guarded(async () => {
  const summary = await get("/api/summary");
  progress.set(summary);
  fields.undoable = summary.history;
  await fields.load(wanted());
});
setInterval(() => guarded(look), LOOK_MS);
