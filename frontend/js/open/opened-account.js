// The opened account: only the password masked, copied value by value or all at once, and forgotten when the page is
// left or the access ends. The password is in the page only while it is shown.

import { showAddress } from "../shared/address-text.js"
import { copyOnPress } from "../shared/copy-button.js"
import { countDown } from "../shared/countdown.js"
/** @import { Grant } from "../shared/api-types.js" */
/** @import { GrantNow, SignIn } from "./types.js" */
import { $, all, dateOf, hostOf, make, onPress, setText, texts } from "../shared/page.js"
import { showEnvironment, showIcon } from "./environment.js"

const MASK = "••••••••"
const POLL_MS = 15_000
/** Only the opened account needs these, so the page does not bring them along: where they stand, and their texts. */
const SENTENCES = [
    ["#other-host", "open.other_host"],
    ["#sign-in-refused", "open.sign_in_refused"],
    ["#keep", "open.keep"],
    ["#left-behind", "open.left_behind"],
    ["#stuck-title", "open.stuck"],
    ["#stuck", "open.stuck_text"],
]

/**
 * @param {SignIn} account
 * @param {Grant | null} grant
 * @param {(endedAt?: number) => void} onForgotten called when the access is over or the page is left
 * @param {() => Promise<GrantNow | null>} readGrant returns null when the server does not answer
 */
export function showAccount(account, grant, onForgotten, readGrant) {
    let { site, name, login_url: address, username, password, expires_at: until } = account
    for (const [selector, key] of SENTENCES) setText($(selector), key)
    const shownName = name || hostOf(site)
    const reference = grant?.timeline.find(({ event }) => event === "ticket_sent")?.detail ?? ""
    /** What is shown and copied, by the name of its text. @type {[string, string][]} */
    const known = [
        ["address", address],
        ["username", username],
        ["email", account.email ?? grant?.email ?? ""],
        ["password", password],
        ["customer", account.customer ?? ""],
        ["reference", reference],
    ]
    let rows = known.filter(([, value]) => value)
    $("#values").replaceChildren(...rows.map(([key]) => row(key)))
    setText($("#opened-title"), "open.sign_in_to", { site: shownName })
    $("title").removeAttribute("data-t") // Or the next rendering of all texts would take it back.
    document.title = [shownName, reference].filter(Boolean).join(" · ")
    copyOnPress($("#copy-all"), () =>
        [shownName, ...rows.map(([key, value]) => `${texts[`open.${key}`]}: ${value}`)].join("\n"),
    )
    showIcon($("#opened-title"), account)
    showEnvironment($("#environment"), account.environment)
    $("#sign-in-refused").hidden = (account.sign_in ?? grant?.sign_in) !== "refused"
    $("#left-behind").hidden = Boolean(grant?.by_hand)
    let stop = () => {}
    let isForgotten = false
    count()

    const form = /** @type {HTMLFormElement} */ ($("#sign-in"))
    // An address that is not on the site is not there: support is not to sign in there, or to copy it.
    form.hidden = !address
    $("#other-host").hidden = Boolean(address)
    if (address) form.action = address
    // A sign-in page may have another name; the dashboard stands under the site.
    const dashboard = address && new URL("wp-admin/", address.endsWith("/wp-login.php") ? address : `${site}/`).href
    form.addEventListener("submit", () => {
        fill(username, password, dashboard)
        setTimeout(() => fill("", "", ""))
    })
    addEventListener("pagehide", forgetAll, { once: true })
    addEventListener("beforeunload", warn)
    addEventListener("visibilitychange", checkWhenSeen)
    const timer = setInterval(checkWhenSeen, POLL_MS)

    /** @param {string} key */
    function row(key) {
        const value = rows.find(([name]) => name === key)?.[1] ?? ""
        const title = make("dt", { id: `value-${key}` })
        setText(title, `open.${key}`)
        const output = key === "customer" ? make("span", { dir: "auto" }) : make("output")
        if (key === "password") output.textContent = MASK
        else showAddress(output, value)
        if (key === "reference") output.style.whiteSpace = "nowrap" // It has a hyphen, and is one word.
        const isLink = key === "address" && /^https?:/.test(value)
        const shown = isLink ? make("a", { href: value, rel: "noopener", target: "_blank" }, output) : output
        const item = make("dd", { class: "value" }, shown)
        if (key === "password") item.append(revealButton(output))
        if (key !== "customer") item.append(copyButton(key))
        return make("div", {}, title, item)
    }

    /** @param {string} key */
    function copyButton(key) {
        const copy = button(`value-${key}-copy`, `value-${key}`, "page.copy")
        copy.dataset.icon = "copy"
        copyOnPress(copy, () => rows.find(([name]) => name === key)?.[1] ?? "")
        return copy
    }

    /** @param {HTMLElement} output */
    function revealButton(output) {
        const reveal = button("value-password-show", "value-password", "open.show")
        onPress(reveal, () => {
            const isShown = output.textContent !== MASK
            output.textContent = isShown ? MASK : password
            setText(reveal, isShown ? "open.show" : "open.hide")
        })
        return reveal
    }

    /** @param {string[]} texts for log, pwd and redirect_to, as WordPress' own form names them */
    function fill(...texts) {
        /** @type {HTMLInputElement[]} */
        const inputs = all("input", form)
        for (const [place, input] of inputs.entries()) input.value = texts[place]
    }

    function count() {
        setText($("#ends"), grant?.by_hand ? "open.ends_by_hand" : "open.ends", { date: dateOf(until) })
        stop()
        stop = countDown($("#left"), until, () => void check())
    }

    /** A hidden page checks nothing; it checks as soon as it is seen again. */
    function checkWhenSeen() {
        if (!document.hidden) void check()
    }

    /** The link opens only once, so the values go only when the access is over, not when the server is. */
    async function check() {
        const found = await readGrant()
        if (isForgotten || !found) return
        if (found.state === "ended") return forgetAll(found.ended_at)
        if (found.expires_at > until) {
            until = found.expires_at
            count()
        } else if (until * 1000 <= Date.now()) {
            forgetAll()
        }
    }

    /** @param {BeforeUnloadEvent} event */
    function warn(event) {
        event.preventDefault()
    }

    /** @param {number | Event} [endedAt] */
    function forgetAll(endedAt) {
        if (isForgotten) return
        isForgotten = true
        stop()
        clearInterval(timer)
        removeEventListener("beforeunload", warn)
        removeEventListener("visibilitychange", checkWhenSeen)
        rows = []
        username = password = ""
        for (const place of ["#values", "#environment"]) $(place).replaceChildren()
        onForgotten(typeof endedAt === "number" ? endedAt : undefined)
    }
}

/**
 * A button that is named by itself and by its value: "Copy Password".
 * @param {string} id
 * @param {string} title
 * @param {string} key
 */
function button(id, title, key) {
    const element = make("button", { id, type: "button", class: "quiet", "aria-labelledby": `${id} ${title}` })
    setText(element, key)
    return element
}
