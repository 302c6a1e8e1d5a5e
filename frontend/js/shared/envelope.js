// The sealed-link format. Everything derives from the link key, 32 random
// bytes that stand only in the link's fragment, so the server that keeps the
// ciphertext can never read it. chalicelib has the Python twin;
// tests/vectors.json binds both.

/** @import { Bytes } from "./link-key.js" */
import { decode, derive, encode, identify, randomBytes, VERSION } from "./link-key.js"

export { decode, encode, identify, randomBytes }

const PBKDF2_ITERATIONS = 600_000
const IV_BYTES = 12
const PADDED_TO_BYTES = 256

export function newLinkKey() {
    return randomBytes(32)
}

/**
 * Encrypt *plaintext* for whoever holds the link key and the passphrase.
 * @param {Bytes} linkKey
 * @param {string} plaintext
 * @param {string | null} [passphrase]
 * @param {Bytes} [iv] fixed only by tests
 * @returns {Promise<{id: string, support: string, access: string, access_sha256: string, ciphertext: string}>}
 */
export function seal(linkKey, plaintext, passphrase = null, iv = randomBytes(IV_BYTES)) {
    return sealBytes(linkKey, pad(plaintext), passphrase, iv)
}

/**
 * Encrypt *bytes* as they are.
 * @type {(linkKey: Bytes, bytes: Bytes, passphrase?: string | null, iv?: Bytes) => ReturnType<typeof seal>}
 */
export async function sealBytes(linkKey, bytes, passphrase = null, iv = randomBytes(IV_BYTES)) {
    const { id, support } = await identify(linkKey)
    const { key, access } = await unlock(linkKey, passphrase)
    const sealed = await crypto.subtle.encrypt(cipher(id, iv), key, bytes)
    return {
        id,
        support,
        access: encode(access),
        access_sha256: encode(new Uint8Array(await crypto.subtle.digest("SHA-256", access))),
        ciphertext: encode(concat(iv, new Uint8Array(sealed))),
    }
}

/**
 * Prove knowledge of link and passphrase; the server releases the ciphertext
 * against this only.
 * @param {Bytes} linkKey
 * @param {string | null} [passphrase]
 * @returns {Promise<{
 *   access: string, open: (ciphertext: string) => Promise<string>, openBytes: (ciphertext: string) => Promise<Bytes>
 * }>}
 */
export async function prove(linkKey, passphrase = null) {
    const { id } = await identify(linkKey)
    const { key, access } = await unlock(linkKey, passphrase)
    return {
        access: encode(access),
        openBytes,
        async open(ciphertext) {
            const plain = await openBytes(ciphertext)
            return new TextDecoder("utf-8", { fatal: true }).decode(plain).replace(/ +$/, "")
        },
    }

    /** @param {string} ciphertext */
    async function openBytes(ciphertext) {
        const bytes = decode(ciphertext)
        const iv = bytes.slice(0, IV_BYTES)
        return new Uint8Array(await crypto.subtle.decrypt(cipher(id, iv), key, bytes.slice(IV_BYTES)))
    }
}

/**
 * @param {Bytes} linkKey
 * @param {string | null} passphrase
 */
async function unlock(linkKey, passphrase) {
    const salt = passphrase ? await stretch(linkKey, passphrase) : undefined
    const raw = await derive(linkKey, "key", 32, salt)
    return {
        key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]),
        access: await derive(linkKey, "access", 32, salt),
    }
}

/**
 * @param {Bytes} linkKey
 * @param {string} passphrase
 */
async function stretch(linkKey, passphrase) {
    const salt = await derive(linkKey, "salt", 16)
    const secret = utf8(passphrase.normalize("NFC"))
    const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"])
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: PBKDF2_ITERATIONS }
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, 256))
}

/**
 * @param {string} id
 * @param {Bytes} iv
 */
function cipher(id, iv) {
    return { name: "AES-GCM", iv, additionalData: utf8(`${VERSION} ${id}`) }
}

/**
 * Spaces hide the length, and JSON does not mind them.
 * @param {string} plaintext
 */
function pad(plaintext) {
    const bytes = utf8(plaintext)
    return concat(
        bytes,
        new Uint8Array((PADDED_TO_BYTES - (bytes.length % PADDED_TO_BYTES)) % PADDED_TO_BYTES).fill(0x20),
    )
}

/** @param {string} text */
function utf8(text) {
    return new TextEncoder().encode(text)
}

/**
 * @param {Bytes} left
 * @param {Bytes} right
 */
function concat(left, right) {
    const both = new Uint8Array(left.length + right.length)
    both.set(left)
    both.set(right, left.length)
    return both
}
