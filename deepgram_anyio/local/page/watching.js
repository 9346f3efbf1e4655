// The stream of events, and what a key is good for; it comes back by itself when the server does.

const SILENCE_MS = 15000; // the server is heard every 5 s
const [SHORTEST_MS, LONGEST_MS] = [400, 5000];

export class Watching {
  #on; #key = ""; #socket = null; #waiting = 0; #tries = 0; #silence = 0; #turn = 0;

  /**
   * `on.state(state)`: "waiting", "live", "lost", "locked" or "blind"; `on.access(access)`; `on.events(events)`;
   * `on.refused(message)`: the key was.
   */
  constructor(on) { this.#on = on; }

  /** Begin, or begin again with another key. */
  async start(key = "") {
    const turn = ++this.#turn;
    this.#key = key;
    clearTimeout(this.#waiting);
    this.#drop();
    let answer;
    try {
      const headers = key ? { Authorization: `Token ${key}` } : {};
      answer = await fetch("/_page/access", { headers, cache: "no-store", signal: AbortSignal.timeout(5000) });
    } catch {
      return turn === this.#turn && this.#later();
    }
    if (turn !== this.#turn) return;
    if (answer.status === 401) {
      this.#on.state("locked");
      return this.#on.refused(key ? "This server does not know the key." : "");
    }
    if (!answer.ok) return this.#later();
    const access = await answer.json();
    if (turn !== this.#turn) return;
    this.#on.access(access);
    if (access.watch) this.#open();
    else this.#on.state("blind");
  }

  #open() {
    // As Deepgram's browsers do: the key goes as a subprotocol, and into no URL.
    const socket = new WebSocket(new URL("/_page/events", location.href.replace(/^http/, "ws")), this.#key ? ["token", this.#key] : []);
    this.#socket = socket;
    this.#listen();
    socket.onmessage = ({ data }) => {
      this.#listen();
      if (this.#tries !== -1) { this.#tries = -1; this.#on.state("live"); }
      const events = JSON.parse(data);
      if (events.length) this.#on.events(events);
    };
    socket.onclose = () => { if (socket === this.#socket) this.#later(); };
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#later(), SILENCE_MS);
  }

  #later() {
    this.#drop();
    this.#tries = Math.max(0, this.#tries) + 1;
    this.#on.state("lost");
    const wait = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** (this.#tries - 1)) * (0.75 + Math.random() / 2);
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.start(this.#key), wait);
  }

  #drop() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}
