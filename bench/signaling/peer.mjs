// The peer of the bench: the official socket.io server with its Redis adapter, as its documentation sets it up. A room is a
// room of socket.io; what is said to it is acknowledged and sent to all in it, over all instances. Nothing is kept or checked.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, redisUrl] = process.argv.slice(2);
const publisher = createClient({ url: redisUrl });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);
const http = createServer();
const io = new Server(http, { transports: ["websocket"], adapter: createAdapter(publisher, subscriber) });
let version = 0;

io.on("connection", (socket) => {
  const { room, name } = socket.handshake.auth;
  void socket.join(room);
  socket.emit("welcome", { participant_id: socket.id });
  socket.on("send_chat", ({ text }, acknowledge) => {
    const at = Date.now();
    const message = { id: randomUUID(), participant_id: socket.id, name, text, at, to: null, to_name: null, breakout: null };
    version += 1;
    // The same fields as the gateway's message, so that as many bytes go to everybody.
    io.to(room).emit("events", {
      after: version - 1,
      version,
      events: [{ type: "chat_sent", version, at, message }],
    });
    acknowledge({ message_id: message.id });
  });
});
http.listen(Number(port), "127.0.0.1", () => {
  console.log("ready");
});
