// @ts-check
// The link key: what follows from it alone. See envelope.js for the rest.

/** Before every label, so that no other use of a key can give the same bytes. */
export const VERSION = "hallpass/v1"

/**
 * What the one-time link alone proves: which secret it is, and the right to see
 * and end the access behind it.
 * @param {Uint8Array<ArrayBuffer>} linkKey
 * @returns {Promise<{id: string, support: string}>}
 */
export async function identify(linkKey) {
    return {
        id: encode(await derive(linkKey, new Uint8Array(), "id", 16)),
        support: encode(await derive(linkKey, new Uint8Array(), "support", 32)),
    }
}

/**
 * HKDF-SHA256.
 * @param {Uint8Array<ArrayBuffer>} linkKey
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {string} label
 * @param {number} length in bytes
 */
export async function derive(linkKey, salt, label, length) {
    const base = await crypto.subtle.importKey("raw", linkKey, "HKDF", false, ["deriveBits"])
    const info = new TextEncoder().encode(`${VERSION} ${label}`)
    const parameters = { name: "HKDF", hash: "SHA-256", salt, info }
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, length * 8))
}

/** @param {number} length */
export function randomBytes(length) {
    return crypto.getRandomValues(new Uint8Array(length))
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} base64url without padding
 */
export function encode(bytes) {
    const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/** @param {string} text base64url without padding */
export function decode(text) {
    if (!/^[\w-]*$/.test(text)) throw new RangeError("not base64url")
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
