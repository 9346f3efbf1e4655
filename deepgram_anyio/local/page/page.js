// Puts the page together.

import { Captions } from "./captions.js";
import { Cards } from "./cards.js";
import { Microphone } from "./microphone.js";
import { Watching } from "./watching.js";
import { Waveform } from "./waveform.js";

const byId = (id) => document.getElementById(id);
let key = ""; // here and nowhere else

const STATES = { waiting: "Connecting", live: "Connected", lost: "Reconnecting", locked: "Key needed", blind: "Microphone only" };
const TALK = { off: "Start speaking", starting: "Starting", on: "Stop speaking", ending: "Finishing" };

const talk = byId("talk"), wave = new Waveform(byId("talk-wave")), words = new Captions(byId("talk-captions"));
let note = "", latency = "";
const showNote = () => {
  const said = microphone.state === "off" ? note : microphone.state === "on" ? latency || "listening" : "";
  byId("talk-note").textContent = said && ` · ${said}`;
  byId("talk-note").classList.toggle("bad", Boolean(said) && microphone.state === "off");
};

const microphone = new Microphone({
  state(state, why) {
    note = why;
    if (state === "starting") { words.clear(); latency = ""; }
    if (state === "off") words.end();
    talk.toggleAttribute("data-on", state === "starting" || state === "on");
    talk.disabled = state === "ending";
    byId("talk-label").textContent = TALK[state];
    showNote();
  },
  level: (rms) => wave.push(rms),
  results({ channel, is_final, speech_final, start }) {
    words.take({ text: channel.alternatives[0].transcript, at_s: start, final: is_final, ends: speech_final });
  },
});
talk.addEventListener("click", () => (microphone.state === "off" ? microphone.start(key) : microphone.stop()));
setInterval(() => wave.tick(), 100);

const cards = new Cards((info) => Boolean(microphone.tag) && (info.tags ?? []).includes(microphone.tag));

const watching = new Watching({
  state(state) {
    byId("state").textContent = STATES[state];
    byId("state").dataset.state = state;
    byId("locked").hidden = state !== "locked";
    byId("microphone").hidden = state === "locked";
    byId("connections").hidden = state === "locked" || state === "blind";
    if (state === "lost") cards.lose();
    if (state === "blind") notice("This key may speak, but not see what others say: that takes the role of a member.");
  },
  access({ version, speak }) {
    byId("version").textContent = version;
    talk.disabled = !speak;
    notice("");
  },
  refused(why) {
    byId("key-error").textContent = why;
    byId("key").focus();
  },
  events(events) {
    for (const event of events) {
      const card = cards.take(event);
      if (event.type === "Latency" && card?.mine && microphone.state !== "off") {
        latency = `latency ${event.seconds.toFixed(2)} s`;
        showNote();
      }
    }
  },
});

const notice = (text) => {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
};

byId("key-form").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const given = byId("key").value.trim();
  // What a browser can send as a subprotocol, RFC 6455, section 4.1.
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(given)) {
    byId("key-error").textContent = "Browsers cannot send this key: it has signs beyond letters, digits and - _ . ! # $ % & ' * + ^ ` | ~";
    return;
  }
  byId("key").value = "";
  key = given;
  watching.start(key);
});

byId("host").textContent = location.host;
byId("example").textContent =
  `async with DeepgramClient("key", base_url="${location.origin}") as dg:\n    async with dg.listen.v1.stream("speech.wav") as events:\n        async for event in events:\n            print(event)`;
if (!isSecureContext) byId("key-note").textContent += " On its way it is not encrypted: others on the network could read it.";
watching.start();
