/** The tools: a panel for each task, with its options. */

import { codeColour } from "/viewer/clip.js";
import { button, element } from "/viewer/elements.js";
import * as api from "./api.js";
import { busy, chip, number, textButton } from "./ui.js";
import { strip } from "./strip.js";

const MIN_SHARE = 0.05; // of a motion that is kept
let labels = 0;

/** A labelled control, with a hint below it. */
function field(name, control, hint = "") {
  control.id ||= `field-${++labels}`;
  const label = element("label", { htmlFor: control.id, textContent: name });
  const box = element("div", { className: "field" }, label, control);
  if (hint) box.append(element("p", { className: "hint", textContent: hint }));
  return box;
}

/** A slider that shows its value. */
function slider(name, { min, max, step, value, unit = "" }) {
  const input = element("input", { type: "range", min, max, step, value });
  const output = element("output", { className: "value" });
  const update = () => {
    output.textContent = `${number(Number(input.value))}${unit}`;
    input.setAttribute("aria-valuetext", output.textContent);
    input.style.setProperty("--done", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
  };
  input.addEventListener("input", update);
  const box = field(name, input);
  box.classList.add("slider");
  box.firstChild.after(output);
  update();
  return Object.assign(box, { input, update, get: () => Number(input.value) });
}

/** A seed; empty for a random one. */
function seedField() {
  const input = element("input", { type: "number", min: 0, max: 2 ** 31 - 1, step: 1, placeholder: "random" });
  const dice = button("A random seed", "dice", () => (input.value = ""));
  const box = field("Seed", element("div", { className: "joined" }, input, dice));
  input.id = box.querySelector("label").htmlFor = `field-${++labels}`;
  return Object.assign(box, { get: () => (input.value === "" ? undefined : Number(input.value)), set: (seed) => (input.value = seed) });
}

/** The number of candidates; empty for the default, which depends on the load. */
function candidatesField() {
  const input = element("input", { type: "number", min: 1, step: 1, placeholder: "automatic" });
  const hint = "The same seed and number of candidates give the same motion.";
  return Object.assign(field("Candidates", input, hint), { input, get: () => (input.value === "" ? undefined : Number(input.value)) });
}

/** Poses of the motion on the stage, with sliders for the parts that are kept. */
class Timeline {
  #strip = null;

  /**
   * @param {Array<object>} ends {label, value (share), reverse} of each end that can be kept.
   * @param {string} middle what happens to the rest: "new", or "kept" where the ends are cut off.
   */
  constructor(ends, middle = "new") {
    this.middle = middle;
    this.picture = element("div", { className: "timeline-picture" });
    this.picture.dataset.middle = middle;
    this.inputs = ends.map(({ label, value, max, reverse }) => {
      const input = element("input", { type: "range", min: 0, max, step: 0.01, value, ariaLabel: label });
      if (reverse) input.dir = "rtl";
      input.style.setProperty("--span", max);
      input.addEventListener("input", () => {
        if (this.middle === "new") input.value = Math.max(input.value, MIN_SHARE);
        this.#update();
      });
      return input;
    });
    this.words = element("p", { className: "hint" });
    this.box = element("div", { className: "timeline" }, element("div", { className: "timeline-track" }, this.picture, ...this.inputs), this.words);
  }

  get shares() {
    return this.inputs.map((input) => Number(input.value));
  }

  show(result) {
    this.result = result;
    this.#strip = result ? strip(result.clip) : null;
    this.picture.replaceChildren(...(this.#strip ? [this.#strip] : []));
    this.#update();
  }

  #update() {
    const [start, end = 0] = this.shares;
    this.picture.style.setProperty("--start", `${start * 100}%`);
    this.picture.style.setProperty("--end", `${end * 100}%`);
    if (!this.result) return;
    const seconds = (share) => `${number(Math.round(share * this.result.frames) / this.result.fps)} s`;
    const fresh = Math.max(1 - start - end, 0);
    if (this.middle === "kept") this.words.textContent = `${seconds(start)} to ${seconds(1 - end)} are kept.`;
    else if (this.inputs.length === 1) this.words.textContent = `${seconds(start)} are kept, ${seconds(fresh)} are new.`;
    else this.words.textContent = `${seconds(start)} and ${seconds(end)} are kept, ${seconds(fresh)} in between are new.`;
    this.inputs.forEach((input, i) => input.setAttribute("aria-valuetext", seconds(this.shares[i])));
  }
}

/** The column of tools. */
export class Tools {
  #panels = {};
  #onMotion = [];

  constructor(stage, chat) {
    this.stage = stage;
    this.chat = chat;
    this.root = document.getElementById("tools");
    const makers = {
      Create: () => this.#create(), Describe: () => this.#describe(), Continue: () => this.#continue(),
      "In-between": () => this.#inbetween(), Edit: () => this.#edit(), Tokens: () => this.#tokens(),
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

  /** Show a panel. */
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
    for (const one of [this.seconds, this.samples, this.more]) one.update();
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

  /** The content of a panel that needs a motion, and a hint while there is none. */
  #needsMotion(action, ...content) {
    const none = element("p", { className: "hint none", textContent: "Generate a motion or drop a file first. This tool works on the motion on the stage." });
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
    this.seconds.update();
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
    this.temperature = slider("Temperature", { min: 0, max: 1.5, step: 0.05, value: 1 });
    this.exampleRow = element("div", { className: "chips" });
    const go = textButton("Generate", () => busy(go, async () => {
      const text = this.text.value.trim();
      if (!text) {
        this.text.focus();
        throw new Error("Describe what the person does first.");
      }
      const seconds = this.auto.checked ? undefined : this.seconds.get();
      const request = {
        text, seconds, samples: this.samples.get(), seed: this.seed.get(), rerank: this.candidates.get(),
        temperature: this.temperature.get(),
      };
      const { results } = await api.post("generate?view=clip", request);
      const length = seconds ? ` · ${number(seconds)} s` : "";
      this.chat.report(`${text}${length}`, { results });
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
      this.chat.report("What is happening here?", { text });
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
      const request = { motion: motion.id, given, seed: seed.get(), seconds: same.checked ? undefined : this.more.get() };
      const result = await api.post("predict?view=clip", request);
      this.chat.report(`Continue it after ${number(given * motion.seconds)} s`, { results: [result] });
    }), "primary");
    this.#onMotion.push((motion) => motion !== timeline.result && timeline.show(motion));
    return [
      ...this.#needsMotion(go, timeline.box, element("label", { className: "check" }, same, "Keep the length"), this.more, seed),
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
      this.chat.report("Fill in the middle", { results: [result] });
    }), "primary");
    this.#onMotion.push((motion) => motion !== timeline.result && timeline.show(motion));
    return [...this.#needsMotion(go, timeline.box, seed), go];
  }

  #edit() {
    const edit = (control, question, edits) =>
      busy(control, async () => {
        const result = await api.post("edit?view=clip", { motion: this.stage.current.id, ...edits });
        this.chat.report(question, { text: result.remarks.join(" "), results: [result] });
      });
    const timeline = new Timeline(
      [
        { label: "Cut off at the start", value: 0, max: 0.48 },
        { label: "Cut off at the end", value: 0, max: 0.48, reverse: true },
      ],
      "kept",
    );
    const trim = textButton("Trim", () => {
      const { seconds } = this.stage.current;
      const [start, end] = timeline.shares;
      const bounds = [start * seconds, (1 - end) * seconds];
      return edit(trim, `Trim it to ${number(bounds[0])}–${number(bounds[1])} s`, { trim: bounds });
    });
    const tempo = slider("Tempo", { min: 0.5, max: 2, step: 0.05, value: 1, unit: " ×" });
    const change = textButton("Change the tempo", () => edit(change, `At ${number(tempo.get())} times the tempo`, { tempo: tempo.get() }));
    const simple = [
      ["Loop", "Make a seamless loop", { loop: true }],
      ["Mirror", "Exchange left and right", { mirror: true }],
      ["Reverse", "Play it backwards", { reverse: true }],
      ["In place", "Take the way out of it", { in_place: true }],
    ].map(([name, title, edits]) => {
      const control = textButton(name, () => edit(control, title, edits));
      control.title = title;
      return control;
    });
    const row = element("div", { className: "edit-row" }, ...simple);
    this.#onMotion.push((motion) => {
      for (const control of [trim, change, ...simple]) control.disabled = !motion;
      if (motion !== timeline.result) timeline.show(motion);
    });
    return this.#needsMotion(trim, row, timeline.box, trim, tempo, change);
  }

  #tokens() {
    const tiles = element("div", { className: "tiles" });
    const codes = element("textarea", { rows: 4, spellcheck: false, placeholder: "12 407 33 …" });
    const none = element("p", { className: "hint", textContent: "Each code stands for a fifth of a second. Edit the codes to see what they mean." });
    const go = textButton("Decode these codes", () => busy(go, async () => {
      const numbers = (codes.value.match(/\d+/g) ?? []).map(Number);
      if (!numbers.length) throw new Error("Enter some codes first.");
      const result = await api.post("tokens/decode?view=clip", { codes: numbers });
      this.chat.report(`Decode ${numbers.length} codes`, { results: [result] });
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
