/** Panels for those who know what they want: every task with its settings. */

import { codeColour } from "/viewer/clip.js";
import { button, element } from "/viewer/elements.js";
import * as api from "./api.js";
import { busy, chip, number, textButton } from "./ui.js";
import { strip } from "./strip.js";

const SMALLEST = 0.05; // share of a motion that can be given
let labels = 0;

/** A labelled control; `hint` is a remark below it. */
function field(name, control, hint = "") {
  control.id ||= `field-${++labels}`;
  const label = element("label", { htmlFor: control.id, textContent: name });
  const box = element("div", { className: "field" }, label, control);
  if (hint) box.append(element("p", { className: "hint", textContent: hint }));
  return box;
}

/** A slider that says its value. */
function slider(name, { min, max, step, value, unit = "" }) {
  const input = element("input", { type: "range", min, max, step, value });
  const said = element("output", { className: "said" });
  const tell = () => {
    said.textContent = `${number(Number(input.value))}${unit}`;
    input.setAttribute("aria-valuetext", said.textContent);
    input.style.setProperty("--done", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
  };
  input.addEventListener("input", tell);
  const box = field(name, input);
  box.classList.add("slider");
  box.firstChild.after(said);
  tell();
  return Object.assign(box, { input, tell, get: () => Number(input.value) });
}

/** A seed: empty for another one each time. */
function seedField() {
  const input = element("input", { type: "number", min: 0, max: 2 ** 31 - 1, step: 1, placeholder: "random" });
  const dice = button("A random seed", "dice", () => (input.value = ""));
  const box = field("Seed", element("div", { className: "joined" }, input, dice));
  input.id = box.querySelector("label").htmlFor = `field-${++labels}`;
  return Object.assign(box, { get: () => (input.value === "" ? undefined : Number(input.value)), set: (seed) => (input.value = seed) });
}

/** Candidates that a motion is chosen among: empty for as many as the server has time for. */
function candidatesField() {
  const input = element("input", { type: "number", min: 1, step: 1, placeholder: "as many as there is time for" });
  const hint = "The same seed and as many candidates give the same motion.";
  return Object.assign(field("Candidates", input, hint), { input, get: () => (input.value === "" ? undefined : Number(input.value)) });
}

/** Poses of the motion on the stage, with a part that is given at its start, or at both ends. */
class Timeline {
  #strip = null;

  /** @param {Array<object>} ends {label, value (share), reverse} of each end that can be given. */
  constructor(ends, changed) {
    this.picture = element("div", { className: "timeline-picture" });
    this.inputs = ends.map(({ label, value, max, reverse }) => {
      const input = element("input", { type: "range", min: 0, max, step: 0.01, value, ariaLabel: label });
      if (reverse) input.dir = "rtl";
      input.style.setProperty("--span", max);
      input.addEventListener("input", () => {
        input.value = Math.max(input.value, SMALLEST);
        this.#tell();
      });
      return input;
    });
    this.words = element("p", { className: "hint" });
    this.changed = changed;
    this.box = element("div", { className: "timeline" }, element("div", { className: "timeline-track" }, this.picture, ...this.inputs), this.words);
  }

  get shares() {
    return this.inputs.map((input) => Number(input.value));
  }

  show(result) {
    this.result = result;
    this.#strip = result ? strip(result.clip) : null;
    this.picture.replaceChildren(...(this.#strip ? [this.#strip] : []));
    this.#tell();
  }

  #tell() {
    const [start, end = 0] = this.shares;
    this.picture.style.setProperty("--start", `${start * 100}%`);
    this.picture.style.setProperty("--end", `${end * 100}%`);
    if (!this.result) return;
    const seconds = (share) => `${number(Math.round(share * this.result.frames) / this.result.fps)} s`;
    const made = Math.max(1 - start - end, 0);
    this.words.textContent = this.inputs.length === 1
      ? `${seconds(start)} are kept, ${seconds(made)} are new.`
      : `${seconds(start)} and ${seconds(end)} are kept, ${seconds(made)} between are new.`;
    this.inputs.forEach((input, i) => input.setAttribute("aria-valuetext", seconds(this.shares[i])));
    this.changed?.();
  }
}

/** The tools column. */
export class Tools {
  #panels = {};
  #onMotion = [];

  constructor(stage, chat) {
    this.stage = stage;
    this.chat = chat;
    this.root = document.getElementById("tools");
    const makers = {
      Create: () => this.#create(), Describe: () => this.#describe(), Continue: () => this.#continue(),
      "In-between": () => this.#inbetween(), Tokens: () => this.#tokens(),
    };
    const tabs = document.getElementById("tabs");
    for (const [name, make] of Object.entries(makers)) {
      const id = name.toLowerCase();
      const tab = element("button", { type: "button", className: "tab", id: `tab-${id}`, textContent: name });
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", `panel-${id}`);
      tab.addEventListener("click", () => this.open(name));
      const panel = element("form", { className: "panel", id: `panel-${id}`, hidden: true }, ...make());
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", tab.id);
      panel.addEventListener("submit", (event) => {
        event.preventDefault();
        panel.querySelector(".primary")?.click();
      });
      this.#panels[name] = { tab, panel };
      tabs.append(tab);
      document.getElementById("panels").append(panel);
    }
    tabs.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const all = [...tabs.children];
      const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
      next.focus();
      next.click();
    });
    stage.addEventListener("change", () => this.#motionChanged());
    this.open("Create");
    this.#motionChanged();
  }

  /** Bring a panel to the front. */
  open(name) {
    for (const [other, { tab, panel }] of Object.entries(this.#panels)) {
      tab.setAttribute("aria-selected", other === name);
      tab.tabIndex = other === name ? 0 : -1;
      panel.hidden = other !== name;
    }
    this.#motionChanged();
  }

  /** @param {object} health limits of the server. */
  set health(health) {
    const limits = health.limits ?? {};
    this.seconds.input.max = Math.min(limits.seconds ?? 20, 30);
    this.samples.input.max = Math.min(limits.samples ?? 4, 8);
    this.more.input.max = Math.min(limits.seconds ?? 20, 30);
    this.candidates.input.max = limits.rerank ?? 16;
    for (const one of [this.seconds, this.samples, this.more]) one.tell();
  }

  /** @param {Array<object>} examples fill the form with one click. */
  set examples(examples) {
    const fit = examples.filter(({ task }) => task === "generate").slice(0, 5);
    this.exampleRow.replaceChildren(
      ...fit.map(({ text, seconds, seed }) =>
        chip(text, () => {
          this.text.value = text;
          if (seconds) this.#setSeconds(seconds);
          if (seed !== undefined) this.seed.set(seed);
        }),
      ),
    );
  }

  #motionChanged() {
    const motion = this.stage.current;
    for (const change of this.#onMotion) change(motion);
  }

  /** What panels about a motion show while there is none, and the motion itself. */
  #needsMotion(action, ...content) {
    const none = element("p", { className: "hint none", textContent: "Make a motion or drop a file first: this works on what is on the stage." });
    const box = element("div", { className: "panel-body" }, ...content);
    this.#onMotion.push((motion) => {
      none.hidden = Boolean(motion);
      box.hidden = !motion;
      action.disabled = !motion;
    });
    return [none, box];
  }

  #setSeconds(seconds) {
    this.auto.checked = false;
    this.seconds.hidden = false;
    this.seconds.input.value = seconds;
    this.seconds.tell();
  }

  // --- panels ---------------------------------------------------------------------------------------------------

  #create() {
    this.text = element("textarea", { rows: 3, maxLength: 2000, required: true, placeholder: "a person sits down and stands up again" });
    this.auto = element("input", { type: "checkbox", checked: true });
    this.seconds = slider("Length", { min: 1, max: 20, step: 0.5, value: 4, unit: " s" });
    this.seconds.hidden = true;
    this.auto.addEventListener("change", () => (this.seconds.hidden = this.auto.checked));
    this.samples = slider("Versions", { min: 1, max: 4, step: 1, value: 1 });
    this.seed = seedField();
    this.candidates = candidatesField();
    this.temperature = slider("Variety", { min: 0, max: 1.5, step: 0.05, value: 1 });
    this.exampleRow = element("div", { className: "chips" });
    const go = textButton("Make motion", () => busy(go, async () => {
      const text = this.text.value.trim();
      if (!text) {
        this.text.focus();
        throw new Error("Write what the person does first.");
      }
      const seconds = this.auto.checked ? undefined : this.seconds.get();
      const wish = {
        text, seconds, samples: this.samples.get(), seed: this.seed.get(), rerank: this.candidates.get(),
        temperature: this.temperature.get(),
      };
      const { results } = await api.post("generate?view=clip", wish);
      const length = seconds ? ` · ${number(seconds)} s` : "";
      this.chat.told(`${text}${length}`, { results });
    }), "primary");
    return [
      field("What does the person do?", this.text), this.exampleRow,
      element("label", { className: "check" }, this.auto, "The model chooses the length"), this.seconds, this.samples,
      this.temperature, this.seed, this.candidates, go,
    ];
  }

  #describe() {
    const answer = element("p", { className: "caption", hidden: true });
    const picture = element("div", { className: "timeline-picture plain" });
    const go = textButton("Describe the motion", () => busy(go, async () => {
      const { id } = this.stage.current;
      const { text } = await api.post("describe", { motion: id });
      answer.hidden = false;
      answer.textContent = text;
      this.chat.told("What is happening here?", { text });
    }), "primary");
    let shown = null;
    this.#onMotion.push((motion) => {
      if (motion === shown) return;
      shown = motion;
      answer.hidden = true;
      picture.replaceChildren(...(motion ? [strip(motion.clip)] : []));
    });
    return [...this.#needsMotion(go, picture, answer), go];
  }

  #continue() {
    const timeline = new Timeline([{ label: "Kept at the start", value: 0.4, max: 0.95 }]);
    this.more = slider("Length of the result", { min: 1, max: 20, step: 0.5, value: 6, unit: " s" });
    const same = element("input", { type: "checkbox", checked: true });
    this.more.hidden = true;
    same.addEventListener("change", () => (this.more.hidden = same.checked));
    const seed = seedField();
    const go = textButton("Continue the motion", () => busy(go, async () => {
      const motion = this.stage.current;
      const [given] = timeline.shares;
      const wish = { motion: motion.id, given, seed: seed.get(), seconds: same.checked ? undefined : this.more.get() };
      const result = await api.post("predict?view=clip", wish);
      this.chat.told(`Continue it after ${number(given * motion.seconds)} s`, { results: [result] });
    }), "primary");
    this.#onMotion.push((motion) => motion !== timeline.result && timeline.show(motion));
    return [
      ...this.#needsMotion(go, timeline.box, element("label", { className: "check" }, same, "As long as it is now"), this.more, seed),
      go,
    ];
  }

  #inbetween() {
    const timeline = new Timeline([
      { label: "Kept at the start", value: 0.25, max: 0.45 },
      { label: "Kept at the end", value: 0.25, max: 0.45, reverse: true },
    ]);
    const seed = seedField();
    const go = textButton("Fill in the middle", () => busy(go, async () => {
      const result = await api.post("inbetween?view=clip", { motion: this.stage.current.id, given: timeline.shares, seed: seed.get() });
      this.chat.told("Fill in the middle", { results: [result] });
    }), "primary");
    this.#onMotion.push((motion) => motion !== timeline.result && timeline.show(motion));
    return [...this.#needsMotion(go, timeline.box, seed), go];
  }

  #tokens() {
    const tiles = element("div", { className: "tiles" });
    const codes = element("textarea", { rows: 4, spellcheck: false, placeholder: "12 407 33 …" });
    const none = element("p", { className: "hint", textContent: "A code stands for a fifth of a second. Change them, and see what they mean." });
    const go = textButton("Motion of these codes", () => busy(go, async () => {
      const wanted = (codes.value.match(/\d+/g) ?? []).map(Number);
      if (!wanted.length) throw new Error("Write the numbers of some codes first.");
      const result = await api.post("tokens/decode?view=clip", { codes: wanted });
      this.chat.told(`Show ${wanted.length} codes`, { results: [result] });
    }), "primary");
    let shown = null;
    const fill = () => {
      const motion = this.stage.current;
      const found = motion?.clip.codes ?? [];
      if (found === shown || !found.length) return;
      shown = found;
      codes.value = found.join(" ");
      const seconds = motion.clip.code_seconds;
      tiles.replaceChildren(
        ...found.map((code, index) => {
          const tile = element("button", { type: "button", className: "tile", textContent: code, title: `${number(index * seconds)} s` });
          tile.style.background = codeColour(code);
          tile.addEventListener("click", () => {
            this.stage.player.pause();
            this.stage.player.time = index * seconds;
          });
          return tile;
        }),
      );
    };
    this.#onMotion.push(fill);
    this.stage.addEventListener("codes", fill);
    return [none, tiles, field("Codes", codes), go];
  }
}
