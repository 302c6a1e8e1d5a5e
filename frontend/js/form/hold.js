// No approval waits for the owner: as soon as it comes back from WordPress, the server holds it. It deletes it on the
// site after 15 minutes, unless the owner presses "Send"; approving again gives the first one back at once.
//
// What ends the hold has to survive another trip to WordPress, and must not be in storage. So it is sealed: the sealed
// token is in the tab's storage, the key for it comes back in the fragment of the return address.

/** @import { FormPage, Held } from "./types.js" */
import { endGrant, holdConsent } from "../shared/api.js"
import { decode, encode, identify, newLinkKey, prove, randomBytes, seal } from "../shared/envelope.js"
import { $, setText } from "../shared/page.js"
import { tryStorage } from "../shared/storage.js"

const SEALED_KEY = "hallpass.held"
/** The last step is shown after so long, though the server has not answered. */
const MAX_WAIT_MS = 3000
const MAX_TRIES = 3
const RETRY_PAUSE_MS = 5000

/**
 * Have the server hold the approval that *page* has got, and delete an earlier one of the same trip.
 * @param {FormPage} page
 * @param {string} state of the trip, which seals
 */
export async function hold(page, state) {
    await endSealed(state)
    const grantId = encode(randomBytes(16))
    const ownerToken = encode(randomBytes(32))
    page.held = { grantId, ownerToken, linkKey: newLinkKey(), isStored: false }
    markUnfinished(page)
    const { ciphertext } = await seal(decode(state), JSON.stringify({ grantId, ownerToken }))
    tryStorage(() => sessionStorage.setItem(SEALED_KEY, ciphertext))
    await Promise.race([holdUntilStored(page, page.held), pause(MAX_WAIT_MS)])
}

/** What the last step says of the approval. @param {FormPage} page */
export function leadOf({ draft, held }) {
    return draft.door === "consent" && !held?.isStored ? "send.lead_unheld" : `send.lead_${draft.door}`
}

/**
 * The approval is not wanted any more: have it deleted on the site. Should this call fail, the sweep does it.
 * @param {FormPage} page
 */
export function endHeld(page) {
    const { held } = page
    forget(page)
    if (held) endGrant(held.grantId, held.ownerToken, { keepalive: true }).catch(() => {})
}

/** The approval is used, or deleted. @param {FormPage} page */
export function forget(page) {
    page.held = null
    tryStorage(() => sessionStorage.removeItem(SEALED_KEY))
}

/**
 * A reload forgets the approval. The history entry of this tab keeps what is needed to delete it, and no more: it
 * opens nothing, and address bar and storage never see it.
 * @param {FormPage} page
 */
export function markUnfinished({ held }) {
    const unfinished = held && { grantId: held.grantId, ownerToken: held.ownerToken, isHeld: true }
    history.replaceState(unfinished && { unfinished }, "")
}

/**
 * @param {FormPage} page
 * @param {Held} held
 */
async function holdUntilStored(page, held) {
    const { draft, keys } = page
    const { support } = await identify(held.linkKey)
    const request = {
        hold: /** @type {const} */ (true),
        grant_id: held.grantId,
        site_url: draft.site?.url ?? draft.url,
        user_login: keys.user_login ?? "",
        application_password: keys.application_password ?? "",
        approved_on: keys.approved_on ?? "",
        owner_token: held.ownerToken,
        support_token: support,
    }
    for (let tries = 0; tries < MAX_TRIES && page.held === held && !page.submission; tries += 1) {
        try {
            await holdConsent(request)
            held.isStored = true
            if (page.held === held && !page.submission) setText($("#send-lead"), leadOf(page))
            return
        } catch {
            await pause(RETRY_PAUSE_MS) // "Send" sends it as well, and says what is wrong.
        }
    }
}

/** @param {string} state */
async function endSealed(state) {
    const ciphertext = tryStorage(() => sessionStorage.getItem(SEALED_KEY))
    if (!ciphertext) return
    try {
        const { grantId, ownerToken } = JSON.parse(await (await prove(decode(state))).open(ciphertext))
        endGrant(grantId, ownerToken).catch(() => {}) // Then the sweep does it.
    } catch {
        return // Of another trip, which has deleted its own.
    }
}

/** @param {number} milliseconds */
function pause(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
