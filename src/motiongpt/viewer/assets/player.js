/**
 * A player for human motions: a stage with a body, and a bar with time, tokens and controls.
 *
 *   const player = new MotionPlayer(element, bodyJson);
 *   player.setClips([clipJson, ...]);
 *   player.play();
 *
 * Events on the player: "select" (another motion was picked), "play", "pause".
 *
 * Several motions stand side by side, each seen by its own camera, all turned together; or in one scene, tinted.
 * Pictures are drawn only while something moves.
 *
 * Keys, while the player or nothing else has the focus: space plays, arrows step a frame (with Shift half a second), Home
 * and End jump, L loops, F follows, 1 to 9 pick a motion.
 */

import {
  Color, DirectionalLight, Group, HemisphereLight, Mesh, PCFShadowMap, PerspectiveCamera, PlaneGeometry, Scene,
  ShaderMaterial, ShadowMaterial, Vector3, OrbitControls, WebGLRenderer,
} from "./three.min.js";
import { Clip, codeColour } from "./clip.js";
import { Body, MannequinFigure, SkeletonFigure, TINTS, Trail } from "./figures.js";
import { button, element, icon } from "./elements.js";

export { Clip } from "./clip.js";

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2];
const FIELD_OF_VIEW = 32; // degrees, of the height, or of what a narrow view needs
const NARROWEST = 25; // degrees of the width
const EYE_HEIGHT = 0.92; // metres the camera looks at, of a figure of 1.7 m
const DISTANCE = 4.9;
const CATCH_UP = 0.08; // seconds in which a following camera makes up most of its distance
const FLOOR = 30; // metres

const GRID_VERTEX = `
varying vec3 place;
void main() {
  vec4 world = modelMatrix * vec4(position, 1.0);
  place = world.xyz;
  gl_Position = projectionMatrix * viewMatrix * world;
}`;
const GRID_FRAGMENT = `
varying vec3 place;
uniform vec3 colour;
uniform vec3 centre;
uniform float strength;
float lines(vec2 p, float width) {
  vec2 step = fwidth(p);
  vec2 near = abs(fract(p - 0.5) - 0.5) / max(step, vec2(1e-6));
  float line = 1.0 - min(min(near.x, near.y) / width, 1.0);
  return line * (1.0 - smoothstep(0.25, 0.9, max(step.x, step.y)));
}
void main() {
  float fade = 1.0 - smoothstep(1.5, 9.0, distance(place.xz, centre.xz));
  float ink = max(lines(place.xz, 1.3), 0.3 * lines(place.xz * 4.0, 1.1));
  gl_FragColor = vec4(colour, ink * fade * strength);
}`;

const focus = new Vector3();
const corner = new Vector3();

/** The player; makes its own elements inside the one it is given. */
export class MotionPlayer extends EventTarget {
  #body;
  #views = [];
  #time = 0;
  #playing = false;
  #last = 0;
  #frame = 0;
  #settings = { loop: true, follow: true, speed: 1, body: "mannequin", layout: "side" };

  /**
   * @param {HTMLElement} host gets the player as its content.
   * @param {object|null} body what `body_data` of motiongpt.viewer makes; without it motions are skeletons.
   */
  constructor(host, body = null) {
    super();
    this.#body = body ? new Body(body) : null;
    this.selected = 0;
    this.#build(host);
    this.#makeScene();
    this.#listen();
    this.#showState();
  }

  /** The motions on the stage. */
  get clips() {
    return this.#views.map((view) => view.clip);
  }

  /** Length of the longest motion in seconds. */
  get duration() {
    return Math.max(0, ...this.clips.map((clip) => clip.seconds));
  }

  /** Seconds since the start; setting it jumps there. */
  get time() {
    return this.#time;
  }

  set time(seconds) {
    this.#time = Math.min(Math.max(seconds, 0), this.duration);
    this.#showTime();
    this.draw();
  }

  /** The body, when it comes later than the player. */
  set body(json) {
    this.#body = new Body(json);
    this.#makeFigures();
    this.#showState();
    this.draw();
  }

  /** Whether time passes. */
  get playing() {
    return this.#playing;
  }

  /** One of speed, loop, follow, body ("mannequin", "skeleton"), layout ("side", "overlay"). */
  get(name) {
    return this.#settings[name];
  }

  /** Change one of them. */
  set(name, value) {
    this.#settings[name] = value;
    if (name === "body" || name === "layout") this.#makeFigures();
    this.#showState();
    this.draw();
  }

  /**
   * Put motions on the stage, in place of those there.
   *
   * @param {Array<object>} clips what `clip_data` of motiongpt.viewer makes.
   * @param {boolean} keepTime go on from the present moment: the same motion, longer than before.
   */
  setClips(clips, { keepTime = false } = {}) {
    for (const view of this.#views) this.#clear(view);
    this.#views = clips.map((json) => ({ clip: new Clip(json), focus: new Vector3(), set: false }));
    this.selected = Math.min(this.selected, Math.max(clips.length - 1, 0));
    if (!keepTime) {
      this.#time = 0;
      this.selected = 0;
    }
    this.#makeFigures();
    this.#makeLabels();
    this.#drawTokens();
    this.#drawGiven();
    this.#showState();
    this.time = this.#time;
  }

  /** Show the codes of a motion, when they come later than itself. */
  setCodes(index, codes, codeSeconds) {
    Object.assign(this.clips[index], { codes, codeSeconds });
    this.#drawTokens();
    this.#showTime();
  }

  /** Pick one of several motions. */
  select(index) {
    if (index < 0 || index >= this.#views.length) return;
    this.selected = index;
    this.#drawTokens();
    this.#drawGiven();
    this.#showState();
    this.#showTime();
    this.draw();
    this.dispatchEvent(new CustomEvent("select", { detail: index }));
  }

  /** Let time pass. */
  play() {
    if (this.#playing || !this.#views.length) return;
    if (this.#time >= this.duration) this.#time = 0;
    this.#playing = true;
    this.#last = performance.now();
    this.#showState();
    this.draw();
    this.dispatchEvent(new Event("play"));
  }

  /** Hold. */
  pause() {
    if (!this.#playing) return;
    this.#playing = false;
    this.#showState();
    this.#showTime();
    this.dispatchEvent(new Event("pause"));
  }

  /** Go frames forward or back, and hold. */
  step(frames) {
    if (!this.#views.length) return;
    this.pause();
    const { fps } = this.#views[this.selected].clip;
    this.time = (Math.round(this.#time * fps) + frames) / fps;
  }

  /** Where the camera stood at first. */
  resetCamera() {
    this.#orbit.position.set(0.52, 0.24, 0.82).normalize().multiplyScalar(DISTANCE * this.#size);
    this.#controls.target.set(0, 0, 0);
    this.#controls.update();
    this.draw();
  }

  /** Ask for a picture; many calls in one moment make one picture. */
  draw() {
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  /** Take colours again, after the page has changed between light and dark. */
  refreshTheme() {
    const style = getComputedStyle(this.root);
    this.#grid.material.uniforms.colour.value.set(style.getPropertyValue("--player-grid"));
    this.#shadow.material.opacity = Number(style.getPropertyValue("--player-shadow"));
    for (const view of this.#views) view.trail.paint(new Color(style.getPropertyValue("--player-accent")));
    this.#drawTokens();
    this.draw();
  }

  /** Free what the graphics card holds. */
  dispose() {
    cancelAnimationFrame(this.#frame);
    for (const view of this.#views) this.#clear(view);
    this.#observer.disconnect();
    document.removeEventListener("keydown", this.#onKey);
    this.#controls.dispose();
    this.#renderer.dispose();
    this.root.remove();
  }

  // --- elements -------------------------------------------------------------------------------------------------

  #renderer;
  #scene;
  #camera;
  #orbit;
  #controls;
  #grid;
  #shadow;
  #sun;
  #observer;
  #ui = {};

  #build(host) {
    const ui = this.#ui;
    ui.canvas = element("canvas", { className: "player-canvas", role: "img", tabIndex: 0 });
    ui.labels = element("div", { className: "player-labels" });
    ui.note = element("div", { className: "player-note", hidden: true });
    ui.empty = element("div", { className: "player-empty" });
    ui.stage = element("div", { className: "player-stage" }, ui.canvas, ui.labels, ui.note, ui.empty);

    ui.given = element("div", { className: "player-given", ariaHidden: "true" });
    ui.scrub = element("input", {
      className: "player-scrub", type: "range", min: 0, max: 1, step: "any", value: 0, ariaLabel: "Time",
    });
    ui.tokens = element("canvas", { className: "player-tokens", ariaHidden: "true" });
    ui.timeline = element("div", { className: "player-timeline" }, ui.given, ui.scrub, ui.tokens);

    ui.play = button("Play", "play", () => (this.#playing ? this.pause() : this.play()), "player-play");
    ui.back = button("One frame back", "back", () => this.step(-1));
    ui.forth = button("One frame forward", "forth", () => this.step(1));
    ui.clock = element("output", { className: "player-clock" });
    ui.speed = element("select", { className: "player-speed", ariaLabel: "Speed", title: "Speed" });
    for (const speed of SPEEDS) ui.speed.append(element("option", { value: speed, textContent: `${speed}×` }));
    ui.loop = button("Loop", "loop", () => this.set("loop", !this.get("loop")));
    ui.follow = button("Follow the body", "follow", () => this.set("follow", !this.get("follow")));
    const other = { mannequin: "skeleton", skeleton: "mannequin", side: "overlay", overlay: "side" };
    ui.body = button("Skeleton", "skeleton", () => this.set("body", other[this.get("body")]));
    ui.layout = button("Overlay", "overlay", () => this.set("layout", other[this.get("layout")]));
    ui.camera = button("Reset the camera", "camera", () => this.resetCamera());
    ui.full = button("Full screen", "full", () => this.#toggleFullScreen());
    const left = element("div", { className: "player-group" }, ui.back, ui.play, ui.forth, ui.clock);
    const right = element(
      "div", { className: "player-group" },
      ui.speed, ui.loop, ui.follow, ui.body, ui.layout, ui.camera, ui.full,
    );
    ui.bar = element(
      "div", { className: "player-bar" }, ui.timeline, element("div", { className: "player-controls" }, left, right),
    );
    this.root = element("section", { className: "player", ariaLabel: "Motion player" }, ui.stage, ui.bar);
    host.replaceChildren(this.root);
  }

  #listen() {
    const ui = this.#ui;
    ui.scrub.addEventListener("input", () => {
      this.pause();
      this.time = Number(ui.scrub.value);
    });
    ui.speed.addEventListener("change", () => this.set("speed", Number(ui.speed.value)));
    ui.tokens.addEventListener("pointermove", (event) => this.#tellToken(event));
    ui.tokens.addEventListener("click", (event) => {
      this.pause();
      this.time = (event.offsetX / ui.tokens.clientWidth) * this.duration;
    });
    this.#onKey = (event) => this.#key(event);
    document.addEventListener("keydown", this.#onKey);
    this.#controls.addEventListener("change", () => this.draw());
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(ui.stage);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.refreshTheme());
    this.#resize();
    this.refreshTheme();
  }

  #onKey;

  #key(event) {
    const target = event.target;
    const typing = target.closest?.("input:not(.player-scrub), textarea, select, [contenteditable], dialog");
    const elsewhere = target !== document.body && !this.root.contains(target);
    if (typing || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    const frames = event.shiftKey ? Math.round((this.clips[this.selected]?.fps ?? 20) / 2) : 1;
    const actions = {
      " ": () => (this.#playing ? this.pause() : this.play()),
      ArrowLeft: () => this.step(-frames),
      ArrowRight: () => this.step(frames),
      Home: () => (this.time = 0),
      End: () => (this.time = this.duration),
      l: () => this.set("loop", !this.get("loop")),
      f: () => this.set("follow", !this.get("follow")),
    };
    const action = actions[event.key] ?? (/^[1-9]$/.test(event.key) ? () => this.select(event.key - 1) : null);
    // A focused button has its own idea of the space bar.
    if (!action || (event.key === " " && target.closest?.("button"))) return;
    event.preventDefault();
    action();
  }

  #toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  #makeLabels() {
    const clips = this.clips;
    this.#ui.labels.replaceChildren(
      ...clips.map((clip, index) => {
        const tag = element("button", {
          className: "player-label", type: "button", textContent: clip.label, title: clip.label,
        });
        tag.addEventListener("click", () => this.select(index));
        return tag;
      }),
    );
    this.#ui.empty.hidden = clips.length > 0;
    const names = clips.map((clip) => clip.label).join("; ");
    this.#ui.canvas.setAttribute(
      "aria-label", clips.length ? `Moving figure: ${names}. Drag to turn, scroll to come closer.` : "Empty stage",
    );
  }

  #showState() {
    const ui = this.#ui;
    const several = this.#views.length > 1;
    for (const name of ["loop", "follow"]) ui[name].setAttribute("aria-pressed", this.#settings[name]);
    ui.body.setAttribute("aria-pressed", this.#settings.body === "skeleton");
    ui.body.hidden = !this.#body;
    ui.layout.setAttribute("aria-pressed", this.#settings.layout === "overlay");
    ui.layout.hidden = !several;
    ui.speed.value = String(this.#settings.speed);
    const name = this.#playing ? "Pause" : "Play";
    ui.play.setAttribute("aria-label", name);
    ui.play.title = `${name} (space)`;
    ui.play.replaceChildren(icon(this.#playing ? "pause" : "play"));
    ui.bar.toggleAttribute("inert", !this.#views.length);
    this.root.classList.toggle("player-overlaid", this.#settings.layout === "overlay");
    [...ui.labels.children].forEach((tag, index) => {
      tag.setAttribute("aria-pressed", index === this.selected);
      tag.style.setProperty("--tint", `#${TINTS[index % TINTS.length].toString(16).padStart(6, "0")}`);
    });
    ui.labels.classList.toggle("player-labels-one", !several);
    this.#place();
  }

  #showTime() {
    const ui = this.#ui;
    const clip = this.clips[this.selected];
    ui.scrub.max = this.duration || 1;
    ui.scrub.value = this.#time;
    ui.scrub.style.setProperty("--done", `${(100 * this.#time) / (this.duration || 1)}%`);
    if (!clip) return;
    const code = clip.codeAt(this.#time);
    ui.clock.textContent = `${this.#time.toFixed(2)} / ${this.duration.toFixed(2)} s`;
    ui.scrub.setAttribute(
      "aria-valuetext",
      `${this.#time.toFixed(2)} seconds, frame ${clip.at(this.#time).index}${code < 0 ? "" : `, token ${clip.codes[code]}`}`,
    );
    ui.note.hidden = !clip.given.length;
    ui.note.textContent = clip.isGiven(this.#time) ? "given" : "made by the model";
    ui.note.classList.toggle("player-note-given", clip.isGiven(this.#time));
    this.#markToken(clip, code);
  }

  #drawGiven() {
    const clip = this.clips[this.selected];
    const parts = clip ? clip.given : [];
    this.#ui.given.replaceChildren(
      ...parts.map(([first, end]) => {
        const part = element("span", {});
        part.style.left = `${(100 * first) / clip.fps / this.duration}%`;
        part.style.width = `${(100 * (end - first)) / clip.fps / this.duration}%`;
        return part;
      }),
    );
  }

  // --- tokens ---------------------------------------------------------------------------------------------------

  #tokenWidth = 0;

  #drawTokens() {
    const { tokens } = this.#ui;
    const clip = this.clips[this.selected];
    tokens.hidden = !clip?.codes.length;
    if (tokens.hidden) return;
    const ratio = Math.min(devicePixelRatio, 2);
    tokens.width = tokens.clientWidth * ratio;
    tokens.height = tokens.clientHeight * ratio;
    this.#tokenWidth = (clip.codeSeconds * tokens.width) / this.duration;
    const paper = tokens.getContext("2d");
    const gap = this.#tokenWidth > 4 ? ratio : 0;
    clip.codes.forEach((code, index) => {
      paper.fillStyle = codeColour(code);
      const width = Math.min(this.#tokenWidth, (clip.seconds / this.duration) * tokens.width - index * this.#tokenWidth);
      paper.fillRect(index * this.#tokenWidth, 0, width - gap, tokens.height - 3 * ratio);
    });
    this.#markToken(clip, clip.codeAt(this.#time));
  }

  #markToken(clip, code) {
    const { tokens } = this.#ui;
    if (code < 0 || !tokens.width) return;
    const paper = tokens.getContext("2d");
    const line = 3 * Math.min(devicePixelRatio, 2);
    paper.clearRect(0, tokens.height - line, tokens.width, line);
    paper.fillStyle = getComputedStyle(tokens).color;
    paper.fillRect(code * this.#tokenWidth, tokens.height - line * 0.7, this.#tokenWidth, line * 0.7);
  }

  #tellToken(event) {
    const { tokens } = this.#ui;
    const clip = this.clips[this.selected];
    const index = Math.floor(((event.offsetX / tokens.clientWidth) * this.duration) / clip.codeSeconds);
    const seconds = (index * clip.codeSeconds).toFixed(1);
    tokens.title = index < clip.codes.length ? `token ${clip.codes[index]}, number ${index}, from ${seconds} s` : "";
  }

  // --- scene ----------------------------------------------------------------------------------------------------

  #makeScene() {
    const { canvas } = this.#ui;
    this.#renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
    this.#renderer.shadowMap.enabled = true;
    this.#renderer.shadowMap.type = PCFShadowMap;
    this.#renderer.setScissorTest(true);
    this.#scene = new Scene();
    this.#camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 60);
    this.#orbit = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 60);
    this.#controls = new OrbitControls(this.#orbit, canvas);
    this.#controls.minDistance = 0.8;
    this.#controls.maxDistance = 25;
    this.#controls.maxPolarAngle = Math.PI / 2 - 0.02; // not below the floor

    const sky = new HemisphereLight(0xffffff, 0xc9bcae, 1.9);
    this.#sun = new DirectionalLight(0xfff4e6, 2.4);
    this.#sun.castShadow = true;
    this.#sun.shadow.mapSize.set(1024, 1024);
    Object.assign(this.#sun.shadow.camera, { left: -2, right: 2, top: 2.4, bottom: -1.6, near: 0.5, far: 12 });
    this.#sun.shadow.radius = 3;
    this.#sun.shadow.normalBias = 0.02;
    const rim = new DirectionalLight(0xcfe0ff, 0.9);
    rim.position.set(-3, 2.5, -4);

    const plane = new PlaneGeometry(FLOOR, FLOOR).rotateX(-Math.PI / 2);
    this.#grid = new Mesh(
      plane,
      new ShaderMaterial({
        vertexShader: GRID_VERTEX, fragmentShader: GRID_FRAGMENT, transparent: true, depthWrite: false,
        uniforms: { colour: { value: new Color() }, centre: { value: new Vector3() }, strength: { value: 0.32 } },
      }),
    );
    this.#shadow = new Mesh(plane, new ShadowMaterial({ depthWrite: false }));
    this.#shadow.receiveShadow = true;
    this.#shadow.position.y = 0.001;
    this.#scene.add(sky, this.#sun, this.#sun.target, rim, this.#grid, this.#shadow);
    this.resetCamera();
  }

  /** How large the bodies are beside one of 1.7 m. */
  get #size() {
    const heights = this.clips.map((clip) => clip.height).filter((height) => height > 0.2);
    return heights.length ? Math.max(...heights) / 1.62 : 1;
  }

  #makeFigures() {
    const overlaid = this.#settings.layout === "overlay" && this.#views.length > 1;
    this.#views.forEach((view, index) => {
      this.#clear(view);
      const tint = overlaid ? TINTS[index % TINTS.length] : null;
      const skinned = this.#body && view.clip.pose && this.#settings.body === "mannequin";
      view.figure = skinned ? new MannequinFigure(view.clip, this.#body, tint) : new SkeletonFigure(view.clip, tint);
      view.trail = new Trail(view.clip);
      view.trail.paint(new Color(getComputedStyle(this.root).getPropertyValue("--player-accent")));
      view.group = new Group().add(view.figure, view.trail);
      this.#scene.add(view.group);
    });
  }

  #clear(view) {
    if (!view.group) return;
    this.#scene.remove(view.group);
    view.figure.dispose();
    view.trail.dispose();
    view.group = null;
  }

  #resize() {
    const { stage } = this.#ui;
    if (!stage.clientWidth || !stage.clientHeight) return;
    this.#renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
    this.#renderer.setSize(stage.clientWidth, stage.clientHeight, false);
    this.#place();
    this.#drawTokens();
    this.#drawGiven();
    // A canvas of another size is empty; waiting for the next frame would be seen.
    this.#focus(0);
    this.#render();
    this.draw();
  }

  /** Columns and rows of views that show the bodies largest. */
  #cells() {
    const count = this.#settings.layout === "overlay" ? Math.min(this.#views.length, 1) : this.#views.length;
    const { clientWidth: width, clientHeight: height } = this.#ui.stage;
    let best = { columns: 1, rows: 1, worth: 0 };
    for (let columns = 1; columns <= count; columns++) {
      const rows = Math.ceil(count / columns);
      const worth = Math.min(width / columns, (height / rows) * 0.62);
      if (worth > best.worth) best = { columns, rows, worth };
    }
    return { ...best, count, width: width / best.columns, height: height / best.rows };
  }

  #place() {
    const { columns, width, height } = this.#cells();
    this.#ui.labels.style.setProperty("--cell", `${width}px`);
    [...this.#ui.labels.children].forEach((tag, index) => {
      tag.style.setProperty("--x", `${(index % columns) * width}px`);
      tag.style.setProperty("--y", `${Math.floor(index / columns) * height}px`);
      tag.style.setProperty("--width", `${width}px`);
    });
  }

  // --- pictures -------------------------------------------------------------------------------------------------

  #tick(now) {
    this.#frame = 0;
    const passed = Math.min((now - this.#last) / 1000, 0.25);
    this.#last = now;
    if (this.#playing) this.#advance(passed * this.#settings.speed);
    const moving = this.#focus(passed);
    this.#render();
    if (this.#playing || moving) this.draw();
  }

  #advance(seconds) {
    this.#time += Math.max(seconds, 0);
    if (this.#time >= this.duration) {
      if (this.#settings.loop) this.#time %= this.duration || 1;
      else {
        this.#time = this.duration;
        this.pause();
      }
    }
    this.#showTime();
  }

  /** Bring each camera towards what it looks at; whether one is still on its way. */
  #focus(passed) {
    const { follow, layout } = this.#settings;
    const share = 1 - Math.exp(-passed / CATCH_UP);
    let moving = false;
    for (const view of this.#views) {
      if (follow) view.clip.position(0, this.#time, focus);
      else focus.set(view.clip.extent.x, 0, view.clip.extent.z);
      focus.y = EYE_HEIGHT * this.#size;
      if (!view.set) view.focus.copy(focus);
      view.set = true;
      view.focus.lerp(focus, share);
      moving ||= view.focus.distanceTo(focus) > 0.004;
    }
    if (layout === "overlay" && this.#views.length > 1) {
      focus.set(0, 0, 0);
      for (const view of this.#views) focus.addScaledVector(view.focus, 1 / this.#views.length);
      this.#views[0].focus.copy(focus);
    }
    return moving;
  }

  #render() {
    const cells = this.#cells();
    const height = this.#ui.stage.clientHeight;
    for (const view of this.#views) {
      view.figure.show(this.#time);
      view.trail.show(this.#time);
    }
    this.#renderer.setScissor(0, 0, this.#ui.stage.clientWidth, height);
    this.#renderer.setViewport(0, 0, this.#ui.stage.clientWidth, height);
    this.#renderer.clear();
    for (let index = 0; index < Math.max(cells.count, 1); index++) {
      const x = (index % cells.columns) * cells.width;
      const y = height - (Math.floor(index / cells.columns) + 1) * cells.height;
      this.#views.forEach((view, other) => (view.group.visible = cells.count === 1 || other === index));
      this.#aim(this.#views[index]?.focus ?? corner.set(0, EYE_HEIGHT, 0), cells.width / cells.height);
      this.#renderer.setViewport(x, y, cells.width, cells.height);
      this.#renderer.setScissor(x, y, cells.width, cells.height);
      this.#renderer.render(this.#scene, this.#camera);
    }
  }

  #aim(target, aspect) {
    const { position, quaternion } = this.#orbit;
    this.#camera.position.copy(position).add(target);
    this.#camera.quaternion.copy(quaternion);
    const narrow = (2 * 180 * Math.atan(Math.tan((NARROWEST * Math.PI) / 360) / aspect)) / Math.PI;
    this.#camera.fov = Math.max(FIELD_OF_VIEW, narrow);
    this.#camera.aspect = aspect;
    this.#camera.updateProjectionMatrix();
    // The floor, its shadow and the lamp go along, so that the world has no edge.
    this.#grid.position.set(target.x, 0, target.z);
    this.#grid.material.uniforms.centre.value.copy(target);
    this.#shadow.position.set(target.x, 0.001, target.z);
    this.#sun.position.set(target.x + 1.6, 4.2, target.z + 1.4);
    this.#sun.target.position.set(target.x, 0.6, target.z);
  }
}
