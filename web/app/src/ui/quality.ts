import type { QualityLevel } from "@parley/sdk";

/** From the best to the worst. */
export const LEVELS: readonly QualityLevel[] = ["excellent", "good", "poor", "lost"];

/** Whether a connection is so that people notice. */
export function isWeak(level: QualityLevel | null): boolean {
  return level === "poor" || level === "lost";
}
