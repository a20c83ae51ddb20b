"""OpenStack Swift with its S3 interface, all four servers in one process. Run by the Python that has Swift:

    python swift_one.py FOLDER PORT ACCESS SECRET

FOLDER is new and on a file system with extended attributes. "ready" is printed when the port answers."""

import os
import sys
from pathlib import Path

import eventlet

eventlet.monkey_patch()

import swift.common.utils  # noqa: E402

ACCOUNT, USER = "test", "backup"


def rings(folder: Path, ports: dict[str, int]) -> None:
    from swift.common.ring import RingBuilder

    for kind, port in ports.items():
        builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
        address = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
        builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "device": "disk", "meta": "", **address})
        builder.rebalance()
        builder.get_ring().save(str(folder / f"{kind}.ring.gz"))


def configure(folder: Path, secret: str, access: str) -> None:
    (folder / "devices" / "disk").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    common = f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}/devices\nmount_check = false\n"
    for kind in ("account", "container", "object"):
        (folder / f"{kind}.conf").write_text(
            common + f"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
        )
    tenant, _, user = access.partition(":")
    (folder / "proxy.conf").write_text(
        common + "[pipeline:main]\n"
        "pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth versioned_writes symlink slo dlo"
        " proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nallow_account_management = true\n"
        f"[filter:tempauth]\nuse = egg:swift#tempauth\nuser_{tenant}_{user} = {secret} .admin\n"
        "[filter:s3api]\nuse = egg:swift#s3api\ns3_acl = false\nallow_no_owner = true\nmin_segment_size = 5242880\n"
        + "".join(
            f"[filter:{name}]\nuse = egg:swift#{egg}\n"
            for name, egg in {
                "catch_errors": "catch_errors",
                "gatekeeper": "gatekeeper",
                "cache": "memcache",
                "listing_formats": "listing_formats",
                "bulk": "bulk",
                "versioned_writes": "versioned_writes\nallow_versioned_writes = true\nallow_object_versioning = true",
                "symlink": "symlink",
                "slo": "slo",
                "dlo": "dlo",
            }.items()
        )
    )


def main(folder: Path, port: int, access: str, secret: str) -> None:
    configure(folder, secret, access)
    swift.common.utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    swift.common.utils.validate_hash_conf()
    from swift.common import storage_policy, wsgi

    storage_policy.reload_storage_policies()
    from eventlet import wsgi as serving
    from swift.common.http_protocol import SwiftHttpProtocol

    sockets = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in ("account", "container", "object")}
    rings(folder, {kind: opened.getsockname()[1] for kind, opened in sockets.items()})
    sockets["proxy"] = eventlet.listen(("127.0.0.1", port))
    log = (folder / "log").open("a", buffering=1)
    for kind, opened in sockets.items():
        app = wsgi.loadapp(str(folder / f"{kind}.conf"))
        eventlet.spawn(serving.server, opened, app, log, protocol=SwiftHttpProtocol, log_output=True)
    print("ready", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:  # whoever started us may die without a word
        eventlet.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
