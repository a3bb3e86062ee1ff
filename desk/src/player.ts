// The player of a request's recording: plays from any word and marks the word that is playing.

import { say } from "./words";

export interface Player {
  toggle(): void;
  skip(seconds: number): void;
  speed(step: number): void;
  /** Play from `at` (seconds) on, up to `until` if given. */
  playFrom(at: number, until?: number): void;
  /** Play the current (or last) sentence again. */
  repeat(): void;
}

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5];
const STORED = "huying-desk-speed";
const PAUSE = 0.7; // seconds of silence between two words that begin a new sentence

export function createPlayer(place: HTMLElement, words: HTMLElement[]): Player {
  const audio = new Audio();
  const times = words.map((word) => ({ at: Number(word.dataset["at"]), until: Number(word.dataset["until"]) }));
  const button = place.querySelector<HTMLButtonElement>("#play");
  const clock = place.querySelector<HTMLOutputElement>("#clock");
  const shown = place.querySelector<HTMLOutputElement>("#speed");
  const wrong = place.querySelector<HTMLElement>("#player-wrong");
  let stopAt: number | undefined;
  let now = -1;
  let frame = 0;

  const ready = load();

  async function load(): Promise<void> {
    const answer = await fetch(place.dataset["src"] as string, { credentials: "same-origin" });
    if (!answer.ok) {
      if (wrong) {
        wrong.textContent = say("cannot_play");
        wrong.hidden = false;
      }
      throw new Error(String(answer.status));
    }
    const blob = await answer.blob();
    const { default: WaveSurfer } = await import("wavesurfer.js");
    const wave = WaveSurfer.create({
      container: place.querySelector("#wave") as HTMLElement,
      media: audio,
      height: 56,
      waveColor: "#6b7885",
      progressColor: "#0b4f8a",
      cursorColor: "#a3122a",
      cursorWidth: 2,
      normalize: true,
      dragToSeek: true,
    });
    await wave.loadBlob(blob);
    pace(Number(localStorage.getItem(STORED) ?? 1));
    place.dataset["ready"] = "1";
    tick();
  }
  ready.catch(() => undefined);

  function play(): void {
    void ready.then(() => audio.play()).catch(() => undefined);
  }

  function pace(rate: number): void {
    audio.playbackRate = SPEEDS.includes(rate) ? rate : 1;
    localStorage.setItem(STORED, String(audio.playbackRate));
    if (shown) shown.value = `${audio.playbackRate}×`;
  }

  function tick(): void {
    cancelAnimationFrame(frame);
    if (stopAt !== undefined && audio.currentTime >= stopAt) {
      stopAt = undefined;
      audio.pause();
    }
    if (!audio.paused || audio.currentTime > 0) mark(times.filter((t) => t.at <= audio.currentTime + 0.02).length - 1);
    if (clock) clock.value = `${minutes(audio.currentTime)} / ${minutes(audio.duration || 0)}`;
    if (!audio.paused) frame = requestAnimationFrame(tick);
  }

  function mark(index: number): void {
    if (index === now) return;
    words[now]?.classList.remove("now");
    now = index;
    words[now]?.classList.add("now");
  }

  for (const name of ["play", "pause", "seeked", "ended", "loadedmetadata"]) {
    audio.addEventListener(name, () => {
      button?.setAttribute("aria-pressed", String(!audio.paused));
      place.dataset["playing"] = audio.paused ? "" : "1";
      tick();
    });
  }

  function playFrom(at: number, until?: number): void {
    void ready.then(() => {
      audio.currentTime = Math.max(0, at);
      place.dataset["from"] = audio.currentTime.toFixed(1);
      stopAt = until;
      play();
    }, () => undefined);
  }

  function toggle(): void {
    stopAt = undefined;
    if (audio.paused) {
      if (audio.ended) audio.currentTime = 0;
      play();
    } else audio.pause();
  }

  function speed(step: number): void {
    const at = SPEEDS.indexOf(audio.playbackRate);
    pace(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at + step))] ?? 1);
  }

  function repeat(): void {
    let first = Math.max(0, now);
    const ends = (n: number): boolean =>
      /[。！？!?]\s*$/.test(words[n]?.textContent ?? "") || (times[n + 1]?.at ?? 0) - (times[n]?.until ?? 0) > PAUSE;
    while (first > 0 && !ends(first - 1)) first -= 1;
    playFrom(times[first]?.at ?? 0);
  }

  function skip(seconds: number): void {
    stopAt = undefined;
    audio.currentTime = Math.max(0, audio.currentTime + seconds);
  }

  button?.addEventListener("click", toggle);
  place.addEventListener("click", (event) => {
    const what = (event.target as Element).closest<HTMLElement>("[data-player]")?.dataset["player"];
    if (what === "back") skip(-2);
    else if (what === "forward") skip(2);
    else if (what === "slower") speed(-1);
    else if (what === "faster") speed(1);
  });
  listen(words, (n) => playFrom(times[n]?.at ?? 0));
  return { toggle, skip, speed, playFrom, repeat };
}

/** The words are one tab stop: arrows move from word to word, Enter or a click plays from there. */
function listen(words: HTMLElement[], heard: (index: number) => void): void {
  const focus = (index: number): void => {
    const word = words[Math.max(0, Math.min(words.length - 1, index))];
    words.forEach((one) => (one.tabIndex = one === word ? 0 : -1));
    word?.focus();
  };
  words.forEach((word, n) => {
    word.addEventListener("click", () => heard(n));
    word.addEventListener("keydown", (event) => {
      const go = { ArrowRight: n + 1, ArrowLeft: n - 1, Home: 0, End: words.length - 1 }[event.key];
      if (go !== undefined) focus(go);
      else if (event.key === "Enter") heard(n);
      else return;
      event.preventDefault();
    });
  });
}

function minutes(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
