// HPKE (RFC 9180) in base mode, one message for each key: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, and AES-GCM. WebCrypto
// has its parts in every browser; the RFC's own vectors bind this module (tests/hpke-vectors.json).

/** @import { Bytes } from "./link-key.js" */

/** @typedef {{privateKey: CryptoKey, publicKey: CryptoKey}} KeyPair */

const CURVE = { name: "ECDH", namedCurve: "P-256" }
/** A point, uncompressed. */
export const POINT_BYTES = 65
const UNCOMPRESSED = 4
const [HASH_BYTES, NONCE_BYTES] = [32, 12]
const KEM = text("KEM\x00\x10")
/** Of AES-GCM, as the RFC numbers it, and the bytes of its key. */
const AES_256_GCM = { id: 2, bytes: 32 }
const NOTHING = new Uint8Array()

/**
 * Seal *plaintext* for whoever holds the private key to *recipient*.
 * @param {Bytes} recipient its public key, a point
 * @param {Bytes} plaintext
 * @param {Bytes} info says what it is for
 * @param {{aad?: Bytes, aead?: typeof AES_256_GCM, ephemeral?: KeyPair}} [fixed] by tests only
 * @returns {Promise<Bytes>} the encapsulated key (65 bytes) and the ciphertext; rejects when *recipient* is no point
 */
export async function seal(recipient, plaintext, info, { aad = NOTHING, aead = AES_256_GCM, ephemeral } = {}) {
    const publicKey = await importPoint(recipient)
    const { privateKey, publicKey: ours } = ephemeral ?? (await newKeyPair(false))
    const encapsulated = await exportPoint(ours)
    const shared = await sharedSecret(privateKey, publicKey, encapsulated, recipient)
    const { key, iv } = await schedule(shared, info, aead)
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: aad }, key, plaintext)
    return concat(encapsulated, new Uint8Array(sealed))
}

/**
 * Open what `seal` has made for this key.
 * @param {CryptoKey} privateKey
 * @param {Bytes} recipient the public key to it
 * @param {Bytes} sealed
 * @param {Bytes} info
 * @param {{aad?: Bytes, aead?: typeof AES_256_GCM}} [fixed] by tests only
 * @returns {Promise<Bytes>} rejects when it is damaged or made for another key
 */
export async function open(privateKey, recipient, sealed, info, { aad = NOTHING, aead = AES_256_GCM } = {}) {
    const encapsulated = sealed.slice(0, POINT_BYTES)
    const shared = await sharedSecret(privateKey, await importPoint(encapsulated), encapsulated, recipient)
    const { key, iv } = await schedule(shared, info, aead)
    const ciphertext = sealed.slice(POINT_BYTES)
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: aad }, key, ciphertext))
}

/**
 * @param {boolean} isExtractable
 * @returns {Promise<KeyPair>}
 */
export function newKeyPair(isExtractable) {
    return crypto.subtle.generateKey(CURVE, isExtractable, ["deriveBits"])
}

/**
 * A browser refuses what is no point of the curve. The RFC has points uncompressed only; some browsers read others, too,
 * and what is sealed to one of those opens nowhere.
 * @param {Bytes} point
 */
export async function importPoint(point) {
    if (point.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) throw new RangeError("no uncompressed point")
    return crypto.subtle.importKey("raw", point, CURVE, true, [])
}

/** @param {CryptoKey} publicKey */
export async function exportPoint(publicKey) {
    return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey))
}

/** Section 4.1, Encap and Decap. @type {(ours: CryptoKey, theirs: CryptoKey, encapsulated: Bytes, recipient: Bytes) => Promise<Bytes>} */
async function sharedSecret(ours, theirs, encapsulated, recipient) {
    const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours, 256))
    const secret = await extract(KEM, NOTHING, "eae_prk", dh)
    return expand(KEM, secret, "shared_secret", concat(encapsulated, recipient), HASH_BYTES)
}

/** Section 5.1, KeySchedule in base mode. @type {(shared: Bytes, info: Bytes, aead: typeof AES_256_GCM) => Promise<{key: CryptoKey, iv: Bytes}>} */
async function schedule(shared, info, { id, bytes }) {
    const suite = concat(text("HPKE"), new Uint8Array([0, 0x10, 0, 1, 0, id]))
    const context = concat(
        new Uint8Array([0]),
        await extract(suite, NOTHING, "psk_id_hash", NOTHING),
        await extract(suite, NOTHING, "info_hash", info),
    )
    const secret = await extract(suite, shared, "secret", NOTHING)
    const key = await expand(suite, secret, "key", context, bytes)
    return {
        key: await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]),
        iv: await expand(suite, secret, "base_nonce", context, NONCE_BYTES),
    }
}

/** LabeledExtract. @type {(suite: Bytes, salt: Bytes, label: string, secret: Bytes) => Promise<Bytes>} */
function extract(suite, salt, label, secret) {
    return hmac(salt, text("HPKE-v1"), suite, text(label), secret)
}

/** LabeledExpand, of one block: at most 32 bytes. @type {(suite: Bytes, secret: Bytes, label: string, info: Bytes, length: number) => Promise<Bytes>} */
async function expand(suite, secret, label, info, length) {
    const size = new Uint8Array([0, length])
    const block = await hmac(secret, size, text("HPKE-v1"), suite, text(label), info, new Uint8Array([1]))
    return block.slice(0, length)
}

/** @type {(key: Bytes, ...parts: Bytes[]) => Promise<Bytes>} */
async function hmac(key, ...parts) {
    // Some browsers refuse an empty key; HMAC fills it up with zeros anyway.
    const raw = key.length ? key : new Uint8Array(HASH_BYTES)
    const base = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])
    return new Uint8Array(await crypto.subtle.sign("HMAC", base, concat(...parts)))
}

/** @param {string} ascii */
function text(ascii) {
    return new TextEncoder().encode(ascii)
}

/** @param {Bytes[]} parts */
function concat(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
        whole.set(part, at)
        at += part.length
    }
    return whole
}
