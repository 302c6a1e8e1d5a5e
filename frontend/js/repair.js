// @ts-check
// Repair: the owner approves once more on WordPress, and that approval deletes
// the account which its own key could not delete.
//
// The receipt's token has to survive the trip, and must not be in storage. So
// it is sealed: the seal lies in sessionStorage, the key for it travels in the
// return address' fragment. Neither is worth anything alone, and both are used
// once.

import { checkSite, Problem, repairGrant } from "./api.js"
import { appName, consentUrl, readReturn, sameSite } from "./consent.js"
import { decode, encode, newLinkKey, prove, seal } from "./envelope.js"
import { keep, recall } from "./kept.js"

const KEPT = "hallpass.repair"

/** @typedef {import("./types.js").HeldGrant} Held */

/**
 * @param {{site: import("./types.js").Site}} grant
 * @param {Held} held
 * @param {string} support its name
 * @returns {Promise<boolean>} whether it goes to WordPress; not where the browser keeps nothing
 */
export async function leave(grant, held, support) {
    const { consent_url: authorize, problem } = await checkSite(grant.site.url)
    if (!authorize) throw new Problem("site_unavailable", { ...problem, reason: problem?.code })
    const key = newLinkKey()
    const { ciphertext } = await seal(key, JSON.stringify({ held, authorize }))
    if (!keep(KEPT, ciphertext)) return false
    const state = encode(key)
    const name = appName(support, location.host, state)
    location.assign(consentUrl(authorize, { name, back: `${location.origin}/receipt`, kind: "repair", state }))
    return true
}

/**
 * @param {string} address what WordPress called
 * @param {(name: string) => void} say
 * @param {(held: Held) => void} hold told whose receipt it is before the long call, so that a reload does not lose it
 */
export async function finish(address, say, hold) {
    const ciphertext = recall(KEPT)
    const back = readReturn(address, "repair")
    /** @type {{held: Held, authorize: string}} */
    let kept
    try {
        kept = JSON.parse(await (await prove(decode(back.state))).open(ciphertext ?? ""))
    } catch {
        return
    }
    const { held, authorize } = kept
    hold(held)
    if (back.outcome !== "approved") say(`arrival.${back.outcome}`)
    else if (!sameSite(back.site_url, authorize)) say("arrival.other_site")
    else await repair(held, back, say)
}

/**
 * @param {Held} held
 * @param {import("./consent.js").Approved} approved
 * @param {(name: string) => void} say
 */
async function repair(held, { user_login, application_password }, say) {
    say("repair.working")
    try {
        const { state } = await repairGrant(held.grantId, held.ownerToken, { user_login, application_password })
        say(state === "active" ? "ended.owner_text" : "repair.done")
    } catch (error) {
        if (!(error instanceof Problem)) throw error
        say(["consent_rejected", "not_administrator"].includes(error.code) ? `error.${error.code}.next` : "repair.failed")
    }
}
