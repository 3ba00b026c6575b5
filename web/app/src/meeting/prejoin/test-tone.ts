/** Three rising tones, out of the chosen speaker where the browser lets a page choose; resolves when they are over. */
export async function playTestTone(speakerId: string): Promise<void> {
  const context = new AudioContext();
  try {
    if (speakerId !== "" && "setSinkId" in context) {
      // A speaker that is gone: the tone then comes out of the system's own.
      await (context as AudioContext & { setSinkId: (id: string) => Promise<void> }).setSinkId(speakerId).catch(() => undefined);
    }
    const ends = [523.25, 659.25, 783.99].map((frequency, index) => tone(context, frequency, index * 0.24));
    await Promise.all(ends);
  } finally {
    await context.close();
  }
}

function tone(context: AudioContext, frequency: number, after: number): Promise<void> {
  const start = context.currentTime + after;
  const oscillator = new OscillatorNode(context, { frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.22, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.5);
  return new Promise((resolve) => {
    oscillator.addEventListener("ended", () => {
      resolve();
    });
  });
}
