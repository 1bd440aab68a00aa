import assert from "node:assert/strict";
import { inspect } from "node:util";
import { InterlockError } from "@interlock/bot";
import { type PostgresAddress, parseDatabaseUrl, parsePostgresUrl } from "./address.js";

const sslModeOf = ({ url }: PostgresAddress) => new URL(url).searchParams.get("sslmode");

describe("the address of a database", () => {
  const environment = { ...process.env };
  afterEach(() => {
    for (const name of ["PGHOST", "PGPORT", "PGPASSWORD"]) delete process.env[name];
    Object.assign(process.env, environment);
  });

  it("is a path where it has no scheme", () => {
    for (const path of ["tasks.db", "./a:b", "/var/lib/tasks", "C:\\tasks.db", "c:/tasks.db", "a b"]) {
      assert.deepEqual(parseDatabaseUrl(path), { engine: "sqlite", path });
    }
  });

  it("is PostgreSQL's by either of its schemes", () => {
    for (const scheme of ["postgres", "postgresql", "POSTGRES"]) {
      const address = parseDatabaseUrl(`${scheme}://ann:secret@localhost:6543/cafe`);
      assert.equal(address.engine, "postgres");
      assert.equal((address as PostgresAddress).shown, "localhost:6543/cafe");
    }
    assert.equal(parsePostgresUrl("postgres:///cafe").shown, "localhost:5432/cafe");
  });

  it("is refused otherwise, without being quoted", () => {
    const malformed = [
      "",
      ":memory:",
      "file:tasks.db",
      "mysql://ann:secret@a/b",
      "postgres:ann:secret",
      "postgres://ann:secret@host:port/x",
      "postgres://ann:secret@host",
      "postgres://ann:secret@host/",
      "postgres://ann:secret%zz@host/x",
      "postgres://ann:secret@h%zzost/x",
    ];
    for (const text of malformed) {
      assert.throws(() => parseDatabaseUrl(text), isSafeRefusal, text);
      assert.throws(() => parsePostgresUrl(text), isSafeRefusal, text);
    }
    assert.throws(() => parsePostgresUrl("tasks.db"), isSafeRefusal);
  });

  it("is refused with what is wrong with it", () => {
    for (const [text, problem] of [
      ["https://db.example/x", /of something else/],
      ["mysql://ann:secret@a/b", /of something else/],
      ["host=localhost dbname=x password=secret", /connection string of libpq/],
      ["postgres://ann:secret@[fe80::1%eth0]:5432/x", /zone of a link-local address: add \?host=/],
      ["postgres://ann:secret@db.example:99999/x", /port is 1 to 65535/],
      ["postgres://ann:secret#1@db.example/x", /write # as %23/],
    ] as const) {
      assert.throws(() => parseDatabaseUrl(text), { message: problem }, text);
      assert.throws(() => parseDatabaseUrl(text), isSafeRefusal, text);
    }
  });

  it("may have an IPv6 host, with a zone that says nothing", () => {
    for (const host of ["[::1]", "[::1%lo]"]) {
      const address = parsePostgresUrl(`postgres://ann:secret@${host}:6543/cafe`);
      assert.equal(address.shown, "[::1]:6543/cafe");
      assert.equal(sslModeOf(address), null);
    }
    const linkLocal = parsePostgresUrl("postgres://ann:secret@db/cafe?host=fe80::1%25eth0");
    assert.equal(linkLocal.shown, "fe80::1%eth0:5432/cafe");
  });

  function isSafeRefusal(error: unknown): boolean {
    assert.ok(error instanceof InterlockError);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.doesNotMatch(inspect(error), /secret/);
    return true;
  }

  it("is reached over verified TLS on every other machine, however the host is named", () => {
    const remote = ["//db.example/x", "//ann@10.0.0.1/x", "//localhost/x?host=db.example", "///x?host=db.example"];
    for (const rest of [...remote, "//localhost.example/x", "//localhost/x?ssl=0&host=a&host=db.example"]) {
      assert.equal(sslModeOf(parsePostgresUrl(`postgres:${rest}`)), "verify-full", rest);
    }
    const local = ["//localhost/x", "//127.0.0.1/x", "//[::1]/x", "///x", "//%2Fvar%2Frun/x", "///x?host=/var/run"];
    for (const rest of local) assert.equal(sslModeOf(parsePostgresUrl(`postgres:${rest}`)), null, rest);
    process.env.PGHOST = "db.example";
    assert.equal(sslModeOf(parsePostgresUrl("postgres:///x")), "verify-full", "PGHOST");
  });

  it("keeps an sslmode of its own", () => {
    assert.equal(sslModeOf(parsePostgresUrl("postgres://db.example/x?sslmode=disable")), "disable");
  });

  it("conceals its password in every form", () => {
    process.env.PGPASSWORD = "from the environment";
    const { conceal, shown } = parsePostgresUrl("postgres://ann:se%20cret@localhost/x?password=param");
    assert.doesNotMatch(shown, /cret|param/);
    assert.equal(conceal("a se cret, se%20cret, param, from the environment"), "a …, …, …, …");
    delete process.env.PGPASSWORD;
    assert.equal(parsePostgresUrl("postgres://ann@localhost/x").conceal("nothing to hide"), "nothing to hide");
  });
});
