// The keys of a shared secret, one way down: metadata key → secret key → link key → all that envelope.js derives.
// chalicelib/onetime/shared_keys.py is the Python twin; tests/onetimesecret/vectors.json binds both.

/** @import { Bytes } from "../shared/link-key.js" */
import { sealBytes } from "../shared/envelope.js"
import { derive, encode, randomBytes } from "../shared/link-key.js"

const KEY_DIGITS = 31
const BASE = 36n
const KEY_COUNT = BASE ** BigInt(KEY_DIGITS)
const PADDED_TO_BYTES = 256
const END_OF_TEXT = 0x80

/** 40 random bytes modulo 36^31 are even to 2^-159. */
export function newMetadataKey() {
    return toKey(randomBytes(40))
}

/** @param {string} metadataKey */
export async function secretKeyOf(metadataKey) {
    return toKey(await derive(utf8(metadataKey), "ots secret", 40))
}

/** What burns the secret. @param {string} metadataKey */
export async function receiptProofOf(metadataKey) {
    return derive(utf8(metadataKey), "ots receipt", 32)
}

/** @param {string} secretKey */
export function linkKeyOf(secretKey) {
    return derive(utf8(secretKey), "ots link", 32)
}

/**
 * Return the body of POST /secrets, and with it the secret key.
 * @param {string} metadataKey
 * @param {string} text
 * @param {string} passphrase
 * @param {number} lifetime in seconds
 * @param {Bytes} [iv] fixed only by tests
 */
export async function sealShared(metadataKey, text, passphrase, lifetime, iv) {
    const secretKey = await secretKeyOf(metadataKey)
    const sealed = await sealBytes(await linkKeyOf(secretKey), frame(text), passphrase || null, iv)
    const proof = await crypto.subtle.digest("SHA-256", await receiptProofOf(metadataKey))
    return {
        secretKey,
        request: {
            id: sealed.id,
            ciphertext: sealed.ciphertext,
            access_sha256: sealed.access_sha256,
            receipt_sha256: encode(new Uint8Array(proof)),
            passphrase: passphrase !== "",
            lifetime_seconds: lifetime,
        },
    }
}

/** UTF-8, 0x80, zeros (ISO/IEC 7816-4): it keeps blanks at the end. @param {string} text */
export function frame(text) {
    const bytes = utf8(text)
    const framed = new Uint8Array(Math.ceil((bytes.length + 1) / PADDED_TO_BYTES) * PADDED_TO_BYTES)
    framed.set(bytes)
    framed[bytes.length] = END_OF_TEXT
    return framed
}

/** @param {Bytes} framed */
export function unframe(framed) {
    const end = framed.findLastIndex((byte) => byte !== 0)
    if (framed[end] !== END_OF_TEXT) throw new RangeError("not framed")
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(framed.slice(0, end))
}

/** @param {string} text */
export function utf8(text) {
    return new TextEncoder().encode(text)
}

/** @param {Uint8Array} bytes */
function toKey(bytes) {
    const number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) % KEY_COUNT
    return number.toString(36).padStart(KEY_DIGITS, "0")
}
