import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyError } from "./errors.js";
import { LocalMedia } from "./local-media.js";
import { MediaLink, type MediaLinkOptions } from "./media-link.js";
import { PeerConnectionDouble } from "./peer-connection-double.js";
import type { TrackSource } from "./room-state.js";
import type { Commands, PublishOffer, SubscriberOffer } from "./wire.js";

/** A captured track, as far as the SDK looks at it. */
function captured(kind: "audio" | "video"): MediaStreamTrack {
  const track = Object.assign(new EventTarget(), { kind, enabled: true, readyState: "live", stop: () => undefined });
  return track as unknown as MediaStreamTrack;
}

const OFFER: SubscriberOffer = { generation: 1, negotiation: 1, sdp: "", tracks: [] };

describe("MediaLink", () => {
  let local: LocalMedia;
  let options: MediaLinkOptions;
  let link: MediaLink;
  let sent: { readonly name: keyof Commands; readonly command: unknown }[];
  /** How the gateway takes an offer; by default at once. */
  let answerOffer: () => Promise<void>;
  /** How the gateway takes an answer to its own offers; by default at once. */
  let answerReceived: () => Promise<void>;
  /** How new credentials are got; by default there are none. */
  let renewServers: () => Promise<void>;
  /** What the room believes of tracks. */
  let muted: Map<string, boolean>;

  const idOf = (source: TrackSource) => `t_${source}`;
  const commands = (name: keyof Commands) => sent.filter((one) => one.name === name).map(({ command }) => command);
  const offered = () => (commands("publish_offer") as PublishOffer[]).map(({ tracks }) => tracks.map(({ source }) => source));
  const [publishing, subscribing, third, fourth] = [0, 1, 2, 3].map((index) => () => {
    const found = PeerConnectionDouble.made[index];
    if (found === undefined) throw new Error("no such connection yet");
    return found;
  }) as [() => PeerConnectionDouble, () => PeerConnectionDouble, () => PeerConnectionDouble, () => PeerConnectionDouble];

  beforeEach(() => {
    PeerConnectionDouble.install();
    sent = [];
    muted = new Map();
    answerOffer = () => Promise.resolve();
    answerReceived = () => Promise.resolve();
    renewServers = () => Promise.resolve();
    const send = async (name: keyof Commands, command: unknown): Promise<unknown> => {
      sent.push({ name, command });
      if (name === "subscriber_answer") await answerReceived();
      if (name !== "publish_offer") return {};
      const { tracks } = command as PublishOffer;
      await answerOffer();
      return { sdp: "answer", tracks: tracks.map(({ mid, source }) => ({ mid, track_id: idOf(source) })) };
    };
    local = new LocalMedia(() => undefined);
    options = {
      local,
      send: send as ConstructorParameters<typeof MediaLink>[0]["send"],
      onChange: () => undefined,
      onAudioBlocked: () => undefined,
      known: () =>
        new Map([...muted].map(([id, isMuted]) => [id, { id, participant_id: "p", source: "camera", kind: "video", muted: isMuted }])),
      signal: () => Promise.resolve(),
      onData: () => undefined,
      encryption: () => null,
      renewServers: () => renewServers(),
    };
    link = new MediaLink(options);
    local.put("microphone", captured("audio"));
    local.put("camera", captured("video"));
  });
  afterEach(() => {
    link.close();
    vi.unstubAllGlobals();
  });

  const join = async () => {
    link.prepare();
    link.start(false);
    await vi.waitFor(() => {
      expect(link.tracks().size).toBe([...local.entries()].length);
    });
  };

  it("publishes what is captured with one offer, and gives each track to its sender once", async () => {
    await join();
    expect(offered()).toEqual([["microphone", "camera"]]);
    expect(publishing().transceivers.map(({ sender }) => sender.track)).toEqual([...local.entries()].map(([, track]) => track));
    for (const { sender } of publishing().transceivers) expect(sender.replaceTrack).not.toHaveBeenCalled();
  });

  it("offers nothing where nothing is captured", async () => {
    local.stopAll();
    link.prepare();
    link.start(false);
    await Promise.resolve();
    expect(sent).toEqual([]);
  });

  describe("what nobody can use", () => {
    const active = (index: number) =>
      publishing().transceivers[index]?.sender.getParameters().encodings.map((encoding) => encoding.active);

    it("is not sent, until somebody can", async () => {
      await join();
      for (const [layers, sent] of [
        [1, [true, false, false]],
        [0, [false, false, false]],
        [3, [true, true, true]],
      ] as const) {
        link.setLayersWanted(idOf("camera"), layers);
        await vi.waitFor(() => {
          expect(active(1)).toEqual(sent);
        });
      }
      expect(active(0)).toEqual([true]);
    });

    it("ends with the last word, however fast they come", async () => {
      await join();
      for (const layers of [0, 2, 1, 3, 2]) link.setLayersWanted(idOf("camera"), layers);
      await vi.waitFor(() => {
        expect(active(1)).toEqual([true, true, false]);
      });
    });

    it("is known of a track that has no id yet", async () => {
      answerOffer = () => {
        link.setLayersWanted(idOf("camera"), 1);
        return Promise.resolve();
      };
      await join();
      await vi.waitFor(() => {
        expect(active(1)).toEqual([true, false, false]);
      });
    });
  });

  it("publishes everything on new connections after a restart", async () => {
    await join();
    link.restart();
    await vi.waitFor(() => {
      expect(offered()).toEqual([
        ["microphone", "camera"],
        ["microphone", "camera"],
      ]);
    });
    expect(publishing().connectionState).toBe("closed");
  });

  describe("a mute made while the first offer is on its way", () => {
    let answer: () => void;
    beforeEach(async () => {
      answerOffer = () =>
        new Promise((resolve) => {
          answer = resolve;
        });
      link.prepare();
      link.start(false);
      await vi.waitFor(() => {
        expect(sent).toHaveLength(1);
      });
    });

    it("reaches the room when the track has its id", async () => {
      await link.outgoing.setMicrophone(false);
      expect(commands("mute_track")).toEqual([]);
      answer();
      await vi.waitFor(() => {
        expect(commands("mute_track")).toEqual([{ track_id: idOf("microphone") }]);
      });
      expect(commands("publish_offer")).toHaveLength(1);
    });

    it("is not told when it was taken back meanwhile", async () => {
      await link.outgoing.setMicrophone(false);
      await link.outgoing.setMicrophone(true);
      answer();
      await vi.waitFor(() => {
        expect(link.tracks().size).toBe(2);
      });
      expect(sent).toHaveLength(1);
    });
  });

  it("tells of a mute before the room's own word of the track has come", async () => {
    await join();
    await link.outgoing.setMicrophone(false);
    await link.outgoing.setMicrophone(true);
    expect(sent.slice(1)).toEqual([
      { name: "mute_track", command: { track_id: idOf("microphone") } },
      { name: "unmute_track", command: { track_id: idOf("microphone") } },
    ]);
  });

  it("tells of a mute only where the room believes something else", async () => {
    await join();
    muted.set(idOf("microphone"), true);
    await link.outgoing.setMicrophone(false);
    expect(commands("mute_track")).toEqual([]);
  });

  it.each(["all", "relay"] as const)("with the policy %s keeps to it", async (iceTransportPolicy) => {
    vi.spyOn(console, "warn").mockReturnValue(undefined);
    const before = PeerConnectionDouble.made.length;
    const chosen = new MediaLink({ ...options, iceTransportPolicy });
    chosen.prepare();
    chosen.setIceServers([{ urls: "turn:turn.test", username: "u", credential: "c" }]);
    for (const connection of PeerConnectionDouble.made.slice(before)) {
      expect(connection.setConfiguration.mock.lastCall).toEqual([expect.objectContaining({ iceTransportPolicy })]);
    }
    // What comes from a peer would make a connection straight to it.
    chosen.follow({ id: "p_peer", offers: false });
    chosen.handleSignal("p_peer", { session: "s", kind: "offer", sdp: "" });
    await Promise.resolve();
    expect(PeerConnectionDouble.made.length - before).toBe(iceTransportPolicy === "relay" ? 2 : 3);
    chosen.close();
    vi.restoreAllMocks();
  });

  describe("what gets no answer while the gateway is there", () => {
    /** The first `count` times. */
    const failing = (count: number, code: string) => {
      let left = count;
      return () => (left-- > 0 ? Promise.reject(new ParleyError(code, "It does not answer.")) : Promise.resolve());
    };

    /** Pauses between tries are longer than what is waited for elsewhere. */
    const eventually = (isSo: () => void) => vi.waitFor(isSo, 5_000);

    it.each(["network", "media_node_timeout", "no_media_node"])("is offered again (%s)", async (code) => {
      answerOffer = failing(2, code);
      link.prepare();
      link.start(false);
      await eventually(() => {
        expect(link.tracks().size).toBe(2);
      });
      expect(offered()).toHaveLength(3);
    });

    it("is offered again after a move to another node", async () => {
      await join();
      answerOffer = failing(1, "network");
      link.restart();
      await eventually(() => {
        expect(offered()).toHaveLength(3);
      });
    });

    it("is not offered again when it was refused", async () => {
      const warned = vi.spyOn(console, "warn").mockReturnValue(undefined);
      answerOffer = failing(1, "permission_denied");
      link.prepare();
      link.start(false);
      await eventually(() => {
        expect(warned).toHaveBeenCalledOnce();
      });
      warned.mockRestore();
      expect(offered()).toHaveLength(1);
    });

    it("is offered again by a way that has failed", async () => {
      await join();
      answerOffer = failing(1, "network");
      publishing().become("failed");
      await eventually(() => {
        expect(offered()).toHaveLength(3);
      });
      expect(publishing().restartIce).toHaveBeenCalledOnce();
    });

    it("is answered again, unless a newer offer has come", async () => {
      await join();
      answerReceived = failing(1, "network");
      link.handleOffer(OFFER);
      await eventually(() => {
        expect(commands("subscriber_answer")).toHaveLength(2);
      });
      answerReceived = failing(1, "network");
      link.handleOffer({ ...OFFER, negotiation: 2 });
      await eventually(() => {
        expect(commands("subscriber_answer")).toHaveLength(3);
      });
      link.handleOffer({ ...OFFER, negotiation: 3 });
      await eventually(() => {
        expect(commands("subscriber_answer").slice(2)).toMatchObject([{ negotiation: 2 }, { negotiation: 3 }]);
      });
    });
  });

  describe("a connection that does not come about", () => {
    const FIVE_SECONDS = 5_000;
    beforeEach(async () => {
      vi.useFakeTimers();
      await join();
      link.handleOffer(OFFER);
      await vi.waitFor(() => {
        expect(commands("subscriber_answer")).toHaveLength(1);
      });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    it("is made anew, again and again, until it has", async () => {
      for (const times of [1, 2]) {
        await vi.advanceTimersByTimeAsync(times * FIVE_SECONDS);
        expect(commands("restart_media")).toHaveLength(times);
        expect(publishing().restartIce).toHaveBeenCalledTimes(times);
        expect(offered()).toHaveLength(times + 1);
        link.handleOffer({ ...OFFER, generation: times + 1 });
      }
      for (const connection of PeerConnectionDouble.made) connection.become("connected");
      await vi.advanceTimersByTimeAsync(8 * FIVE_SECONDS);
      expect(commands("restart_media")).toHaveLength(2);
      expect(publishing().restartIce).toHaveBeenCalledTimes(2);
    });

    it("is left alone once it has come about", async () => {
      publishing().become("connected");
      subscribing().become("connected");
      await vi.advanceTimersByTimeAsync(4 * FIVE_SECONDS);
      expect(commands("restart_media")).toEqual([]);
      expect(publishing().restartIce).not.toHaveBeenCalled();
    });
  });

  describe("an offer that does not come after we began again", () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    for (const begins of ["move", "restart"] as const) {
      it(`is asked for after a ${begins}, until it has come`, async () => {
        await join();
        muted.set("theirs", false);
        link[begins]();
        await vi.advanceTimersByTimeAsync(4_900);
        expect(commands("restart_media")).toEqual([]);
        await vi.advanceTimersByTimeAsync(200);
        expect(commands("restart_media")).toHaveLength(1);
        await vi.advanceTimersByTimeAsync(10_000);
        expect(commands("restart_media")).toHaveLength(2);
        link.handleOffer(OFFER);
        await vi.waitFor(() => {
          expect(commands("subscriber_answer")).toHaveLength(1);
        });
        for (const connection of PeerConnectionDouble.made) connection.become("connected");
        await vi.advanceTimersByTimeAsync(60_000);
        expect(commands("restart_media")).toHaveLength(2);
      });
    }

    it("is not missed where nobody else sends anything", async () => {
      await join();
      muted.set(idOf("camera"), false);
      link.move();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(commands("restart_media")).toEqual([]);
    });
  });

  describe("when the gateway is back", () => {
    const lost = () => Promise.reject(new ParleyError("network", "The meeting cannot be reached."));

    it("looks for another way with new credentials", async () => {
      const [old, fresh] = ["old", "new"].map((credential) => [{ urls: "turn:turn.test", username: "u", credential }]);
      link.setIceServers(old ?? []);
      await join();
      renewServers = () => {
        expect(publishing().restartIce).not.toHaveBeenCalled();
        link.setIceServers(fresh ?? []);
        return Promise.resolve();
      };
      publishing().become("failed");
      await vi.waitFor(() => {
        expect(publishing().restartIce).toHaveBeenCalledOnce();
      });
      expect(publishing().setConfiguration.mock.lastCall).toEqual([expect.objectContaining({ iceServers: fresh })]);
    });

    it("renews publishing that has failed meanwhile", async () => {
      await join();
      answerOffer = lost;
      publishing().become("failed");
      await vi.waitFor(() => {
        expect(offered()).toHaveLength(2);
      });
      answerOffer = () => Promise.resolve();
      link.resumed();
      await vi.waitFor(() => {
        expect(offered()).toHaveLength(3);
      });
      expect(publishing().restartIce).toHaveBeenCalledTimes(2);
    });

    it("renews publishing also where the offer to the lost connection is waiting yet", async () => {
      await join();
      let refuse: (error: Error) => void = () => undefined;
      answerOffer = () =>
        new Promise((_, reject) => {
          refuse = reject;
        });
      publishing().become("failed");
      await vi.waitFor(() => {
        expect(offered()).toHaveLength(2);
      });
      answerOffer = () => Promise.resolve();
      link.resumed();
      refuse(new ParleyError("network", "The meeting does not answer."));
      await vi.waitFor(() => {
        expect(offered()).toHaveLength(3);
      });
    });

    it("publishes what could not be published meanwhile", async () => {
      local.stop("camera");
      await join();
      answerOffer = lost;
      local.put("camera", captured("video"));
      await expect(link.outgoing.setCamera(true)).rejects.toMatchObject({ code: "network" });
      answerOffer = () => Promise.resolve();
      link.resumed();
      await vi.waitFor(() => {
        expect(offered()).toEqual([["microphone"], ["microphone", "camera"], ["microphone", "camera"]]);
      });
    });

    it("asks for receiving anew where it has failed meanwhile", async () => {
      await join();
      link.handleOffer(OFFER);
      await vi.waitFor(() => {
        expect(commands("subscriber_answer")).toHaveLength(1);
      });
      for (const [count, fails] of [() => { subscribing().become("failed"); }, () => { link.resumed(); }].entries()) {
        fails();
        await vi.waitFor(() => {
          expect(commands("restart_media")).toHaveLength(count + 1);
        });
      }
    });

    it("asks for an offer that has not come since it began again", async () => {
      await join();
      link.resumed();
      expect(commands("restart_media")).toEqual([]);
      link.restart();
      link.resumed();
      await vi.waitFor(() => {
        expect(commands("restart_media")).toHaveLength(1);
      });
      link.handleOffer(OFFER);
      link.resumed();
      await vi.waitFor(() => {
        expect(commands("subscriber_answer")).toHaveLength(1);
      });
      expect(commands("restart_media")).toHaveLength(1);
    });

    it("leaves alone what has held", async () => {
      await join();
      link.handleOffer(OFFER);
      await vi.waitFor(() => {
        expect(commands("subscriber_answer")).toHaveLength(1);
      });
      publishing().become("connected");
      subscribing().become("connected");
      const before = sent.length;
      link.resumed();
      await Promise.resolve();
      expect(sent).toHaveLength(before);
    });
  });

  describe("moving to another node", () => {
    const offer: SubscriberOffer = { ...OFFER, tracks: [{ mid: "x", track_id: "t_other", participant_id: "p" }] };
    const states = () => PeerConnectionDouble.made.map(({ connectionState }) => connectionState);
    /** When the other's picture came last over each connection. */
    let given: { former: number | null; next: number | null };
    let former: MediaStreamTrack;
    let next: MediaStreamTrack;

    beforeEach(async () => {
      await join();
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
      given = { former: performance.timeOrigin + performance.now(), next: null };
      former = subscribing().receive("x", () => given.former);
      link.handleOffer(offer);
      await vi.waitFor(() => {
        expect(link.tracks().get("t_other")).toBe(former);
      });
      for (const connection of [publishing(), subscribing()]) connection.become("connected");
      link.move();
      next = fourth().receive("x", () => given.next);
      link.handleOffer(offer);
      await vi.waitFor(() => {
        expect(commands("subscriber_answer")).toHaveLength(2);
        expect(offered()).toHaveLength(2);
      });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    const goOn = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        if (given.former !== null) given.former += 100;
        vi.advanceTimersByTime(100);
      }
    };

    it("shows what comes from the former node until the next one gives it", () => {
      expect(link.tracks().get("t_other")).toBe(former);
      third().become("connected");
      fourth().become("connecting");
      goOn(3_000);
      expect(link.tracks().get("t_other")).toBe(former);
      expect(link.status).toBe("connected");
      expect(commands("media_moved")).toEqual([]);
      given.next = given.former;
      expect(link.tracks().get("t_other")).toBe(next);
    });

    it("sends to both nodes for a while, and says when it has left the former", async () => {
      given.next = given.former;
      goOn(3_000);
      expect(commands("media_moved"), "nothing goes out over the new one yet").toEqual([]);
      third().become("connected");
      goOn(1_500);
      expect(states().slice(0, 2)).toEqual(["connected", "connected"]);
      goOn(1_000);
      await vi.waitFor(() => {
        expect(commands("media_moved")).toEqual([{}]);
        expect(states()).toEqual(["closed", "closed", "connected", "new"]);
      });
      expect(link.tracks().get("t_other")).toBe(next);
    });

    it("does not wait for what comes from nobody any more", async () => {
      given.former = null;
      third().become("connected");
      goOn(2_500);
      await vi.waitFor(() => {
        expect(commands("media_moved")).toEqual([{}]);
      });
    });

    it("waits no longer than the former node serves", async () => {
      goOn(9_500);
      await vi.waitFor(() => {
        expect(commands("media_moved")).toEqual([{}]);
        expect(link.tracks().get("t_other")).toBe(next);
      });
    });

    it("leaves the former at once where a restart follows", () => {
      link.restart();
      expect(states().slice(0, 4)).toEqual(["closed", "closed", "closed", "closed"]);
      expect(link.tracks().has("t_other")).toBe(false);
    });

    it("follows a moderator's mute meanwhile", () => {
      link.outgoing.followMute(idOf("microphone"));
      expect(local.get("microphone")?.enabled).toBe(false);
    });
  });
});
