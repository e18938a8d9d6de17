// Draws one field large: its crop, what was read under each glyph, doubtful ones marked.

const READ_HEIGHT = 54; // room under the picture for the characters read, in px
const LARGEST = 7; // times the scan; beyond that a field is only blurred

const pictures = new Map(); // reading → image being loaded or loaded
const KEPT = 24;

export function preload(ids) {
  for (const id of ids) picture(id);
}

function picture(id) {
  let image = pictures.get(id);
  if (!image) {
    image = new Image();
    image.alt = "The field on the scan";
    image.src = `/api/crops/${id}`;
    pictures.set(id, image);
    if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
  }
  return image;
}

// Resolves to whether the field can be seen.
export async function seen(id) {
  try {
    await picture(id).decode();
    return true;
  } catch {
    pictures.delete(id);
    return false;
  }
}

export function draw(stage, field) {
  const { width, height, rect } = field.crop;
  const room = { width: stage.clientWidth, height: stage.clientHeight - READ_HEIGHT };
  const scale = Math.min(room.width / width, room.height / height, LARGEST);
  const sheet = box("sheet", [(room.width - width * scale) / 2, (room.height - height * scale) / 2]);
  const image = picture(field.id);
  image.style.width = `${width * scale}px`;
  image.style.height = `${height * scale}px`;
  sheet.append(image, box("field", scaled(rect, scale, 5)));
  const foot = height * scale + 4;
  for (const character of field.characters) {
    const place = scaled(character.rect, scale, 2);
    if (character.doubtful) sheet.append(box("glyph", place));
    const read = box("read", [place[0] + place[2] / 2, foot]);
    read.classList.toggle("doubtful", character.doubtful);
    read.textContent = character.text;
    sheet.append(read);
  }
  spread([...sheet.querySelectorAll(".read")]);
  stage.replaceChildren(sheet);
}

// Narrow glyphs lie closer than their letters are wide: push those apart.
function spread(reads) {
  let right = -Infinity;
  for (const read of reads) {
    const middle = Math.max(parseFloat(read.style.left), right + 30);
    read.style.left = `${middle}px`;
    right = middle;
  }
}

function scaled([x, y, width, height], scale, margin) {
  return [
    x * scale - margin,
    y * scale - margin,
    width * scale + 2 * margin,
    height * scale + 2 * margin,
  ];
}

function box(name, [x, y, width, height]) {
  const element = document.createElement("div");
  element.className = name;
  element.style.left = `${x}px`;
  element.style.top = `${y}px`;
  if (width) element.style.width = `${width}px`;
  if (height) element.style.height = `${height}px`;
  return element;
}

export function note(stage, sentences) {
  const element = document.createElement("div");
  element.className = "note";
  for (const sentence of sentences) {
    const line = document.createElement("p");
    line.textContent = sentence;
    element.append(line);
  }
  stage.replaceChildren(element);
}
