// node-hl7-server as an engine that is called: CA CERTIFICATE KEY PLAN, where the plan says what it
// answers first, joined by commas; then always yes. A line of JSON for its port, and for each message.
const fs = require("fs");
const net = require("net");
const { Server } = require("node-hl7-server");

const [ca, cert, key, words] = process.argv.slice(2);
const plan = words.split(",").filter(Boolean);
const read = (path) => fs.readFileSync(path);
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const server = new Server({
  bindAddress: "127.0.0.1",
  tls: { ca: read(ca), cert: read(cert), key: read(key), requestCert: true },
});

// It wants a port by number: one that is free.
const probe = net.createServer().listen(0, "127.0.0.1", () => {
  const port = probe.address().port;
  probe.close(() => open(port));
});

function open(port) {
  const inbound = server.createInbound({ port }, async (request, response) => {
    const message = request.getMessage();
    const text = message.toString();
    const says = plan.shift() ?? "AA";
    tell({ message: text, says });
    if (says === "late") {
      await new Promise((done) => setTimeout(done, 1500));
      return response.sendResponse("AA");
    }
    if (says === "wrong") {
      message.set("MSH.10", "NOT-THIS-ONE");
      return response.sendResponse("AA");
    }
    return response.sendResponse(says);
  });
  inbound.on("listen", () => tell({ port }));
  for (const what of ["client.error", "data.error"]) {
    inbound.on(what, (error) => console.error(what, String(error)));
  }
}
