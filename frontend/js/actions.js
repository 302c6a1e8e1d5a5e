// @ts-check
// What the owner can do on the receipt: end, take back the link, give more
// time, and repair an account that could not be deleted.

import { burnSecret, endGrant, extendGrant } from "./api.js"
import { $, busy, make } from "./dom.js"
import { confirmed, end } from "./ending.js"
import { duration, put } from "./i18n.js"
import { tell } from "./problem.js"
import { leave } from "./repair.js"

const DAY = 86400

/** @typedef {import("./types.js").Receipt} Receipt */

/** @type {Record<string, (receipt: Receipt) => Promise<void>>} */
export const actions = { end: endAccess, burn, offer, repair, sayGone }

/** @param {Receipt} receipt */
async function endAccess({ held, look, say }) {
    if (!(await confirmed($("#confirm-end")))) return
    await attempt(async () => {
        say("ended.working")
        const at = await end(held.grantId, held.ownerToken)
        await look()
        if (at) say("ended.text", { date: at })
        else say("ended.owner_text")
        $("#state").focus()
    })
}

/** @param {Receipt} receipt */
async function burn(receipt) {
    const { held, look, say } = receipt
    if (!(await confirmed($("#confirm-burn")))) return
    await attempt(async () => {
        await burnSecret(receipt.grant.secret.id, held.ownerToken)
        await look()
        // Support may have opened it a moment before; then the account is what has to go.
        const { secret, by_hand: byHand } = receipt.grant
        say(secret?.state !== "opened" ? "burn.done" : byHand ? "error.already_opened" : "burn.opened")
        $("#state").focus()
    })
}

/**
 * Offer the lifetimes that fit under the limit.
 * @param {Receipt} receipt
 */
async function offer(receipt) {
    const { grant, config, say } = receipt
    const most = Date.now() / 1000 + config.max_days * DAY
    const possible = config.lifetimes.filter((days) => grant.expires_at + days * DAY <= most)
    if (!possible.length) return say("extend.most", { days: () => duration(config.max_days * DAY) })
    const form = /** @type {HTMLFormElement} */ ($("#extend"))
    $("#choices").replaceChildren(...possible.map((days, place) => choice(grant.expires_at, days, place === 0)))
    form.onsubmit = () => void busy($("#extend button"), () => extend(receipt, grant.expires_at))
    $("#less").onclick = () => {
        form.hidden = true
        $("#more").focus()
    }
    form.hidden = false
    $("input", form).focus()
}

/**
 * @param {number} until
 * @param {number} days
 * @param {boolean} first
 */
function choice(until, days, first) {
    const name = make("strong")
    const date = make("span")
    put(name, "time.days", { days: () => duration(days * DAY) })
    put(date, "time.until", { date: new Date((until + days * DAY) * 1000) })
    const radio = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: "days", value: String(days) }))
    radio.checked = first
    return make("label", { class: "choice" }, radio, make("span", {}, name, date))
}

/**
 * @param {Receipt} receipt
 * @param {number} end what the choices were counted from
 */
async function extend({ held, look, say }, end) {
    const days = Number(/** @type {HTMLInputElement} */ ($("#choices input:checked")).value)
    await attempt(async () => {
        const { expires_at: until } = await extendGrant(held.grantId, held.ownerToken, days, end)
        $("#extend").hidden = true
        await look()
        say("extend.done", { date: new Date(until * 1000) })
        $("#state").focus()
    })
}

/** @param {Receipt} receipt */
async function repair({ held, grant, config, say }) {
    await attempt(async () => {
        if (!(await leave(grant, held, config.support_name))) say("repair.failed")
    })
}

/**
 * The owner made the user by hand, and says that it is deleted.
 * @param {Receipt} receipt
 */
async function sayGone({ held, look }) {
    await attempt(async () => {
        await endGrant(held.grantId, held.ownerToken, { gone: true })
        await look()
        $("#state").focus()
    })
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
    $("#now-problem").hidden = true
    try {
        await work()
    } catch (error) {
        $("#notice p").hidden = true
        tell($("#now-problem"), error)
    }
}
