// A scrolling picture of how loud something is; for those who want less motion, a bar.

const STEP = 5; // pixels from one bar to the next
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Loudness as one hears it: 60 dB below full scale is nothing. */
const heard = (rms) => (rms > 0 ? Math.max(0, Math.min(1, 1 + (20 * Math.log10(rms)) / 60)) : 0);

export class Waveform {
  #canvas; #bars = []; #now = 0; #other = false; #fresh = false; #heardAt = 0;

  constructor(canvas) { this.#canvas = canvas; }

  /** Take a level, from 0 to 1; `other` is for what the server says. */
  push(rms, other = false) {
    const value = heard(rms);
    if (value >= this.#now || !this.#fresh) { this.#now = value; this.#other = other; }
    this.#fresh = true;
    this.#heardAt = performance.now();
  }

  /** A tenth of a second has passed. */
  tick() {
    // Levels come about as often as bars are drawn: one that is a little late leaves no gap.
    if (!this.#fresh && performance.now() - this.#heardAt > 250) this.#now = 0;
    this.#fresh = false;
    this.#bars.push([this.#now, this.#other]);
    if (this.#bars.length > 400) this.#bars.splice(0, 100);
    this.#canvas.setAttribute("aria-valuenow", Math.round(this.#now * 100));
    this.#draw();
  }

  #draw() {
    const canvas = this.#canvas, scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
    if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
    const style = getComputedStyle(canvas), paint = canvas.getContext("2d");
    const [mine, theirs, base] = [style.color, style.getPropertyValue("--other"), style.getPropertyValue("--base")];
    paint.setTransform(scale, 0, 0, scale, 0, 0);
    paint.clearRect(0, 0, width, height);
    const bar = (x, y, w, h, color) => {
      paint.fillStyle = color;
      paint.beginPath();
      paint.roundRect(x, y, w, h, Math.min(w, h) / 2);
      paint.fill();
    };
    if (STILL.matches) {
      const [value, other] = this.#bars.at(-1);
      bar(0, height / 2 - 4, width, 8, base);
      if (value) bar(0, height / 2 - 4, Math.max(8, width * value), 8, other ? theirs : mine);
      return;
    }
    const count = Math.floor(width / STEP);
    for (let index = 0; index < count; index++) {
      const [value, other] = this.#bars[this.#bars.length - count + index] ?? [0, false];
      const length = Math.max(3, value * height);
      bar(index * STEP, (height - length) / 2, 3, length, value ? (other ? theirs : mine) : base);
    }
  }
}
