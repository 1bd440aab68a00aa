/** A terminal that is drawn over and over. */
export interface Screen {
  show(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const home = "\x1b[H";
const clearLine = "\x1b[K";
const clearBelow = "\x1b[J";

/** Draws on the alternate screen, in one write a frame. Whatever ends the process, the terminal is given back. */
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
      // The last line may be longer than the screen is wide; it wraps by itself, so that it is copied as one.
      out.write(home + lines.map((line) => line + clearLine).join("\r\n") + clearBelow);
    },
    close,
  };
}
