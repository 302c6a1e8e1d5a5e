// Links that only the team's browsers open: made for who comes from the support form, and read.

/** @import { Bytes } from "../shared/link-key.js" */
/** @import { Config } from "../shared/types.js" */
import { fingerprintOf } from "../shared/fingerprint.js"
import { linkIn } from "../shared/link-in.js"
import { setText } from "../shared/page.js"
import { sealToTeam } from "../shared/team-box.js"
import { unseal } from "../shared/unseal.js"
import { linkKeyOf } from "./shared-key.js"

/** @type {(place: HTMLElement, teamKey: string) => Promise<void>} */
export async function showTeamKey(place, teamKey) {
    setText(place, "share.sealed", { words: await fingerprintOf(teamKey) })
    place.hidden = false
}

/**
 * What stands in the link in the place of *secretKey*.
 * @type {(secretKey: string, teamKey: string) => Promise<string>}
 */
export async function boxOf(secretKey, teamKey) {
    return sealToTeam(await linkKeyOf(secretKey), teamKey)
}

/**
 * The link key in *box*, or why this browser cannot read it: `gone.<why>`.
 * @param {string} box with whatever mail programs put around it
 * @param {Promise<Config>} config
 * @returns {Promise<{linkKey: Bytes | null, why: string}>}
 */
export async function openLink(box, config) {
    const link = linkIn(box)
    return link ? unseal(link, config) : { linkKey: null, why: "incomplete" }
}
