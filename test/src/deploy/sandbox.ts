import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Service } from "./compose-file.js";
import { settingsOf } from "./container-file.js";

/**
 * What stands in for a container engine where there is none: the root file system of this machine below an overlay, read-only,
 * with the trees of the images in it. A service runs there in a mount namespace of its own, under the number of its user, without
 * capabilities, and sees its volumes and nothing else that can be written.
 */
export interface Sandbox {
  /** Starts a command of a service as `docker compose up` does, or another one in its place as `docker compose exec` does. */
  start(service: Service, command?: readonly string[]): ChildProcess;
}

/** The places of a sandbox. */
export interface SandboxOptions {
  /** An empty folder. */
  readonly folder: string;
  /** The trees of the images, by their path in the image. */
  readonly trees: Readonly<Record<string, string>>;
  /** Folders of this machine that an image does not have. */
  readonly hidden: readonly string[];
  /** The names of the services, which all are this machine. */
  readonly hosts: readonly string[];
  /** All volumes, `<name or path>:<place>[:ro]`. */
  readonly volumes: readonly string[];
}

const sh = (script: string) => execFileSync("sh", ["-euc", script], { stdio: ["ignore", "ignore", "inherit"] });

/** Makes the sandbox. Call it in a mount namespace of its own, as root. */
export function createSandbox({ folder, trees, hidden, hosts, volumes }: SandboxOptions): Sandbox {
  const [image, layers] = [join(folder, "image"), join(folder, "layers")];
  mkdirSync(image);
  mkdirSync(layers);
  const at = (path: string) => join(image, path);
  sh(`mount --make-rprivate /; mount -t tmpfs tmpfs ${layers}; mkdir ${layers}/upper ${layers}/work
    mount -t overlay overlay -o lowerdir=/,upperdir=${layers}/upper,workdir=${layers}/work ${image}`);
  for (const path of ["/var/lib/interlock", ...Object.keys(trees)]) mkdirSync(at(path), { recursive: true });
  for (const [source = "", path = ""] of volumes.map((volume) => volume.split(":"))) {
    if (source.startsWith("/") && statSync(source).isFile()) writeFileSync(at(path), "");
    else mkdirSync(at(path), { recursive: true });
  }
  chownSync(at("/var/lib/interlock"), 10_001, 10_001);
  writeFileSync(at("/etc/hosts"), `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  for (const [path, tree] of Object.entries(trees))
    sh(`mount --bind ${tree} ${at(path)}; mount -o remount,ro,bind ${at(path)}`);
  sh(`mount -o remount,ro ${image}; mount -t proc proc ${at("/proc")}; mount --rbind /dev ${at("/dev")}`);
  for (const path of hidden) sh(`mount -t tmpfs -o ro tmpfs ${at(path)}`);

  const volumeOf = (name: string) => {
    if (name.startsWith("/")) return name;
    const path = join(folder, "volumes", name);
    mkdirSync(path, { recursive: true });
    chownSync(path, 10_001, 10_001); // A new volume has the owner of the folder in the image.
    return path;
  };

  return {
    start(service, command) {
      const { env, user, workdir, entrypoint } = settingsOf(service.build?.target ?? "");
      const [uid = "", gid = ""] = (service.user ?? user).split(":");
      const mounts = (service.volumes ?? []).map((volume) => {
        const [name = "", path = "", mode] = volume.split(":");
        const bound = `mount --bind ${volumeOf(name)} ${at(path)}`;
        return mode === "ro" ? `${bound}; mount -o remount,ro,bind ${at(path)}` : bound;
      });
      const tmpfs = (service.tmpfs ?? []).map((one) => {
        const [path = "", options = ""] = one.split(":");
        return `mount -t tmpfs -o ${options} tmpfs ${at(path)}`;
      });
      const argv = command ?? [...(service.entrypoint ?? entrypoint), ...(service.command ?? [])];
      const run = `cd ${service.working_dir ?? workdir}; exec setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;
      const script = `set -eu; mount --make-rprivate /; ${[...tmpfs, ...mounts].join("; ")}; exec chroot ${image} sh -euc '${run}' sh "$@"`;
      const path = (env.PATH ?? "").replace(
        /\$\{PATH\}/,
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      );
      return spawn("unshare", ["--mount", "sh", "-c", script, "sh", ...argv], {
        env: { ...env, PATH: path, ...service.environment },
        stdio: ["ignore", "pipe", "pipe"],
      });
    },
  };
}
