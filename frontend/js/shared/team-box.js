// Links that are sealed to the team. In the place of the link key stands a box with the link key inside: whoever reads
// the mail reads only the box, and the server, too, sees nothing else. A browser that holds the team's key opens it.

/** @import { Bytes } from "./link-key.js" */
/** @import { TeamKey } from "./types.js" */
import { Problem } from "./api-call.js"
import * as hpke from "./hpke.js"
import { decode, encode, VERSION } from "./link-key.js"

export const BOX = /^t\.[\w-]{151}$/
const INFO = new TextEncoder().encode(`${VERSION} team`)
const LINK_KEY_BYTES = 32

/**
 * Return what stands in a link after the "#", so that only the team opens it.
 * @param {Bytes} linkKey
 * @param {string} teamKey as config.json has it
 * @returns {Promise<string>} rejects with a Problem when *teamKey* is no key: a link is never sent unsealed instead
 */
export async function sealToTeam(linkKey, teamKey) {
    try {
        return `t.${encode(await hpke.seal(decode(teamKey), linkKey, INFO))}`
    } catch {
        throw new Problem("not_sealed")
    }
}

/**
 * Return the link key in *box*, or null when none of *keys* opens it.
 * @param {string} box
 * @param {TeamKey[]} keys
 * @returns {Promise<Bytes | null>}
 */
export async function openBox(box, keys) {
    const sealed = decode(box.slice(2))
    for (const { privateKey, publicKey } of keys) {
        try {
            const linkKey = await hpke.open(privateKey, decode(publicKey), sealed, INFO)
            if (linkKey.length === LINK_KEY_BYTES) return linkKey
        } catch {} // It is made for another key, or what the browser has stored is none.
    }
    return null
}

/**
 * Why a browser with *keys* cannot open *box*: it has no key of the team, another one, one that is older than the one
 * that seals now, or it has what it needs, and the box is damaged.
 * @param {string} box
 * @param {{publicKey: string}[]} keys
 * @param {string[]} teamKeys of config.json, newest first
 * @returns {Promise<"no_key" | "wrong_key" | "old_key" | "damaged">}
 */
export async function whyClosed(box, keys, teamKeys) {
    const isPoint = await hpke.importPoint(decode(box.slice(2)).slice(0, hpke.POINT_BYTES)).catch(() => false)
    if (!isPoint) return "damaged"
    if (!keys.length) return "no_key"
    const held = teamKeys.map((teamKey) => keys.some(({ publicKey }) => publicKey === teamKey))
    if (!held.includes(true)) return "wrong_key"
    return held[0] ? "damaged" : "old_key"
}
