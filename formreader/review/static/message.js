// The one line in which the page says what happened; kind is "good", "bad" or "".

const line = document.getElementById("message");

export function tell(text, kind = "") {
  line.textContent = text;
  line.className = kind;
}

// Takes back a complaint, and nothing else.
export function settle() {
  if (line.className === "bad") tell("");
}
