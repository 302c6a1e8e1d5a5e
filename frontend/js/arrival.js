// @ts-check
// The owner comes back: from WordPress with an answer, or by a reload that has
// made the page forget the approval.

import { endGrant } from "./api.js"
import { readReturn, sameSite } from "./consent.js"

/**
 * @param {import("./types.js").Visit} visit
 * @param {string | null} address what WordPress called, null after a reload
 */
export async function comeBack(visit, address) {
    if (address) await answer(visit, address)
    else await reload(visit)
}

/**
 * @param {import("./types.js").Visit} visit
 * @param {string} address
 */
async function answer(visit, address) {
    const { draft, keys } = visit
    const back = readReturn(address, "consent")
    const expected = draft.state
    draft.state = null // each trip counts once
    visit.save()
    if (!expected || back.state !== expected) {
        await visit.enter(draft.step)
        return visit.notice("arrival.stranger")
    }
    if (back.outcome === "approved" && sameSite(back.site_url, draft.consent_url ?? "")) {
        keys.user_login = back.user_login
        keys.application_password = back.application_password
        history.replaceState(null, "", "#send")
        return visit.enter("send")
    }
    await visit.enter(back.outcome === "disabled" ? "site" : "time")
    visit.notice(back.outcome === "approved" ? "arrival.other_site" : `arrival.${back.outcome}`)
}

/** @param {import("./types.js").Visit} visit */
async function reload(visit) {
    const { unfinished } = history.state ?? {}
    await visit.enter("send")
    if (visit.draft.step === "send") return
    if (!unfinished) return visit.notice(`arrival.forgotten_${visit.draft.door}`)
    visit.notice("arrival.tidying")
    history.replaceState(null, "")
    try {
        const { state } = await endGrant(unfinished.grantId, unfinished.ownerToken)
        visit.notice(state === "ended" ? "arrival.tidied" : "arrival.tidied_later")
    } catch (problem) {
        const gone = /** @type {import("./api.js").Problem} */ (problem).code === "not_found"
        visit.notice(gone ? "arrival.tidied" : "arrival.tidied_later")
    }
}
