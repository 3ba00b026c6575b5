/** Where to go afterwards, out of an address: a path of this site, or the start page. */
export function safePath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}
