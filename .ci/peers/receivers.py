"""What is called: the servers of python-hl7, hl7apy, node-hl7-server and HAPI, each with TLS that wants
our certificate. Each answers by a plan first ("late", "wrong", a code), and then always yes."""

import asyncio
import json
import os
import queue
import subprocess
import threading

import hl7
import hl7.mllp
from hl7apy.core import Message
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

LATE_S = 1.5


class Receiver:
    """What came, with what was said to it, in order."""

    def __init__(self, plan):
        self.plan, self.heard = list(plan), queue.Queue()

    def hears(self, message):
        says = self.plan.pop(0) if self.plan else "AA"
        self.heard.put((message, says))
        return says

    def next(self, patience_s):
        """Nothing if nothing comes in that time."""
        try:
            return self.heard.get(timeout=patience_s)
        except queue.Empty:
            return None


class OfPythonHl7(Receiver):
    """hl7.mllp.start_hl7_server: many messages on a connection."""

    def __init__(self, deployment, plan):
        super().__init__(plan)
        opened = queue.Queue()

        async def serve():
            tls = deployment.server()
            server = await hl7.mllp.start_hl7_server(
                self.serve, "127.0.0.1", 0, ssl=tls, encoding="utf-8"
            )
            opened.put(server.sockets[0].getsockname()[1])
            await server.serve_forever()

        threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
        self.port = opened.get(timeout=20)

    async def serve(self, reader, writer):
        try:
            while True:
                message = await reader.readmessage()
                says = self.hears(str(message))
                if says == "late":
                    await asyncio.sleep(LATE_S)
                    writer.writemessage(message.create_ack("AA"))
                elif says == "wrong":
                    message[0][10] = "NOT-THIS-ONE"
                    writer.writemessage(message.create_ack("AA"))
                else:
                    writer.writemessage(message.create_ack(says))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class OfHl7apy(Receiver):
    """hl7apy's MLLPServer: it hangs up after each answer."""

    def __init__(self, deployment, plan):
        super().__init__(plan)
        tls = deployment.server()
        receiver = self

        class Handler(AbstractHandler):
            def reply(self):
                says = receiver.hears(self.incoming_message)
                if says == "late":
                    threading.Event().wait(LATE_S)
                return acknowledgement(self.incoming_message, says)

        class Server(MLLPServer):
            daemon_threads = True

            def get_request(self):
                stream, address = self.socket.accept()
                return tls.wrap_socket(stream, server_side=True), address

            def handle_error(self, request, client_address):
                """Who hung up waits for nothing."""

        handlers = {f"RRI^{event}^RRI_I12": (Handler,) for event in ("I12", "I13")}
        server = Server("127.0.0.1", 0, handlers)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()


def acknowledgement(text, says):
    """Of a message as hl7apy reads it, in a frame as hl7apy writes it."""
    message = parse_message(text, find_groups=False)
    control = "NOT-THIS-ONE" if says == "wrong" else message.msh.msh_10.value
    ack = Message("ACK", version="2.5.1")
    ack.msh.msh_9 = "ACK"
    ack.msh.msh_10 = f"A{message.msh.msh_10.value}"[:20]
    ack.msh.msh_11 = "T"
    ack.msa.msa_1 = "AA" if says in ("late", "wrong") else says
    ack.msa.msa_2 = control
    return ack.to_mllp()


class OfProgram(Receiver):
    """A server in a process of its own, which says its port, and what it hears, in lines of JSON."""

    def __init__(self, deployment, plan, words):
        super().__init__([])
        tls = [deployment.path(one) for one in ("ca.pem", "server.pem", "server.key")]
        words = [*words, *tls, ",".join(plan)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        # HAPI leaves a file where it runs.
        at = os.path.dirname(deployment.folder)
        self.process = subprocess.Popen(words, text=True, cwd=at, **pipes)
        self.port = json.loads(self.process.stdout.readline())["port"]
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            one = json.loads(line)
            self.heard.put((one["message"], one["says"]))


def of_node(deployment, plan, folder):
    """node-hl7-server."""
    return OfProgram(deployment, plan, ["node", os.path.join(folder, "receiver.cjs")])


def of_hapi(deployment, plan, folder):
    """HAPI's HL7Service, which validates what it takes."""
    return OfProgram(deployment, plan, ["java", "-cp", f"{folder}/*:{folder}", "Hapi", "receive"])
