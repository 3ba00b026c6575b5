import type { ParticipantState } from "@parley/sdk";

export interface Ordered {
  readonly participant: ParticipantState;
  /** The place in the queue of raised hands, from 1; null while the hand is down. */
  readonly place: number | null;
}

/** Those whose hands are up come first, in the order in which they went up; the others stay as they are. */
export function raisedFirst(participants: readonly ParticipantState[]): readonly Ordered[] {
  const raised = participants
    .filter(({ handRaised }) => handRaised !== null)
    .toSorted((a, b) => (a.handRaised ?? 0) - (b.handRaised ?? 0));
  const down = participants.filter(({ handRaised }) => handRaised === null);
  return [
    ...raised.map((participant, index) => ({ participant, place: index + 1 })),
    ...down.map((participant) => ({ participant, place: null })),
  ];
}
