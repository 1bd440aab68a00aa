import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const refusal = "FAILED_PRECONDITION Calls are passed on over wire only: unset INTERLOCK_TRANSPORT.";

/** What passes calls on, and what it says in a process of its own, whose transport is that of grpc-js. */
const opened: Readonly<Record<string, string>> = {
  openGateway: "./gateway.js",
  openOutbound: "./sidecar/outbound.js",
};

describe("with INTERLOCK_TRANSPORT=grpc-js", () => {
  for (const [name, file] of Object.entries(opened)) {
    it(`${name} refuses to open, and says what to do`, async () => {
      const program = `
        const { ${name} } = await import(${JSON.stringify(new URL(file, import.meta.url))});
        await ${name}({}, {}).catch(({ code, message }) => process.stdout.write(code + " " + message));
      `;
      const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
        env: { ...process.env, INTERLOCK_TRANSPORT: "grpc-js" },
      });
      assert.equal(stdout, refusal);
    });
  }
});
