import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { atExit } from "@interlock/testing-processes";
import type { Certificates } from "./certificates.js";
import type { Target } from "./target.js";

/** Finds a program in PATH and in `/usr/sbin`. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A server of nginx: what follows the address in `listen`, and further directives. */
export interface NginxSite {
  readonly listen: string;
  readonly directives?: string | undefined;
}

/** Starts nginx with one server. Its certificate and its CA are `certificates`. */
export async function startNginx({ listen, directives = "" }: NginxSite, certificates: Certificates): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-nginx-"));
  await mkdir(join(folder, "html"));
  await writeFile(join(folder, "html/index.html"), "<p>a page</p>\n");
  const port = await freePort();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(" ");
  const { folder: keys } = certificates;
  await writeFile(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
    http { access_log off; ${paths} root ${folder}/html;
      ssl_certificate ${keys}/cert.pem; ssl_certificate_key ${keys}/key.pem; ssl_client_certificate ${keys}/ca.pem;
      server { listen 127.0.0.1:${port} ${listen}; ${directives} } }`,
  );
  const child = spawn(findProgram("nginx") ?? "nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said = `${said}${data}`.slice(-4_096);
  });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const exit = once(child, "close");
  await untilOpen(port, () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`);
  });
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await exit;
      withdraw();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago, for programs that cannot take any free one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a port listens, for 10 s at most. */
export async function untilOpen(port: number, check: () => void): Promise<void> {
  const limit = Date.now() + 10_000;
  for (;;) {
    check();
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
    );
    socket.destroy();
    if (open) return;
    if (Date.now() > limit) throw new Error(`nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
