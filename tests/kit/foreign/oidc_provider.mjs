// npm's oidc-provider, an OpenID-certified authority, at the addresses that Entra uses.
//
//   node oidc_provider.mjs FOLDER/node_modules TENANT CLIENT SCOPE [MORE]
//
// Serves on loopback, writes its port as one line, and ends when its standard input does.
// Alice is signed in and consents without being asked; with `prompt=login` she refuses.
//
// MORE is JSON: a list of further clients, as they are registered. Two members are ours:
// `rotates`, whether a refresh token is replaced by a new one, and `lives_s`, the seconds
// that its refresh tokens and device codes live.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, tenant, client, scope, more = "[]"] = process.argv.slice(2);
const { Provider } = await import(
  pathToFileURL(join(modules, "oidc-provider", "lib", "index.js")).href
);

const alice = {
  sub: "alice",
  tid: tenant,
  oid: "0a11ce00-0000-4000-8000-00000000a11c",
  preferred_username: "alice@certified.example",
};

const lifeOf = (ctx, token, { lives_s = 600 }) => lives_s;

const configuration = {
  clients: [
    {
      client_id: client,
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: ["http://localhost"],
    },
    ...JSON.parse(more),
  ],
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
  claims: { openid: Object.keys(alice), profile: [] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(32).toString("hex")] },
  extraClientMetadata: { properties: ["rotates", "lives_s"] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => alice }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: ({ oidc }) => oidc.client.rotates !== false,
  routes: {
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    device_authorization: `/${tenant}/oauth2/v2.0/devicecode`,
    token: `/${tenant}/oauth2/v2.0/token`,
    jwks: `/${tenant}/discovery/v2.0/keys`,
  },
  scopes: ["openid", "profile", "offline_access", scope],
  ttl: { DeviceCode: lifeOf, RefreshToken: lifeOf },
};

async function answerForAlice(provider, request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (params.prompt === "login") {
    const refusal = { error: "access_denied", error_description: "Alice would rather not" };
    return provider.interactionFinished(request, response, refusal);
  }
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: alice.sub } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  const provider = new Provider(`http://localhost:${port}/${tenant}/v2.0`, configuration);
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url.startsWith("/interaction/")) return answer(request, response);
    answerForAlice(provider, request, response).catch((error) => {
      response.writeHead(500).end();
      console.error(error);
    });
  });
  console.log(port);
});

process.stdin.on("end", () => process.exit(0)).resume();
