import { find, html, setText } from "@interlock/cli/page/kit";
import { clock } from "../model/format.js";
import type { Recording } from "../model/recording.js";
import type { Moment } from "./moment.js";

/** Plays a recording: play, pause, seek, speed, also by keyboard. Returns its current moment. */
export function createPlayer(recording: Recording, onChange: () => void): () => Moment {
  const button = find("play");
  const seek = find<HTMLInputElement>("seek");
  const speed = find<HTMLSelectElement>("speed");
  const label = find("position");
  const { duration } = recording;
  let position = 0;
  let playing = false;
  let before = 0;

  find("player").hidden = false;
  seek.max = `${Math.ceil(duration / 100) * 100}`;
  drawMarks(recording);

  function show(): void {
    seek.value = `${position}`;
    const text = `${clock(position)} of ${clock(duration)}`;
    seek.setAttribute("aria-valuetext", text);
    setText(label, `${clock(position)} / ${clock(duration)}`);
    setText(button, playing ? "Pause" : position >= duration ? "Again" : "Play");
    onChange();
  }

  function go(to: number): void {
    position = Math.min(Math.max(0, to), duration);
    if (position >= duration) playing = false;
    show();
  }

  function step(time: number): void {
    if (!playing) return;
    go(position + (time - before) * Number(speed.value));
    before = time;
    requestAnimationFrame(step);
  }

  function toggle(): void {
    playing = !playing;
    if (playing && position >= duration) position = 0;
    before = performance.now();
    if (playing) requestAnimationFrame(step);
    show();
  }

  button.addEventListener("click", toggle);
  seek.addEventListener("input", () => go(Number(seek.value)));
  document.addEventListener("keydown", (event) => {
    // Buttons and selections use this key themselves.
    const taken = event.target instanceof HTMLButtonElement || event.target instanceof HTMLSelectElement;
    if (event.key !== " " || taken) return;
    event.preventDefault();
    toggle();
  });
  show();
  return () => ({ ...recording.at(position), connected: true });
}

function drawMarks({ marks, duration }: Recording): void {
  const nodes = marks.map(({ at, kind }) => {
    const mark = html("span", { class: kind });
    mark.style.left = `${(at / Math.max(1, duration)) * 100}%`;
    return mark;
  });
  find("marks").append(...nodes);
}
