"""Generate what the sentences of the blind benchmark say, judge it, and print how much is done and clean.

    python benchmarks/blind/run.py --set dev|held1|held2 --out DIR [--seeds 0] [--retrieval on|off] [--model FOLDER]
        [--rejudge]

The folder gets one file of joints a sentence and seed, and report.json. --rejudge generates nothing: it judges the
joints that the folder has. Sentences of held sets are neither printed nor written: nobody reads them, see README.md.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import platform
import sys
import warnings
from pathlib import Path
from typing import Any

import faults
import numpy as np
import torch
from judge import judge
from tqdm import tqdm

import motiongpt
from motiongpt.errors import MotionGPTError
from motiongpt.files import atomic_path

FOLDER = Path(__file__).parent
SETS = {"dev": "dev.json", "held1": "held1.json.gz", "held2": "held2.json.gz"}


def load_set(name: str) -> list[dict[str, Any]]:
    """The items of a set: id, group, text, checks, and air or free where faults are judged differently."""
    content = (FOLDER / SETS[name]).read_bytes()
    return json.loads(gzip.decompress(content) if SETS[name].endswith(".gz") else content)


def fingerprint(text: str) -> str:
    """What a file of joints has in place of its sentence."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=tuple(SETS), default="dev")
    parser.add_argument("--out", type=Path, required=True, help="folder of joints and report.json")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one motion a sentence for each seed")
    parser.add_argument("--retrieval", choices=("on", "off"), default="on", help="let recordings compete, or not")
    parser.add_argument("--model", help="model folder or hub id; the embedded model by default")
    parser.add_argument("--rejudge", action="store_true", help="judge the joints in --out, generate nothing")
    return parser.parse_args()


def generate(model: Any, item: dict[str, Any], seed: int, retrieval: str, path: Path) -> str:
    """Write the joints of one motion; the error instead, if there is one."""
    path.unlink(missing_ok=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning may quote the sentence
            motion = model.generate(item["text"], seed=seed, retrieval=retrieval)
    except Exception as error:  # one sentence that fails is not done; a traceback would show a held one
        return f"{type(error).__name__}: {error}"
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, joints=motion.joints.astype(np.float32), sentence=fingerprint(item["text"]))
    return ""


def stored(path: Path, item: dict[str, Any]) -> np.ndarray | None:
    """Joints (T, 22, 3) of a sentence, None where the folder has none of it."""
    if not path.is_file():
        return None
    with np.load(path) as file:
        return file["joints"] if str(file["sentence"]) == fingerprint(item["text"]) else None


def verdict(item: dict[str, Any], seed: int, joints: np.ndarray | None, error: str) -> dict[str, Any]:
    """One row of the report."""
    row: dict[str, Any] = {"id": item["id"], "group": item["group"], "text": item["text"], "seed": seed}
    if joints is None:
        return row | {"done": False, "clean": False, "error": error or "not generated", "checks": [], "faults": {}}
    done, results = judge(joints, item["checks"])
    found = faults.faults(joints, item.get("air", False), item.get("free", False))
    checks = [{"ok": ok, "check": name, "why": why} for ok, name, why in results]
    return row | {"done": done, "clean": found["clean"], "frames": len(joints), "faults": found, "checks": checks}


def sharing(motions: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """Ids of sentences that got the same motion as others."""
    shared: dict[str, list[str]] = {}
    ids = list(motions)
    for index, one in enumerate(ids):
        for other in ids[index + 1 :]:
            if faults.same_motion(motions[one], motions[other]):
                shared.setdefault(one, []).append(other)
                shared.setdefault(other, []).append(one)
    return shared


def rate_table(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Percentages of motions that do what the sentence says, are free of faults, and both, by group."""
    table = {}
    for group in [*dict.fromkeys(row["group"] for row in rows), "all"]:
        chosen = [row for row in rows if group in ("all", row["group"])]
        table[group] = {
            "n": len(chosen),
            "done": 100 * sum(row["done"] for row in chosen) / len(chosen),
            "clean": 100 * sum(row["clean"] for row in chosen) / len(chosen),
            "both": 100 * sum(row["done"] and row["clean"] for row in chosen) / len(chosen),
        }
    return table


def fault_rates(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Percentages of motions with each fault, and of frames off the floor in running ones."""
    found = [row["faults"] for row in rows if row["faults"]]
    running = [one for one in found if one["running"]]

    def share(name: str) -> float:
        return 100 * sum(bool(one[name]) for one in found) / max(1, len(found))

    def mean(name: str) -> float:
        return 100 * float(np.mean([one[name] for one in running])) if running else float("nan")

    return {
        "running_clips": len(running),
        "running_off_floor": mean("run_off_floor"),
        "running_off_floor_y0": mean("run_off_floor0"),
        "gliding": share("glides"),
        "floating": share("floats"),
        "floating_y0": share("floats0"),
        "penetrating": share("penetrates"),
        "jumping": share("jumps_pos"),
        "jumping_literal": share("jumps_literal"),
    }


def print_tables(table: dict[str, dict[str, float]], rates: dict[str, float], shared: int, sentences: int) -> None:
    print(f"\n{'group':12s} {'n':>4s} {'done':>6s} {'clean':>6s} {'both':>6s}")
    for group, t in table.items():
        print(f"{group:12s} {t['n']:4d} {t['done']:5.1f}% {t['clean']:5.1f}% {t['both']:5.1f}%")
    off, off0 = rates["running_off_floor"], rates["running_off_floor_y0"]
    print(f"\nrunning clips {rates['running_clips']}: frames off the floor {off:.1f}% (floor y=0: {off0:.1f}%)")
    print(
        f"gliding {rates['gliding']:.1f}%  floating {rates['floating']:.1f}% (floor y=0: {rates['floating_y0']:.1f}%)  "
        f"penetrating {rates['penetrating']:.1f}%  jumping {rates['jumping']:.1f}% "
        f"(literal 15 cm / 40 cm: {rates['jumping_literal']:.1f}%)"
    )
    print(f"sentences sharing a motion with another: {shared} of {sentences}")


def report_rows(rows: list[dict[str, Any]], held: bool) -> list[dict[str, Any]]:
    """The rows as the report has them: of held sets without what would give a sentence away."""
    hidden = ("text", "checks", "error") if held else ()
    return [{name: value for name, value in row.items() if name not in hidden} for row in rows]


def settings(arguments: argparse.Namespace, model: Any) -> dict[str, Any]:
    """Machine, versions and options of a run; where joints are judged again, also what they were made with."""
    path = arguments.out / "settings.json"
    found = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, Python {platform.python_version()}",
        "versions": f"motiongpt {motiongpt.__version__}, torch {torch.__version__}, numpy {np.__version__}",
        "set": arguments.set,
        "seeds": arguments.seeds,
    }
    if model is None:
        made = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else "unknown"
        return found | {"joints made with": made}
    found |= {"model": f"{arguments.model or 'embedded'} {model.fingerprint()}", "retrieval": arguments.retrieval}
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def main() -> None:
    arguments = parse_arguments()
    items, held = load_set(arguments.set), arguments.set != "dev"
    if arguments.rejudge and not arguments.out.is_dir():
        raise MotionGPTError(f"--rejudge: there is no folder {arguments.out}; generate into it first.")
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = None if arguments.rejudge else motiongpt.MotionGPT.from_pretrained(arguments.model)
    used = settings(arguments, model)
    for name, value in {**used, "N": f"{len(items)} sentences x {len(arguments.seeds)} seeds"}.items():
        print(f"{name}: {value}", flush=True)
    rows, motions = [], {}
    for item in tqdm(items, disable=None):
        for seed in arguments.seeds:
            path = arguments.out / f"{item['id']}_{seed}.npz"
            error = "" if model is None else generate(model, item, seed, arguments.retrieval, path)
            joints = stored(path, item)
            rows.append(verdict(item, seed, joints, error))
            if joints is not None and seed == arguments.seeds[0]:
                motions[item["id"]] = joints
    table, rates, shared = rate_table(rows), fault_rates(rows), sharing(motions)
    print_tables(table, rates, len(shared), len(motions))
    failed = [row["error"] for row in rows if row.get("error")]
    if failed:
        print(f"errors: {len(failed)}" + ("" if held else f", the first: {failed[0]}"))
    if not held:
        print("\nnot done:")
        for row in rows:
            if not row["done"]:
                reasons = "; ".join(f"{c['check']} {c['why']}" for c in row["checks"] if not c["ok"])
                print(f"  {row['id']} [{row['group']}] {row['text']} :: {reasons}")
    report = {"settings": used, "table": table, "faults": rates, "shared": shared, "items": report_rows(rows, held)}
    with atomic_path(arguments.out / "report.json") as temporary:
        content = json.dumps(report, indent=1, default=lambda value: value.item())
        temporary.write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MotionGPTError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
