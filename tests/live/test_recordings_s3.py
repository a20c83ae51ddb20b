"""A bucket that refuses, is slow, breaks off, and lies about what it keeps, and recordings of real talks that are to go
there: each run says why it is not whole, nothing of ours is lost, and when the bucket is well again all is there."""

import asyncio
import json
import re
import shutil
import socket
import threading
from collections.abc import Iterator

import pytest

from ivr.testing.installation import InstanceError
from ivr.testing.instance import Instance
from ivr.testing.ports import free_port
from tests.live.recorded import heard, proved
from tests.live.retained import file_of, state_of, talk
from tests.live.scenes import live, short
from tests.unit.recordings.backup.servers import Line, Swift, swift

PORT = free_port()
CHANGES = short(site={"lines": "12"})
CHANGES["recordings.yaml"] = {
    "backup": {
        "targets": {"nube": {"s3": "calls", "endpoint": f"http://127.0.0.1:{PORT}", "credentials": "nube.secret"}},
        "every": "24 h",
    }
}
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    with swift(tmp_path_factory.mktemp("s3") / "swift") as running:
        yield running


@pytest.fixture
def way(storage: Swift) -> Iterator[Line]:
    """Between the server and the bucket."""
    with socket.create_server(("127.0.0.1", PORT)) as listening:
        made = Line(storage.port, port=PORT)
        threading.Thread(target=made.serve, args=(listening,), daemon=True).start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
        made.close()


@pytest.mark.soak
@live
async def test_it_refuses_is_slow_breaks_off_and_lies(
    line: Instance, storage: Swift, way: Line, tmp_path: object
) -> None:
    folder = line.paths.var / "heard"
    folder.mkdir()
    secret = line.paths.secrets / "nube.secret"
    shutil.copy(storage.folder / "keys", secret)
    secret.chmod(0o600)
    found = [await talk(line, "3000000931"), await talk(line, "3000000932")]
    await line.command("backup", "prepare", "nube")
    sealed = file_of(line, found[0]["recording"]).read_bytes()

    async def run_fails(why: str) -> None:
        with pytest.raises(InstanceError) as told:
            await line.command("backup", "run", "nube")
        assert why in str(told.value)

    way.refuse = FORBIDDEN
    await run_fails("refuses our keys")
    way.refuse = b""

    way.alter = (sealed[200:232], bytes(32))
    await run_fails("did not come back as it was sent")
    way.alter = None

    way.cut_after = len(sealed) // 2
    await run_fails("nube")
    way.cut_after = None

    way.silent = True
    slow = asyncio.create_task(line.command("backup", "run", "nube", "--json"))
    await asyncio.sleep(4)
    assert not slow.done(), "it waits for an answer"
    way.silent = False
    told = json.loads(await slow)
    assert told["problems"] == [] and told["items"] == len(found), told

    proof = await line.command("backup", "prove", "nube", "--recordings", "100")
    assert re.search(r"(\d+) of \1 came back right", proof), proof
    for one in found:
        assert await state_of(line, one) == "kept" and len(await heard(line, one["recording"], folder)) > 0
    verified = await proved(line)
    assert verified.sound, verified.findings
