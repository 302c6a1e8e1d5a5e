// The opening itself: prove link and passphrase, fetch the sealed text, show it.

/** @import { GrantNow, OpenPage } from "./types.js" */
import { acknowledgeSecret, openSecret, Problem, peekSecret, viewGrant } from "../shared/api.js"
import { decode, prove } from "../shared/envelope.js"
import { rejectField, setFieldError } from "../shared/field-errors.js"
import { $, loadCatalogue, MINUTE, now, setText, texts } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"
import { offerToAsk } from "./ask-owner.js"
// Loaded now, so that the access can be ended even if the network fails later.
import "./end-access.js"
import { showAccount } from "./opened-account.js"
import { withCheckedAddress } from "./sign-in-address.js"
import "./unreadable.js"

/** How long the server keeps a link locked. */
const LOCK_SECONDS = 30 * MINUTE

let lastWords = ""

void loadCatalogue() // This module is loaded at the first sign of a person, so the press finds the texts here.

/** @param {OpenPage} page */
export async function openLink(page) {
    const { entry, secret, showPanel, showUnreadable } = page
    const field = passphraseField()
    const passphrase = secret?.passphrase ? readWords(field.value) : null
    if (!entry?.link || !entry.claim) return
    if (passphrase === "") return rejectField(field, "field.empty")
    await setFieldError(field, "")
    $("#open-problem").hidden = true
    try {
        // The labels of the opened account come before it, so that no line of it is ever blank.
        const [proof] = await Promise.all([prove(decode(entry.link), passphrase), loadCatalogue()])
        if (!texts["open.address"]) return // Then the page says that it has not loaded completely.
        entry.tried = true
        const { ciphertext } = await openSecret(entry.id, { access: proof.access, claim: entry.claim })
        const signIn = withCheckedAddress(JSON.parse(await proof.open(ciphertext)), page.grant)
        // The owner may have extended the access after the seal.
        const end = Math.max(signIn.expires_at, page.grant?.expires_at ?? 0)
        showAccount(
            { ...signIn, expires_at: end },
            page.grant,
            (at) => void (at ? showUnreadable("ended", at) : showUnreadable("over")),
            () => grantOf(page),
        )
    } catch (error) {
        return showRefusal(page, error)
    }
    field.value = ""
    showPanel("opened")
    offerToAsk(page, "time")
    setText($("#end-lead"), page.grant?.by_hand ? "end.by_hand" : "end.lead")
    $("#opened h2").focus()
    // Now that it is seen, the server may delete it, and so may this page.
    acknowledgeSecret(entry.id, entry.claim).catch(() => {})
    delete entry.link
    delete entry.claim
    delete entry.tried
}

/**
 * Our own passphrases are four small words, which people type with a capital, as they write. Typed twice in the same
 * way, the words count as they stand.
 * @param {string} typed
 */
function readWords(typed) {
    const words = typed.trim().replace(/\s+/g, " ")
    const isOurs = /^[a-z]+( [a-z]+){3}$/i.test(words) && words !== lastWords
    lastWords = words
    return isOurs ? words.toLowerCase() : words
}

/**
 * Read the access again; the owner may have ended or extended it.
 * @param {OpenPage} page which then knows what can still be asked for
 * @returns {Promise<GrantNow | null>} null when the server does not answer
 */
async function grantOf(page) {
    const { grantId, support = "" } = page.entry ?? {}
    if (!grantId) return { state: "active", expires_at: 0 }
    try {
        page.grant = await viewGrant(grantId, support)
        return page.grant
    } catch (error) {
        return error instanceof Problem && error.code === "not_found" ? { state: "ended", expires_at: 0 } : null
    }
}

/**
 * @param {OpenPage} page
 * @param {unknown} error
 */
async function showRefusal({ entry, showUnreadable }, error) {
    const { code, details } = error instanceof Problem ? error : new Problem("server_error")
    if (code === "already_opened") return showUnreadable("opened", details.opened_at)
    if (code === "locked") return showUnreadable("locked", details.unlocks_at)
    if (code === "not_found") return showUnreadable(details.gone ?? code, details.at)
    if (code === "wrong_passphrase" && entry && !details.tries_left) {
        const secret = await peekSecret(entry.id).catch(() => null)
        return showUnreadable("locked", secret?.unlocks_at ?? now() + LOCK_SECONDS)
    }
    showProblem($("#open-problem"), error)
    if (code === "wrong_passphrase") passphraseField().select()
}

function passphraseField() {
    return /** @type {HTMLInputElement} */ ($("#passphrase"))
}
