// @ts-check
// The opened account: masked until shown, copied value by value, and forgotten
// when the page is left. The values stand in the page only while they are shown.

import { copyOnPress } from "./copy.js"
import { countDown } from "./countdown.js"
import { $, all, make, press } from "./dom.js"
import { put } from "./i18n.js"

const MASK = "••••••••••••"
const PAUSE = 15_000

/**
 * @param {import("./types.js").Opened} account
 * @param {() => void} over called when its time is over or the page is left
 * @param {() => Promise<number | null>} ask when it ends by now, in epoch seconds; null when there is no knowing
 */
export function showAccount({ site, login_url: address, username, password, expires_at: until, by_hand: byHand }, over, ask) {
    const outputs = all("#values output")
    const values = [address, username, password]
    for (const [place, output] of outputs.entries()) {
        const name = output.closest("div")?.querySelector("dt")?.id ?? ""
        // Named by itself and by its value: "Show Password".
        const [reveal, copy] = ["show", "copy"].map((what) => {
            const id = `${name}-${what}`
            return make("button", { id, type: "button", class: "second", "aria-labelledby": `${id} ${name}` })
        })
        put(reveal, "open.show")
        put(copy, "page.copy")
        output.textContent = MASK
        press(reveal, () => {
            const shown = output.textContent !== MASK
            output.textContent = shown ? MASK : values[place]
            put(reveal, shown ? "open.show" : "open.hide")
        })
        copyOnPress(copy, () => values[place])
        output.after(reveal, copy)
    }
    let stop = () => {}
    let forgotten = false
    count()

    const form = /** @type {HTMLFormElement} */ ($("#sign-in"))
    form.action = address
    // A sign-in page under another name may stand anywhere; the dashboard stands under the site.
    const dashboard = new URL("wp-admin/", address.endsWith("/wp-login.php") ? address : `${site}/`).href
    form.addEventListener("submit", () => {
        fill(username, password, dashboard)
        setTimeout(() => fill("", "", ""))
    })
    addEventListener("pagehide", forget, { once: true })

    /** @param {string[]} texts for log, pwd and redirect_to, as WordPress' own form names them */
    function fill(...texts) {
        for (const [place, input] of all("input", form).entries()) /** @type {any} */ (input).value = texts[place]
    }

    function count() {
        put($("#ends"), byHand ? "open.ends_by_hand" : "open.ends", { date: new Date(until * 1000) })
        stop = countDown($("#left"), until, () => void isOver())
    }

    /** The link opens only once, so the values go only when nobody has given more time. */
    async function isOver() {
        const end = await ask()
        if (forgotten) return
        if (end === null) {
            setTimeout(() => void isOver(), PAUSE)
        } else if (end > until) {
            until = end
            count()
        } else {
            forget()
        }
    }

    function forget() {
        forgotten = true
        stop()
        values.fill("")
        username = password = ""
        for (const output of outputs) {
            for (const button of all("button", output.parentElement ?? output)) button.remove()
            output.textContent = ""
        }
        over()
    }
}
