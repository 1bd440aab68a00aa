import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { runLimited } from "../testing/run-limited.js";

/** A network of its own, in which nothing listens. It takes the superuser, or a kernel that lets users have one. */
const unshare = ["unshare", "--net", "--map-root-user"];

/** Gives the network its loopback interface, and `ports` as the only ones for the system to choose as a source. */
const network = (ports: string) => `ip link set lo up && echo ${ports} > /proc/sys/net/ipv4/ip_local_port_range`;

function canUnshare(): boolean {
  try {
    execFileSync("unshare", [...unshare.slice(1), "sh", "-c", network("40000 40003")], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a scan that is short of ports of its own", () => {
  before(function () {
    if (!canUnshare()) this.skip();
  });

  it("shows no port at which its connection meets itself, however often it does", async () => {
    const { found, silent, error } = await runLimited(network("40000 40003"), "39990-40010", {}, unshare);
    assert.deepEqual([found, silent, error], [[], 0, undefined]);
  });

  it("waits for a port to become free, and loses none", async () => {
    const options = { holdMs: 300 };
    const { found, error } = await runLimited(network("40000 40001"), "1-50,40000-40001", options as object, unshare);
    assert.deepEqual([found, error], [[40_001], undefined]);
  });

  it("says so when none becomes free", async () => {
    const options = { holdMs: 20_000, patienceMs: 300 };
    const { error } = await runLimited(network("40000 40001"), "1-50", options as object, unshare);
    assert.match(
      error ?? "",
      /^InterlockError: This machine has had no room for a connection for 0\.3 s \(EADDRNOTAVAIL\)\./,
    );
  });
});
