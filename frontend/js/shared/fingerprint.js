// A public key as three words, which people can compare by eye and over the phone. infra/team_keys.py has the twin.

import { decode, VERSION } from "./link-key.js"
import { WORDS } from "./passphrase-words.js"

const WORD_COUNT = 3
/** Three words are 33 bits; this makes each of the 2^33 tries for another key with the same words dear. */
const ITERATIONS = 600_000

/**
 * @param {string} publicKey as config.json has it
 * @returns {Promise<string>} such as "ocean-brave-lemon"
 */
export async function fingerprintOf(publicKey) {
    const base = await crypto.subtle.importKey("raw", decode(publicKey), "PBKDF2", false, ["deriveBits"])
    const salt = new TextEncoder().encode(`${VERSION} team fingerprint`)
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS }
    const bits = new DataView(await crypto.subtle.deriveBits(parameters, base, WORD_COUNT * 16))
    // 2048 words divide 65536 evenly, so each is as likely as any other.
    return Array.from(Array(WORD_COUNT), (_, at) => WORDS[bits.getUint16(at * 2) % WORDS.length]).join("-")
}
