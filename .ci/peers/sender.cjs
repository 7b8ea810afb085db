// node-hl7-client as an engine: PORT CA CERTIFICATE KEY; messages on standard input and answers on
// standard output, each ended by FS.
const fs = require("fs");
const { Client, Message } = require("node-hl7-client");

const [port, ca, cert, key] = process.argv.slice(2);
const messages = fs.readFileSync(0, "utf8").split("\x1c");
const read = (path) => fs.readFileSync(path);
const client = new Client({
  host: "localhost",
  tls: { ca: read(ca), cert: read(cert), key: read(key) },
});
let sent = 0;
const next = () => line.sendMessage(new Message({ text: messages[sent++] }));
const line = client.createConnection({ port: Number(port) }, async (answer) => {
  process.stdout.write(answer.getMessage().toString() + "\x1c");
  if (sent < messages.length) return next();
  await line.close();
  process.exit(0);
});
line.on("client.error", (error) => {
  console.error(String(error));
  process.exit(1);
});
line.on("connect", next);
