"""Certificates that a service makes for itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from coalition.tls import TlsError, TlsFiles, issue_tls, load_server_tls, make_tls, renew_tls


def ask(files: TlsFiles, authority: bytes, host: str = "localhost") -> int:
    """What a health service with these certificates answers a client that trusts `authority` and expects `host`."""
    tls = load_server_tls(files.folder)
    server = grpc.server(ThreadPoolExecutor(1))
    service = health.HealthServicer()
    service.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(service, server)
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(tls.key, tls.certificate)]))
    server.start()
    options = [("grpc.ssl_target_name_override", host)]
    try:
        with grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(authority), options) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
            return int(answer.status)
    finally:
        server.stop(None).wait()


def test_client_that_trusts_the_authority_connects_by_name_and_by_address(tmp_path: Path) -> None:
    """Every host that was named is one at which the server is believed."""
    files = make_tls(tmp_path / "tls", "Test network", ["localhost", "127.0.0.1", "hub.example"])
    for host in ("localhost", "127.0.0.1", "hub.example"):
        assert ask(files, files.authority.read_bytes(), host) == health_pb2.HealthCheckResponse.SERVING


def test_other_hosts_and_other_authorities_are_refused(tmp_path: Path) -> None:
    """A server is not believed at a host that was not named, nor by a client that trusts another authority."""
    files = make_tls(tmp_path / "one", "One", ["localhost"])
    other = make_tls(tmp_path / "two", "Two", ["localhost"])
    with pytest.raises(grpc.RpcError):
        ask(files, files.authority.read_bytes(), "elsewhere.example")
    with pytest.raises(grpc.RpcError):
        ask(files, other.authority.read_bytes())


def test_renewed_server_is_trusted_through_the_same_authority(tmp_path: Path) -> None:
    """Renewal changes the server's key and certificate and nothing that a client holds."""
    files = make_tls(tmp_path, "Test network", ["localhost"])
    authority, before = files.authority.read_bytes(), load_server_tls(tmp_path)
    renew_tls(tmp_path, ["localhost"])
    after = load_server_tls(tmp_path)
    assert files.authority.read_bytes() == authority
    assert after.key != before.key
    assert ask(files, authority) == health_pb2.HealthCheckResponse.SERVING


def test_second_service_is_trusted_through_the_same_authority(tmp_path: Path) -> None:
    """Another service gets a certificate by the same authority, and never the authority's key."""
    first = make_tls(tmp_path / "first", "Test network", ["localhost"])
    second = issue_tls(tmp_path / "second", first.folder, ["localhost"])
    assert not second.authority_key.exists()
    assert ask(second, first.authority.read_bytes()) == health_pb2.HealthCheckResponse.SERVING
    renew_tls(second.folder, ["localhost"], first.folder)
    assert ask(second, second.authority.read_bytes()) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(FileExistsError):
        issue_tls(tmp_path / "second", first.folder, ["localhost"])


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """Neither making nor renewing leaves a key open to other users."""
    files = make_tls(tmp_path, "Test network", ["localhost"])
    renew_tls(tmp_path, ["localhost"])
    for path in (files.key, files.authority_key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert "BEGIN" not in repr(load_server_tls(tmp_path))


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Making certificates where some exist is refused and leaves them as they were."""
    files = make_tls(tmp_path, "Test network", ["localhost"])
    before = files.key.read_bytes()
    with pytest.raises(FileExistsError):
        make_tls(tmp_path, "Test network", ["localhost"])
    assert files.key.read_bytes() == before


@pytest.mark.parametrize("hosts", [[], [""], ["two words"], ["https://hub.example"]])
def test_what_is_no_host_is_refused(tmp_path: Path, hosts: list[str]) -> None:
    """A host is a DNS name or an address, and nothing is written for anything else."""
    with pytest.raises(ValueError, match="host"):
        make_tls(tmp_path / "tls", "Test network", hosts)
    assert not (tmp_path / "tls").exists()


def test_damaged_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    """Loading says which file is wrong."""
    with pytest.raises(TlsError, match=r"server\.key cannot be read"):
        load_server_tls(tmp_path)
    files = make_tls(tmp_path, "Test network", ["localhost"])
    other = make_tls(tmp_path / "other", "Other", ["localhost"])
    key = files.key.read_bytes()
    files.key.write_bytes(other.key.read_bytes())
    with pytest.raises(TlsError, match="is not for the key"):
        load_server_tls(tmp_path)
    files.key.write_bytes(b"nothing")
    with pytest.raises(TlsError, match=r"server\.key is damaged"):
        load_server_tls(tmp_path)
    files.key.write_bytes(key)
    files.certificate.write_bytes(b"nothing")
    with pytest.raises(TlsError, match=r"server\.pem is not a certificate"):
        load_server_tls(tmp_path)
    files.authority.write_bytes(b"nothing")
    with pytest.raises(TlsError, match="is damaged"):
        renew_tls(tmp_path, ["localhost"])
    files.authority.write_bytes(other.authority.read_bytes())
    with pytest.raises(TlsError, match="is not the key of"):
        renew_tls(tmp_path, ["localhost"])
