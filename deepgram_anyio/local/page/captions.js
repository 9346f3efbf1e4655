// Captions in a box: lines that stay, and behind them the words that may still change.

const MOST_LINES = 200;
const LONG = 280; // characters after which a line ends by itself

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const add = (parent, name, text = "") => {
  const element = parent.appendChild(document.createElement("span"));
  element.className = name;
  element.textContent = text;
  return element;
};

export class Captions {
  #box; #open = new Map();

  constructor(box) { this.#box = box; }

  /** Take a caption: {text, at_s, final, ends, channel, who}. */
  take({ text, at_s = 0, final = false, ends = false, channel = 0, who = "" }) {
    const key = `${channel} ${who}`;
    let line = this.#open.get(key);
    if (!line && !text) return;
    this.#follow(() => {
      if (!line) this.#open.set(key, (line = this.#line(at_s, who || (channel ? `Channel ${channel + 1}` : ""), who)));
      if (final && text) line.said.append((line.said.textContent ? " " : "") + text);
      line.interim.textContent = final ? "" : (line.said.textContent ? " " : "") + text;
      const said = line.said.textContent;
      if (final && (ends || said.length > LONG)) this.#open.delete(key);
      if (!said && !line.interim.textContent) { line.row.remove(); this.#open.delete(key); }
    });
  }

  /** Say that something is missing here. */
  gap(text) {
    this.#open.clear();
    this.#follow(() => {
      const row = this.#box.appendChild(document.createElement("p"));
      row.className = "gap";
      row.textContent = text;
    });
  }

  /** Nothing more comes: what was not final is what was heard last. */
  end() { this.#open.clear(); }

  clear() { this.#open.clear(); this.#box.replaceChildren(); }

  #line(at_s, name, who) {
    const row = this.#box.appendChild(document.createElement("p"));
    row.className = "line";
    add(row, "at", clock(at_s));
    const words = row.appendChild(document.createElement("span"));
    if (name) add(words, `who ${who}`, name === "assistant" ? "Agent" : name === "user" ? "User" : name);
    const said = add(words, "said"), interim = add(words, "interim");
    interim.ariaHidden = "true"; // a screen reader waits for the words that stay
    while (this.#box.childElementCount > MOST_LINES) this.#box.firstElementChild.remove();
    return { row, said, interim };
  }

  /** Change the box, and stay at its end if that is where the reader is. */
  #follow(change) {
    const box = this.#box, atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    change();
    if (atEnd) box.scrollTop = box.scrollHeight;
  }
}
