"""Cameras that speak https, mostly with a certificate of their own."""

import ssl
import subprocess
from pathlib import Path

import pytest

from platewire.errors import Unavailable
from platewire.sources.snapshot import SnapshotSettings
from tests.sources.cameras import HttpCameraServer, Notes, taken
from tests.sources.clips import jpeg
from tests.sources.test_snapshot import answering
from tests.support.counterparts import OPENSSL, need


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that the camera signed itself, with its key in the same file."""
    need(OPENSSL)
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = "-subj /CN=camera -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), *names.split(), "-keyout", str(path), "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
async def url(http_camera: HttpCameraServer, certificate: Path) -> str:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    await http_camera.start(tls, picture=answering(jpeg()))
    return http_camera.url("picture")


async def test_a_certificate_nobody_vouches_for_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(Unavailable, match=r"camera gate .*untrusted certificate.*set `tls_ca`"):
        await taken(SnapshotSettings(url=url).build(Notes().context()), 1)


async def test_the_cameras_own_certificate_may_be_named(url: str, certificate: Path) -> None:
    source = SnapshotSettings(url=url, tls_ca=Path(f"{certificate}.crt")).build(Notes().context())
    assert len(await taken(source, 1)) == 1


async def test_any_certificate_may_be_accepted(url: str) -> None:
    source = SnapshotSettings(url=url, tls_verify=False).build(Notes().context())
    assert len(await taken(source, 1)) == 1
