// The official socket.io-client for JavaScript, driven by lines of JSON: argument 1 has the address and the `auth`;
// {"ask": [command, body]} on standard input asks, {"drop": true} loses the connection without a word. Whatever comes
// is written as [name, body].
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { io } = createRequire(new URL("../../web/sdk/package.json", import.meta.url))("socket.io-client");
const { url, auth } = JSON.parse(process.argv[2]);

const write = (name, body) => process.stdout.write(`${JSON.stringify([name, body])}\n`);

let resume;
const socket = io(url, {
  transports: ["websocket"],
  reconnectionDelay: 50,
  auth: (send) => send(resume === undefined ? auth : { ...auth, resume }),
});
socket.on("connect_error", (error) => write("connect_error", error.data ?? { message: error.message }));
socket.on("disconnect", (reason) => write("disconnect", { reason }));
socket.onAny((name, body) => {
  if (name === "welcome") {
    resume = { participant_id: body.participant_id, secret: body.resume_secret, version: body.version };
  } else if (name === "events") {
    resume.version = body.version;
  }
  write(name, body);
});

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, drop } = JSON.parse(line);
  if (drop) socket.io.engine.transport.ws.terminate();
  else write("acknowledged", await socket.timeout(20_000).emitWithAck(...ask));
}
socket.disconnect();
