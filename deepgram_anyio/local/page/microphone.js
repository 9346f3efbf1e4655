// The microphone, over the API's own socket: `/v1/listen` of this server, as any browser would use it.

const MOST_WAITING_BYTES = 4 << 20; // accepted by the browser and not sent yet
const LAST_WORDS_MS = 10000;

const WHY = {
  NotAllowedError: "The browser does not let this page use the microphone. Allow it in the address bar, and try again.",
  NotFoundError: "There is no microphone.",
  NotReadableError: "Another program holds the microphone.",
};

export class Microphone {
  #on; #socket = null; #stream = null; #context = null; #waiting = [];

  /** `on.state(state, note)`: "off", "starting", "on" or "ending"; `on.level(rms)`; `on.results(results)`. */
  constructor(on) {
    this.#on = on;
    this.tag = "";
    this.state = "off";
  }

  async start(key) {
    if (this.state !== "off") return;
    this.#enter("starting");
    const tag = this.tag = `page-${Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16)).join("")}`;
    try {
      if (!navigator.mediaDevices) throw new Error("Browsers lend the microphone to https and localhost only.");
      const wanted = () => this.state === "starting" && this.tag === tag; // nobody stopped it meanwhile
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
      if (!wanted()) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      const context = this.#context = new AudioContext();
      await context.audioWorklet.addModule("/_page/recorder.js");
      await context.resume();
      if (!wanted()) return;
      this.#record(context, stream);
      this.#connect(key);
    } catch (error) {
      if (this.tag === tag && this.state === "starting") this.#end(WHY[error.name] ?? error.message);
    }
  }

  /** Stop recording, and let the last words come. */
  stop() {
    if (this.state !== "on") return this.#end();
    this.#enter("ending");
    this.#release();
    const socket = this.#socket;
    socket.send(JSON.stringify({ type: "CloseStream" }));
    setTimeout(() => { if (this.#socket === socket) this.#end("The server did not end the stream."); }, LAST_WORDS_MS);
  }

  #record(context, stream) {
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    recorder.port.onmessage = ({ data: { buffer, rms } }) => {
      this.#on.level(rms);
      this.#send(buffer);
    };
    context.createMediaStreamSource(stream).connect(recorder);
    stream.getAudioTracks()[0].onended = () => { if (this.state === "on") this.stop(); };
  }

  #connect(key) {
    const url = new URL("/v1/listen", location.href.replace(/^http/, "ws"));
    url.search = new URLSearchParams({
      encoding: "linear16", sample_rate: this.#context.sampleRate, channels: 1,
      interim_results: true, smart_format: true, tag: this.tag,
    });
    const socket = new WebSocket(url, key ? ["token", key] : []);
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#enter("on");
      for (const buffer of this.#waiting.splice(0)) this.#send(buffer);
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "Results") this.#on.results(message);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (this.state === "ending" && code === 1000) this.#end();
      else if (!opened) this.#end("The server did not take the stream.");
      else this.#end(`The connection broke (${code})${reason ? `: ${reason}` : ""}. Start again to go on.`);
    };
  }

  #send(buffer) {
    const socket = this.#socket;
    if (this.state === "starting") this.#waiting.push(buffer);
    else if (this.state !== "on") return;
    else if (socket.bufferedAmount > MOST_WAITING_BYTES) this.#end("The server does not take the sound as fast as it comes.");
    else socket.send(buffer);
  }

  #release() {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close();
    this.#stream = this.#context = null;
    this.#waiting.length = 0;
  }

  #end(note = "") {
    this.#release();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#enter("off", note);
  }

  #enter(state, note = "") {
    this.state = state;
    this.#on.state(state, note);
  }
}
