/** In the child: answers what the parent asks, one thing at a time, and ends with the parent. */
export function answerParent<Ask>(answer: (ask: Ask) => Promise<object>): void {
  process.on("disconnect", () => process.exit());
  process.on("message", (ask: Ask) => {
    answer(ask).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

/** In the child: tells the parent something that it has not asked for. */
export function tellParent(event: unknown): void {
  process.send?.({ event });
}
