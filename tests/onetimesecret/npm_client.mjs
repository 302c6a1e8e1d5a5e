// Makes one call of npm's onetimesecret-api as it is, and prints what it returns or throws, as JSON.
// node npm_client.mjs BASE USER TOKEN METHOD '[arguments…]'

import { createRequire } from "node:module"

const require = createRequire(new URL("../tools/package.json", import.meta.url))
const { OneTimeSecretApi } = require("onetimesecret-api/index.js")
const [base, user, token, method, args] = process.argv.slice(2)
const client = new OneTimeSecretApi(user, token, { url: base })
const said = await client[method](...JSON.parse(args)).then(
    (value) => ({ value }),
    (error) => ({ error: error.constructor.name, message: error.message }),
)
console.log(JSON.stringify(said))
