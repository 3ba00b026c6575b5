/** Pictures for the preview: canvases that move, as video tracks. */

function animated(width: number, height: number, draw: (context: CanvasRenderingContext2D, time: number) => void): MediaStreamTrack | null {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (context === null) return null;
  const paint = () => {
    draw(context, performance.now() / 1000);
  };
  paint();
  setInterval(paint, 100);
  return canvas.captureStream(10).getVideoTracks()[0] ?? null;
}

const SKIN = ["#e8b893", "#8d5a3c", "#c68d63", "#f0c9a8", "#6e4630", "#d9a47c"] as const;
const HAIR = ["#2b1d16", "#5a3a22", "#171412", "#b8894d", "#3c3634", "#7a2f1d"] as const;

/** Somebody before a window, or a shelf. */
export function facePicture(index: number): MediaStreamTrack | null {
  const hue = (index * 67 + 195) % 360;
  const skin = SKIN[index % SKIN.length] ?? SKIN[0];
  const hair = HAIR[(index * 5 + 1) % HAIR.length] ?? HAIR[0];
  return animated(640, 360, (context, time) => {
    const sway = Math.sin(time * 0.9 + index) * 7;
    const room = context.createLinearGradient(0, 0, 640, 360);
    room.addColorStop(0, `hsl(${hue} 22% 68%)`);
    room.addColorStop(1, `hsl(${hue + 25} 24% 40%)`);
    context.fillStyle = room;
    context.fillRect(0, 0, 640, 360);
    context.fillStyle = `hsl(${hue + 10} 40% 86% / 0.55)`;
    context.fillRect(index % 2 === 0 ? 40 : 470, 30, 130, 170);
    context.fillStyle = `hsl(${hue + 180} 20% 34% / 0.45)`;
    context.fillRect(index % 2 === 0 ? 470 : 40, 210, 150, 12);
    context.fillRect(index % 2 === 0 ? 490 : 60, 160, 26, 50);
    context.fillRect(index % 2 === 0 ? 524 : 94, 172, 18, 38);
    const x = 320 + sway;
    context.fillStyle = `hsl(${(hue + 140) % 360} 32% 36%)`;
    context.beginPath();
    context.ellipse(x, 385, 150, 120, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = skin;
    context.fillRect(x - 26, 230, 52, 50);
    context.fillStyle = hair;
    context.beginPath();
    context.ellipse(x, 158, 78, 92, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = skin;
    context.beginPath();
    context.ellipse(x, 178, 62, 80, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = "#2a1c14";
    const blink = time % 4 < 0.15 ? 1 : 6;
    for (const side of [-24, 24]) {
      context.beginPath();
      context.ellipse(x + side, 170, 6, blink, 0, 0, Math.PI * 2);
      context.fill();
    }
    context.strokeStyle = "#7c3f33";
    context.lineWidth = 5;
    context.lineCap = "round";
    context.beginPath();
    context.arc(x, 202, 22, 0.25, Math.PI - 0.25);
    context.stroke();
  });
}

/** A shared document. */
export function screenPicture(): MediaStreamTrack | null {
  return animated(1280, 720, (context, time) => {
    context.fillStyle = "#f7f9fa";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "#0b6b78";
    context.fillRect(0, 0, 1280, 64);
    context.fillStyle = "#fff";
    context.font = "600 26px sans-serif";
    context.fillText("Release 1.0: what is left", 32, 42);
    context.fillStyle = "#cfd9dd";
    for (let line = 0; line < 9; line += 1) context.fillRect(32, 110 + line * 44, 380 + ((line * 137) % 190), 16);
    for (let bar = 0; bar < 7; bar += 1) {
      const height = 120 + 90 * Math.sin(bar * 0.9 + time * 0.4) + bar * 24;
      context.fillStyle = bar === 6 ? "#0b6b78" : "#8fc7cd";
      context.fillRect(720 + bar * 72, 620 - height, 48, height);
    }
  });
}
