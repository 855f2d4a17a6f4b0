"""The verb serve, as a process of its own."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from motiongpt.web.client import Client

pytest.importorskip("fastapi")


def test_it_serves_until_it_is_stopped(tiny_model_folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "motiongpt", "serve", "--model", str(tiny_model_folder), "--port", str(port)]
    with subprocess.Popen([*command, "--token", "secret"], stderr=subprocess.PIPE, text=True) as process:
        client = Client(f"http://127.0.0.1:{port}", "secret")
        client.wait(120)
        assert client.generate("a person walks", seconds=1.0)[0].motion.seconds == 1.0
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert second.returncode == 2
        assert f"port {port}: it may be in use" in second.stderr
        process.send_signal(signal.SIGTERM)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
    assert f"http://127.0.0.1:{port}/" in messages
    assert "Traceback" not in messages
