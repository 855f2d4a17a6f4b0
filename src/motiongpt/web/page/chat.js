/** The conversation: messages with their motions, uploads and speech input. */

import { button, element, icon } from "/viewer/elements.js";
import * as api from "./api.js";
import { attempt, card, chip, toast } from "./ui.js";

const TASKS = {
  generate: "Text to motion", describe: "Description", predict: "Continuation", inbetween: "In-between",
  length: "Length", edit: "Edit", resize: "New length", again: "New version", export: "File", ask: "Instruction", help: "",
};
const NEXT = ["Describe it", "Make it slower", "Continue this", "Mirror it"];
const FIRST = ["What is happening here?", "Continue this", "Fill in the middle", "How long is it?"];

/** The chat column. */
export class Chat {
  #thread = document.getElementById("thread");
  #field = document.getElementById("message");
  #form = document.getElementById("composer");
  #attached = document.getElementById("attached");
  #conversation = null;
  #motion = null; // the motion of the next message, where the server cannot know it
  #running = null;
  #health = null;

  /** @param {Stage} stage shows the motions. */
  constructor(stage) {
    this.stage = stage;
    this.#build();
    this.#welcome([]);
    stage.addEventListener("change", () => this.#markCards());
  }

  /** @param {object} health formats and limits of the server. */
  set health(health) {
    this.#health = health;
    document.getElementById("file").accept = [...(health.formats?.read ?? []), ".asf"].join(",");
    this.microphone.classList.toggle("missing", !health.speech);
    this.samples.replaceChildren();
    for (let count = 1; count <= Math.min(health.limits?.samples ?? 4, 4); count++) {
      this.samples.append(element("option", { value: count, textContent: count === 1 ? "1 version" : `${count} versions` }));
    }
  }

  /** @param {Array<object>} examples for the welcome. */
  set examples(examples) {
    if (this.#thread.querySelector(".welcome")) this.#welcome(examples);
  }

  /** Start a new conversation. */
  clear() {
    this.#running?.abort();
    this.#conversation = this.#motion = null;
    this.#welcome(this.shownExamples);
    this.#field.focus();
  }

  /** Put text into the message field. */
  fill(text) {
    this.#field.value = text;
    this.#grow();
    this.#field.focus();
  }

  #build() {
    this.samples = element("select", { className: "quiet-select", ariaLabel: "Versions of each motion", title: "Number of versions, side by side" });
    this.samples.append(element("option", { value: 1, textContent: "1 version" }));
    const attach = button("Add a motion file", "attach", () => document.getElementById("file").click());
    this.microphone = button("Speak", "microphone", () => this.#speak());
    this.send = button("Send", "send", () => (this.#running ? this.#running.abort() : this.#submit()), "send");
    document.getElementById("composer-left").append(attach, this.microphone, this.samples);
    document.getElementById("composer-right").append(this.send);
    this.#field.addEventListener("input", () => this.#grow());
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("file").addEventListener("change", (event) => {
      this.upload([...event.target.files]);
      event.target.value = "";
    });
    this.#dropping();
  }

  #grow() {
    this.#field.style.height = "auto";
    this.#field.style.height = `${Math.min(this.#field.scrollHeight, 160)}px`;
  }

  // --- messages -------------------------------------------------------------------------------------------------

  #welcome(examples) {
    this.shownExamples = examples;
    const texts = examples.length
      ? examples.filter(({ task }) => task === "generate").slice(0, 6).map(({ text }) => text)
      : ["a person walks forward and turns left", "someone jumps", "a person waves with the right hand"];
    const box = element(
      "li", { className: "welcome" },
      element("h2", { textContent: "Describe a movement and watch it." }),
      element("p", {
        textContent:
          "Write what a person does, then change the motion: “slower”, “make it 6 seconds”, “describe it”. " +
          "Or drop a motion capture file and ask what happens in it.",
      }),
      element("div", { className: "chips" }, ...texts.map((text) => chip(text, () => this.say(text)))),
    );
    this.#thread.replaceChildren(box);
  }

  #append(who, ...content) {
    this.#thread.querySelector(".welcome")?.remove();
    for (const old of this.#thread.querySelectorAll(".next")) old.remove();
    const item = element("li", { className: `message ${who}` }, element("span", { className: "unseen", textContent: who === "user" ? "You: " : "MotionGPT: " }), ...content);
    this.#thread.append(item);
    this.scroll();
    return item;
  }

  /** Scroll to the end of the thread. */
  scroll() {
    this.#thread.scrollTop = this.#thread.scrollHeight;
  }

  #submit() {
    const text = this.#field.value.trim();
    if (!text || this.#running) return;
    this.fill("");
    this.say(text);
  }

  /** Send a message and show the reply as it arrives. */
  async say(text) {
    if (this.#running) return;
    this.#append("user", element("p", { textContent: text }));
    const answer = new Answer(this.#append("model"), this);
    this.#running = new AbortController();
    this.#showRunning(true);
    const samples = Number(this.samples.value);
    const message = { message: text, conversation: this.#conversation, motion: this.#motion };
    if (samples > 1) message.samples = samples;
    try {
      await api.stream("chat", message, (name, data) => {
        if (name === "conversation") {
          this.#conversation = data.id;
          this.#motion = null;
        } else answer.receive(name, data);
      }, this.#running.signal);
      answer.finish();
    } catch (error) {
      if (error.name === "AbortError") answer.stop();
      else answer.fail(error.message, () => this.say(text));
    } finally {
      this.#running = null;
      this.#showRunning(false);
      if (answer.results.length) this.#suggest(answer.item, NEXT);
      this.scroll();
    }
  }

  /** Mark the motions of the thread that are on the stage. */
  #markCards() {
    const seen = new Set(this.stage.results.map((result) => result.id));
    for (const one of this.#thread.querySelectorAll(".card")) {
      one.classList.toggle("on-stage", seen.has(one.result.id));
    }
  }

  #showRunning(running) {
    const name = running ? "Stop" : "Send";
    this.send.title = name;
    this.send.setAttribute("aria-label", name);
    this.send.replaceChildren(icon(running ? "stop" : "send"));
  }

  #suggest(item, texts) {
    item.append(element("div", { className: "chips next" }, ...texts.map((text) => chip(text, () => this.say(text)))));
    this.scroll();
  }

  /** Add the results of a tool to the thread, so that the conversation can continue with them. */
  report(question, { text = "", results = [] }) {
    this.#append("user", element("p", { textContent: question }));
    const answer = new Answer(this.#append("model"), this);
    for (const result of results) answer.receive("result", result);
    if (text) answer.receive("text", { delta: text });
    answer.finish();
    if (results.length) {
      this.about(results.at(-1));
      this.#suggest(answer.item, NEXT);
    }
  }

  /** Make the next message refer to this motion. */
  about(result) {
    this.#motion = result?.id ?? null;
  }

  // --- files ----------------------------------------------------------------------------------------------------

  /** Upload motion files; an .asf is sent with its .amc. */
  async upload(files) {
    const skeleton = files.find((file) => file.name.toLowerCase().endsWith(".asf"));
    const motions = files.filter((file) => file !== skeleton);
    if (!motions.length) {
      toast("An .asf file is only a skeleton: add its .amc as well.", "error");
      return;
    }
    const largest = this.#health?.limits?.upload_bytes;
    for (const file of motions) {
      if (largest && file.size > largest) {
        toast(`${file.name} is too large: the limit is ${Math.round(largest / 1e6)} MB.`, "error");
        continue;
      }
      const form = new FormData();
      form.append("file", file);
      if (skeleton) form.append("skeleton", skeleton);
      this.#attached.hidden = false;
      this.#attached.textContent = `Reading ${file.name} …`;
      const result = await attempt(() => api.post("uploads?view=clip", form));
      this.#attached.hidden = true;
      if (result) this.receive(result, file.name);
    }
  }

  /** Show an uploaded or linked motion. */
  receive(result, name) {
    const shown = { ...result, text: result.text || name, clip: { ...result.clip, label: result.text || name } };
    const item = this.#append("user", element("p", { className: "file-name" }, icon("attach"), name));
    item.append(element("div", { className: "cards" }, card(shown, (one) => this.#pick([one]))));
    this.#pick([shown]);
    this.#suggest(item, FIRST);
  }

  #pick(results) {
    this.stage.show(results);
    this.about(results[0]);
  }

  #dropping() {
    const sheet = document.getElementById("drop");
    let depth = 0;
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => {
      if (!carries(event)) return;
      depth++;
      sheet.hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (carries(event) && --depth <= 0) sheet.hidden = true;
    });
    addEventListener("dragover", (event) => carries(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = 0;
      sheet.hidden = true;
      this.upload([...event.dataTransfer.files]);
    });
  }

  // --- speech ---------------------------------------------------------------------------------------------------

  #recorder = null;

  async #speak() {
    if (this.#recorder) {
      this.#recorder.stop();
      return;
    }
    if (!this.#health?.speech) {
      toast("This server has no speech model. Its operator can add one with motiongpt serve --speech.");
      return;
    }
    const sound = await attempt(async () => {
      if (!navigator.mediaDevices) throw new Error("Browsers allow the microphone only on https and localhost pages.");
      try {
        return await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        throw new Error("The microphone is blocked: allow it for this page in the browser.");
      }
    });
    if (!sound) return;
    const pieces = [];
    this.#recorder = new MediaRecorder(sound);
    this.#recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
    this.#recorder.addEventListener("stop", async () => {
      const blob = new Blob(pieces, { type: this.#recorder.mimeType });
      this.#recorder = null;
      this.#listening(false);
      for (const track of sound.getTracks()) track.stop();
      const form = new FormData();
      form.append("file", blob, "speech");
      const heard = await attempt(() => api.post("transcribe", form));
      if (heard?.text) this.fill(heard.text);
    });
    this.#recorder.start();
    this.#listening(true);
  }

  #listening(on) {
    this.microphone.classList.toggle("listening", on);
    this.microphone.title = on ? "Stop listening" : "Speak";
    this.microphone.setAttribute("aria-label", this.microphone.title);
  }
}

/** One reply of the model while it arrives. */
class Answer {
  #cards = [];

  constructor(item, chat) {
    this.item = item;
    this.chat = chat;
    this.stage = chat.stage;
    this.results = [];
    this.label = element("p", { className: "task", hidden: true });
    this.words = element("p", { className: "words", hidden: true });
    this.row = element("div", { className: "cards", hidden: true });
    this.dots = element("p", { className: "dots", ariaLabel: "Working" }, ...Array.from({ length: 3 }, () => element("i")));
    item.append(this.label, this.words, this.row, this.dots);
  }

  receive(name, data) {
    if (name === "task") {
      const detail = data.task === "edit" && data.note ? `: ${data.note}` : "";
      this.label.textContent = (TASKS[data.task] ?? data.task) + detail;
      this.label.hidden = !this.label.textContent;
    } else if (name === "text") {
      this.words.hidden = false;
      this.words.textContent += data.delta;
    } else if (name === "partial") this.#show(data.sample, { ...data, text: data.clip.label });
    else if (name === "result") {
      this.results[data.sample ?? 0] = data;
      this.#show(data.sample ?? 0, data);
    } else if (name === "error") this.fail(data.message);
    this.chat.scroll();
  }

  #show(sample, result) {
    this.row.hidden = false;
    if (!this.#cards[sample]) {
      this.#cards[sample] = card(result, () => this.#pick(sample));
      this.row.append(this.#cards[sample]);
      this.row.classList.toggle("several", this.#cards.length > 1);
    } else this.#cards[sample].update(result);
    const all = this.#cards.filter(Boolean).map((one) => one.result);
    this.stage.show(all, { growing: true });
  }

  #pick(sample) {
    const all = this.#cards.filter(Boolean).map((one) => one.result);
    if (this.stage.results[sample] !== all[sample]) this.stage.show(all);
    this.stage.player.select(sample);
    this.chat.about(all[sample]);
  }

  finish() {
    this.dots.remove();
    this.results = this.results.filter(Boolean);
    if (!this.words.textContent && !this.results.length && !this.item.querySelector(".failure")) {
      this.receive("text", { delta: "The server sent no answer." });
    }
  }

  stop() {
    this.dots.remove();
    this.item.append(element("p", { className: "task", textContent: "Stopped." }));
  }

  fail(message, again) {
    this.dots.remove();
    const note = element("p", { className: "failure", textContent: message });
    note.setAttribute("role", "alert");
    this.item.append(note);
    if (again) this.item.append(element("div", { className: "chips next" }, chip("Try again", again)));
  }
}
