// The owner comes back to the form: from WordPress with an answer, or by a reload that has made the page forget the
// approval.

/** @import { FormPage } from "./types.js" */
import { endGrant, Problem } from "../shared/api.js"
import { readReturn, sameSite } from "../shared/consent.js"
import { showNotice } from "../shared/notice.js"

/**
 * @param {FormPage} page
 * @param {string} address what WordPress called
 */
export async function resumeAfterReturn(page, address) {
    const { draft, keys } = page
    const answer = readReturn(address, "consent")
    const expected = draft.state
    draft.state = null // Each trip counts once.
    page.save()
    if (!expected || answer.state !== expected) {
        await page.enterStep(draft.step)
        return showNotice("arrival.stranger")
    }
    if (answer.outcome === "approved" && sameSite(answer.site_url, draft.consent_url ?? "")) {
        keys.user_login = answer.user_login
        keys.application_password = answer.application_password
        history.replaceState(null, "", "#send")
        return page.enterStep("send")
    }
    await page.enterStep(answer.outcome === "disabled" ? "site" : "time")
    showNotice(answer.outcome === "approved" ? "arrival.other_site" : `arrival.${answer.outcome}`)
}

/** @param {FormPage} page */
export async function resumeAfterReload(page) {
    /** @type {{unfinished?: {grantId: string, ownerToken: string}}} */
    const { unfinished } = history.state ?? {}
    await page.enterStep("send")
    if (page.draft.step === "send") return
    if (!unfinished) return showNotice(`arrival.forgotten_${page.draft.door}`)
    showNotice("arrival.tidying")
    history.replaceState(null, "")
    try {
        const { state } = await endGrant(unfinished.grantId, unfinished.ownerToken)
        showNotice(state === "ended" ? "arrival.tidied" : "arrival.tidied_later")
    } catch (error) {
        const isUnknown = error instanceof Problem && error.code === "not_found"
        showNotice(isUnknown ? "arrival.tidied" : "arrival.tidied_later")
    }
}
