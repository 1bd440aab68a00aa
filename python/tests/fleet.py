"""A live fleet: the authority and a TypeScript bot as child processes, and Python bots in this one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import interlock

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "python"
MANIFEST = EXAMPLE / "src" / "gen" / "interlock.manifest.json"
NODE = os.environ.get("NODE", "node")
CLI = ROOT / "packages" / "cli" / "bin" / "interlock.js"


def generate_stubs(folder: Path) -> None:
    """Runs protoc for the example's protos, and makes the result importable."""
    protos = sorted(str(path) for path in (EXAMPLE / "protos").rglob("*.proto"))
    paths = [f"-I{EXAMPLE / 'protos'}", f"-I{ROOT / 'protos'}"]
    out = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *paths, *out, *protos], check=True)
    sys.path.insert(0, str(folder))


class Process:
    """A child process that prints lines."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str] | None = None) -> None:
        self._child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def next(self, key: str, timeout: float = 30.0) -> dict[str, Any]:
        """The next line, JSON, that has `key`; others are skipped."""
        while True:
            line = self._lines.get(timeout=timeout)
            if line is None:
                raise RuntimeError("the process has ended")
            message: dict[str, Any] = json.loads(line)
            if key in message:
                return message

    def ask(self, line: str) -> None:
        assert self._child.stdin
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()

    def pause(self) -> None:
        """Stops the process where it is."""
        self._child.send_signal(19)

    def resume(self) -> None:
        self._child.send_signal(18)

    def stop(self) -> None:
        self._child.send_signal(18)
        self._child.terminate()
        self._child.wait(30)

    def _read(self) -> None:
        assert self._child.stdout
        for line in self._child.stdout:
            if line.strip():
                self._lines.put(line)
        self._lines.put(None)


class Fleet:
    """An authority of its own, in a temporary folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.up = Process([NODE, str(CLI), "up", "--port", "0", "--trust-domain", "lab", "--json", *options], folder)
        self.authority: str = self.up.next("authority")["authority"]
        self._bots: list[interlock.Bot] = []
        self._shared: dict[str, interlock.Bot] = {}
        self._processes: list[Process] = []

    def command(self, *args: str, check: bool = True) -> dict[str, Any]:
        """Runs an `interlock` command, and gives its JSON."""
        done = subprocess.run([NODE, str(CLI), *args, "--json"], cwd=self.folder, capture_output=True, text=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        if check and not answer["ok"]:
            raise RuntimeError(f"interlock {' '.join(args)}: {answer}")
        return answer

    def grants(self, text: str) -> None:
        file = self.folder / "grants.yaml"
        file.write_text(text)
        self.command("grants", "apply", str(file))

    def invite(self, name: str) -> str:
        token: str = self.command("invite", name)["joinToken"]
        return token

    def state_dir(self, name: str) -> Path:
        return self.folder / ".interlock" / "bots" / name

    def bot(self, name: str, **options: Any) -> interlock.Bot:
        """Joins a Python bot; one of each name, unless it has options of its own."""
        if not options and name in self._shared:
            return self._shared[name]
        shared = not options
        token = None if (self.state_dir(name) / "identity.pem").exists() else self.invite(name)
        options = {"manifest": MANIFEST, "state_dir": self.state_dir(name), **options}
        bot = interlock.join(self.authority, name, token, **options)
        self._bots.append(bot)
        if shared:
            self._shared[name] = bot
        return bot

    def thermometer(self, name: str) -> tuple[Process, str]:
        """Starts a TypeScript bot that serves ThermometerService."""
        program = [NODE, str(EXAMPLE / "dist" / "thermometer-bot.js"), self.authority, name, str(self.state_dir(name))]
        child = Process(program, self.folder, {"INTERLOCK_JOIN_TOKEN": self.invite(name)})
        self._processes.append(child)
        return child, child.next("address")["address"]

    def stop(self) -> None:
        for bot in self._bots:
            bot.close()
        for child in self._processes:
            child.stop()
        self.up.stop()
