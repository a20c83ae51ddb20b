"""S3-compatible storage as target.

Nothing the server says about a hash is believed: what counts is what is read back. The bucket must keep no versions:
an object that was deleted has to be gone.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions
from obstore.store import S3Store

from recordings.backup.targets import (
    CHUNK,
    Entry,
    ObjectMissing,
    Pace,
    TargetError,
    checked,
    only_ours,
    reading,
    size_of,
    unbounded,
)

if TYPE_CHECKING:
    from obstore.store import ClientConfig

WHOLE = 32 << 20
"""Up to so many bytes an object goes in one request, from memory: an upload in parts that is cut leaves invisible parts
behind, which only a rule of the bucket removes."""
PART = 8 << 20
PROBE = b"can this bucket be written to?"

_STATUS = re.compile(r"\b(?:status(?: code)?:? |HTTP )(\d{3})\b", re.IGNORECASE)
_KEYS = {
    "access_key_id": "access_key_id",
    "aws_access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "aws_secret_access_key": "secret_access_key",
}


class S3Target:
    """A bucket, or a folder of one."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str,
        credentials: Path,
        region: str = "us-east-1",
        folder: str = "",
        name: str = "s3",
        seconds: float = 60.0,
        ca: Path | None = None,
    ) -> None:
        """`endpoint` with http:// or https://; `credentials`: a file like the one of AWS, readable by us only;
        `seconds`: how long the server may say nothing; `ca`: the certificate that signed the server's."""
        self._bucket, self._endpoint, self._credentials, self._region = bucket, endpoint, credentials, region
        self._above = f"{checked(folder)}/" if folder else ""
        self._name, self._seconds, self._ca = name, seconds, ca
        self._opened: S3Store | None = None

    @property
    def name(self) -> str:
        return self._name

    def prepare(self) -> None:
        """Nothing to be made: the bucket is the administrator's."""
        self.check()

    def check(self) -> None:
        probe = f"{self._above}probe"
        with self._told():
            said = obstore.put(self._store(), probe, PROBE, use_multipart=False)
            back = bytes(obstore.get(self._store(), probe).bytes())
            obstore.delete(self._store(), probe)
        if back != PROBE:
            raise self._lies("a probe came back altered")
        if said["version"] not in (None, "", "null"):
            raise TargetError(
                self._name,
                f"bucket {self._bucket} keeps versions: what is deleted would not be gone",
                "suspend its versioning, or use a bucket without",
            )
        with suppress(ObjectMissing), self._told("probe"):
            obstore.head(self._store(), probe)
            raise self._lies("a deleted probe is still there")

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        at, chunks = self._above + checked(name), reading(name, source, sha256, pace)
        if size_of(source) <= WHOLE:
            whole = b"".join(chunks)
            with self._told():
                obstore.put(self._store(), at, whole, use_multipart=False)
            return
        with self._told():
            obstore.put(self._store(), at, chunks, use_multipart=True, chunk_size=PART, max_concurrency=2)

    def get(self, name: str) -> Iterator[bytes]:
        with self._told(name):
            stream = iter(obstore.get(self._store(), self._above + checked(name)).stream(min_chunk_size=CHUNK))
        while True:
            with self._told(name):
                chunk = next(stream, None)
            if chunk is None:
                return
            yield bytes(chunk)

    def stat(self, name: str) -> int | None:
        with suppress(ObjectMissing), self._told(name):
            return int(obstore.head(self._store(), self._above + checked(name))["size"])
        return None

    def list(self, folder: str = "") -> Iterator[Entry]:
        inside = self._above + (checked(folder) if folder else "")
        with self._told():
            pages = iter(obstore.list(self._store(), inside.rstrip("/") or None, chunk_size=1000))
        while True:
            with self._told():
                page = next(pages, None)
            if page is None:
                return
            for found in page:
                with suppress(ValueError):
                    yield Entry(checked(found["path"].removeprefix(self._above)), found["size"])

    def delete(self, name: str) -> None:
        with suppress(ObjectMissing), self._told(name):
            obstore.delete(self._store(), self._above + checked(name))

    def close(self) -> None:
        self._opened = None

    def _store(self) -> S3Store:
        if self._opened is None:
            access, secret = self._secrets()
            client: ClientConfig = {
                "allow_http": self._endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=min(10.0, self._seconds)),
                "read_timeout": timedelta(seconds=self._seconds),
                "timeout": timedelta(seconds=20 * self._seconds),
            }
            if self._ca is not None:
                client["root_certificate"] = self._ca.read_bytes()
            # Everything is said here: what is left open would come from the environment.
            self._opened = S3Store(
                self._bucket,
                config={
                    "access_key_id": access,
                    "secret_access_key": secret,
                    "endpoint": self._endpoint,
                    "aws_endpoint_url_s3": self._endpoint,
                    "region": self._region,
                    "checksum_algorithm": "SHA256",
                    "virtual_hosted_style_request": False,
                    "disable_bulk_delete": True,
                    "unsigned_payload": False,
                    "skip_signature": False,
                },
                client_options=client,
                # Whoever calls tries again, stoppable and within the rate.
                retry_config={"max_retries": 0},
            )
        return self._opened

    def _secrets(self) -> tuple[str, str]:
        only_ours(self._name, self._credentials)
        found: dict[str, str] = {}
        for line in self._credentials.read_text().splitlines():
            key, _, value = line.partition("=")
            if name := _KEYS.get(key.strip().lower()):
                found[name] = value.strip()
        if len(found) != 2:
            raise TargetError(
                self._name,
                f"{self._credentials} does not hold both keys",
                "write two lines: aws_access_key_id = ..., aws_secret_access_key = ...",
            )
        return found["access_key_id"], found["secret_access_key"]

    def _lies(self, what: str) -> TargetError:
        return TargetError(self._name, f"bucket {self._bucket}: {what}", "this storage cannot be trusted: use another")

    @contextmanager
    def _told(self, missing: str | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if missing is not None and "NoSuchBucket" not in str(error):
                raise ObjectMissing(self._name, missing) from None
            raise self._judged("NoSuchBucket") from error
        except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
            raise self._refused() from error
        except exceptions.BaseError as error:
            raise self._judged(str(error)) from error

    def _refused(self) -> TargetError:
        return TargetError(
            self._name, "the server refuses our keys", f"check {self._credentials} and the rights on the bucket"
        )

    def _judged(self, said: str) -> TargetError:
        if "NoSuchBucket" in said:
            what = f"there is no bucket {self._bucket} at {self._endpoint}"
            return TargetError(self._name, what, "make it, or correct its name")
        first = said.strip().splitlines()[0][:300]
        status = _STATUS.search(said)
        code = int(status[1]) if status else 0
        if code == 507 or "QuotaExceeded" in said or "InsufficientStorage" in said or "StorageFull" in said:
            return TargetError(self._name, f"the storage is full ({code})", "make room or raise the quota")
        if code in (401, 403):
            return self._refused()
        if 400 <= code < 500 and code not in (408, 425, 429):
            return TargetError(self._name, first, "check endpoint, region and bucket")
        return TargetError(self._name, first, "check the server and the network", transient=True)
