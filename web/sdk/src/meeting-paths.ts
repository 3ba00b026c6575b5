/** Where the HTTP API has meetings (`docs/http-api.md`). */
export const MEETINGS = "/v1/meetings";

export function meetingPath(id: string): string {
  return `${MEETINGS}/${encodeURIComponent(id)}`;
}
