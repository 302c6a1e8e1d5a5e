// @ts-check
// The opening itself: prove link and passphrase, fetch the sealed text, show it.

import { acknowledgeSecret, openSecret, Problem, readGrant, readSecret } from "./api.js"
import { showAccount } from "./account.js"
import { $ } from "./dom.js"
import { decode, prove } from "./envelope.js"
import { complain, judge } from "./fields.js"
// So that the account can be ended although a module would not come any more.
import "./ending.js"
import "./gone.js"
import { put } from "./i18n.js"
import { tell } from "./problem.js"

/** So long, in seconds, the server keeps a link locked. */
const LOCKED = 1800

/** @param {import("./types.js").Opening} visit */
export async function open(visit) {
    const { held, secret, show, gone } = visit
    const field = /** @type {HTMLInputElement} */ ($("#passphrase"))
    const passphrase = secret.passphrase ? field.value.trim().replace(/\s+/g, " ") : null
    if (!held?.link || !held.claim) return
    if (passphrase === "") return complain(field, "field.empty")
    await judge(field, "")
    $("#open-problem").hidden = true
    try {
        const proof = await prove(decode(held.link), passphrase)
        held.tried = true
        history.replaceState({ ...held }, "")
        const { ciphertext } = await openSecret(held.id, { access: proof.access, claim: held.claim })
        const account = JSON.parse(await proof.open(ciphertext))
        const end = Math.max(account.expires_at, visit.grant?.expires_at ?? 0) // More time may have been given.
        showAccount({ ...account, expires_at: end, by_hand: visit.grant?.by_hand }, () => gone("over"), () => endOf(held))
    } catch (error) {
        return refused(visit, error)
    }
    field.value = ""
    show("opened")
    if (visit.grant?.by_hand) put($("#end-lead"), "end.by_hand")
    $("#opened h2").focus()
    // Now that it is seen, the server may forget it, and so may this page.
    acknowledgeSecret(held.id, held.claim).catch(() => {})
    delete held.link
    delete held.claim
    delete held.tried
    history.replaceState({ ...held }, "")
}

/**
 * When the access ends by now; the owner may have given more time.
 * @param {import("./types.js").HeldLink} held
 * @returns {Promise<number | null>} null when there is no knowing
 */
async function endOf({ grantId, support }) {
    if (!grantId) return 0
    try {
        const { state, expires_at: end } = await readGrant(grantId, support)
        return state === "ended" ? 0 : end
    } catch (error) {
        return error instanceof Problem && error.code === "not_found" ? 0 : null
    }
}

/**
 * @param {import("./types.js").Opening} visit
 * @param {unknown} error
 */
async function refused({ held, gone }, error) {
    const { code, details } = error instanceof Problem ? error : new Problem("server_error")
    if (code === "already_opened") return gone("opened", details.opened_at)
    if (code === "locked") return gone("locked", details.unlocks_at)
    if (code === "not_found") return gone(details.gone ?? code, details.at)
    if (code === "wrong_passphrase" && held && !details.tries_left) {
        const { unlocks_at: at } = await readSecret(held.id).catch(() => ({}))
        return gone("locked", at ?? Date.now() / 1000 + LOCKED)
    }
    tell($("#open-problem"), error)
    const field = /** @type {HTMLInputElement} */ ($("#passphrase"))
    if (code === "wrong_passphrase") field.select()
}
