// A real OpenID provider (the npm package `oidc-provider`) on a free port of this machine. Argument 1: its clients, JSON.
// Writes its issuer when it listens. Anybody may log in by an e-mail address as login; what it says of them follows from
// the address: `unverified@…` is not verified, `boss@…` is in the group `admins`, `nobody@…` has no address at all.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const web = createRequire(new URL("../../web/package.json", import.meta.url));
console.info = console.warn = () => undefined; // notices of a provider that is not for production
const { default: Provider } = await import(pathToFileURL(web.resolve("oidc-provider")));

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: JSON.parse(process.argv[2]),
    claims: { email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    pkce: { required: () => true },
    cookies: { keys: ["for a test"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        ...(id.startsWith("nobody") ? {} : { email: id, email_verified: !id.startsWith("unverified") }),
        name: id.split("@")[0],
        groups: id.startsWith("boss") ? ["admins", "staff"] : ["staff"],
      }),
    }),
  });
  // Its pages ask another host for a font, and are not drawn before that has answered, or no network has been found.
  provider.use(async (context, next) => {
    await next();
    if (typeof context.body === "string") context.body = context.body.replaceAll(/@import url\([^)]*\);/g, "");
  });
  server.on("request", provider.callback());
  process.stdout.write(`${issuer}\n`);
});
process.stdin.on("end", () => process.exit()).resume(); // it ends with the test that started it
