"""The places that copies go to: of the site, and as they are written at a command."""

from pathlib import Path

import pytest

from ivr.backup.targets import NoTarget, Options, as_json, is_place, named, of_json, spoken, target_of
from ivr.site.recordings import BackupSettings, BackupTarget, FolderPlace, HostPlace, S3Place
from recordings.backup.folder import FolderTarget
from recordings.backup.s3 import S3Target
from recordings.backup.ssh import SshTarget

FOLDER = BackupTarget(name="disco", place=FolderPlace(path="/backup"))
HOST = BackupTarget(
    name="sede",
    place=HostPlace(user="u", host="192.0.2.20", path="/b", key_file="k.key", known_hosts="/etc/known", port=2222),
)
S3 = BackupTarget(
    name="nube", place=S3Place(bucket="calls", endpoint="", region="sa-east-1", prefix="here/", credentials="n.secret")
)


@pytest.mark.parametrize("target", [FOLDER, HOST, S3], ids=lambda target: target.name)
def test_a_target_goes_to_another_process_and_back(target: BackupTarget) -> None:
    assert of_json(as_json(target)) == target


def test_each_place_is_opened_by_its_own_kind() -> None:
    secrets = Path("/var/secrets")
    folder, host, s3 = (target_of(one, secrets) for one in (FOLDER, HOST, S3))
    assert isinstance(folder, FolderTarget) and folder.name == "disco"
    assert isinstance(host, SshTarget) and (host._key, host._known_hosts) == (secrets / "k.key", Path("/etc/known"))
    assert host._port == 2222
    assert isinstance(s3, S3Target) and s3._endpoint == "https://s3.sa-east-1.amazonaws.com"
    assert (s3._above, s3._credentials) == ("here/", secrets / "n.secret")
    mine = target_of(
        BackupTarget(
            name="m",
            place=S3Place(bucket="b", endpoint="https://s3.example.com", region="", prefix="", credentials="/c"),
        ),
        secrets,
    )
    assert isinstance(mine, S3Target) and (mine._endpoint, mine._region, mine._above) == (
        "https://s3.example.com", "us-east-1", "",
    )  # fmt: skip


def test_a_place_is_understood_as_it_is_written() -> None:
    options = Options(key="/k", known_hosts="/h", port=2222, region="sa-east-1", credentials="/c")
    assert spoken("/backup/c", options).place == FolderPlace(path="/backup/c")
    assert spoken("./c", options).place == FolderPlace(path=str(Path.cwd() / "c"))
    assert spoken("u@192.0.2.20:/b", options).place == HostPlace(
        user="u", host="192.0.2.20", path="/b", key_file="/k", known_hosts="/h", port=2222
    )
    assert spoken("u@[2001:db8::1]:b", options).place.host == "[2001:db8::1]"  # type: ignore[union-attr]
    assert spoken("s3://calls/here", options).place == S3Place(
        bucket="calls", endpoint="", region="sa-east-1", prefix="here", credentials="/c"
    )
    assert [is_place(text) for text in ("disco", "/b", "u@h:b", "s3://b", "b/c", "..")] == [False, *[True] * 5]


@pytest.mark.parametrize(
    ("text", "options", "needs"),
    [
        ("u@h:b", Options(known_hosts="/h"), "--key"),
        ("u@h:b", Options(key="/k"), "--known-hosts"),
        ("s3://b", Options(region="r"), "--credentials"),
        ("s3://b", Options(credentials="/c"), "--region"),
        ("u@h", Options(), "is no place"),
    ],
)
def test_what_a_place_lacks_is_told(text: str, options: Options, needs: str) -> None:
    with pytest.raises(NoTarget, match=needs):
        spoken(text, options)


def test_a_target_that_the_site_has_not_is_told() -> None:
    settings = BackupSettings(targets=(FOLDER, HOST))
    assert named(settings, "sede") is HOST
    with pytest.raises(NoTarget, match="there are disco, sede"):
        named(settings, "nube")
    with pytest.raises(NoTarget, match="names no target"):
        named(None, "nube")
