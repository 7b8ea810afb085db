"""What sends: the clients of python-hl7 (asyncio and mllp_send), of node-hl7-client and of HAPI. Each
sends messages on one connection and gives the answers as they came."""

import asyncio
import os
import socket
import subprocess
import sys
import threading

import hl7.mllp

PATIENCE_S = 20


def by_asyncio(deployment, name, messages):
    """hl7.mllp.open_hl7_connection over ssl."""

    async def talk():
        reader, writer = await asyncio.wait_for(
            hl7.mllp.open_hl7_connection(
                "localhost",
                deployment.mllp,
                ssl=deployment.client(name),
                encoding="utf-8",
            ),
            PATIENCE_S,
        )
        answers = []
        for message in messages:
            writer.writemessage(hl7.parse(message))
            await writer.drain()
            answer = await asyncio.wait_for(reader.readblock(), PATIENCE_S)
            answers.append(answer.decode())
        writer.close()
        await writer.wait_closed()
        return answers

    return asyncio.run(talk())


def by_mllp_send(deployment, name, messages):
    """The command mllp_send, which has no TLS of its own, through a tunnel that has."""
    with Tunnel(deployment, name) as port:
        path = os.path.join(deployment.folder, "..", "messages")
        with open(path, "wb") as file:
            # The way it reads them it strips the last CR of each.
            file.writelines(b"\x0b" + one.encode() + b"\x1c\r" for one in messages)
        command = os.path.join(os.path.dirname(sys.executable), "mllp_send")
        words = [command, "--port", str(port), "--file", path, "localhost"]
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE_S, check=True)
    frames = done.stdout.split(b"\x1c\r\n")
    return [one.lstrip(b"\x0b").decode() for one in frames if one]


def by_node(deployment, name, messages, folder):
    """node-hl7-client."""
    return by_program(deployment, name, messages, ["node", os.path.join(folder, "sender.cjs")])


def by_hapi(deployment, name, messages, folder):
    """HAPI's initiator."""
    words = ["java", "-cp", f"{folder}/*:{folder}", "Hapi", "send"]
    return by_program(deployment, name, messages, words)


def by_program(deployment, name, messages, words):
    words = [*words, str(deployment.mllp), deployment.path("ca.pem")]
    words += [deployment.path("clients", f"{name}.{kind}") for kind in ("pem", "key")]
    # HAPI leaves a file where it runs.
    at = os.path.dirname(deployment.folder)
    said = "\x1c".join(messages).encode()
    done = subprocess.run(words, input=said, capture_output=True, timeout=PATIENCE_S, cwd=at)
    assert done.returncode == 0, done.stderr.decode()
    return [one.decode() for one in done.stdout.split(b"\x1c") if one]


class Tunnel:
    """One connection from a port of this machine to the gateway's, by TLS."""

    def __init__(self, deployment, name):
        self.deployment, self.name = deployment, name
        self.listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self):
        threading.Thread(target=self.carry, daemon=True).start()
        return self.listener.getsockname()[1]

    def __exit__(self, *_):
        self.listener.close()

    def carry(self):
        near, _ = self.listener.accept()
        far = socket.create_connection(("127.0.0.1", self.deployment.mllp))
        far = self.deployment.client(self.name).wrap_socket(far, server_hostname="localhost")

        def back():
            try:
                while data := far.recv(4096):
                    near.sendall(data)
            except OSError:
                near.close()

        threading.Thread(target=back, daemon=True).start()
        while data := near.recv(4096):
            far.sendall(data)
        # Like many a tunnel it hangs up without a word of TLS.
        far.close()
