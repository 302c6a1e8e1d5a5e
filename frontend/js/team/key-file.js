// The file in which the team's key travels from browser to browser: JSON, sealed with a passphrase.
//
//   sealed = AES-256-GCM(PBKDF2-HMAC-SHA256(passphrase, salt, 600,000), iv, the private key's 32 bytes,
//                        additional data "hallpass/v1 team file " + the public key)
//
// Whoever has file and passphrase can open every link that is sealed to the key.

/** @import { Bytes } from "../shared/link-key.js" */
/** @import { TeamKey } from "../shared/types.js" */
import { exportPoint, newKeyPair, open, POINT_BYTES, seal } from "../shared/hpke.js"
import { decode, encode, randomBytes, VERSION } from "../shared/link-key.js"
import { WORDS } from "../shared/passphrase-words.js"

const KIND = "hallpass team key"
export const SUITE = "DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM"
const ITERATIONS = 600_000
const SCALAR_BYTES = 32
const [SALT_BYTES, IV_BYTES] = [16, 12]
/** 66 bits: a stolen file can be tried without end. */
const WORD_COUNT = 6
const MAX_CHARACTERS = 10_000
const CURVE = { name: "ECDH", namedCurve: "P-256" }

/** @typedef {"not_ours" | "newer" | "damaged" | "passphrase"} FileFault */

/** Why a file gives no key. */
export class KeyFileError extends Error {
    /** @param {FileFault} fault */
    constructor(fault) {
        super(fault)
        this.fault = fault
    }
}

/** Six words, made here because people choose what can be guessed. */
export function newFilePassphrase() {
    // 2048 words divide 65536 evenly, so each is as likely as any other.
    const numbers = crypto.getRandomValues(new Uint16Array(WORD_COUNT))
    return Array.from(numbers, (number) => WORDS[number % WORDS.length]).join(" ")
}

/**
 * Make a key for the team. This is the only moment at which its private half can be read: for the file.
 * @param {string} passphrase
 * @returns {Promise<{key: TeamKey, file: string}>}
 */
export async function makeTeamKey(passphrase) {
    const pair = await newKeyPair(true)
    const point = await exportPoint(pair.publicKey)
    const { d = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey)
    const publicKey = encode(point)
    const [salt, iv] = [randomBytes(SALT_BYTES), randomBytes(IV_BYTES)]
    const sealed = await crypto.subtle.encrypt(cipher(publicKey, iv), await stretch(passphrase, salt), decode(d))
    const file = {
        kind: KIND,
        version: 1,
        suite: SUITE,
        public_key: publicKey,
        salt: encode(salt),
        iv: encode(iv),
        sealed: encode(new Uint8Array(sealed)),
    }
    return { key: await keyOf(point, decode(d)), file: `${JSON.stringify(file, null, 2)}\n` }
}

/**
 * Return the key in *file*.
 * @param {string} file
 * @param {string} passphrase
 * @returns {Promise<TeamKey>} rejects with a KeyFileError
 */
export async function readKeyFile(file, passphrase) {
    const { publicKey, salt, iv, sealed } = partsOf(file)
    const words = passphrase.trim().replace(/\s+/g, " ").toLowerCase()
    const opened = await crypto.subtle.decrypt(cipher(publicKey, iv), await stretch(words, salt), sealed).catch(() => {
        throw new KeyFileError("passphrase")
    })
    try {
        const key = await keyOf(decode(publicKey), new Uint8Array(opened))
        await tryKey(key)
        return key
    } catch {
        throw new KeyFileError("damaged")
    }
}

/** @param {string} file */
function partsOf(file) {
    /** @type {Record<string, unknown>} */
    let said
    try {
        said = file.length <= MAX_CHARACTERS ? JSON.parse(file) : {}
    } catch {
        throw new KeyFileError(file.includes(KIND) ? "damaged" : "not_ours")
    }
    if (said?.kind !== KIND) throw new KeyFileError("not_ours")
    if (said.version !== 1 || said.suite !== SUITE) throw new KeyFileError("newer")
    try {
        const [publicKey, salt, iv, sealed] = ["public_key", "salt", "iv", "sealed"].map((name) => String(said[name]))
        const parts = { publicKey, salt: decode(salt), iv: decode(iv), sealed: decode(sealed) }
        const lengths = [decode(publicKey), parts.salt, parts.iv, parts.sealed].map(({ length }) => length)
        const expected = [POINT_BYTES, SALT_BYTES, IV_BYTES, SCALAR_BYTES + 16]
        if (lengths.every((length, place) => length === expected[place])) return parts
    } catch {
        // Answered below.
    }
    throw new KeyFileError("damaged")
}

/**
 * The key, so that no script can read it any more.
 * @param {Bytes} point
 * @param {Bytes} scalar
 * @returns {Promise<TeamKey>}
 */
async function keyOf(point, scalar) {
    const [x, y] = [point.slice(1, 33), point.slice(33)].map(encode)
    const jwk = { kty: "EC", crv: CURVE.namedCurve, d: encode(scalar), x, y }
    const privateKey = await crypto.subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"])
    return { publicKey: encode(point), privateKey }
}

/** See that the two halves belong together, which not every browser checks. @param {TeamKey} key */
export async function tryKey({ publicKey, privateKey }) {
    const [said, info] = [randomBytes(SCALAR_BYTES), new TextEncoder().encode(`${VERSION} trial`)]
    const opened = await open(privateKey, decode(publicKey), await seal(decode(publicKey), said, info), info)
    if (encode(opened) !== encode(said)) throw new Error("another key")
}

/** @type {(passphrase: string, salt: Bytes) => Promise<CryptoKey>} */
async function stretch(passphrase, salt) {
    const secret = new TextEncoder().encode(passphrase.normalize("NFC"))
    const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"])
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS }
    return crypto.subtle.deriveKey(parameters, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
}

/** @type {(publicKey: string, iv: Bytes) => AesGcmParams} */
function cipher(publicKey, iv) {
    return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(`${VERSION} team file ${publicKey}`) }
}
