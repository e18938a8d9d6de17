// A way to work: its commands, each with a key, carried out strictly one after the other.

import { Refused } from "./api.js";
import { tell } from "./message.js";

export class Mode {
  constructor(id) {
    this.main = document.getElementById(id);
    this.jobs = 0;
    this.waiting = []; // keys pressed while the server was asked
  }

  get busy() {
    return this.jobs > 0;
  }

  // [key, what it does, how, more keys]
  get commands() {
    return [];
  }

  focus() {
    this.main.focus();
  }

  // Takes a key; false leaves it to the browser. A held key counts once: what is confirmed
  // must have been looked at.
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.find(event.key)) return false;
    const moving = /^(Arrow|Page)/.test(event.key);
    return (event.repeat && !moving) || this.queue(event.key);
  }

  find(key) {
    const name = key.length === 1 ? key.toUpperCase() : key;
    return this.commands.find(([first, , , more = []]) => first === name || more.includes(name));
  }

  queue(key) {
    this.waiting.push(key);
    if (!this.busy) this.work();
    return true;
  }

  async work() {
    await this.guarded(async () => {
      while (this.waiting.length) await this.press(this.waiting.shift());
    });
  }

  // Does something during which keys wait; a refusal is told.
  async guarded(something) {
    this.jobs += 1;
    try {
      await something();
    } catch (error) {
      this.waiting.length = 0;
      if (!(error instanceof Refused)) throw error;
      tell(error.message, "bad");
    } finally {
      this.jobs -= 1;
    }
    if (this.waiting.length && !this.busy) await this.work();
  }

  press(key) {
    return this.find(key)[2]();
  }
}
