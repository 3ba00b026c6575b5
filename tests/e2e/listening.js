// Run before a page's own code: its microphone gives a tone that never ends, and what it plays is listened to.
(() => {
  const BLOCK = 256;
  const QUIET = 0.005;
  const context = new AudioContext({ sampleRate: 48_000 });
  const ear = context.createScriptProcessor(BLOCK, 1, 1);
  ear.connect(context.destination);
  const listening = (window.__listening = {
    isOn: false,
    silence: 0,
    blocks: 0,
    /** Milliseconds. */
    longestSilence: 0,
    start() {
      Object.assign(listening, { isOn: true, silence: 0, blocks: 0, longestSilence: 0 });
    },
  });
  ear.addEventListener("audioprocess", ({ inputBuffer }) => {
    const samples = inputBuffer.getChannelData(0);
    const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
    listening.blocks += 1;
    listening.silence = Math.sqrt(energy / BLOCK) < QUIET ? listening.silence + BLOCK / 48 : 0;
    if (listening.isOn) listening.longestSilence = Math.max(listening.longestSilence, listening.silence);
  });

  const heard = new Map();
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    configurable: true,
    get,
    set(stream) {
      set.call(this, stream);
      heard.get(this)?.disconnect();
      heard.delete(this);
      if (!(this instanceof HTMLAudioElement) || stream === null) return;
      const source = context.createMediaStreamSource(stream);
      source.connect(ear);
      heard.set(this, source);
    },
  });

  const { mediaDevices } = navigator;
  const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    for (const track of stream.getAudioTracks()) {
      const tone = context.createOscillator();
      const voice = context.createMediaStreamDestination();
      tone.connect(voice);
      tone.start();
      stream.removeTrack(track);
      track.stop();
      stream.addTrack(voice.stream.getAudioTracks()[0]);
    }
    return stream;
  };
})();
