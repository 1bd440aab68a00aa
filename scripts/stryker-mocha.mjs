// A test runner for Stryker, whose own runner does not support mocha 12 yet. Stryker loads this file in its workers.
import { resolve } from "node:path";
import { commonTokens, declareClassPlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import Mocha from "mocha";

class MochaRunner {
  static inject = tokens(commonTokens.options);
  #spec;
  #timeout;
  #mocha;
  /** The state that Stryker's code in the mutated files uses: the active mutant, and the coverage of a test. */
  #context;

  constructor({ mochaSpec, mochaTimeout }) {
    this.#spec = mochaSpec;
    this.#timeout = mochaTimeout;
    globalThis.__stryker__ ??= {};
    this.#context = globalThis.__stryker__;
  }

  // A mutant that is active while files are loaded needs them loaded again, which takes a new process.
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun() {
    const result = await this.#run(/./s, false);
    return { ...result, mutantCoverage: this.#context.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
    const context = this.#context;
    context.hitLimit = hitLimit;
    context.hitCount = hitLimit ? 0 : undefined;
    if (mutantActivation === "static") context.activeMutant = activeMutant.id;
    await this.#load();
    context.activeMutant = activeMutant.id;
    const result = await this.#run(testFilter ? anyOf(testFilter) : /./s, true);
    return toMutantRunResult(determineHitLimitReached(context.hitCount, context.hitLimit) ?? result);
  }

  async #load() {
    if (this.#mocha) return;
    const mocha = new Mocha({ reporter: Silent, timeout: this.#timeout });
    mocha.cleanReferencesAfterRun(false);
    for (const file of this.#spec) mocha.addFile(resolve(file));
    await mocha.loadFilesAsync();
    this.#mocha = mocha;
  }

  async #run(wanted, bail) {
    try {
      await this.#load();
    } catch (error) {
      return { status: DryRunStatus.Error, errorMessage: String(error) };
    }
    const tests = [];
    const context = this.#context;
    this.#mocha.grep(wanted);
    setBail(this.#mocha.suite, bail);
    await new Promise((done) => {
      const runner = this.#mocha.run(done);
      runner.on("test", (test) => {
        context.currentTestId = test.fullTitle();
      });
      runner.on("test end", () => {
        context.currentTestId = undefined;
      });
      runner.on("pass", (test) => tests.push({ ...identity(test), status: TestStatus.Success }));
      runner.on("fail", (test, { message }) => {
        tests.push({ ...identity(test), status: TestStatus.Failed, failureMessage: String(message) });
      });
    });
    return { status: DryRunStatus.Complete, tests };
  }
}

function setBail(suite, bail) {
  suite.bail(bail);
  for (const inner of suite.suites) setBail(inner, bail);
}

function anyOf(titles) {
  return new RegExp(`^(?:${titles.map((title) => title.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")})$`, "s");
}

function identity(test) {
  const id = test.fullTitle();
  return { id, name: id, timeSpentMs: test.duration ?? 0 };
}

class Silent {}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "mocha-12", MochaRunner)];
export const strykerValidationSchema = {
  properties: {
    mochaSpec: { description: "Compiled tests.", type: "array", items: { type: "string" } },
    mochaTimeout: { description: "After how many milliseconds a test fails.", type: "integer" },
  },
};
