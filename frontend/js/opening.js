// @ts-check
// The opening itself: prove link and passphrase, fetch the sealed text, show it.

import { acknowledgeSecret, openSecret, Problem } from "./api.js"
import { showAccount } from "./account.js"
import { $ } from "./dom.js"
import { decode, prove } from "./envelope.js"
import { put } from "./i18n.js"
import { tell } from "./problem.js"

/** @param {import("./types.js").Opening} visit */
export async function open(visit) {
    const { held, secret, show, gone } = visit
    const field = /** @type {HTMLInputElement} */ ($("#passphrase"))
    const passphrase = secret.passphrase ? field.value.trim().replace(/\s+/g, " ") : null
    if (!held?.link || !held.claim || passphrase === "") return field.focus()
    $("#open-problem").hidden = true
    try {
        const proof = await prove(decode(held.link), passphrase)
        held.tried = true
        history.replaceState({ ...held }, "")
        const { ciphertext } = await openSecret(held.id, { access: proof.access, claim: held.claim })
        showAccount({ ...JSON.parse(await proof.open(ciphertext)), by_hand: visit.grant?.by_hand }, () => gone("over"))
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
 * @param {import("./types.js").Opening} visit
 * @param {unknown} error
 */
async function refused({ gone }, error) {
    const { code, details } = error instanceof Problem ? error : new Problem("server_error")
    if (code === "already_opened") return gone("opened", details.opened_at)
    if (code === "locked") return gone("locked", details.unlocks_at)
    if (code === "not_found") return gone(details.gone ?? code, details.at)
    tell($("#open-problem"), error)
    const field = /** @type {HTMLInputElement} */ ($("#passphrase"))
    if (code === "wrong_passphrase") field.select()
}
