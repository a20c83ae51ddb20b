"""Where everything that changes lies: one tree under `CENTRALITA_VAR`."""

import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from ivr.settings.environment import Environment

# sockaddr_un.sun_path has 108 bytes with the final zero (unix(7)); Asterisk cuts a longer name off and never answers.
_SOCKET_PATH_LIMIT = 107

# Paths of recordings stand in the command that MixMonitor hands to a shell.
_SHELL_SAFE = re.compile(r"[A-Za-z0-9/._-]+")

# Debian's packages: the Colombian voice has the phrases of every day, the Mexican one has all (asterisk falls back from
# es_CO to es).
_SHIPPED_SOUNDS = {"es_CO": "es_CO_f_Avatar", "es": "es_MX_f_Allison", "en": "en_US_f_Allison"}


class PathError(Exception):
    """A folder cannot be used for this. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one instance. `root` is the provisioned Asterisk, which several instances may share."""

    var: Path
    root: Path

    @classmethod
    def of(cls, environment: Environment) -> "Paths":
        """The folders that the environment names."""
        return cls(environment.var, environment.asterisk_root)

    @property
    def installed(self) -> bool:
        """Whether Asterisk is installed as a package (a root of `/`), in this container or in another one."""
        return self.root == Path("/")

    @property
    def secrets(self) -> Path:
        """Passwords and keys; for this user only."""
        return self.var / "secrets"

    @property
    def asterisk(self) -> Path:
        """Everything of Asterisk."""
        return self.var / "asterisk"

    @property
    def etc(self) -> Path:
        """The rendered configuration."""
        return self.asterisk / "etc"

    @property
    def log(self) -> Path:
        """Asterisk's log and its channel events (`cel-custom/`)."""
        return self.asterisk / "log"

    @property
    def spool(self) -> Path:
        """Asterisk's spool."""
        return self.asterisk / "spool"

    @property
    def run(self) -> Path:
        """Process id and control socket."""
        return self.asterisk / "run"

    @property
    def lib(self) -> Path:
        """The database of registrations."""
        return self.asterisk / "lib"

    @property
    def share(self) -> Path:
        """Sounds, music, and the documentation that Asterisk reads at its start."""
        return self.asterisk / "share"

    @property
    def sounds(self) -> Path:
        """What Asterisk can play by name."""
        return self.share / "sounds"

    @property
    def music(self) -> Path:
        """Files of the music class `default`."""
        return self.share / "moh" / "default"

    @property
    def recordings(self) -> Path:
        """Recorded talks."""
        return self.var / "recordings"

    @property
    def recordings_done(self) -> Path:
        """One empty file for each recording that is complete."""
        return self.recordings / "done"

    @property
    def vault(self) -> Path:
        """Recorded talks, compressed and encrypted."""
        return self.var / "vault"

    @property
    def recipients(self) -> Path:
        """For whom the keys of recordings are wrapped: public."""
        return self.secrets / "recordings.recipients"

    @property
    def identity(self) -> Path:
        """What opens the keys of recordings, unless it is kept elsewhere."""
        return self.secrets / "recordings.identity"

    @property
    def keys_socket(self) -> Path:
        """Where the server's own key service listens."""
        return self.var / "keys" / "socket"

    @property
    def modules(self) -> Path:
        """Asterisk's modules: in the tree's folder of the machine's architecture.

        Raises PathError when the tree is no provisioned Asterisk.
        """
        if self.installed:
            return Path("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "", "asterisk/modules")
        for folder in sorted((self.root / "usr" / "lib").glob("*/asterisk/modules")):
            return folder
        raise PathError(f"{self.root} holds no Asterisk; unpack one with: asterisk-conf/provision.sh {self.root}")

    def check(self) -> None:
        """Raise PathError when Asterisk cannot work under these names; nothing has been made yet."""
        if not _SHELL_SAFE.fullmatch(str(self.recordings_done)):
            raise PathError(
                f"{self.var}: its path may have only letters without accents, digits and / . _ -; set CENTRALITA_VAR "
                "to another folder for every command, for example CENTRALITA_VAR=/var/tmp/centralita"
            )
        socket = self.run / "asterisk.ctl"
        if len(str(socket).encode()) > _SOCKET_PATH_LIMIT:
            raise PathError(f"{socket} is longer than a socket's name may be; set CENTRALITA_VAR to a shorter path")

    def make(self) -> None:
        """Create every folder. Raises PathError when Asterisk could not work there."""
        self.check()
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.secrets, self.vault, self.keys_socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        folders = (self.etc, self.log / "cel-custom", self.spool, self.run, self.lib, self.sounds)
        for folder in (*folders, self.music, self.recordings_done, self.var / "log"):
            folder.mkdir(parents=True, exist_ok=True)
        self._link(self.spool / "monitor", self.recordings)  # where MixMonitor writes names without a folder
        shipped = self.root / "usr" / "share" / "asterisk"
        self._link(self.share / "documentation", shipped / "documentation")
        for language, voice in _SHIPPED_SOUNDS.items():
            self._link(self.sounds / language, shipped / "sounds" / voice)

    @staticmethod
    def _link(link: Path, to: Path) -> None:
        """Make `link` lead to `to`, unless it does, or somebody put a folder of his own there."""
        if link.is_symlink() and link.readlink() != to:
            link.unlink()
        if not link.is_symlink() and not link.exists():
            link.symlink_to(to)
