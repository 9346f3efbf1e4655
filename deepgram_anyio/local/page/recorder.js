// Runs where the sound is: gathers samples into blocks of 16-bit integers, and measures them.

const BLOCK_S = 0.04;

registerProcessor("recorder", class extends AudioWorkletProcessor {
  #block = new Int16Array(Math.round(sampleRate * BLOCK_S)); #filled = 0; #squares = 0;

  process([[samples]]) {
    for (const sample of samples ?? []) {
      const value = Math.max(-1, Math.min(1, sample));
      this.#squares += value * value;
      this.#block[this.#filled++] = Math.round(value * 32767);
      if (this.#filled === this.#block.length) this.#send();
    }
    return true;
  }

  #send() {
    const { buffer, length } = this.#block;
    this.port.postMessage({ buffer, rms: Math.sqrt(this.#squares / length) }, [buffer]);
    this.#block = new Int16Array(length);
    this.#filled = this.#squares = 0;
  }
});
