"""Files as one: what goes in comes out, and nothing else; nothing leads out of the folder."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from ivr.backup.packing import NotAPack, fingerprint, own_files, pack, site_files, unpack


def filled(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def packed(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(tmp_path / "pack", "w:gz") as tar:
        for told, data in members:
            told.size = len(data) if told.isreg() else 0
            tar.addfile(told, io.BytesIO(data))
    return tmp_path / "pack"


def told(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, to
    return made


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    here = filled(tmp_path / "here", a="one", deep__er__b="two", empty="")
    (here / "a").chmod(0o640)
    os.utime(here / "a", (1_000_000, 1_000_000))
    pack(own_files(here, "var/x"), tmp_path / "pack")
    assert unpack(tmp_path / "pack", tmp_path / "there") == ["var/x/a", "var/x/deep/er/b", "var/x/empty"]
    came = tmp_path / "there/var/x"
    assert [(came / name).read_text() for name in ("a", "deep/er/b", "empty")] == ["one", "two", ""]
    assert (came / "a").stat().st_mode & 0o777 == 0o640 and (came / "a").stat().st_mtime == 1_000_000
    assert (came / "deep").stat().st_mode & 0o777 == 0o700


def test_the_same_files_are_the_same_pack(tmp_path: Path) -> None:
    here = filled(tmp_path / "here", a="one", b="two")
    for name in ("first", "second"):
        pack(own_files(here, "var/x"), tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_files_that_are_one_are_stored_once(tmp_path: Path) -> None:
    here = filled(tmp_path / "here", a="x" * 100_000)
    for number in range(5):
        os.link(here / "a", here / f"b{number}")
    pack(own_files(here, "var/x"), tmp_path / "pack")
    with tarfile.open(tmp_path / "pack") as tar:
        assert [member.type for member in tar] == [tarfile.REGTYPE] + [tarfile.LNKTYPE] * 5
    unpack(tmp_path / "pack", tmp_path / "there")
    assert len({file.stat().st_ino for file in (tmp_path / "there/var/x").iterdir()}) == 1


def test_links_of_people_are_followed_and_ours_are_not(tmp_path: Path) -> None:
    elsewhere = filled(tmp_path / "elsewhere", a="one")
    here = filled(tmp_path / "here", b="two", _git__c="three")
    (here / "link").symlink_to(elsewhere)
    (here / ".git").mkdir()
    (here / ".git/config").write_text("hidden")
    (here / "loop").symlink_to(here)
    (here / "dead").symlink_to(here / "nothing")
    found = {piece.path for piece in site_files(here, "config")}
    assert {"config/b", "config/link/a"} <= found and not any(".git/" in path for path in found)
    assert [piece.path for piece in own_files(here, "var/x")] == ["var/x/.git/config", "var/x/_git/c", "var/x/b"]
    assert own_files(tmp_path / "not there", "var/y") == []


def test_what_vanishes_meanwhile_is_left_out(tmp_path: Path) -> None:
    here = filled(tmp_path / "here", a="one", b="two")
    pieces = own_files(here, "var/x")
    (here / "a").unlink()
    pack(pieces, tmp_path / "pack")
    assert unpack(tmp_path / "pack", tmp_path / "there") == ["var/x/b"]


def test_a_fingerprint_tells_every_change(tmp_path: Path) -> None:
    here = filled(tmp_path / "here", a="one", b="two")
    seen = {fingerprint(own_files(here, "var/x"))}
    assert fingerprint(own_files(here, "var/x")) in seen
    seen.add(fingerprint(own_files(here, "var/x"), ["age1another"]))
    (here / "a").write_text("three")
    seen.add(fingerprint(own_files(here, "var/x")))
    (here / "c").touch()
    seen.add(fingerprint(own_files(here, "var/x")))
    (here / "c").unlink()
    os.utime(here / "a", (5, 5))
    seen.add(fingerprint(own_files(here, "var/x")))
    assert len(seen) == 5


@pytest.mark.parametrize(
    "name", ["../evil", "var/../../evil", "/etc/evil", "evil", "var", "var//evil", "var/./evil", "home/evil"]
)
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotAPack):
        unpack(packed(tmp_path, (told(name), b"evil")), tmp_path / "there")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_only_files_come_out(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(NotAPack):
        unpack(packed(tmp_path, (told("var/x", kind, "/etc/passwd"), b"")), tmp_path / "there")


def test_a_hard_link_leads_only_to_what_came_before(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for to in ("../../secret", str(tmp_path / "secret"), "var/later"):
        with pytest.raises(NotAPack):
            unpack(packed(tmp_path, (told("var/x", tarfile.LNKTYPE, to), b"")), tmp_path / "there")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    filled(tmp_path / "there", var__x="mine")
    with pytest.raises(NotAPack):
        unpack(packed(tmp_path, (told("var/x"), b"theirs")), tmp_path / "there")
    assert (tmp_path / "there/var/x").read_text() == "mine"


def test_what_is_cut_or_no_pack_is_told(tmp_path: Path) -> None:
    pack(own_files(filled(tmp_path / "here", a="one" * 10_000), "var/x"), tmp_path / "pack")
    whole = (tmp_path / "pack").read_bytes()
    for content in (whole[:-20], whole[:30], b"", b"no pack at all"):
        (tmp_path / "cut").write_bytes(content)
        with pytest.raises(NotAPack):
            unpack(tmp_path / "cut", tmp_path / f"there{len(content)}")
