// A camera that shows what time it is, and a microphone that sounds while it is told to.
//
// The upper half of the picture is twelve fields: white is 1, black is 0. From left to right they are the bits of the
// time (Date.now()), in steps of 128 ms, the greatest first. The lower half is one colour, `__pattern.colour`.
const pattern = { colour: "rgb(200, 30, 30)", tone: 440, gain: null };
window.__pattern = pattern;
window.__speak = (speaks) => {
  pattern.gain.gain.value = speaks ? 0.3 : 0;
};
const WIDTH = 640;
const HEIGHT = 360;
const BITS = 12;

function camera() {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  const draw = () => {
    const time = Math.floor(Date.now() / 128) % 2 ** BITS;
    for (let bit = 0; bit < BITS; bit++) {
      context.fillStyle = (time >> (BITS - 1 - bit)) & 1 ? "white" : "black";
      context.fillRect((bit * WIDTH) / BITS, 0, WIDTH / BITS + 1, HEIGHT / 2);
    }
    context.fillStyle = pattern.colour;
    context.fillRect(0, HEIGHT / 2, WIDTH, HEIGHT / 2);
  };
  draw();
  setInterval(draw, 64);
  return canvas.captureStream(15);
}

function microphone() {
  const context = new AudioContext();
  const wave = new OscillatorNode(context, { frequency: pattern.tone });
  pattern.gain = new GainNode(context, { gain: 0 });
  const out = new MediaStreamAudioDestinationNode(context);
  wave.connect(pattern.gain).connect(out);
  wave.start();
  return out.stream;
}

if (navigator.mediaDevices) {
  navigator.mediaDevices.getUserMedia = ({ audio, video }) =>
    Promise.resolve(
      new MediaStream([
        ...(video ? camera().getVideoTracks() : []),
        ...(audio ? microphone().getAudioTracks() : []),
      ]),
    );
}
