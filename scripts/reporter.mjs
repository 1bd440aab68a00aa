import Mocha from "mocha";

/** Mocha's own report, followed by one plain line for programs. */
// biome-ignore lint/style/noDefaultExport: mocha loads a reporter by its default export.
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once("end", () => {
      const { passes, failures, pending } = runner.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
}
