/** The messages between client and gateway. What stands in `wire/` is generated from the contracts. */
export type * from "./wire/commands.js";
export type * from "./wire/events.js";
export type * from "./wire/messages.js";
export type * from "./wire/room.js";
