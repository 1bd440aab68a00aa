import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../structure/source-graph.js";
import { type Host, openTwoHosts, type Running, type TwoHosts, whyNot } from "./hosts.js";

const child = `"${process.execPath}" "${fileURLToPath(new URL("child.js", import.meta.url))}"`;
const hello = join(root, "examples/hello");
const files = `--protos "${join(hello, "protos")}" --manifest "${join(hello, "src/gen/interlock.manifest.json")}"`;
const grants = `
grants:
  "coffee/*":
    cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe]
  "operator/*":
    cafe.gripper.v1.GripperService: [gripper:actuate]
`;

/** The lines to paste, out of what a command printed: those that are indented. */
function toPaste(printed: string): string {
  const lines = printed.split("\n").filter((line) => /^ {2}\S/.test(line));
  assert.ok(lines.length > 0, `nothing to paste in:\n${printed}`);
  return lines.join("\n");
}

// Everything is pasted as it was printed, on the other host.
describe("two hosts, each a network namespace", () => {
  let hosts: TwoHosts;
  let one: Host;
  let two: Host;
  let up: Running;

  before(async function () {
    this.timeout(180_000);
    const reason = await whyNot();
    if (reason !== undefined) {
      console.log(`skipped: the test of two hosts needs network namespaces, as root: ${reason}`);
      return this.skip();
    }
    hosts = await openTwoHosts();
    ({ one, two } = hosts);
    up = await one.start("interlock up --advertise --trust-domain cafe", 2);
    await writeFile(join(one.folder, "grants.yaml"), grants);
    await one.sh("interlock grants apply grants.yaml");
  });
  after(async () => {
    await hosts?.close();
  });

  async function invite(name: string, at: Host): Promise<void> {
    const printed = await one.sh(`interlock invite ${name}`);
    assert.match(printed, /10\.231\.7\.1:7443/);
    assert.doesNotMatch(printed, /localhost|127\.0\.0\.1|0\.0\.0\.0/);
    assert.match(await at.sh(toPaste(printed)), /joined as/);
  }

  it("says at which address bots reach the authority, and what it listens on", () => {
    assert.match(up.printed, /cafe at .*10\.231\.7\.1:7443/);
    assert.match(up.printed, /Bots reach this authority at 10\.231\.7\.1:7443\. It listens on every interface\./);
  });

  it("lets a bot of the other host join, serve, and be found and called by its service's name", async function () {
    this.timeout(180_000);
    await invite("gripper/1", two);
    await invite("coffee/1", one);
    const gripper = await two.start(`${child} serve gripper/1`);
    assert.equal(gripper.printed, "10.231.7.2:50051");
    const coffee = await one.start(`${child} call coffee/1`);
    assert.equal(await coffee.next(), "gripped 50051");

    // It is killed, and comes back at another port.
    await gripper.kill("SIGKILL");
    const moved = await two.start(`${child} serve gripper/1 50061`);
    const began = performance.now();
    for (let said = ""; said !== "gripped 50061"; said = await coffee.next()) {
      assert.ok(performance.now() - began < 60_000, `it still says: ${said}`);
    }
    await coffee.kill();
    await moved.kill();
  });

  it("notices in seconds that the other host has vanished, and calls it again once it is back", async function () {
    this.timeout(180_000);
    await invite("gripper/4", two);
    await invite("coffee/4", one);
    const gripper = await two.start(`${child} serve gripper/4 50071`);
    const coffee = await one.start(`${child} call coffee/4`);
    for (let said = ""; said !== "gripped 50071"; ) said = await coffee.next();

    // The cable is out: neither end is told, and nothing is answered.
    const wire = `"$(ip -o -4 addr show to ${two.address} | awk '{print $2}')"`;
    await two.sh(`ip link set ${wire} down`);
    let began = performance.now();
    let said = await coffee.next();
    while (said.startsWith("gripped")) said = await coffee.next();
    const noticedMs = performance.now() - began;
    assert.match(said, /^failed /);
    assert.ok(noticedMs < 15_000, `it took ${Math.round(noticedMs)} ms, and not 7 s: ${said}`);

    await two.sh(`ip link set ${wire} up`);
    began = performance.now();
    while (!said.startsWith("gripped")) said = await coffee.next();
    const backMs = performance.now() - began;
    assert.ok(backMs < 20_000, `it took ${Math.round(backMs)} ms to call it again`);
    console.log(`      noticed after ${Math.round(noticedMs)} ms, called again after ${Math.round(backMs)} ms`);
    await coffee.kill();
    await gripper.kill();
  });

  it("lets an operator of the other host call, and invite", async function () {
    this.timeout(180_000);
    await invite("gripper/2", one);
    const gripper = await one.start(`${child} serve gripper/2`);
    await invite("operator/bob", two);
    assert.match(await two.sh(`interlock call GripperService/Grip '{"newtons": 4}' ${files}`), /"held": true/);
    assert.match(await one.sh(`interlock call GripperService/Grip '{"newtons": 4}' ${files}`), /"held": true/);
    const printed = await two.sh("interlock invite gripper/3");
    assert.match(printed, /10\.231\.7\.1:7443/);
    assert.match(await two.sh(toPaste(printed)), /joined as/);
    await gripper.kill();
  });
});
