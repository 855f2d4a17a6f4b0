"""Files for the web, read by the programs of the web: the Khronos validator in node, three.js in Chromium."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MODULES = Path(__file__).resolve().parents[1] / "node_modules"
_ORIGIN = "http://tests.invalid"

_VALIDATE = """
const validator = require('gltf-validator');
const bytes = new Uint8Array(require('fs').readFileSync(process.argv[1]));
validator.validateBytes(bytes, {maxIssues: 100}).then(report => console.log(JSON.stringify(report)));
"""

_PAGE = """<!doctype html><script type="importmap">
{"imports": {"three": "/three/build/three.module.js", "three/": "/three/"}}
</script><script type="module">
import * as THREE from 'three';
import {GLTFLoader} from 'three/examples/jsm/loaders/GLTFLoader.js';

// Positions of the vertices and bones in the world at some times of a clip.
window.sample = async (clip, times) => {
  const gltf = await new GLTFLoader().loadAsync('/file.glb');
  const mixer = new THREE.AnimationMixer(gltf.scene);
  const animation = gltf.animations.find(one => one.name === clip);
  mixer.clipAction(animation).play();
  const skinned = [];
  gltf.scene.traverse(node => { if (node.isSkinnedMesh) skinned.push(node); });
  const point = new THREE.Vector3();
  return times.map(time => {
    mixer.setTime(time);
    gltf.scene.updateMatrixWorld(true);
    const vertices = [];
    // The parts of the body share their vertices.
    const mesh = skinned[0];
    for (let i = 0; i < mesh.geometry.attributes.position.count; i++) {
      mesh.getVertexPosition(i, point).applyMatrix4(mesh.matrixWorld);
      vertices.push(point.x, point.y, point.z);
    }
    const bones = {};
    for (const bone of mesh.skeleton.bones) bones[bone.name] = bone.getWorldPosition(point).toArray();
    return {vertices, bones, duration: animation.duration, clips: gltf.animations.map(one => one.name)};
  });
};

// A strip of a clip: one picture at each time, seen from the front and the side, floor at height 0.
window.strip = async (clip, times, width, height, turn) => {
  const gltf = await new GLTFLoader().loadAsync('/file.glb');
  const scene = new THREE.Scene();
  scene.background = new THREE.Color(0xeef1f4);
  scene.add(gltf.scene, new THREE.HemisphereLight(0xffffff, 0x8899aa, 2.2));
  const sun = new THREE.DirectionalLight(0xffffff, 2.0);
  const grid = new THREE.GridHelper(40, 80, 0x7f8a95, 0xaab4bd);
  scene.add(sun, grid);
  const mixer = new THREE.AnimationMixer(gltf.scene);
  mixer.clipAction(gltf.animations.find(one => one.name === clip)).play();
  const renderer = new THREE.WebGLRenderer({antialias: true, preserveDrawingBuffer: true});
  renderer.setSize(width, height);
  const sheet = document.createElement('canvas');
  sheet.width = width * times.length; sheet.height = height;
  const box = new THREE.Box3(), part = new THREE.Box3(), centre = new THREE.Vector3();
  let size = 0;
  const skinned = [];
  gltf.scene.traverse(node => {
    node.frustumCulled = false;
    if (node.isSkinnedMesh) skinned.push(node);
  });
  const around = () => {
    box.makeEmpty();
    gltf.scene.updateMatrixWorld(true);
    for (const mesh of skinned) {
      mesh.computeBoundingBox();
      box.union(part.copy(mesh.boundingBox).applyMatrix4(mesh.matrixWorld));
    }
    return box.getCenter(centre);
  };
  times.forEach((time, i) => {
    mixer.setTime(time);
    around();
    size = size || Math.max(box.max.y - box.min.y, 1e-3) * 1.25;
    sun.position.set(centre.x + 3 * size, centre.y + 6 * size, centre.z + 5 * size);
    const camera = new THREE.PerspectiveCamera(24, width / height, size / 50, size * 50);
    const far = size * 2.5;
    camera.position.set(centre.x + far * Math.sin(turn), centre.y + 0.2 * far, centre.z + far * Math.cos(turn));
    camera.lookAt(centre.x, centre.y, centre.z);
    renderer.render(scene, camera);
    sheet.getContext('2d').drawImage(renderer.domElement, i * width, 0);
  });
  renderer.dispose();
  return sheet.toDataURL('image/png');
};
window.ready = true;
</script>"""


def need_modules() -> None:
    """Skip where the modules of tests/package.json are not installed."""
    if shutil.which("node") is None:
        pytest.skip("needs node")
    if not (MODULES / "three").is_dir() or not (MODULES / "gltf-validator").is_dir():
        pytest.skip("needs the modules of tests/package.json (npm install --prefix tests)")


def validate(path: Path) -> dict[str, Any]:
    """The report of the Khronos glTF validator."""
    need_modules()
    done = subprocess.run(
        ["node", "-e", _VALIDATE, str(path)], cwd=MODULES.parent, capture_output=True, text=True, check=True
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


class Three:
    """A page with three.js in a headless Chromium."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._file = Path()
        page.route("**/*", self._serve)
        page.goto(f"{_ORIGIN}/")
        page.wait_for_function("window.ready")

    def _serve(self, route: Any) -> None:
        address = route.request.url.removeprefix(_ORIGIN)
        path = self._file if address == "/file.glb" else MODULES / address.lstrip("/")
        if address == "/":
            route.fulfill(body=_PAGE, content_type="text/html")
        elif path.is_file():
            kind = "text/javascript" if path.suffix == ".js" else "application/octet-stream"
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.fulfill(status=404, body="")

    def sample(self, path: Path, clip: str, times: list[float]) -> list[dict[str, Any]]:
        """A clip of a GLB: at each time vertices (V, 3), places of bones by name, duration, names of all clips."""
        self._file = path
        frames: list[dict[str, Any]] = self._page.evaluate("([clip, times]) => sample(clip, times)", [clip, times])
        for frame in frames:
            frame["vertices"] = np.array(frame["vertices"]).reshape(-1, 3)
        return frames

    def strip(
        self, path: Path, clip: str, times: list[float], *, size: tuple[int, int] = (220, 320), turn: float = 0.6
    ) -> bytes:
        """A PNG of a clip of a GLB, drawn by three.js: one picture at each time, from ``turn`` radians off +Z to +X."""
        self._file = path
        text: str = self._page.evaluate(
            "([clip, times, width, height, turn]) => strip(clip, times, width, height, turn)",
            [clip, times, *size, turn],
        )
        return base64.b64decode(text.partition(",")[2])


@contextmanager
def open_three(chromium: Any) -> Iterator[Three]:
    """A page of the browser; skips where node modules are missing."""
    need_modules()
    page = chromium.new_page()
    page.set_default_timeout(180_000)
    yield Three(page)
    page.close()
