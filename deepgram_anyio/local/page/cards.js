// The connections: one card each, the live ones first.

import { Captions, clock } from "./captions.js";
import { Waveform } from "./waveform.js";

const MOST_ENDED = 24;
const NAMES = {
  "listen v1": "Listen", "listen v2": "Flux", "speak v1": "Speak", "speak v2": "Flux speak", "agent v1": "Agent",
};
const BADGES = { live: "Live", finished: "Finished", left: "Ended", cut: "Cut off", closed: "Closed", lost: "Out of sight" };
const TOOK = { final: "Latency", audio: "First audio", answer: "Answer" };
const byId = (id) => document.getElementById(id);
const seconds = (value) => (value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(0)} s`);

class Card {
  #parts; #captions; #wave; #began; #latencies = [];

  constructor(info, mine) {
    this.id = info.id;
    this.mine = mine;
    this.name = mine ? "This microphone" : (NAMES[info.kind] ?? info.kind);
    this.element = byId("card").content.firstElementChild.cloneNode(true);
    this.#parts = (name) => this.element.querySelector(`.${name}`);
    this.#captions = new Captions(this.#parts("captions"));
    this.#wave = new Waveform(this.#parts("wave"));
    this.#began = performance.now() - info.age_s * 1000;
    this.element.querySelector("article").dataset.id = info.id;
    this.#parts("kind").textContent = this.name;
    this.#parts("model").textContent = info.model ?? "";
    const box = this.#parts("captions");
    box.setAttribute("aria-label", `Captions of ${this.name} ${info.id.slice(0, 8)}`);
    // Many connections at once would talk over each other; a screen reader reads the one that has the focus.
    box.addEventListener("focus", () => { box.ariaLive = "polite"; });
    box.addEventListener("blur", () => { box.ariaLive = "off"; });
    const tags = (info.tags ?? []).filter((tag) => !tag.startsWith("page-"));
    this.#parts("origin").textContent = [...tags, info.id.slice(0, 8), info.audio].filter(Boolean).join(" · ");
    this.#parts("origin").title = info.id;
    this.state = "live";
  }

  get state() { return this.element.querySelector("article").dataset.state; }

  set state(state) {
    this.element.querySelector("article").dataset.state = state;
    this.#parts("badge").textContent = BADGES[state] ?? state;
  }

  caption(event) { this.#captions.take(event); }

  level(event) {
    this.#wave.push(event.rms, event.source === "server");
    this.#parts("audio").textContent = event.audio_s < 60 ? `${event.audio_s.toFixed(1)} s` : clock(event.audio_s);
  }

  latency({ what, seconds: value }) {
    this.#parts("took").textContent = TOOK[what] ?? "Latency";
    this.#latencies.push(value);
    if (this.#latencies.length > 500) this.#latencies.shift();
    const sorted = [...this.#latencies].sort((one, other) => one - other);
    this.#parts("latency").textContent = seconds(value);
    this.#parts("median").textContent = seconds(sorted[sorted.length >> 1]);
  }

  end({ outcome, code, reason }) {
    this.#time();
    this.#captions.end();
    this.state = outcome;
    const why = this.#parts("why");
    why.hidden = outcome === "finished" || outcome === "left";
    const cause = outcome === "cut" ? "The connection broke before its end" : "The server ended it";
    why.textContent = `${cause}${code ? ` (${code})` : ""}${reason ? `: ${reason}` : "."}`;
  }

  gap(text) { this.#captions.gap(text); }

  tick() {
    this.#wave.tick();
    this.#time();
  }

  #time() { this.#parts("time").textContent = clock((performance.now() - this.#began) / 1000); }
}

export class Cards {
  #cards = new Map(); #server = ""; #isMine; #live = byId("live"); #ended = byId("ended");

  /** `isMine(info)`: whether a connection is this page's microphone. */
  constructor(isMine) {
    this.#isMine = isMine;
    byId("clear").addEventListener("click", () => { this.#clear(); byId("connections").focus(); });
    setInterval(() => this.#tick(), 100);
    this.#count();
  }

  get(id) { return this.#cards.get(id); }

  /** Take an event; return the card that it is about. */
  take(event) {
    if (event.type === "Snapshot") return this.#snapshot(event);
    if (event.type === "Began") return this.#begin(event.stream);
    const card = this.#cards.get(event.id);
    if (!card) return null;
    if (event.type === "Caption") card.caption(event);
    else if (event.type === "Level") card.level(event);
    else if (event.type === "Latency") card.latency(event);
    else if (event.type === "Ended") this.#end(card, event);
    return card;
  }

  /** The server is out of sight, and nobody knows what its connections do. */
  lose() { for (const card of this.#shown(this.#live)) card.state = "lost"; }

  #snapshot({ server, streams, skipped }) {
    const present = new Set(streams.map((info) => info.id));
    const gone = server === this.#server ? { outcome: "left" } : { outcome: "cut", code: 0, reason: "the server was started anew" };
    this.#server = server;
    for (const card of this.#shown(this.#live)) {
      if (!present.has(card.id)) this.#end(card, gone);
      else if (skipped || card.state === "lost") {
        card.state = "live";
        card.gap("Some captions are missing here.");
      }
    }
    for (const info of streams) this.#begin(info);
    return null;
  }

  #begin(info) {
    if (this.#cards.has(info.id)) return this.#cards.get(info.id);
    const card = new Card(info, this.#isMine(info));
    this.#cards.set(info.id, card);
    this.#live.prepend(card.element);
    this.#announce(`${card.name} began`);
    return card;
  }

  #end(card, event) {
    card.end(event);
    const focused = document.activeElement;
    const inside = card.element.contains(focused);
    this.#ended.prepend(card.element);
    if (inside) focused.focus({ preventScroll: true });
    for (const old of this.#shown(this.#ended).slice(MOST_ENDED)) this.#remove(old);
    this.#announce(`${card.name}: ${card.element.querySelector(".badge").textContent}`);
  }

  #shown(list) {
    return [...list.children].map((item) => this.#cards.get(item.firstElementChild.dataset.id));
  }

  #remove(card) {
    this.#cards.delete(card.id);
    card.element.remove();
  }

  #clear() {
    for (const card of this.#shown(this.#ended)) this.#remove(card);
    this.#count();
  }

  #tick() { for (const card of this.#shown(this.#live)) if (card.state === "live") card.tick(); }

  #announce(text) {
    byId("announcer").textContent = text;
    this.#count();
  }

  #count() {
    const live = this.#live.childElementCount, ended = this.#ended.childElementCount;
    byId("count").textContent = [live && `${live} live`, ended && `${ended} ended`].filter(Boolean).join(", ");
    byId("empty").hidden = live + ended > 0;
    byId("clear").hidden = !ended;
    document.title = live ? `(${live}) Live captions` : "Live captions";
  }
}
