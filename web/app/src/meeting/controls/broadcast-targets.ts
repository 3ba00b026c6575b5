/** A service that is to get the live stream, as it gives its address and key and as they are typed in. */
export interface TargetDraft {
  readonly key: number;
  readonly server: string;
  readonly streamKey: string;
}

/** What is wrong with a draft. */
export interface TargetErrors {
  readonly server: boolean;
  readonly streamKey: boolean;
}

/** As the gateways take it (`contracts/broadcast_commands.py`). */
const SERVER = /^rtmps?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(:(?:443|1935|102[4-9]|10[3-9][0-9]|1[1-9][0-9]{2}|[2-9][0-9]{3}|[1-6][0-9]{4}))?\/[!"$-~]*[!"$-.0-~][!"$-~]*$/i;
const KEY = /^[!"$-~]+$/;

/** The whole address; services give it in two parts, and mean them to be put together with a slash. */
export function addressOf({ server, streamKey }: TargetDraft): string {
  const trimmed = server.trim().replace(/^rtmps?(?=:)/i, (scheme) => scheme.toLowerCase());
  return `${trimmed.replace(/\/+$/, "")}/${streamKey.trim().replace(/^\/+/, "")}`;
}

export function errorsOf({ server, streamKey }: TargetDraft): TargetErrors {
  return { server: !SERVER.test(server.trim()), streamKey: !KEY.test(streamKey.trim().replace(/^\/+/, "")) };
}
