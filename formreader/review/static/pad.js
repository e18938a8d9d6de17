// The drawing pad: what is drawn or dropped is read at once, with the glyphs the network was given.

import { Refused, send } from "./api.js";
import { tell } from "./message.js";

const PEN = 14; // px: a digit is written about ten pens high
const SIDE = 28; // px of a glyph

const canvas = document.getElementById("drawing");
const pen = canvas.getContext("2d");
const form = document.getElementById("form");
const file = document.getElementById("file");
const seen = document.getElementById("seen");
let picture = null; // the file that was dropped, null for a drawing
let drawing = false;
let reading = false;
let again = false; // something changed while the server read
let sheet = 0; // how often the pad was cleared: an answer about an older sheet is not shown

function clear() {
  sheet += 1;
  again = false;
  picture = null;
  file.value = "";
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  seen.replaceChildren();
  tell("");
}

const content = () => picture ?? new Promise((done) => canvas.toBlob(done, "image/png"));

// Reads what is there now; while the server is busy, only the last state waits.
async function read() {
  again = reading;
  if (reading) return;
  reading = true;
  const asked = sheet;
  try {
    const found = await send(`/api/read?form=${picture ? form.value : "field"}`, await content());
    if (asked !== sheet) return;
    seen.replaceChildren(...found.readings.map(row));
    const none = found.readings.length ? "" : "No number was found.";
    tell(`${none} ${found.note}`.trim(), found.note && "bad");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (asked !== sheet) return;
    seen.replaceChildren();
    tell(error.message, "bad");
  } finally {
    reading = false;
    if (again) read();
  }
}

const percent = (chance) => `${(100 * Math.min(chance, 0.9999)).toFixed(chance > 0.99 ? 2 : 0)} %`;

function element(kind, name, text = "") {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}

function row({ field, value, confidence, status, reasons, characters }) {
  const line = element("section", "reading");
  const said = [status, status === "blank" ? "" : percent(confidence), ...reasons].filter(Boolean);
  const name = picture && form.value === "auto" ? `${field}: ` : "";
  line.append(element("span", "value", value || "–"), element("span", "said", name + said.join(" · ")));
  line.append(...characters.map(symbol));
  return line;
}

function symbol({ character, confidence, second, second_confidence, glyph }) {
  const item = element("div", "symbol");
  if (glyph) item.append(drawn(glyph, character));
  const best = element("div", "");
  best.append(element("b", "", character), ` ${percent(confidence)}`);
  const words = element("div", "");
  words.append(best);
  if (second) words.append(element("div", "second", `${second} ${percent(second_confidence)}`));
  item.append(words);
  return item;
}

// A glyph as ink on paper.
function drawn(glyph, character) {
  const small = element("canvas", "");
  small.width = small.height = SIDE;
  small.setAttribute("role", "img");
  small.setAttribute("aria-label", `The picture that was read as ${character}`);
  const image = new ImageData(SIDE, SIDE);
  [...atob(glyph)].forEach((byte, i) => {
    image.data.fill(255 - byte.charCodeAt(0), 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  });
  small.getContext("2d").putImageData(image, 0, 0);
  return small;
}

async function take(dropped) {
  if (!dropped) return;
  clear();
  picture = dropped;
  try {
    const shown = await createImageBitmap(dropped);
    const scale = Math.min(canvas.width / shown.width, canvas.height / shown.height);
    pen.drawImage(shown, 0, 0, shown.width * scale, shown.height * scale);
  } catch {
    // a file that only the server can open, such as PDF or TIFF
  }
  await read();
}

function place(event) {
  const scale = canvas.width / canvas.clientWidth;
  return [event.offsetX * scale, event.offsetY * scale];
}

canvas.addEventListener("pointerdown", (event) => {
  if (picture) clear();
  drawing = true;
  canvas.setPointerCapture(event.pointerId);
  pen.lineWidth = PEN;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...place(event));
});
canvas.addEventListener("pointermove", (event) => {
  if (!drawing) return;
  pen.lineTo(...place(event));
  pen.stroke();
  read();
});
for (const end of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(end, () => {
    drawing = false;
    read();
  });
}

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  canvas.classList.add("over");
});
document.addEventListener("dragleave", () => canvas.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  canvas.classList.remove("over");
  take(event.dataTransfer.files[0]);
});
file.addEventListener("change", () => take(file.files[0]));
form.addEventListener("change", () => picture && read());
document.getElementById("clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
clear();
