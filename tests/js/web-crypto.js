// Node 18 has the browsers' WebCrypto, but not as a global. Debian 12 ships Node 18.

import { webcrypto } from "node:crypto"

if (!globalThis.crypto) Object.assign(globalThis, { crypto: webcrypto })
