/** A terminal screen that is redrawn repeatedly. */
export interface Screen {
  show(text: string): void;
  /** Restores the terminal. */
  close(): void;
}

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const home = "\x1b[H";
const clearLine = "\x1b[K";
const clearBelow = "\x1b[J";

/** Draws on the alternate screen, in one write per frame. The terminal is restored however the process ends. */
export function createScreen(out: NodeJS.WriteStream): Screen {
  let open = true;
  const close = () => {
    if (open) out.write(leave);
    open = false;
    process.off("exit", close);
  };
  process.on("exit", close);
  out.write(enter);
  return {
    show(text) {
      if (!open) return;
      const lines = text.split("\n");
      // The last line may be wider than the screen; the terminal wraps it, so that it is copied as one line.
      out.write(home + lines.map((line) => line + clearLine).join("\r\n") + clearBelow);
    },
    close,
  };
}
