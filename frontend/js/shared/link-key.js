// What derives from the link key alone. See envelope.js for the rest.

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** Stands before every label, so that no other use of a key gives the same bytes. */
export const VERSION = "hallpass/v1"

/** The secret's id, and the token to see and end the access. @param {Bytes} linkKey */
export async function identify(linkKey) {
    return {
        id: encode(await derive(linkKey, "id", 16)),
        support: encode(await derive(linkKey, "support", 32)),
    }
}

/**
 * HKDF-SHA256.
 * @param {Bytes} linkKey
 * @param {string} label
 * @param {number} length in bytes
 */
export async function derive(linkKey, label, length, salt = new Uint8Array()) {
    const base = await crypto.subtle.importKey("raw", linkKey, "HKDF", false, ["deriveBits"])
    const info = new TextEncoder().encode(`${VERSION} ${label}`)
    const parameters = { name: "HKDF", hash: "SHA-256", salt, info }
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, base, length * 8))
}

/** @param {number} length */
export function randomBytes(length) {
    return crypto.getRandomValues(new Uint8Array(length))
}

/** Base64url without padding. @param {Uint8Array} bytes */
export function encode(bytes) {
    const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/** @param {string} text */
export function decode(text) {
    if (!/^[\w-]*$/.test(text)) throw new RangeError("not base64url")
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}
