import { describe, expect, it } from "vitest";
import { JoinWatch } from "./join-watch.js";

function watched(): { watch: JoinWatch; pass: (ms: number) => void } {
  let now = 1000;
  const watch = new JoinWatch(() => now);
  return {
    watch,
    pass: (ms) => {
      now += ms;
    },
  };
}

describe("JoinWatch", () => {
  it("begins a trace as W3C Trace Context has it", () => {
    const { watch } = watched();
    expect(watch.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(watch.traceparent).toBe(watch.traceparent);
    expect(watched().watch.traceparent).not.toBe(watch.traceparent);
  });

  it("reports each step from the end of the one before, once all were taken", () => {
    const { watch, pass } = watched();
    pass(30);
    watch.took("ticket");
    pass(20);
    watch.took("connect");
    watch.took("welcome");
    expect(watch.report()).toBeNull();
    pass(100);
    watch.took("media");
    pass(5);
    const report = watch.report();
    expect(watch.traceparent).toContain(`-${report?.span_id ?? "none"}-`);
    expect(report?.phases).toEqual([
      { step: "ticket", began_ms: 155, ended_ms: 125 },
      { step: "connect", began_ms: 125, ended_ms: 105 },
      { step: "welcome", began_ms: 105, ended_ms: 105 },
      { step: "media", began_ms: 105, ended_ms: 5 },
    ]);
  });

  it("reports once, and nothing of what comes again", () => {
    const { watch, pass } = watched();
    watch.took("ticket");
    watch.took("media");
    pass(50);
    watch.took("media");
    expect(watch.report()?.phases.at(-1)).toEqual({ step: "media", began_ms: 50, ended_ms: 50 });
    expect(watch.report()).toBeNull();
  });
});
