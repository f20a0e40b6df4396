// npm's oidc-provider as it must be for the flow of practice_tenant.py: one public app, PKCE, and two
// tokens signed with RS256, of which the access token is a JWT.
//
//   node oidc_provider.mjs FOLDER/node_modules PORT CLIENT SCOPE
//
// Whoever comes is signed in and consents without a page. It ends when it is told to.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, port, client, scope] = process.argv.slice(2);
const { Provider, interactionPolicy } = await import(
  pathToFileURL(join(modules, "oidc-provider", "lib", "index.js")).href
);
// A native app would be shown a page each time.
const policy = interactionPolicy.base();
policy.get("consent").checks.remove("native_client_prompt");
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: client,
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code"],
      redirect_uris: ["http://localhost"],
    },
  ],
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => "https://api.example",
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: {
    policy,
    url: (ctx, interaction) => `/interaction/${interaction.uid}`,
  },
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256" }] },
  scopes: ["openid", "profile"],
});
const handle = provider.callback();

async function answer(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: "alice" } });
  }
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope("openid profile");
  grant.addResourceScope("https://api.example", scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) answer(request, response);
  else handle(request, response);
}).listen(Number(port), "127.0.0.1");
