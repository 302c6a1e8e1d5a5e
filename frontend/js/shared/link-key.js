// What derives from the link key alone. See envelope.js for the rest.

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** Stands before every label, so that no other use of a key gives the same bytes. */
export const VERSION = "hallpass/v1"

/**
 * Return the secret's id, and the token to see and end the access behind it.
 * @param {Bytes} linkKey
 */
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

/**
 * Return the part of a link that *fragment* holds: 43 signs, or a box for the team; "" when it holds none. Mail
 * programs and people leave blanks before it, and behind it whatever followed the link in the text.
 * @param {string} fragment
 */
export function linkIn(fragment) {
    return /^(?:t\.[\w-]{151}|[\w-]{43})/.exec(withoutLead(fragment))?.[0] ?? ""
}

/**
 * Return *fragment* from where the link in it begins: without signs that stand for blanks, for nothing, or for "#".
 * @param {string} fragment
 */
export function withoutLead(fragment) {
    return decoded(fragment).replace(/^[\s\p{Cf}#/<("'“„«]+/u, "")
}

/** A "%" in it may stand for itself. @param {string} text */
function decoded(text) {
    try {
        return decodeURIComponent(text)
    } catch {
        return text
    }
}
