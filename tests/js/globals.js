// @ts-check
// What every browser has and Node 18 has under another name.

import { webcrypto } from "node:crypto"

globalThis.crypto ??= /** @type {Crypto} */ (webcrypto)
