import { expect, it } from "vitest";
import { MediaNews } from "./media-news.js";

it("knows for each track why it cannot be had, as each reason comes and goes by itself", () => {
  const news = new MediaNews();
  news.hearStarved({ track_id: "a", starved: true, reason: "no_transcoder" });
  news.hearStarved({ track_id: "a", starved: true, reason: "path" });
  news.hearStarved({ track_id: "b", starved: true, reason: "encrypted" });
  expect([...news.unplayable]).toEqual([
    ["a", "no_transcoder"],
    ["b", "encrypted"],
  ]);
  news.hearStarved({ track_id: "a", starved: true, reason: "encrypted" });
  news.hearStarved({ track_id: "a", starved: false, reason: "no_transcoder" });
  news.hearStarved({ track_id: "b", starved: false, reason: "encrypted" });
  expect([...news.unplayable]).toEqual([["a", "encrypted"]]);
  expect([...news.starved]).toEqual(["a"]);
  news.forgetMedia();
  expect([news.unplayable.size, news.starved.size]).toEqual([0, 0]);
});
