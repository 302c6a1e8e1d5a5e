// @ts-check
// The opened account: masked until shown, copied value by value, and forgotten
// when the page is left. The values stand in the page only while they are shown.

import { copyOnPress } from "./copy.js"
import { countDown } from "./countdown.js"
import { $, all, make, press } from "./dom.js"
import { put } from "./i18n.js"

const MASK = "••••••••••••"

/**
 * @param {import("./types.js").Opened} account
 * @param {() => void} over called when its time is over or the page is left
 */
export function showAccount({ login_url: address, username, password, expires_at: until, by_hand: byHand }, over) {
    const outputs = all("#values output")
    const values = [address, username, password]
    for (const [place, output] of outputs.entries()) {
        const name = output.closest("div")?.querySelector("dt")?.id ?? ""
        const reveal = make("button", { type: "button", class: "second", "aria-describedby": name, "aria-pressed": "false" })
        const copy = make("button", { type: "button", class: "second", "aria-describedby": name, "data-t": "page.copy" })
        put(reveal, "open.show")
        put(copy, "page.copy")
        output.textContent = MASK
        press(reveal, () => {
            const shown = output.textContent !== MASK
            output.textContent = shown ? MASK : values[place]
            put(reveal, shown ? "open.show" : "open.hide")
            reveal.setAttribute("aria-pressed", String(!shown))
        })
        copyOnPress(copy, () => values[place])
        output.after(reveal, copy)
    }
    const stop = countDown($("#left"), until, forget)
    put($("#ends"), byHand ? "open.ends_by_hand" : "open.ends", { date: new Date(until * 1000) })

    const form = /** @type {HTMLFormElement} */ ($("#sign-in"))
    form.action = address
    form.addEventListener("submit", () => {
        fill(username, password, new URL("wp-admin/", address).href)
        setTimeout(() => fill("", "", ""))
    })
    addEventListener("pagehide", forget, { once: true })

    /** @param {string[]} texts for log, pwd and redirect_to, as WordPress' own form names them */
    function fill(...texts) {
        for (const [place, input] of all("input", form).entries()) /** @type {any} */ (input).value = texts[place]
    }

    function forget() {
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
