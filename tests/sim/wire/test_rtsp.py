"""The virtual RTSP camera, word by word (RFC 2326)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import numpy as np
import pytest

from robolearn.contracts import Frame
from sim.wire.rtsp import RtspServer

FRAME = Frame(1, np.full((48, 64, 3), 90, np.uint8))
TCP, UDP = "RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP;unicast;client_port=5000-5001"


@pytest.fixture
def server() -> Iterator[RtspServer]:
    with RtspServer({"front": lambda: FRAME}, 30.0) as running:
        yield running


def connected(server: RtspServer) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname or "", address.port or 0), 5.0)


def asked(link: socket.socket, line: str, **headers: str) -> str:
    """What is answered."""
    words = [f"{line} RTSP/1.0", "CSeq: 7", *(f"{name}: {value}" for name, value in headers.items())]
    link.sendall("\r\n".join([*words, "", ""]).encode())
    return link.recv(4096).decode("latin-1")


@pytest.mark.parametrize(
    ("line", "transport", "status"),
    [
        ("OPTIONS *", "", "200 OK"),
        ("DESCRIBE /front", "", "200 OK"),
        ("DESCRIBE rtsp://camera:1/front/", "", "200 OK"),
        ("DESCRIBE /left", "", "404 Not Found"),
        ("SETUP /front/track0", TCP, "200 OK"),
        ("SETUP /front/track0", UDP, "461 Unsupported Transport"),
        ("RECORD /front", "", "501 Not Implemented"),
        ("DESCRIBE", "", "400 Bad Request"),
    ],
)
def test_a_request_is_answered_by_its_number(server: RtspServer, line: str, transport: str, status: str) -> None:
    with closing(connected(server)) as link:
        answer = asked(link, line, Transport=transport)
    assert answer.startswith(f"RTSP/1.0 {status}\r\nCSeq: 7\r\n")
    described = line.startswith("DESCRIBE") and status == "200 OK"
    assert ("m=video 0 RTP/AVP 26" in answer) is described


def test_requests_in_pieces_and_reports_in_between_are_understood(server: RtspServer) -> None:
    with closing(connected(server)) as link:
        link.sendall(b"$\x01\x00\x04abcdOPTIONS * RTSP/1.0\r\n")
        link.sendall(b"CSeq: 3\r\n\r\n")
        assert "CSeq: 3" in link.recv(4096).decode()


def test_a_picture_goes_out_once_on_the_connection_that_plays_it(server: RtspServer) -> None:
    with closing(connected(server)) as link:
        asked(link, "SETUP /front/track0", Transport=TCP)
        link.sendall(b"PLAY /front RTSP/1.0\r\nCSeq: 8\r\n\r\n")
        answer = link.recv(65536)
        link.settimeout(0.3)
        with pytest.raises(TimeoutError):
            while True:
                answer += link.recv(65536)
    _, _, packets = answer.partition(b"\r\n\r\n")
    assert packets[:2] == b"$\x00" and int.from_bytes(packets[2:4], "big") == len(packets) - 4


@pytest.mark.parametrize("nonsense", [b"GET\r\n\r\n", b"A rtsp://[ B\r\nContent-Length: x\r\n\r\n"])
def test_nonsense_costs_its_own_connection_alone(server: RtspServer, nonsense: bytes) -> None:
    with closing(connected(server)) as link:
        link.sendall(nonsense)
        link.recv(4096)
    with closing(connected(server)) as link:
        assert "200 OK" in asked(link, "OPTIONS *")
