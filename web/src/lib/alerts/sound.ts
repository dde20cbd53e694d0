/**
 * The ring: two soft tones made by Web Audio, so no file has to be fetched.
 * Browsers keep audio silent until the user has touched the page; `unlock` is called on the first gesture
 * and until then a ring is simply not heard (the title and the pop still show it).
 */
let context: AudioContext | null = null;

function audio(): AudioContext | null {
  if (typeof AudioContext === "undefined") return null;
  context ??= new AudioContext();
  return context;
}

export function unlockOnFirstGesture(): () => void {
  const unlock = () => {
    const ctx = audio();
    if (ctx?.state === "suspended") void ctx.resume().catch(() => undefined);
    stop();
  };
  const stop = () => {
    removeEventListener("pointerdown", unlock);
    removeEventListener("keydown", unlock);
  };
  addEventListener("pointerdown", unlock);
  addEventListener("keydown", unlock);
  return stop;
}

/** True when the ring was audible, false when the browser still forbids sound. */
export function ring(): boolean {
  if (!context || context.state !== "running") return false;
  const start = context.currentTime + 0.01;
  for (const [offset, frequency] of [
    [0, 659.25],
    [0.18, 880],
    [0.5, 659.25],
    [0.68, 880],
  ] as const) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = "sine";
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0, start + offset);
    gain.gain.linearRampToValueAtTime(0.16, start + offset + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, start + offset + 0.17);
    tone.connect(gain).connect(context.destination);
    tone.start(start + offset);
    tone.stop(start + offset + 0.18);
  }
  return true;
}
