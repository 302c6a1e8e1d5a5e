// What the owner can do on the receipt: end, burn the link, extend, and repair an account that could not be deleted.

/** @import { LoadedReceiptPage } from "./types.js" */
import { burnSecret, confirmRemoval, extendGrant } from "../shared/api.js"
import { copy } from "../shared/copy-button.js"
import { askToConfirm, endUntilConfirmed } from "../shared/end-grant.js"
import { lifetimeChoice } from "../shared/lifetime-choice.js"
import { showNotice } from "../shared/notice.js"
import { $, DAY, dateOf, formatDuration, make, now, runOnce } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"
import { sendNewLink } from "./new-link.js"
import { startRepair } from "./repair.js"

/** @param {LoadedReceiptPage} page */
export async function endAccess(page) {
    const { entry, refresh } = page
    if (!(await askToConfirm($("#confirm-end")))) return
    await attempt(async () => {
        showNotice("ended.working")
        const at = await endUntilConfirmed(entry.grantId, entry.ownerToken, refresh)
        await refresh()
        const { state, overdue } = page.grant
        // The headline and the words below it say the end already, and that the site has not confirmed it yet.
        if (at && state !== "ended") showNotice("ended.text", { date: at })
        else if (!at && overdue) showNotice("ended.owner_text")
        else $("#notice p").hidden = true
        $("#state").focus()
    })
}

/** @param {LoadedReceiptPage} page */
export async function burn(page) {
    const { entry, refresh } = page
    if (!(await askToConfirm($("#confirm-burn"))) || !page.grant.secret) return
    const { id } = page.grant.secret
    await attempt(async () => {
        await burnSecret(id, entry.ownerToken)
        await refresh()
        // Support may have opened it a moment before; then the owner has to end the access.
        const { secret, by_hand: isManual } = page.grant
        showNotice(secret?.state !== "opened" ? "burn.done" : isManual ? "error.already_opened" : "burn.opened")
        $("#state").focus()
    })
}

/** @param {LoadedReceiptPage} page */
export async function renew(page) {
    if (!(await askToConfirm($("#confirm-renew")))) return
    await attempt(async () => {
        showNotice("renew.working")
        await sendNewLink(page)
        await page.refresh()
        showNotice("renew.done")
        $("#state").focus()
    })
}

/**
 * Offer the lifetimes that fit under the limit.
 * @param {LoadedReceiptPage} page
 */
export async function offerLifetimes(page) {
    const { lifetimes, max_days: maxDays } = await page.config
    const end = page.grant.expires_at
    const maxEnd = now() + maxDays * DAY
    const possible = lifetimes.filter((days) => end + days * DAY <= maxEnd)
    if (!possible.length) return showNotice("extend.most", { days: () => formatDuration(maxDays * DAY) })
    const form = /** @type {HTMLFormElement} */ ($("#extend"))
    const choices = possible.map((days, place) => lifetimeChoice(days, end + days * DAY, { checked: place === 0 }))
    $("#choices").replaceChildren(...choices)
    form.onsubmit = () => void runOnce($("#extend button"), () => extend(page, end))
    $("#less").onclick = () => {
        form.hidden = true
        $("#more").focus()
    }
    form.hidden = false
    $("input", form).focus()
}

/**
 * @param {LoadedReceiptPage} page
 * @param {number} end the one that the choices were counted from
 */
async function extend({ entry, refresh }, end) {
    const days = Number(/** @type {HTMLInputElement} */ ($("#choices input:checked")).value)
    await attempt(async () => {
        const { expires_at: until } = await extendGrant(entry.grantId, entry.ownerToken, days, end)
        $("#extend").hidden = true
        await refresh()
        showNotice("extend.done", { date: dateOf(until) })
        $("#state").focus()
    })
}

/** @param {LoadedReceiptPage} page */
export async function repair(page) {
    await attempt(async () => {
        if (!(await startRepair(page))) showNotice("repair.failed")
    })
}

/**
 * The owner of a manual grant confirms that the user is deleted.
 * @param {LoadedReceiptPage} page
 */
export async function confirm({ entry, refresh }) {
    await attempt(async () => {
        await confirmRemoval(entry.grantId, entry.ownerToken)
        await refresh()
        $("#state").focus()
    })
}

/** @param {LoadedReceiptPage} page */
export async function copyLink({ entry }) {
    await copy($("#copy-link"), "keep.copy", `${location.origin}/receipt#${entry.grantId}.${entry.ownerToken}`)
}

/**
 * Give the owner what is on the receipt as a file: what was agreed, what happened, what changed.
 * @param {LoadedReceiptPage} page
 */
export async function download({ entry, grant, config }) {
    const { support_name: support } = await config
    const { can, secret, you_are, ...facts } = grant
    const content = JSON.stringify({ support, host: location.host, ...facts, ...entry.sent }, null, 2)
    const address = URL.createObjectURL(new Blob([content], { type: "application/json" }))
    make("a", { href: address, download: `${entry.sent?.reference || grant.username || "receipt"}.json` }).click()
    setTimeout(() => URL.revokeObjectURL(address))
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
    $("#now-problem").hidden = true
    try {
        await work()
    } catch (error) {
        $("#notice p").hidden = true
        showProblem($("#now-problem"), error)
    }
}
