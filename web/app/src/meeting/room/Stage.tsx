import type { Reaction } from "@parley/sdk";
import { useEffect, useMemo, useRef, useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { arrange } from "../layout/arrange.js";
import { nextOrder, tilesOf } from "../layout/tiles.js";
import { wishesOf } from "../layout/wishes.js";
import { useRoom } from "../meeting-room.js";
import { AloneCard } from "./AloneCard.js";
import { Pager } from "./Pager.js";
import styles from "./Stage.module.css";
import { Tile } from "./Tile.js";
import { useBox } from "./useBox.js";

const NO_REACTIONS: readonly Reaction[] = [];

function reactionsOf(reactions: readonly Reaction[], participantId: string): readonly Reaction[] {
  const own = reactions.filter((reaction) => reaction.participantId === participantId);
  return own.length === 0 ? NO_REACTIONS : own;
}

interface StageProps {
  readonly isSelfHidden: boolean;
  readonly onConnection: (participantId: string) => void;
}

/** The tiles. All lie in one list and are only moved, so that no picture starts anew when the layout changes. */
export function Stage({ isSelfHidden, onConnection }: StageProps) {
  const messages = useMessages();
  const { room, state } = useRoom();
  const { nearby: participants } = state;
  // Oneself is no news to oneself.
  const spotlit = state.spotlight.find((id) => id !== state.self?.id) ?? null;
  const area = useRef<HTMLDivElement>(null);
  const box = useBox(area);
  const [pinned, setPinned] = useState<string | null>(null);
  const [wantedPage, setPage] = useState(0);
  const [order, setOrder] = useState<readonly string[]>([]);
  const [firstPage, setFirstPage] = useState(Infinity);

  const next = nextOrder(order, participants, firstPage);
  if (next !== order) setOrder(next);
  const arrangement = useMemo(() => {
    const { people, screens } = tilesOf(participants);
    const byId = new Map(people.map((tile) => [tile.key, tile]));
    const others = next.flatMap((id) => byId.get(id) ?? []);
    const self = people.find(({ participant }) => participant.isSelf) ?? null;
    return arrange({ others, self, screens, pinned: pinned ?? spotlit, isSelfHidden, page: wantedPage, box });
  }, [participants, next, pinned, spotlit, isSelfHidden, wantedPage, box]);
  if (arrangement.firstPage !== firstPage) setFirstPage(arrangement.firstPage);

  const { placements, page, pageCount } = arrangement;
  useEffect(() => {
    if (placements.length === 0) return;
    room.setSubscriptions(wishesOf(participants, placements, window.devicePixelRatio));
  }, [room, participants, placements]);

  // Elements that change places in the document would lose their picture for a moment: the document keeps one order.
  const drawn = [...placements].sort((a, b) => (a.tile.key < b.tile.key ? -1 : 1));
  return (
    <div className={styles.stage}>
      <div ref={area} className={styles.area} role="group" aria-label={messages.meeting.participants}>
        {drawn.map(({ tile, rect, place }) => (
          <Tile
            key={tile.key}
            tile={tile}
            rect={rect}
            place={place}
            isPinned={tile.key === pinned}
            isPinnable={participants.length > 1}
            onPin={setPinned}
            onConnection={onConnection}
            reactions={tile.source === "camera" ? reactionsOf(state.reactions, tile.participant.id) : NO_REACTIONS}
          />
        ))}
        {state.participants.length === 1 && <AloneCard />}
      </div>
      {pageCount > 1 && <Pager page={page} pageCount={pageCount} onPage={setPage} />}
    </div>
  );
}
