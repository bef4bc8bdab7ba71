#!/usr/bin/env python3
"""Peers that reset, and no descriptor left for accept: the server says so and goes on."""
import os
import resource
import socket
import struct
import subprocess
import sys
import time

SKEIN = os.environ["SKEIN"]
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "1"))
FD_LIMIT = 40


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FD_LIMIT, FD_LIMIT))


class Server:
    def __init__(self, before=None):
        self.process = subprocess.Popen([SKEIN, "tests/lua/support/echo.lua"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        preexec_fn=before)
        self.lines = []
        self.port = int(self.wait_for("port ").split()[1])

    def wait_for(self, text):
        """Reads the output until a line holds the text; an end before that is a failure."""
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"no {text!r} in " + "".join(self.lines))

    def connect(self):
        peer = socket.create_connection(("127.0.0.1", self.port), timeout=20 * SLOWNESS)
        return peer

    def stop(self):
        self.connect().sendall(b"stop\n")
        self.process.stdout.read()
        status = self.process.wait(20 * SLOWNESS)
        assert status == 0, f"status {status}"


def echo(peer, text):
    peer.sendall(text + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        piece = peer.recv(100)
        assert piece, "closed by the server"
        answer += piece
    assert answer == text + b"\n", answer


def test_reset():
    server = Server()
    bystander = server.connect()
    echo(bystander, b"before")
    for i in range(20):
        peer = server.connect()
        echo(peer, b"hello")
        if i % 2:
            peer.sendall(b"no end of line")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
    server.wait_for("socket: error on ")
    echo(bystander, b"after")
    server.stop()


def test_no_descriptors():
    server = Server(limit_descriptors)
    first = server.connect()
    echo(first, b"one")
    others = [server.connect() for _ in range(FD_LIMIT)]
    server.wait_for("socket: accept error: ")
    echo(first, b"still served")
    # Room again: those who waited in the backlog, or new ones, are served.
    for peer in others:
        peer.close()
    last = time.monotonic() + 20 * SLOWNESS
    while True:
        try:
            echo(server.connect(), b"again")
            break
        except (OSError, AssertionError):
            assert time.monotonic() < last, "nobody is served any more"
    echo(first, b"to the end")
    server.stop()


def main():
    test_reset()
    test_no_descriptors()


if __name__ == "__main__":
    sys.exit(main())
