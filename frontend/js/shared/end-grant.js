// Ends a grant, for its owner and for support. It counts as ended only when WordPress has confirmed it.

/** @import { GrantEnd } from "./api-types.js" */
import { endGrant, viewGrant } from "./api.js"
import { dateOf } from "./page.js"

const POLL_MS = 3000
const MAX_POLLS = 20

/**
 * Ask the person once more.
 * @param {HTMLDialogElement} dialog whose "yes" button has the value "yes"
 * @returns {Promise<boolean>}
 */
export function askToConfirm(dialog) {
    return new Promise((resolve) => {
        dialog.returnValue = "no"
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
        dialog.showModal()
    })
}

/**
 * @param {string} grantId
 * @param {string} token
 * @param {() => Promise<unknown>} [onWait] called when it is asked for, and not over yet
 * @param {number} [maxPolls] 0 for support and a manual grant, which only its owner can end
 * @returns {Promise<Date | null>} when it ended; null while WordPress has not confirmed it
 */
export async function endUntilConfirmed(grantId, token, onWait, maxPolls = MAX_POLLS) {
    /** @type {GrantEnd} */
    let grant = await endGrant(grantId, token)
    if (grant.state !== "ended") await onWait?.()
    for (let polls = 0; grant.state !== "ended" && polls < maxPolls; polls += 1) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
        grant = await viewGrant(grantId, token)
    }
    if (grant.state !== "ended") return null
    return grant.ended_at ? dateOf(grant.ended_at) : new Date()
}
