// npm's oauth4webapi: every check of the specifications that it knows, one call for each.
//
//   node use_oauth4webapi.mjs NODE_MODULES ISSUER CLIENT SCOPE

import { openBrowser, landing } from "./landing.mjs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, issuer, clientId, scope] = process.argv.slice(2);
const oauth = await import(pathToFileURL(join(modules, "oauth4webapi/build/index.js")).href);

const where = new URL(issuer);
const as = await oauth.processDiscoveryResponse(where, await oauth.discoveryRequest(where));
const client = { client_id: clientId };
const auth = oauth.None();
const door = await landing();
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const url = new URL(as.authorization_endpoint);
url.search = new URLSearchParams({
  client_id: clientId,
  response_type: "code",
  redirect_uri: door.uri,
  scope: `openid profile offline_access ${scope}`,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
openBrowser(url.href);
const callback = oauth.validateAuthResponse(as, client, await door.answer, state);
const reply = await oauth.authorizationCodeGrantRequest(
  as, client, auth, callback, door.uri, verifier,
);
const tokens = await oauth.processAuthorizationCodeResponse(as, client, reply, {
  expectedNonce: nonce,
  requireIdToken: true,
});
await oauth.validateApplicationLevelSignature(as, reply);
const again = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token);
const fresh = await oauth.processRefreshTokenResponse(as, client, again);
console.log(
  JSON.stringify({
    access_token: fresh.access_token,
    username: oauth.getValidatedIdTokenClaims(tokens).preferred_username,
    fresh: fresh.access_token !== tokens.access_token,
  }),
);
