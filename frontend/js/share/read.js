// Reading a shared secret: prove key and passphrase, fetch the sealed text, show it when asked to.

/** @import { SharePage } from "./types.js" */
import { acknowledgeSecret, openSecret, Problem, peekSecret } from "../shared/api.js"
import { copyOnPress } from "../shared/copy-button.js"
import { prove } from "../shared/envelope.js"
import { rejectField, setFieldError } from "../shared/field-errors.js"
import { encode, identify, randomBytes } from "../shared/link-key.js"
import { $, dateOf, load, loadCatalogue, now, onPress, runOnce, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"
import { REASONS, showClosed, showUnreadable } from "./sent.js"
import { linkKeyOf, unframe } from "./shared-key.js"

/** The server lets the same claim open again for 60 seconds. */
const MAX_RETRY_SECONDS = 55
const KEY = /^[0-9a-z]{31}$/
const MASK = "••••••••••••"

/** @param {SharePage} page */
export async function showSecret({ entry, config, showPanel }) {
    const { key } = entry
    entry.claim ??= encode(randomBytes(16))
    const { linkKey, why } = key.startsWith("t.")
        ? await (await load("share/sealed-link.js")).openLink(key, config)
        : { linkKey: await linkKeyOf(key), why: KEY.test(key) ? "" : "not_found" }
    if (!linkKey) return showClosed(showPanel, why)
    const { id } = await identify(linkKey)
    const field = /** @type {HTMLInputElement} */ ($("#passphrase"))
    let asksPassphrase = false
    let isOver = false
    $("#waiting").addEventListener("submit", () => runOnce($("#open"), open))
    await peek()

    /** Ask what the link holds. This changes nothing. */
    async function peek() {
        if (why) return showUnreadable(showPanel, why)
        try {
            const secret = await peekSecret(id)
            // The answer to our own opening may have been lost: for a minute we can ask for it again.
            const canRetry = entry.tried && Math.abs(now() - (secret.opened_at ?? 0)) < MAX_RETRY_SECONDS
            if (secret.state === "opened" && !canRetry) return showUnreadable(showPanel, "opened", secret.opened_at)
            if (secret.state === "locked") return showUnreadable(showPanel, "locked", secret.unlocks_at)
            asksPassphrase = secret.passphrase
            $("#ask").hidden = !asksPassphrase
            await loadCatalogue()
            setText($("#until"), "read.until", { date: dateOf(secret.expires_at) })
            showPanel("waiting")
        } catch (error) {
            await showRefusal(error)
        }
    }

    async function open() {
        const passphrase = asksPassphrase ? field.value : null
        if (passphrase === "") return rejectField(field, "field.empty")
        await setFieldError(field, "")
        $("#open-problem").hidden = true
        const claim = entry.claim ?? ""
        try {
            const proof = await prove(linkKey, passphrase)
            entry.tried = true
            history.replaceState({ ...entry }, "")
            const { ciphertext } = await openSecret(id, { access: proof.access, claim })
            showText(unframe(await proof.openBytes(ciphertext)))
        } catch (error) {
            return showRefusal(error)
        }
        field.value = ""
        showPanel("opened")
        $("#opened h2").focus()
        // Now that it is here, the server may delete it, and so may this page.
        acknowledgeSecret(id, claim).catch(() => {})
        history.replaceState({ kind: "secret", key }, "")
    }

    /** @param {unknown} error */
    async function showRefusal(error) {
        const { code, details } = error instanceof Problem ? error : new Problem("server_error")
        if (code === "already_opened") return showUnreadable(showPanel, "opened", details.opened_at)
        if (code === "locked") return showUnreadable(showPanel, "locked", details.unlocks_at)
        if (code === "not_found") {
            const why = REASONS.includes(details.gone ?? "") ? (details.gone ?? "") : "not_found"
            return showUnreadable(showPanel, why, details.at)
        }
        if ($("#waiting").hidden) return showUnreadable(showPanel, "unreachable")
        if (code === "wrong_passphrase" && !details.tries_left) return peek()
        await loadCatalogue()
        showProblem($("#open-problem"), error)
        if (code === "wrong_passphrase") field.select()
    }

    /** Hidden until shown, and gone when the page is left. @param {string} text */
    function showText(text) {
        const shown = /** @type {HTMLTextAreaElement} */ ($("#shown"))
        shown.value = MASK
        let isShown = false
        onPress($("#reveal"), () => {
            if (isOver) return
            isShown = !isShown
            shown.value = isShown ? text : MASK
            setText($("#reveal"), isShown ? "open.hide" : "open.show")
        })
        copyOnPress($("#copy-text"), () => text)
        addEventListener("pagehide", () => {
            isOver = true
            text = shown.value = ""
            showPanel("loading")
        })
        addEventListener("pageshow", ({ persisted }) => persisted && location.reload())
    }
}
