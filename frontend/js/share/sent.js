// The link that was made, and what becomes of it. The receipt page of One Time Secret's API is the same screen.

/** @import { SharePage } from "./types.js" */
import { burnSecret, Problem, peekSecret } from "../shared/api.js"
import { copyOnPress } from "../shared/copy-button.js"
import { encode, identify } from "../shared/link-key.js"
import { $, dateOf, fillIn, formatDate, load, loadCatalogue, onPress, setText, texts } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"
import { linkKeyOf, receiptProofOf, secretKeyOf } from "./shared-key.js"

const POLL_MS = 5000

/** @param {SharePage} page */
export async function showReceipt({ entry, showPanel }) {
    if (!/^[0-9a-z]{31}$/.test(entry.key)) return showUnreadable(showPanel, "not_found")
    const secretKey = await secretKeyOf(entry.key)
    const { id } = await identify(await linkKeyOf(secretKey))
    const address = `${location.origin}/secret`
    const link = `${address}#${entry.box ?? secretKey}`
    let until = new Date()
    let asksPassphrase = false
    let isOver = false
    await loadCatalogue()

    const field = /** @type {HTMLInputElement} */ ($("#link"))
    field.value = link
    field.addEventListener("focus", () => field.select())
    copyOnPress($("#copy"), () => link)
    copyOnPress($("#copy-note"), note)
    copyOnPress($("#copy-address"), () => address)
    copyOnPress($("#copy-key"), () => secretKey)
    copyOnPress($("#keep"), () => `${location.origin}/private#${[entry.key, entry.box].filter(Boolean).join(".")}`)
    onPress($("#show-qr"), async () => {
        const { drawQr } = await load("share/qr.js")
        $("#qr").replaceChildren(drawQr(link))
        $("#qr svg").setAttribute("aria-label", texts["made.qr_label"] ?? "")
        $("#qr").hidden = false
    })
    onPress($("#burn"), burn)
    // A sealed link has no key to send apart, and is too long to be read off a screen.
    $("#split").hidden = $("#show-qr").hidden = Boolean(entry.box)
    $("#sent-sealed").hidden = !entry.box
    if (entry.box) $("#another").setAttribute("href", "/share#team")
    await refresh()
    const timer = setInterval(() => {
        if (isOver) clearInterval(timer)
        else if (!document.hidden) void refresh()
    }, POLL_MS)

    function note() {
        const lines = ["made.note", ...(asksPassphrase ? ["made.note_passphrase"] : []), "made.note_end"]
        return lines.map((key) => fillIn(texts[key] ?? "", { link, date: until })).join("\n")
    }

    async function burn() {
        const dialog = /** @type {HTMLDialogElement} */ ($("#confirm"))
        dialog.returnValue = ""
        dialog.showModal()
        await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }))
        if (dialog.returnValue !== "yes") return
        $("#sent-problem").hidden = true
        try {
            await burnSecret(id, encode(await receiptProofOf(entry.key)))
        } catch (error) {
            showProblem($("#sent-problem"), error)
        }
        await refresh()
    }

    /** A view changes nothing. */
    async function refresh() {
        try {
            const secret = await peekSecret(id)
            until = dateOf(secret.expires_at)
            asksPassphrase = secret.passphrase
            if (secret.state === "opened") return end("made.opened", secret.opened_at)
            const at = secret.state === "locked" ? dateOf(secret.unlocks_at ?? 0) : until
            setText($("#state"), `made.${secret.state}`, { date: at })
            showPanel("sent")
        } catch (error) {
            const { code, details } = error instanceof Problem ? error : new Problem("offline")
            if (code === "not_found" && (details.gone === "burned" || details.gone === "expired")) {
                return end(`made.${details.gone}`, details.at)
            }
            if (code === "not_found") {
                isOver = true
                return showUnreadable(showPanel, "not_found")
            }
            setText($("#state"), "made.unreachable")
            showPanel("sent")
        }
    }

    /** @type {(key: string, at?: number) => void} */
    function end(key, at = 0) {
        isOver = true
        setText($("#state"), key, { date: () => formatDate(dateOf(at)) })
        setText($("#keep-hint"), "made.kept_hint") // It opens nothing any more.
        $("#ready").hidden = true
        $("#burn").hidden = true
        showPanel("sent")
    }
}

/**
 * Why a secret cannot be read; each has the texts `read.gone_<why>` and `read.gone_<why>_text`.
 * @type {(showPanel: (panel: string) => void, why: string, at?: number) => Promise<void>}
 */
export async function showUnreadable(showPanel, why, at = 0) {
    await loadCatalogue()
    const values = { date: () => formatDate(dateOf(at)) }
    setText($("#gone h2"), `read.gone_${why}`, values)
    setText($("#gone p"), `read.gone_${why}_text`, values)
    showPanel("gone")
}

/**
 * Why this browser cannot read a link that is sealed to the team; nothing was asked of the server.
 * @type {(showPanel: (panel: string) => void, why: string) => Promise<void>}
 */
export async function showClosed(showPanel, why) {
    await loadCatalogue()
    const [text, next] = document.querySelectorAll("#gone > p")
    setText($("#gone h2"), `gone.${why}`)
    setText(text, `gone.${why}_text`)
    setText(next, `gone.${why}_next`)
    $("#to-team").hidden = !why.endsWith("_key")
    showPanel("gone")
}

export const REASONS = ["burned", "expired", "locked", "not_found", "opened", "unreachable"]
