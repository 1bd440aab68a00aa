import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expandOutside } from "@interlock/audit";
import { checkFiles } from "./check-files.js";
import { checkOutside } from "./check-outside.js";
import { parseOutside, readOutside, withHooks } from "./read-outside.js";
import { runHook } from "./run-hook.js";

const bot = {
  subject: { kind: "bot", name: "gripper/1" },
  addresses: ["10.0.0.5:50051", "arm.cafe.example:50052"],
} as const;
const method = { subject: { kind: "method", name: "cafe.v1.Grip/Close" }, addresses: ["10.0.0.5:50051"] } as const;

describe("steps outside of Interlock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-outside-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("files", () => {
    async function names(text: string, thing: Parameters<typeof checkFiles>[1] = bot): Promise<boolean> {
      const file = join(folder, "envoy.yaml");
      await writeFile(file, text);
      return (await checkFiles([file], thing)).length > 0;
    }

    it("name a bot by its name, its identity or its address, also as Envoy writes it", async () => {
      for (const text of [
        "san: spiffe://cafe/gripper/1",
        'name: "gripper/1"',
        "upstream gripper/1;",
        "it was gripper/1.",
        "server 10.0.0.5:50051;",
        "target: dns:///arm.cafe.example:50052",
        "socket_address: { address: 10.0.0.5, port_value: 50051 }",
        "socket_address:\n  address: arm.cafe.example\n  port_value: 50052\n",
      ]) {
        assert.equal(await names(text), true, text);
      }
    });

    it("do not name it by what is like it", async () => {
      for (const text of [
        "gripper/12 gripper/1/2 my-gripper/1 xgripper/1 gripper/1.5 gripper/1-b",
        "10.0.0.5:500511 10.0.0.5:5005 110.0.0.5:50051 10.0.0.55:50051",
        "address: 10.0.0.5\nport_value: 50052",
        "arm.cafe.example:50051 farm.cafe.example:50052",
        "",
      ]) {
        assert.equal(await names(text), false, text);
      }
    });

    it("name a method or a service by its full name, and an address does not concern it", async () => {
      assert.equal(await names("prefix: /cafe.v1.Grip/Close", method), true);
      assert.equal(await names("prefix: /cafe.v1.Grip/CloseAll, 10.0.0.5:50051", method), false);
      const service = { ...method, subject: { kind: "service", name: "cafe.v1.Grip" } } as const;
      assert.equal(await names("prefix: /cafe.v1.Grip/", service), true);
      assert.equal(await names("prefix: /cafe.v1.Gripper/", service), false);
    });

    it("are searched in folders; what is not there names nothing, and what cannot be searched is not passed over", async () => {
      await mkdir(join(folder, "a/b"), { recursive: true });
      await writeFile(join(folder, "a/b/c.yaml"), "gripper/1");
      assert.deepEqual(await checkFiles([folder], bot), [`${join(folder, "a/b/c.yaml")} still names it.`]);
      assert.deepEqual(await checkFiles([join(folder, "none")], bot), []);
      await writeFile(join(folder, "a/b/c.yaml"), Buffer.alloc(4_194_305));
      assert.match((await checkFiles([folder], bot)).join(), /cannot be read, or is above/);
      const deep = join(folder, "1/2/3/4/5/6/7/8/9");
      await mkdir(deep, { recursive: true });
      await writeFile(join(deep, "x"), "");
      assert.match(
        (await checkFiles([join(folder, "1")], bot)).join() || (await checkFiles([folder], bot)).join(),
        /name fewer/,
      );
    });
  });

  it("follows links in a folder, as programs do, and reads no pipe", async () => {
    await mkdir(join(folder, "sites-enabled"));
    await writeFile(join(folder, "site.conf"), "upstream gripper/1;");
    const link = join(folder, "sites-enabled/site.conf");
    await symlink("../site.conf", link);
    await symlink("nowhere", join(folder, "sites-enabled/gone.conf"));
    await promisify(execFile)("mkfifo", [join(folder, "sites-enabled/pipe")]);
    assert.deepEqual(await checkFiles([join(folder, "sites-enabled")], bot), [`${link} still names it.`]);
    await rm(link);
    assert.deepEqual(await checkFiles([join(folder, "sites-enabled")], bot), []);
    assert.match((await checkFiles([join(folder, "sites-enabled/pipe")], bot)).join(), /cannot be read/);
    await symlink(".", join(folder, "sites-enabled/circle"));
    assert.match((await checkFiles([join(folder, "sites-enabled")], bot)).join(), /name fewer/);
  });

  describe("a hook", () => {
    it("is told what is retired, and what it writes is kept", async () => {
      const script =
        'echo "$INTERLOCK_RETIRE_STEP|$INTERLOCK_RETIRE_KIND|$INTERLOCK_RETIRE_NAME|$INTERLOCK_RETIRE_SUBJECT"; echo "$INTERLOCK_RETIRE_ADDRESSES" >&2';
      const { ok, text } = await runHook(script, "dns", bot);
      assert.equal(ok, true);
      assert.match(text, /dns\|bot\|gripper\/1\|bot gripper\/1/);
      assert.match(text, /10\.0\.0\.5:50051 arm\.cafe\.example:50052/);
    });

    it("fails with its exit code, is ended with what it has started, and its output is bounded", async () => {
      assert.match((await runHook("echo no; exit 3", "dns", bot)).text, /failed \(exit code 3\).*no/);
      const start = performance.now();
      const late = await runHook("sleep 60 & sleep 60", "dns", bot, 50);
      assert.deepEqual([late.ok, performance.now() - start < 5_000], [false, true]);
      assert.match(late.text, /ended after 0\.05 s/);
      const { text } = await runHook("head -c 100000 /dev/zero | tr '\\0' x; printf end", "dns", bot);
      assert.ok(text.length < 2_100 && text.endsWith("end"));
    });
  });

  it("asks the resolver and systemd, and takes no answer for no", async () => {
    const systemctl = join(folder, "systemctl");
    await writeFile(
      systemctl,
      "#!/bin/sh\nfor unit; do :; done\ncase $unit in up*) echo active;; mute*) exit 1;; *) echo inactive; exit 3;; esac\n",
    );
    await chmod(systemctl, 0o755);
    const path = process.env.PATH;
    process.env.PATH = `${folder}${delimiter}${path}`;
    try {
      assert.deepEqual(await checkOutside({ units: ["down.service"] }, bot), []);
      assert.match((await checkOutside({ units: ["up.service"] }, bot)).join(), /up\.service is active/);
      assert.match((await checkOutside({ units: ["mute.service"] }, bot)).join(), /not known/);
    } finally {
      process.env.PATH = path;
    }
    assert.match((await checkOutside({ names: ["localhost"] }, bot)).join(), /localhost still resolves to/);
  });

  it("are read from a file, which says what is wrong in it", async () => {
    const file = join(folder, "interlock.retire.json");
    const steps = {
      dns: { names: ["{dashed}.cafe.example"], hook: "./dns.sh", timeoutSeconds: 5 },
      unit: { units: ["bot@{name}"] },
    };
    await writeFile(file, JSON.stringify(steps));
    const { dns, unit } = expandOutside(await readOutside(file), bot.subject);
    assert.deepEqual(dns?.names, ["gripper-1.cafe.example"]);
    assert.deepEqual([dns?.hook, dns?.timeoutMs, unit?.units], ["./dns.sh", 5_000, ["bot@gripper/1"]]);
    for (const [wrong, why] of [
      [[], /no object/],
      [{ dnss: {} }, /"dnss"; it can have gateway, mesh, dns, unit/],
      [{ dns: { name: "x" } }, /"name"; it can have/],
      [{ dns: { hook: 1 } }, /no text/],
      [{ dns: { names: "x" } }, /no list/],
      [{ dns: { names: Array(101).fill("x") } }, /at most 100/],
      [{ dns: { timeoutSeconds: 3_601 } }, /1 to 3600/],
    ] as const) {
      assert.throws(() => parseOutside(wrong), why);
    }
    await writeFile(file, "{");
    await assert.rejects(readOutside(file), { code: "INVALID_ARGUMENT" });
    await assert.rejects(readOutside(join(folder, "other.json")), { code: "INVALID_ARGUMENT" });
  });

  it("take hooks of the command line, for one step or for all", () => {
    assert.deepEqual(withHooks({ dns: { names: ["x"] } }, ["dns=a=b"]), { dns: { names: ["x"], hook: "a=b" } });
    const all = withHooks({}, ["do it", "unit=stop"]);
    assert.deepEqual(
      [all.gateway?.hook, all.mesh?.hook, all.dns?.hook, all.unit?.hook],
      ["do it", "do it", "do it", "stop"],
    );
  });
});
