import { readFile } from "node:fs/promises";
import { Agent, fetch } from "undici";
import type { KeycloakProcess } from "./keycloak-process.js";

/** The administration of a Keycloak over its REST interface. */
export interface KeycloakAdmin {
  /** Creates one thing below `/admin/realms`. */
  create(path: string, what: object): Promise<void>;
  close(): Promise<void>;
}

/** Opens the administration. `caFile` is the CA of its HTTPS. */
export async function openKeycloakAdmin({ url, password }: KeycloakProcess, caFile: string): Promise<KeycloakAdmin> {
  const dispatcher = new Agent({ connect: { ca: await readFile(caFile) } });
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password };
  const body = new URLSearchParams(form);
  const tokenUrl = `${url}/realms/master/protocol/openid-connect/token`;
  const answer = await fetch(tokenUrl, { method: "POST", body, dispatcher });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return {
    async create(path, what) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const body = JSON.stringify(what);
      const { status, ...created } = await send();
      if (status !== 201) throw new Error(`Keycloak answered ${status} to ${path}: ${created.text}`);

      async function send() {
        const response = await fetch(`${url}/admin/realms${path}`, { method: "POST", headers, body, dispatcher });
        return { status: response.status, text: await response.text() };
      }
    },
    close: () => dispatcher.close(),
  };
}
