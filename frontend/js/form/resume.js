// The owner comes back to the form: from WordPress with an answer, or by a reload that has made the page forget the
// approval.

/** @import { FormPage } from "./types.js" */
import { endGrant, Problem } from "../shared/api.js"
import { readReturn, sameHost, sameSite } from "../shared/consent.js"
import { encode } from "../shared/link-key.js"
import { showNotice, showUnusedApprovals } from "../shared/notice.js"
import { load } from "../shared/page.js"
import { openOtherWays } from "./site-check.js"

/**
 * @param {FormPage} page
 * @param {string} address what WordPress called
 */
export async function resumeAfterReturn(page, address) {
    const { draft, keys } = page
    const answer = readReturn(address, "consent")
    const trip = await digest(answer.state)
    const answered = await digest(address)
    // On the same trip the owner may go back in the browser and approve again; each answer counts once.
    const isOurs = draft.state ? answer.state === draft.state : trip === draft.trip && answered !== draft.answered
    draft.state = null
    if (isOurs) Object.assign(draft, { trip, answered })
    page.save()
    if (!isOurs) {
        await page.enterStep(draft.step)
        showUnusedApprovals(draft.consent_url)
        return showNotice(draft.message ? "arrival.stranger" : "arrival.other_tab")
    }
    const isOneHost = sameHost(draft.site?.url, draft.consent_url)
    if (answer.outcome === "approved" && isOneHost && sameSite(answer.site_url, draft.consent_url ?? "")) {
        keys.approved_on = answer.site_url
        keys.user_login = answer.user_login
        keys.application_password = answer.application_password
        history.replaceState(null, "", "#send")
        await (await load("form/hold.js")).hold(page, answer.state)
        return page.enterStep("send")
    }
    await page.enterStep(answer.outcome === "disabled" ? "site" : "time")
    if (answer.outcome === "disabled") openOtherWays(false)
    showNotice(answer.outcome === "approved" ? "arrival.other_site" : `arrival.${answer.outcome}`)
}

/**
 * A mark of what WordPress gave out, which is no use to whoever reads it in the tab's storage.
 * @param {string} given
 */
async function digest(given) {
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`hallpass trip ${given}`))
    return encode(new Uint8Array(bytes))
}

/** @param {FormPage} page */
export async function resumeAfterReload(page) {
    /** @type {{unfinished?: {grantId: string, ownerToken: string, isHeld?: boolean}}} */
    const { unfinished } = history.state ?? {}
    await page.enterStep("send")
    if (page.draft.step === "send") return
    if (!unfinished && page.draft.door === "consent") showUnusedApprovals(page.draft.consent_url)
    if (!unfinished) return showNotice(`arrival.forgotten_${page.draft.door}`)
    showNotice(unfinished.isHeld ? "arrival.giving_back" : "arrival.tidying")
    history.replaceState(null, "")
    if (unfinished.isHeld) {
        endGrant(unfinished.grantId, unfinished.ownerToken).catch(() => {
            // The server may never have got it; then only its owner knows of it.
            showUnusedApprovals(page.draft.consent_url)
            showNotice("arrival.forgotten_consent")
        })
        return
    }
    try {
        const { state } = await endGrant(unfinished.grantId, unfinished.ownerToken)
        showNotice(state === "ended" ? "arrival.tidied" : "arrival.tidied_later")
    } catch (error) {
        const isUnknown = error instanceof Problem && error.code === "not_found"
        showNotice(isUnknown ? "arrival.tidied" : "arrival.tidied_later")
    }
}
