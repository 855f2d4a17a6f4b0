/** A motion as a row of small figures, with time from left to right. */

import { Clip } from "/viewer/player.js";

const TURN = 0.6; // radians, of the view from the front
const GAP = 0.62; // between figures, as a share of their height

/**
 * Draw figures into a canvas of any size.
 *
 * @param {HTMLCanvasElement} canvas its computed colour is the colour of the trunk.
 * @param {object} json a clip.
 */
export function drawStrip(canvas, json) {
  const ratio = Math.min(devicePixelRatio, 2);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const paper = canvas.getContext("2d");
  paper.scale(ratio, ratio);
  paper.lineCap = paper.lineJoin = "round";
  const clip = new Clip(json);
  const style = getComputedStyle(canvas);
  const colours = [style.getPropertyValue("--right"), style.color, style.getPropertyValue("--left")];
  const tall = Math.max(tallest(clip), 0.5);
  const unit = (height * 0.84) / tall;
  const count = Math.max(2, Math.floor(width / (height * GAP)));
  const place = { x: 0, y: 0, z: 0 };
  for (let slot = 0; slot < count; slot++) {
    const time = (slot / (count - 1)) * ((clip.frames - 1) / clip.fps);
    const centre = ((slot + 0.5) * width) / count;
    const root = { ...clip.position(0, time, place) };
    const points = clip.parents.map((_, joint) => {
      const { x, y, z } = clip.position(joint, time, place);
      const across = (x - root.x) * Math.cos(TURN) - (z - root.z) * Math.sin(TURN);
      const depth = (x - root.x) * Math.sin(TURN) + (z - root.z) * Math.cos(TURN);
      return { x: centre + across * unit, y: height * 0.94 - y * unit + depth * unit * 0.12, depth };
    });
    figure(paper, clip, points, unit, colours);
  }
}

function tallest(clip) {
  let top = 0;
  for (let i = 1; i < clip.positions.length; i += 3) top = Math.max(top, clip.positions[i]);
  return top;
}

function figure(paper, clip, points, unit, colours) {
  const bones = clip.parents.map((parent, joint) => ({ parent, joint })).filter(({ parent }) => parent >= 0);
  bones.sort((a, b) => points[a.joint].depth - points[b.joint].depth);
  const ends = clip.parents.map((_, joint) => joint).filter((joint) => !clip.parents.includes(joint));
  const head = ends.reduce((a, b) => (clip.positions[b * 3 + 1] > clip.positions[a * 3 + 1] ? b : a), ends[0]);
  paper.lineWidth = Math.max(unit * 0.075, 1.4);
  for (const { parent, joint } of bones) {
    paper.strokeStyle = colours[clip.sides[joint] + 1];
    paper.beginPath();
    paper.moveTo(points[parent].x, points[parent].y);
    paper.lineTo(points[joint].x, points[joint].y);
    paper.stroke();
  }
  paper.fillStyle = colours[1];
  paper.beginPath();
  paper.arc(points[head].x, points[head].y - unit * 0.03, Math.max(unit * 0.11, 1.8), 0, 7);
  paper.fill();
}

/** A canvas that redraws its clip when its size changes. */
export function strip(json, className = "strip") {
  const canvas = Object.assign(document.createElement("canvas"), { className });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Poses of: ${json.label}`);
  canvas.redraw = () => drawStrip(canvas, canvas.clip ?? json);
  new ResizeObserver(canvas.redraw).observe(canvas);
  return canvas;
}
