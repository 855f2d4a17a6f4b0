/**
 * Motions and bodies as they come from Python (motiongpt.viewer.clips), and the pose at any moment.
 *
 * Units are metres and seconds, Y is up. Quaternions are (w, x, y, z) relative to the parent joint.
 */

/** Base64 to a typed array; numbers are little-endian, as every browser's machine is. */
export function decode(text, Type) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return new Type(bytes.buffer);
}

const MIX = { index: 0, next: 0, share: 0 };

/** One motion. */
export class Clip {
  /** @param {object} json as `clip_json` of motiongpt.viewer makes it. */
  constructor(json) {
    this.name = json.name;
    this.label = json.label || json.name;
    this.fps = json.fps;
    this.frames = json.frames;
    this.joints = json.parents.length;
    this.parents = json.parents;
    this.sides = json.sides; // -1 right, 0 middle, 1 left
    this.positions = decode(json.positions, Float32Array); // (frames, joints, 3)
    this.pose = null;
    if (json.pose) {
      this.pose = {
        scale: json.pose.scale, // of a body of the mesh's size
        offsets: decode(json.pose.offsets, Float32Array), // (joints, 3)
        root: decode(json.pose.root, Float32Array), // (frames, 3)
        rotations: decode(json.pose.rotations, Int16Array), // (frames, joints, 4), times 32767
      };
    }
    this.codes = json.codes || [];
    this.codeSeconds = json.code_seconds;
    this.given = json.given || []; // [first, end) frames that were not made by the model
    this.height = 0;
    for (let i = 1; i < this.joints * 3; i += 3) this.height = Math.max(this.height, this.positions[i]);
  }

  /** Length in seconds. */
  get seconds() {
    return this.frames / this.fps;
  }

  /** The frames around a moment, and how far it is between them. */
  at(seconds) {
    const frame = Math.min(Math.max(seconds * this.fps, 0), this.frames - 1);
    MIX.index = Math.floor(frame);
    MIX.next = Math.min(MIX.index + 1, this.frames - 1);
    MIX.share = frame - MIX.index;
    return MIX;
  }

  /** Position of a joint at a moment, into a vector with x, y, z. */
  position(joint, seconds, out) {
    const { index, next, share } = this.at(seconds);
    const a = (index * this.joints + joint) * 3;
    const b = (next * this.joints + joint) * 3;
    const p = this.positions;
    out.x = p[a] + (p[b] - p[a]) * share;
    out.y = p[a + 1] + (p[b + 1] - p[a + 1]) * share;
    out.z = p[a + 2] + (p[b + 2] - p[a + 2]) * share;
    return out;
  }

  /** Index of the code that says what happens at a moment, -1 without codes. */
  codeAt(seconds) {
    if (!this.codes.length) return -1;
    return Math.min(Math.floor(seconds / this.codeSeconds + 1e-6), this.codes.length - 1);
  }

  /** Whether the frame shown at a moment was given rather than made. */
  isGiven(seconds) {
    const { index } = this.at(seconds);
    return this.given.some(([first, end]) => index >= first && index < end);
  }

  /** Smallest box on the floor that holds the whole path: {x, z, size}. */
  get extent() {
    let [left, right, back, front] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < this.positions.length; i += this.joints * 3) {
      left = Math.min(left, this.positions[i]);
      right = Math.max(right, this.positions[i]);
      back = Math.min(back, this.positions[i + 2]);
      front = Math.max(front, this.positions[i + 2]);
    }
    return { x: (left + right) / 2, z: (back + front) / 2, size: Math.max(right - left, front - back) };
  }
}

/** Colour of a code: far apart on the wheel for neighbouring numbers, the same wherever the code stands. */
export function codeColour(code) {
  return `hsl(${Math.round((code * 137.508) % 360)} 46% ${58 + (code % 3) * 6}%)`;
}
