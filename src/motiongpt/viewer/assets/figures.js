/** What moves on the stage: a skinned human, or a skeleton; and the trail it leaves on the floor. */

import {
  Bone, BufferAttribute, BufferGeometry, Color, CylinderGeometry, Group, InstancedMesh, Line, LineBasicMaterial,
  Matrix4, MeshStandardMaterial, Quaternion, Skeleton, SkinnedMesh, SphereGeometry, Vector3,
} from "./three.min.js";
import { decode } from "./clip.js";

const LEFT = 0x2f78c8;
const RIGHT = 0xe0623f;
const MIDDLE = 0xc9c6c0;
/** Tints that tell overlaid motions apart, also for colour-blind eyes. */
export const TINTS = [0x2f78c8, 0xe0623f, 0x2a9d6f, 0xd9a520, 0x8757b5, 0x4bb0c4, 0xb5476f, 0x7a7a7a];
const THICKNESS = 0.032; // metres, of a figure of 1.7 m
const UP = new Vector3(0, 1, 0);

const q0 = new Quaternion();
const q1 = new Quaternion();
const p0 = new Vector3();
const p1 = new Vector3();
const matrix = new Matrix4();

/** The geometry of a skinned body, made once and shared by all figures. */
export class Body {
  /** @param {object} json as `body_json` of motiongpt.viewer makes it. */
  constructor(json) {
    this.parents = json.parents;
    this.rest = decode(json.rest, Float32Array); // (joints, 3)
    this.geometry = new BufferGeometry();
    this.geometry.setAttribute("position", new BufferAttribute(decode(json.vertices, Float32Array), 3));
    this.geometry.setIndex(new BufferAttribute(decode(json.faces, Uint32Array), 1));
    this.geometry.setAttribute("skinIndex", new BufferAttribute(decode(json.skin_indices, Uint8Array), 4));
    this.geometry.setAttribute("skinWeight", new BufferAttribute(decode(json.skin_weights, Float32Array), 4));
    const colours = decode(json.colours, Uint8Array);
    const linear = new Float32Array(colours.length);
    const colour = new Color();
    for (let i = 0; i < colours.length; i += 3) {
      colour.setRGB(colours[i] / 255, colours[i + 1] / 255, colours[i + 2] / 255, "srgb").toArray(linear, i);
    }
    this.geometry.setAttribute("color", new BufferAttribute(linear, 3));
    this.geometry.computeVertexNormals();
  }
}

/** A human whose skin follows the joint rotations of a clip; the graphics card bends it. */
export class MannequinFigure extends Group {
  constructor(clip, body, tint) {
    super();
    this.clip = clip;
    this.bones = body.parents.map(() => new Bone());
    body.parents.forEach((parent, joint) => {
      const base = parent < 0 ? 0 : parent * 3;
      const own = joint * 3;
      for (const [axis, name] of ["x", "y", "z"].entries()) {
        this.bones[joint].position[name] = body.rest[own + axis] - (parent < 0 ? 0 : body.rest[base + axis]);
      }
      if (parent >= 0) this.bones[parent].add(this.bones[joint]);
    });
    this.material = new MeshStandardMaterial({ roughness: 0.62, metalness: 0, vertexColors: tint === null });
    if (tint !== null) this.material.color.set(tint);
    this.mesh = new SkinnedMesh(body.geometry, this.material);
    this.mesh.add(this.bones[0]);
    this.mesh.bind(new Skeleton(this.bones));
    this.mesh.castShadow = true;
    this.mesh.receiveShadow = true;
    this.mesh.frustumCulled = false;
    // From here on the bones have the clip's own lengths: the skin follows.
    this.mesh.scale.setScalar(clip.pose.scale);
    for (let joint = 1; joint < this.bones.length; joint++) {
      this.bones[joint].position.fromArray(clip.pose.offsets, joint * 3);
    }
    this.add(this.mesh);
  }

  /** Take the pose of a moment. */
  show(seconds) {
    const { index, next, share } = this.clip.at(seconds);
    const { root, rotations } = this.clip.pose;
    const joints = this.clip.joints;
    this.bones[0].position.lerpVectors(p0.fromArray(root, index * 3), p1.fromArray(root, next * 3), share);
    for (let joint = 0; joint < joints; joint++) {
      read(q0, rotations, (index * joints + joint) * 4);
      read(q1, rotations, (next * joints + joint) * 4);
      this.bones[joint].quaternion.slerpQuaternions(q0, q1, share);
    }
  }

  dispose() {
    this.material.dispose();
    this.mesh.skeleton.dispose();
  }
}

function read(quaternion, rotations, at) {
  quaternion.set(rotations[at + 1], rotations[at + 2], rotations[at + 3], rotations[at]).normalize();
}

/** Joints as balls, bones as rods: exactly where the clip says, whatever its skeleton. */
export class SkeletonFigure extends Group {
  constructor(clip, tint) {
    super();
    this.clip = clip;
    this.scaleUp = clip.height / 1.6 || 1;
    this.material = new MeshStandardMaterial({ roughness: 0.55 });
    this.bones = clip.parents.map((parent, joint) => [parent, joint]).filter(([parent]) => parent >= 0);
    this.shape = new CylinderGeometry(1, 1, 1, 20, 1, true);
    this.ball = new SphereGeometry(1, 24, 16);
    this.limbs = this.#instances(this.shape, this.bones.length);
    this.balls = this.#instances(this.ball, clip.joints);
    const colour = new Color();
    const paint = (side) => colour.set(tint ?? (side > 0 ? LEFT : side < 0 ? RIGHT : MIDDLE));
    this.bones.forEach(([, joint], i) => this.limbs.setColorAt(i, paint(clip.sides[joint])));
    clip.sides.forEach((side, joint) => this.balls.setColorAt(joint, paint(side)));
    // The joint no bone leaves and that is highest at rest is the head.
    const ends = clip.parents.map((_, joint) => joint).filter((joint) => !clip.parents.includes(joint));
    this.head = ends.reduce((a, b) => (clip.positions[b * 3 + 1] > clip.positions[a * 3 + 1] ? b : a), ends[0]);
  }

  #instances(geometry, count) {
    const mesh = new InstancedMesh(geometry, this.material, count);
    mesh.castShadow = true;
    mesh.receiveShadow = true;
    mesh.frustumCulled = false;
    this.add(mesh);
    return mesh;
  }

  /** Take the pose of a moment. */
  show(seconds) {
    const thick = THICKNESS * this.scaleUp;
    const scale = new Vector3();
    this.bones.forEach(([parent, joint], i) => {
      this.clip.position(parent, seconds, p0);
      this.clip.position(joint, seconds, p1);
      const length = p0.distanceTo(p1);
      q0.setFromUnitVectors(UP, scale.subVectors(p1, p0).divideScalar(length || 1));
      matrix.compose(p0.add(p1).multiplyScalar(0.5), q0, scale.set(thick, length, thick));
      this.limbs.setMatrixAt(i, matrix);
    });
    q0.identity();
    for (let joint = 0; joint < this.clip.joints; joint++) {
      const size = joint === this.head ? 0.105 * this.scaleUp : thick * 1.2;
      matrix.compose(this.clip.position(joint, seconds, p0), q0, scale.setScalar(size));
      this.balls.setMatrixAt(joint, matrix);
    }
    this.limbs.instanceMatrix.needsUpdate = true;
    this.balls.instanceMatrix.needsUpdate = true;
  }

  dispose() {
    this.material.dispose();
    this.shape.dispose();
    this.ball.dispose();
    this.limbs.dispose();
    this.balls.dispose();
  }
}

/** The way of the root on the floor: faint as a whole, clear as far as it has been walked. */
export class Trail extends Group {
  constructor(clip) {
    super();
    this.clip = clip;
    const points = new Float32Array(clip.frames * 3);
    for (let frame = 0; frame < clip.frames; frame++) {
      points[frame * 3] = clip.positions[frame * clip.joints * 3];
      points[frame * 3 + 1] = 0.004;
      points[frame * 3 + 2] = clip.positions[frame * clip.joints * 3 + 2];
    }
    this.whole = new BufferGeometry().setAttribute("position", new BufferAttribute(points, 3));
    this.walked = this.whole.clone();
    this.faint = new LineBasicMaterial({ transparent: true, opacity: 0.25, depthWrite: false });
    this.clear = new LineBasicMaterial({ transparent: true, opacity: 0.95, depthWrite: false });
    this.add(new Line(this.whole, this.faint), new Line(this.walked, this.clear));
    for (const line of this.children) line.frustumCulled = false;
  }

  /** Mark how far it has been walked. */
  show(seconds) {
    this.walked.setDrawRange(0, this.clip.at(seconds).index + 1);
  }

  /** @param {Color} colour of both lines. */
  paint(colour) {
    this.faint.color.copy(colour);
    this.clear.color.copy(colour);
  }

  dispose() {
    for (const part of [this.whole, this.walked, this.faint, this.clear]) part.dispose();
  }
}
