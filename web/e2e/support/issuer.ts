/**
 * An OpenID Connect issuer as small as one can be, and a real one: its own sign-in page, codes that are good once, PKCE,
 * a client secret, ID tokens signed with RS256.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const PATH = "/realms/main";
const KEY_ID = "k1";

export interface Issuer {
  url: string;
  clientId: string;
  clientSecret: string;
  close(): Promise<void>;
}

/** Who signs in on its page, by the address they type; everybody's address is verified. */
interface Code {
  email: string;
  challenge: string;
  nonce: string;
  redirect: string;
}

const base64url = (data: string | Buffer) => Buffer.from(data).toString("base64url");

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const codes = new Map<string, Code>();
  const clientId = "switchroom";
  const clientSecret = "a secret & more";
  let url = "";

  const idToken = (code: Code): string => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: url,
      aud: clientId,
      sub: createHash("sha256").update(code.email).digest("hex"),
      nonce: code.nonce,
      iat: now,
      exp: now + 300,
      email: code.email,
      email_verified: true,
      name: code.email.split("@")[0],
    };
    const head = base64url(JSON.stringify({ alg: "RS256", kid: KEY_ID, typ: "JWT" }));
    const text = `${head}.${base64url(JSON.stringify(claims))}`;
    return `${text}.${base64url(sign("sha256", Buffer.from(text), privateKey))}`;
  };

  const token = async (request: IncomingMessage): Promise<[number, object]> => {
    const form = new URLSearchParams(await bodyOf(request));
    const [id, secret] = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64")
      .toString()
      .split(":")
      .map((part) => decodeURIComponent(part.replaceAll("+", " ")));
    if (id !== clientId || secret !== clientSecret) return [401, { error: "invalid_client" }];
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (!code || code.challenge !== challenge || code.redirect !== form.get("redirect_uri"))
      return [400, { error: "invalid_grant" }];
    return [200, { access_token: "unused", token_type: "Bearer", id_token: idToken(code) }];
  };

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = new URL(request.url ?? "/", "http://issuer");
    const json = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const query = asked.searchParams;
    switch (`${request.method} ${asked.pathname.replace(PATH, "")}`) {
      case "GET /.well-known/openid-configuration":
        return json(200, {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/keys`,
        });
      case "GET /keys":
        return json(200, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: KEY_ID, use: "sig" }] });
      case "GET /authorize":
        return response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(
          `<!doctype html><html lang="en"><title>Issuer</title><h1>Who are you?</h1>
           <form method="post" action="${PATH}/authorize${asked.search}">
           <label>Address <input name="email"></label><button>I am</button><button name="no" value="1">Nobody</button></form>`.replaceAll(
            /&(?=[a-z_]+=)/g,
            "&amp;",
          ),
        );
      case "POST /authorize": {
        const form = new URLSearchParams(await bodyOf(request));
        const back = new URL(query.get("redirect_uri") ?? "");
        back.searchParams.set("state", query.get("state") ?? "");
        if (form.has("no")) back.searchParams.set("error", "access_denied");
        else {
          const code = randomUUID();
          codes.set(code, {
            email: form.get("email") ?? "",
            challenge: query.get("code_challenge") ?? "",
            nonce: query.get("nonce") ?? "",
            redirect: query.get("redirect_uri") ?? "",
          });
          back.searchParams.set("code", code);
        }
        return response.writeHead(303, { location: back.href }).end();
      }
      case "POST /token":
        return json(...(await token(request)));
      default:
        return response.writeHead(404).end();
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}`;
  return {
    url,
    clientId,
    clientSecret,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
