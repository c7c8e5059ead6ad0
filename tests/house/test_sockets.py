"""The guard really stands: beyond loopback nothing opens, on loopback everything does."""

import socket

import pytest
import requests

from tests.house.socket_guard import NetworkForbidden

ELSEWHERE = "192.0.2.1"  # TEST-NET-1: belongs to nobody


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_another_computer_is_out_of_reach(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as opened:
        opened.settimeout(0.2)
        with pytest.raises(NetworkForbidden):
            opened.connect((ELSEWHERE, 9))


def test_no_name_is_looked_up() -> None:
    with pytest.raises(NetworkForbidden):
        socket.getaddrinfo("example.invalid", 80)


def test_requests_is_guarded_too() -> None:
    with pytest.raises(NetworkForbidden):
        requests.get(f"http://{ELSEWHERE}/", timeout=0.2)


def test_loopback_is_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client,
    ):
        accepted, _ = server.accept()
        accepted.sendall(b"!")
        accepted.close()
        assert client.recv(1) == b"!"
