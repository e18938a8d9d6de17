// How much is done, and how fast it goes.

const WINDOW_MS = 5 * 60_000; // pace of the last five minutes
const PAUSE_MS = 60_000; // a longer gap is a pause and no work

export class Progress {
  constructor() {
    this.total = 0;
    this.decided = 0;
    this.running = false;
    this.times = [];
  }

  set({ doubtful, decided, running }) {
    this.running = running; // a run reads into the job
    this.total = doubtful;
    this.decided = decided;
    this.show();
  }

  add(count) {
    this.decided = Math.min(this.total, Math.max(0, this.decided + count));
    if (count > 0) this.times.push(performance.now());
    this.show();
  }

  perMinute() {
    const recent = this.times.filter((time) => time > performance.now() - WINDOW_MS);
    let worked = 0;
    for (let i = 1; i < recent.length; i++) {
      const gap = recent[i] - recent[i - 1];
      if (gap <= PAUSE_MS) worked += gap;
    }
    return recent.length > 3 && worked ? (60_000 * (recent.length - 1)) / worked : 0;
  }

  show() {
    const pace = this.perMinute();
    const left = this.total - this.decided;
    let text = `${this.decided} of ${this.total}${this.running ? " so far" : ""}`;
    if (pace && left) text += ` · ${Math.round(pace)}/min · ${spoken(left / pace)} left`;
    document.getElementById("progress").textContent = text;
    const bar = document.getElementById("bar");
    bar.max = Math.max(1, this.total);
    bar.value = this.decided;
    document.title = `${left} left · Review`;
  }
}

function spoken(minutes) {
  if (minutes < 1) return "under a minute";
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return `${(minutes / 60).toFixed(1)} h`;
}
