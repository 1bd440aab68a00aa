const works: (() => void)[] = [];

process.on("exit", () => {
  for (const work of works.reverse()) {
    try {
      work();
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
});

/**
 * Runs `work` when this process ends, also when it ends early. The latest work runs first, so that a process is killed
 * before its folder is removed. One failure does not stop the others. Returns a function that withdraws `work`.
 */
export function atExit(work: () => void): () => void {
  works.push(work);
  return () => {
    const index = works.indexOf(work);
    if (index >= 0) works.splice(index, 1);
  };
}
