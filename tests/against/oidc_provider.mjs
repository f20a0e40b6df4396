// npm's oidc-provider, an OpenID-certified authority, at the addresses that Entra uses.
//
//   node oidc_provider.mjs FOLDER/node_modules TENANT CLIENT SCOPE
//
// Serves on loopback, writes its port as one line, and ends when its standard input does.
// Alice is signed in and consents without being asked; with `prompt=login` she refuses.

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, tenant, client, scope] = process.argv.slice(2);
const { Provider } = await import(
  pathToFileURL(join(modules, "oidc-provider", "lib", "index.js")).href
);

const alice = {
  sub: "alice",
  tid: tenant,
  oid: "0a11ce00-0000-4000-8000-00000000a11c",
  preferred_username: "alice@certified.example",
};

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
  ],
  claims: { openid: Object.keys(alice) },
  conformIdTokenClaims: false,
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: { devInteractions: { enabled: false } },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => alice }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  routes: {
    authorization: `/${tenant}/oauth2/v2.0/authorize`,
    token: `/${tenant}/oauth2/v2.0/token`,
    jwks: `/${tenant}/discovery/v2.0/keys`,
  },
  scopes: ["openid", "offline_access", scope],
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
