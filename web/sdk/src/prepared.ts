import { snakeCased } from "./api-types.js";
import { asParleyError } from "./errors.js";
import { idempotently, ifMatch, type HttpSession } from "./http-session.js";
import { meetingPath } from "./meeting-paths.js";
import type { BreakoutPlan, NewBreakoutPlan, PollText, PreparedPoll } from "./meeting-types.js";

/** What is prepared before a meeting, for those who run it. A version that is given fails with `precondition_failed` where somebody else was faster. */
export class Prepared {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** The polls, in their order. */
  async polls(meetingId: string): Promise<readonly PreparedPoll[]> {
    return ((await this.#http.call("GET", pollsPath(meetingId))) as { items: PreparedPoll[] }).items;
  }

  /**
   * Prepares a poll, behind the others.
   *
   * @param requestKey Names the request: sent again with it, it gives the same poll.
   */
  async addPoll(meetingId: string, poll: PollText, requestKey?: string): Promise<PreparedPoll> {
    return (await this.#http.callVersioned<PreparedPoll>("POST", pollsPath(meetingId), snakeCased(poll), idempotently(requestKey))).value;
  }

  /** Changes what is given, of the poll as it is known. */
  async changePoll(meetingId: string, poll: PreparedPoll, change: Partial<PollText>): Promise<PreparedPoll> {
    const path = `${pollsPath(meetingId)}/${encodeURIComponent(poll.id)}`;
    const version = ifMatch(`"${poll.version}"`);
    return (await this.#http.callVersioned<PreparedPoll>("PATCH", path, snakeCased(change), version)).value;
  }

  /** What came out when it was asked stays. */
  async deletePoll(meetingId: string, pollId: string): Promise<void> {
    await this.#http.call("DELETE", `${pollsPath(meetingId)}/${encodeURIComponent(pollId)}`);
  }

  /** @param ids All of the meeting's, each once. */
  async orderPolls(meetingId: string, ids: readonly string[]): Promise<readonly PreparedPoll[]> {
    const path = `${meetingPath(meetingId)}/prepared/poll-order`;
    return ((await this.#http.call("PUT", path, { ids })) as { items: PreparedPoll[] }).items;
  }

  /** The breakout rooms; null: none are planned. */
  async breakouts(meetingId: string): Promise<BreakoutPlan | null> {
    try {
      return (await this.#http.call("GET", breakoutsPath(meetingId))) as BreakoutPlan;
    } catch (thrown) {
      if (asParleyError(thrown).code === "not_found") return null;
      throw thrown;
    }
  }

  /** Plans them anew. `known`: the plan that there was, which is changed if it is still that. */
  async planBreakouts(meetingId: string, plan: NewBreakoutPlan, known: BreakoutPlan | null): Promise<BreakoutPlan> {
    const version = ifMatch(known === null ? null : `"${known.version}"`);
    return (await this.#http.callVersioned<BreakoutPlan>("PUT", breakoutsPath(meetingId), snakeCased(plan), version)).value;
  }

  async dropBreakouts(meetingId: string): Promise<void> {
    await this.#http.call("DELETE", breakoutsPath(meetingId));
  }
}

function pollsPath(meetingId: string): string {
  return `${meetingPath(meetingId)}/prepared/polls`;
}

function breakoutsPath(meetingId: string): string {
  return `${meetingPath(meetingId)}/prepared/breakouts`;
}
