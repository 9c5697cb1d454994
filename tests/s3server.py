"""A real S3 server for tests: SeaweedFS in one process, on free ports, gone when the test ends."""

from __future__ import annotations

import json
import os
import random
import secrets
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

GRPC_OFFSET = 10_000
START_S = 40
READER = "ansae-reader"


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """Where the server listens and who may enter; `bucket` exists."""

    endpoint_url: str
    key: str
    secret: str
    bucket: str

    @property
    def reader(self) -> dict[str, str]:
        """Environment variables of somebody who may read and list, and write nothing."""
        return {"AWS_ACCESS_KEY_ID": READER, "AWS_SECRET_ACCESS_KEY": f"{self.secret}-{READER}"}

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make this server the one and only S3."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def binary() -> str | None:
    """Path of SeaweedFS's `weed`, as its package installs it beside Python; None if absent."""
    path = os.path.join(sysconfig.get_path("scripts"), "weed")
    return path if os.path.exists(path) else None


@contextmanager
def serve(folder: Path) -> Iterator[S3Server]:
    """Run the server with its data in `folder`."""
    key, secret = "ansae-tests", secrets.token_urlsafe(30)
    config = folder / "s3.json"
    config.write_text(json.dumps(_config(key, secret)))
    data = folder / "data"
    data.mkdir()
    master, volume, filer, s3 = free_ports(4)
    command = [
        str(binary()), "-logtostderr=true", "server", f"-dir={data}", "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1", f"-master.port={master}", "-master.telemetry=false",
        "-master.volumeSizeLimitMB=256", f"-volume.port={volume}", "-volume.max=20",
        f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.config={config}",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
        f"-filer.localSocket={folder / 'filer.sock'}", f"-s3.localSocket={folder / 's3.sock'}",
    ]  # fmt: skip
    server = S3Server(
        endpoint_url=f"http://127.0.0.1:{s3}", key=key, secret=secret, bucket="galaxies"
    )
    # The shell lives as long as our end of the pipe, and takes the server with it: also when the
    # test run is killed and nothing here gets the word.
    keeper = ["sh", "-c", '"$@" & server=$!; cat >/dev/null; kill -9 $server', "keeper", *command]
    with (
        open(folder / "log.txt", "wb") as log,
        subprocess.Popen(keeper, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder),
    ):
        _wait(server, folder / "log.txt")
        yield server


def _config(key: str, secret: str) -> dict[str, object]:
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    known = [(key, secret, everything), (READER, f"{secret}-{READER}", ["Read", "List"])]
    return {
        "identities": [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": word}], "actions": may}
            for name, word, may in known
        ]
    }


def free_ports(count: int) -> list[int]:
    """Ports that are free together with their gRPC companions, 10000 further."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        if port not in ports and _is_free(port) and _is_free(port + GRPC_OFFSET):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait(server: S3Server, log: Path) -> None:
    """Return once the bucket exists, which needs every part of the server up."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with urlopen(f"{server.endpoint_url}/status", timeout=2):
                pass
            _make_bucket(server)
            return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"SeaweedFS did not start in {START_S} s: {log.read_text()[-2000:]}")


def _make_bucket(server: S3Server) -> None:
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError

    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.key,
        aws_secret_access_key=server.secret,
        region_name="us-east-1",
    )
    try:
        client.create_bucket(Bucket=server.bucket)
        client.put_object(Bucket=server.bucket, Key="ready", Body=b"yes")
        client.delete_object(Bucket=server.bucket, Key="ready")
    except (BotoCoreError, ClientError) as error:
        if "BucketAlreadyExists" not in str(error) and "BucketAlreadyOwned" not in str(error):
            raise OSError(str(error)) from error
        raise OSError("not ready") from error
    finally:
        client.close()
