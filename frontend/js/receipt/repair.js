// Repair: the owner approves once more on WordPress, and that approval deletes the account which its own key could not
// delete.
//
// The receipt's token has to survive the trip, and must not be in storage. So it is sealed: the sealed token is in the
// tab's storage, the key for it travels in the return address' fragment. Neither is worth anything alone, and both are
// used once.

/** @import { FoundUser } from "../shared/api-types.js" */
/** @import { Approved } from "../shared/consent.js" */
/** @import { ReceiptEntry } from "../shared/types.js" */
/** @import { LoadedReceiptPage, ReceiptPage } from "./types.js" */
import { checkSite, Problem, repairGrant } from "../shared/api.js"
import { appName, consentUrl, readReturn, sameHost, sameSite } from "../shared/consent.js"
import { askToConfirm } from "../shared/end-grant.js"
import { decode, encode, newLinkKey, prove, seal } from "../shared/envelope.js"
import { showNotice } from "../shared/notice.js"
import { $, all, dateOf, formatDate, loadCatalogue } from "../shared/page.js"
import { tryStorage } from "../shared/storage.js"

const SEALED_KEY = "hallpass.repair"

/**
 * @param {LoadedReceiptPage} page
 * @returns {Promise<boolean>} whether the browser goes to WordPress; it does not when it refuses storage
 */
export async function startRepair({ entry, grant, config }) {
    const { site, consent_url: authorize, problem } = await checkSite(grant.site.url)
    if (!authorize) throw new Problem("site_unavailable", { ...problem, reason: problem?.code })
    if (!sameHost(site?.url, authorize)) throw new Problem("site_unavailable", { reason: "two_hosts" })
    const key = newLinkKey()
    const { ciphertext } = await seal(key, JSON.stringify({ held: entry, authorize }))
    if (tryStorage(() => sessionStorage.setItem(SEALED_KEY, ciphertext)) === null) return false
    const state = encode(key)
    const name = appName((await config).support_name, location.host, state)
    location.assign(consentUrl(authorize, { name, back: `${location.origin}/receipt`, kind: "repair", state }))
    return true
}

/**
 * @param {ReceiptPage} page
 * @param {string} address what WordPress called
 */
export async function finishRepair(page, address) {
    const ciphertext = tryStorage(() => sessionStorage.getItem(SEALED_KEY))
    tryStorage(() => sessionStorage.removeItem(SEALED_KEY))
    const answer = readReturn(address, "repair")
    /** @type {{held: ReceiptEntry, authorize: string}} */
    let sealed
    try {
        sealed = JSON.parse(await (await prove(decode(answer.state))).open(ciphertext ?? ""))
    } catch {
        return
    }
    const { held: entry, authorize } = sealed // `held`: so it is called in storage.
    // Before the long call, so that a reload does not lose the receipt.
    page.entry = entry
    history.replaceState(entry, "")
    if (answer.outcome !== "approved") showNotice(`repair.${answer.outcome}`)
    else if (!sameSite(answer.site_url, authorize)) showNotice("arrival.other_site")
    else await repair(entry, answer)
}

/**
 * @param {ReceiptEntry} entry
 * @param {Approved} approved
 */
async function repair({ grantId, ownerToken }, { user_login, application_password, site_url: approved_on }) {
    showNotice("repair.working")
    const consent = { user_login, application_password, approved_on }
    try {
        let answer = await repairGrant(grantId, ownerToken, consent)
        // A stranger could have named the user of a manual grant, so its owner sees who it is.
        while (answer.found) {
            await loadCatalogue()
            showFound(answer.found)
            if (!(await askToConfirm($("#confirm-user")))) return showNotice("repair.kept")
            answer = await repairGrant(grantId, ownerToken, consent, answer.found.id)
        }
        showNotice(answer.state === "active" ? "ended.owner_text" : "repair.done")
    } catch (error) {
        if (!(error instanceof Problem)) throw error
        const isExplained = error.code === "consent_rejected" || error.code === "not_administrator"
        showNotice(isExplained ? `error.${error.code}.next` : "repair.failed")
    }
}

/** @param {FoundUser} found */
function showFound({ username, name, email, roles, registered_at, posts }) {
    const registered = formatDate(dateOf(registered_at), { dateStyle: "medium", timeStyle: "short" })
    const values = [username, name, email, roles.join(", "), registered, posts === null ? "–" : String(posts)]
    for (const [place, value] of all("#confirm-user dd").entries()) value.textContent = values[place]
}
