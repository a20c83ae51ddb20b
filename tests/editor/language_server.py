"""A real YAML language server (npm's yaml-language-server), spoken to as an editor does: JSON-RPC over its stdio."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECONDS = 60
Message = dict[str, Any]


def installed(cache: Path) -> Path:
    """The server's program, installed once into `cache` from the lock file (hashes, no addresses)."""
    if shutil.which("npm") is None:
        raise RuntimeError("node and npm are missing; install them with: asterisk-conf/packages.sh test")
    lock = (HERE / "package-lock.json").read_text()
    program = cache / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    stamp = cache / "installed.json"
    if not (stamp.is_file() and stamp.read_text() == lock and program.is_file()):
        cache.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, cache / name)
        command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        subprocess.run(command, cwd=cache, check=True, timeout=300)
        stamp.write_text(lock)
    return program


@dataclass
class Editor:
    """An editor with one folder open."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    diagnostics: dict[str, list[Message]] = field(default_factory=dict)
    _id: int = 0

    def open(self, name: str, text: str) -> str:
        """Open a file of the folder with this text; gives its URI."""
        uri = (self.folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def problems(self, uri: str) -> list[tuple[int, str]]:
        """What is underlined: line (from 1) and message."""
        while uri not in self.diagnostics:
            self._take(self._read())
        return [(found["range"]["start"]["line"] + 1, found["message"]) for found in self.diagnostics[uri]]

    def completions(self, uri: str, line: int, column: int) -> dict[str, str]:
        """What is offered at a place (both from 1): label -> explanation."""
        answer = self._ask("textDocument/completion", _at(uri, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: _plain(item.get("documentation")) for item in items}

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is explained at a place (both from 1)."""
        answer = self._ask("textDocument/hover", _at(uri, line, column))
        return _plain(answer["contents"]) if answer else ""

    def _ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._id += 1
        wanted = self._id
        self._send({"id": wanted, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == wanted and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._take(message)

    def _tell(self, method: str, params: Mapping[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _take(self, message: Message) -> None:
        """What the server says or asks by itself."""
        if message.get("method") == "textDocument/publishDiagnostics":
            self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif message.get("method") == "workspace/configuration":
            settings = {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}
            sections = [item.get("section") for item in message["params"]["items"]]
            result = [settings if section == "yaml" else None for section in sections]
            self._send({"id": message["id"], "result": result})
        elif "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> Message:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise RuntimeError("the language server has ended")
        message: Message = json.loads(stream.read(length))
        return message


@contextmanager
def editor(program: Path, folder: Path) -> Iterator[Editor]:
    """Start the server for a folder, and end it. A server that says nothing for a minute is ended too."""
    process = subprocess.Popen(
        ("timeout", str(SECONDS), "node", str(program), "--stdio"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    made = Editor(process, folder)
    capabilities = {"workspace": {"configuration": True}, "textDocument": {"hover": {"contentFormat": ["markdown"]}}}
    try:
        made._ask(
            "initialize",
            {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities, "workspaceFolders": None},
        )
        made._tell("initialized", {})
        yield made
        made._ask("shutdown", {})
        made._tell("exit", {})
    finally:
        process.terminate()
        process.wait(10)


def _at(uri: str, line: int, column: int) -> Message:
    return {"textDocument": {"uri": uri}, "position": {"line": line - 1, "character": column - 1}}


def _plain(text: Any) -> str:
    if isinstance(text, dict):
        return str(text.get("value", ""))
    return str(text or "")
