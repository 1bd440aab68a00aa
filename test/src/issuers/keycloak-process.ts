import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { atExit, freePort } from "@interlock/testing-processes";
import type { WebFiles } from "./web-files.js";

/** A running Keycloak. */
export interface KeycloakProcess {
  readonly url: string;
  readonly version: string;
  /** The password of its administrator `admin`. */
  readonly password: string;
  stop(): Promise<void>;
}

/** How long Keycloak may take to start, in milliseconds. It takes about 15 s on two free cores. */
const startMs = 180_000;

/** Starts Keycloak with a database in memory. Resolves once it serves. */
export async function runKeycloak(home: string, files: WebFiles, password: string): Promise<KeycloakProcess> {
  const port = await freePort();
  const url = `https://localhost:${port}`;
  const args = ["start", "--optimized", `--hostname=${url}`, "--http-host=127.0.0.1", `--https-port=${port}`];
  args.push(`--https-certificate-file=${files.certificate}`, `--https-certificate-key-file=${files.key}`);
  args.push(`--https-trust-store-file=${files.clientCa}`, `--truststore-paths=${files.clientCa}`, "--cache=local");
  const child = spawn("bash", [join(home, "bin/kc.sh"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      KC_BOOTSTRAP_ADMIN_USERNAME: "admin",
      KC_BOOTSTRAP_ADMIN_PASSWORD: password,
      JAVA_OPTS_KC_HEAP: "-Xms64m -Xmx512m",
    },
  });
  const stopKilling = atExit(() => child.kill("SIGKILL"));
  const version = await started(child);
  return {
    url,
    version,
    password,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      stopKilling();
    },
  };
}

/** Resolves to the version, when the log says that it has started. */
function started(child: ChildProcess): Promise<string> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`Keycloak ${what}:\n${log.join("\n")}`));
    const timer = setTimeout(() => {
      fail(`has not started within ${startMs} ms`);
      child.kill("SIGKILL");
    }, startMs);
    const read = (line: string) => {
      log.push(line);
      if (log.length > 200) log.shift();
      const version = /Keycloak (\S+) on JVM .* started in/.exec(line)?.[1];
      if (version) resolve(version);
      if (version) clearTimeout(timer);
    };
    for (const output of [child.stdout, child.stderr]) if (output) createInterface({ input: output }).on("line", read);
    child.once("exit", () => {
      clearTimeout(timer);
      fail("has ended");
    });
  });
}
