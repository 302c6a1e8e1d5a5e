// The opened account: masked until shown, copied value by value, and forgotten when the page is left. The values are
// in the page only while they are shown.

import { copyOnPress } from "../shared/copy-button.js"
import { countDown } from "../shared/countdown.js"
/** @import { SignIn } from "./types.js" */
import { $, all, dateOf, make, onPress, setText } from "../shared/page.js"

const MASK = "••••••••••••"
const RETRY_MS = 15_000

/**
 * @param {SignIn & {by_hand?: boolean}} account
 * @param {() => void} onForgotten called when the access is over or the page is left
 * @param {() => Promise<number | null>} readEnd returns when the access ends, in epoch seconds; 0 when it has ended,
 *   null when the server does not answer
 */
export function showAccount(account, onForgotten, readEnd) {
    let { site, login_url: address, username, password, expires_at: until, by_hand: byHand } = account
    const outputs = all("#values output")
    const values = [address, username, password]
    for (const [place, output] of outputs.entries()) {
        const name = output.closest("div")?.querySelector("dt")?.id ?? ""
        // Named by itself and by its value: "Show Password".
        const [reveal, copy] = ["show", "copy"].map((what) => {
            const id = `${name}-${what}`
            return make("button", { id, type: "button", class: "second", "aria-labelledby": `${id} ${name}` })
        })
        setText(reveal, "open.show")
        setText(copy, "page.copy")
        output.textContent = MASK
        onPress(reveal, () => {
            const shown = output.textContent !== MASK
            output.textContent = shown ? MASK : values[place]
            setText(reveal, shown ? "open.show" : "open.hide")
        })
        copyOnPress(copy, () => values[place])
        output.after(reveal, copy)
    }
    let stop = () => {}
    let isForgotten = false
    count()

    const form = /** @type {HTMLFormElement} */ ($("#sign-in"))
    // An address that is not on the site is not there: nobody is to sign in, or to copy it.
    form.hidden = !address
    const row = outputs[0].closest("div")
    if (row) row.hidden = !address
    $("#other-host").hidden = Boolean(address)
    if (address) form.action = address
    // A sign-in page may have another name; the dashboard stands under the site.
    const dashboard = address && new URL("wp-admin/", address.endsWith("/wp-login.php") ? address : `${site}/`).href
    form.addEventListener("submit", () => {
        fill(username, password, dashboard)
        setTimeout(() => fill("", "", ""))
    })
    addEventListener("pagehide", forget, { once: true })

    /** @param {string[]} texts for log, pwd and redirect_to, as WordPress' own form names them */
    function fill(...texts) {
        /** @type {HTMLInputElement[]} */
        const inputs = all("input", form)
        for (const [place, input] of inputs.entries()) input.value = texts[place]
    }

    function count() {
        setText($("#ends"), byHand ? "open.ends_by_hand" : "open.ends", { date: dateOf(until) })
        stop = countDown($("#left"), until, () => void forgetUnlessExtended())
    }

    /** The link opens only once, so the values go only when the owner has not extended the access. */
    async function forgetUnlessExtended() {
        const end = await readEnd()
        if (isForgotten) return
        if (end === null) {
            setTimeout(() => void forgetUnlessExtended(), RETRY_MS)
        } else if (end > until) {
            until = end
            count()
        } else {
            forget()
        }
    }

    function forget() {
        isForgotten = true
        stop()
        values.fill("")
        username = password = ""
        for (const output of outputs) {
            for (const button of all("button", output.parentElement ?? output)) button.remove()
            output.textContent = ""
        }
        onForgotten()
    }
}
