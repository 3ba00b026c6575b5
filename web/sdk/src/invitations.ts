import { snakeCased } from "./api-types.js";
import type { HttpSession } from "./http-session.js";
import { MEETINGS, meetingPath } from "./meeting-paths.js";
import type { AnswerGiven, Invitee, MailedInvitation, MeetingInvitation, NewInvitee } from "./meeting-types.js";

/** Who is invited to meetings, and what the invited answer. */
export class Invitations {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** Who is invited. For those who run the meeting. */
  async list(meetingId: string): Promise<readonly Invitee[]> {
    const { items } = (await this.#http.call("GET", `${meetingPath(meetingId)}/invitees`)) as { items: Invitee[] };
    return items;
  }

  /** Invites somebody, or changes the invitation that is there. */
  async invite(meetingId: string, input: NewInvitee): Promise<Invitee> {
    return (await this.#http.call("POST", `${meetingPath(meetingId)}/invitees`, snakeCased(input))) as Invitee;
  }

  /** @param key The invitation's. */
  async takeBack(meetingId: string, key: string): Promise<void> {
    await this.#http.call("DELETE", inviteePath(meetingId, key));
  }

  /** Sends its mail once more. Fails with `mail_off` where no mail is sent. */
  async sendAgain(meetingId: string, key: string): Promise<void> {
    await this.#http.call("POST", `${inviteePath(meetingId, key)}/send`);
  }

  /** Answers one's own invitation; with an `occurrence`, to that one alone. */
  async answer(meetingId: string, answer: AnswerGiven, occurrence?: string): Promise<MeetingInvitation> {
    const body = snakeCased({ answer, occurrence });
    return (await this.#http.call("PUT", `${meetingPath(meetingId)}/answer`, body)) as MeetingInvitation;
  }

  /** The invitation that a mail's link is of; nobody needs to be logged in. Fails with `not_found` where it was taken back. */
  async readMailed(token: string): Promise<MailedInvitation> {
    return (await this.#http.call("POST", `${MEETINGS}/invitations/read`, { token })) as MailedInvitation;
  }

  /** Answers it. */
  async answerMailed(token: string, answer: AnswerGiven): Promise<MailedInvitation> {
    return (await this.#http.call("POST", `${MEETINGS}/invitations/answer`, { token, answer })) as MailedInvitation;
  }
}

function inviteePath(meetingId: string, key: string): string {
  return `${meetingPath(meetingId)}/invitees/${encodeURIComponent(key)}`;
}
