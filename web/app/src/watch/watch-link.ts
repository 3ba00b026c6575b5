const KEY = /^[A-Za-z0-9_-]{22}$/;

/** Whether a live stream can have this key. */
export function isWatchKey(key: string): boolean {
  return KEY.test(key);
}

/** The link that lets whoever has it watch a live stream. */
export function watchUrl(key: string): string {
  return `${location.origin}/watch/${key}`;
}

/** Where the gateways have it as HLS. */
export function playlistUrl(key: string): string {
  return `${location.origin}/live/${key}/index.m3u8`;
}
