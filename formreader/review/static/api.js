// Talks to the server. Whatever goes wrong becomes a Refused with a sentence for the person.

const LOST =
  "The server does not answer. Everything confirmed so far is stored, this field is not. " +
  "Start ‘formreader review’ again and open the address that it prints.";

export class Refused extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Refused(LOST, 0, {});
  }
  const text = await answer.text();
  let body = {};
  try {
    body = JSON.parse(text);
  } catch {
    body = { message: text };
  }
  if (!answer.ok) throw new Refused(body.message || `Error ${answer.status}.`, answer.status, body);
  return body;
}

export const get = (address, query = {}) => ask(`${address}?${new URLSearchParams(query)}`);

export const send = (address, file) =>
  ask(address, {
    method: "POST",
    headers: { "Content-Type": file.type || "image/unknown" },
    body: file,
  });

export const post = (address, body) =>
  ask(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
