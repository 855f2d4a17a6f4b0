"""Ask a server for motions with nothing but Python's standard library, as any other language would.

Start one first: motiongpt serve. Then: python 10_rest_client.py [http://127.0.0.1:8888]
"""

import json
import sys
import urllib.request
from pathlib import Path

API = (sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8888") + "/api/v1"


def post(path: str, body: dict[str, object], accept: str = "application/json") -> bytes:
    headers = {"Content-Type": "application/json", "Accept": accept}
    request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        content: bytes = answer.read()
    return content


# JSON carries joints, length and an id under which the server keeps the motion.
answer = json.loads(post("/generate", {"text": "a person walks forward", "seconds": 3, "seed": 7}))
motion = answer["results"][0]
print(motion["id"], motion["seconds"], "s, seed", motion["seed"])

# The id stands for the motion in later requests: nothing is sent twice.
print(json.loads(post("/describe", {"motion": motion["id"]}))["text"])

# The Accept header chooses a file instead of JSON.
jump = post("/generate", {"text": "a person jumps", "seed": 1}, accept="application/x-bvh")
Path("remote.bvh").write_bytes(jump)
print("remote.bvh,", len(jump), "bytes")
