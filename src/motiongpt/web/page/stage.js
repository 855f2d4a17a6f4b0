/** The stage: the player with its title, seed, link and downloads. */

import { MotionPlayer } from "/viewer/player.js";
import { button, element } from "/viewer/elements.js";
import * as api from "./api.js";
import { attempt, menu, toast } from "./ui.js";

const NAMES = {
  mp4: ["Video", "MP4"],
  gif: ["Animation", "GIF"],
  glb: ["Character", "GLB for Blender, Unity, the web"],
  fbx: ["Character", "FBX"],
  bvh: ["Motion capture", "BVH"],
  npz: ["AMASS", "NPZ with SMPL poses"],
  npy: ["Joints", "NPY, frames × 22 × 3"],
  csv: ["Table", "CSV"],
  png: ["Picture", "PNG"],
};

/** The motions on the stage. */
export class Stage extends EventTarget {
  #title = document.getElementById("stage-title");
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  constructor() {
    super();
    this.results = [];
    this.player = new MotionPlayer(document.getElementById("player"));
    this.seed = element("button", { type: "button", className: "pill", title: "Copy the seed", hidden: true });
    this.seed.addEventListener("click", () => copy(String(this.current.seed), "Seed copied."));
    this.link = button("Copy a link to this result", "link", () => this.#copyLink());
    this.files = menu("Download", "download", []);
    document.getElementById("stage-actions").append(this.seed, this.link, this.files);
    this.player.addEventListener("select", () => {
      this.#update();
      this.#fetchCodes();
    });
    this.#update();
  }

  /** The selected result, undefined on an empty stage and while the motion is still incomplete. */
  get current() {
    const result = this.results[this.player.selected];
    return result?.id ? result : undefined;
  }

  /**
   * Put results on the stage and play.
   *
   * @param {Array<object>} results with their clips.
   * @param {boolean} growing the same motions as before, only longer.
   */
  show(results, { growing = false } = {}) {
    const same = growing && results.length === this.results.length;
    this.results = results;
    const labelled = results.map((result, index) => ({
      ...result.clip,
      label: results.length > 1 ? `${index + 1} · ${result.clip.label || result.text}` : result.clip.label || result.text,
    }));
    this.player.setClips(labelled, { keepTime: same });
    if (!this.#still.matches) this.player.play();
    this.#update();
    this.#fetchCodes();
  }

  /** Fetch the motion tokens of the selected motion, after the motion itself. */
  async #fetchCodes() {
    const result = this.current;
    if (!result || result.clip.codes) return;
    result.clip.codes = [];
    const found = await attempt(() => api.post("tokens/encode", { motion: result.id }));
    if (!found) return;
    result.clip.codes = found.codes;
    result.clip.code_seconds = found.stride / found.fps;
    const index = this.results.indexOf(result);
    if (index >= 0) this.player.setCodes(index, found.codes, result.clip.code_seconds);
    this.dispatchEvent(new Event("codes"));
  }

  #update() {
    const result = this.current;
    const shown = this.results[this.player.selected];
    this.#title.textContent = shown ? shown.text || shown.clip.label || "Motion" : "No motion yet";
    this.seed.hidden = result?.seed === undefined || result?.seed === null;
    this.seed.textContent = `seed ${result?.seed}`;
    this.link.disabled = !result;
    this.files.fill(
      Object.entries(result?.files ?? {}).map(([suffix, path]) => {
        const [words, hint] = NAMES[suffix] ?? [suffix.toUpperCase(), ""];
        return [words, hint, () => this.#download(suffix, path)];
      }),
    );
    this.dispatchEvent(new Event("change"));
  }

  #download(suffix, path) {
    const words = (this.current.text || this.current.clip.label || "motion").toLowerCase().match(/[a-z0-9]+/g) ?? ["motion"];
    if (suffix === "mp4" || suffix === "gif") toast("Rendering the video …");
    return attempt(() => api.download(path, `${words.slice(0, 8).join("-")}.${suffix}`));
  }

  #copyLink() {
    return copy(new URL(this.current.page, location.href).href, "Link copied. It works while the server keeps the result.");
  }
}

/** Copy text, or show it where the browser forbids copying. */
async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast(text);
  }
}
