// @ts-check
// Ending an access, for its owner and for support: asked once, and reported as
// done only when WordPress has confirmed it.

import { endGrant, readGrant } from "./api.js"

const PAUSE = 3000
const ROUNDS = 20

/**
 * @param {HTMLDialogElement} dialog whose "yes" button has the value "yes"
 * @returns {Promise<boolean>}
 */
export function confirmed(dialog) {
    return new Promise((resolve) => {
        dialog.returnValue = "no"
        dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true })
        dialog.showModal()
    })
}

/**
 * @param {string} grantId
 * @param {string} token
 * @param {number} [rounds] how often to ask; nobody but its owner ends an account made by hand
 * @returns {Promise<Date | null>} when it ended; null while WordPress has not confirmed it
 */
export async function end(grantId, token, rounds = ROUNDS) {
    let grant = await endGrant(grantId, token)
    for (let round = 0; grant.state !== "ended" && round < rounds; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
        grant = await readGrant(grantId, token)
    }
    return grant.state === "ended" ? new Date((grant.ended_at ?? Date.now() / 1000) * 1000) : null
}
