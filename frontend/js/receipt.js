// @ts-check
// The owner's receipt: what happened, how long it lasts, and the way to end it.
//
// The link's fragment is "<grant id>.<owner token>". It leaves the address bar
// at once, so that an address copied from there gives nothing away, and stays in
// the state of this history entry: a reload must not take the button that ends
// the access away from the owner. The entry is no more exposed than the address
// in the history was, and the token can end and extend, never open a secret.

import { Problem, readGrant } from "./api.js"
import { copyOnPress } from "./copy.js"
import { $, all, brand, hostOf, make, press } from "./dom.js"
import { catalogue, duration, moment, phrase, put, start } from "./i18n.js"

const DAY = 86400
/** A receipt is kept and printed. @type {Intl.DateTimeFormatOptions} */
const DATED = { dateStyle: "medium", timeStyle: "short" }
const SOON = 10
const LATER = 60
const GOOD = ["ended"]
const BAD = ["link_locked", "removal_failed"]

/** What is told in another way when the owner made the account. @type {Record<string, string>} */
const BY_HAND = { access_created: "noted", removal_failed: "reminded" }

/** What may stand in the timeline; each has a text `event.<name>`. */
export const EVENTS = [
    "access_created", "noted", "ticket_sent", "link_opened", "link_locked", "link_burned", "extended", "end_requested",
    "removal_failed", "reminded", "repair_requested", "setup_undone", "site_moved", "ended", "confirmed",
]

/** What the report may find; each has a text `report.<kind>`. Those after `is_` are states of a plugin or theme. */
export const KINDS = [
    "administrator_added", "administrator_removed", "admin_email_changed", "key_added", "key_removed", "more",
    "plugin_added", "plugin_removed", "plugin_switched", "plugin_updated",
    "theme_added", "theme_removed", "theme_switched", "theme_updated", "is_active", "is_inactive", "is_network_active",
    "not_seen_administrators", "not_seen_keys", "not_seen_plugins", "not_seen_themes", "not_seen_admin_email",
]

const arrived = location.href
const returning = /[?#&](repair|password|user_login)=/.test(arrived)
if (returning) history.replaceState(null, "", location.pathname)
/** @type {import("./types.js").HeldGrant | null} */
let held = hold()
/** @type {any} */
let grant = null
let rounds = 0
let timer = 0
/** @type {() => void} */
let stopClock = () => {}

const config = await start()
brand(config)
press($("#look-again"), look)
addEventListener("hashchange", () => location.reload()) // another receipt in the same tab
for (const [button, action] of [["#end-now", "end"], ["#burn", "burn"], ["#more", "offer"], ["#repair", "repair"], ["#gone", "sayGone"]]) {
    press($(button), () => act(action))
}
press($("#print"), () => print())
copyOnPress($("#copy-link"), () => `${location.origin}/receipt#${held?.grantId}.${held?.ownerToken}`)
document.addEventListener("visibilitychange", () => void (document.hidden || grant?.state === "ended" || look()))
if (returning) await comeBack()
await look()
greet()

/** @returns {import("./types.js").HeldGrant | null} */
function hold() {
    if (!location.hash) return history.state?.ownerToken ? history.state : null
    const found = /^#([\w-]{22,64})\.([\w-]{22,64})$/.exec(location.hash)
    const fresh = found ? { grantId: found[1], ownerToken: found[2] } : null
    history.replaceState(fresh, "", location.pathname)
    return fresh
}

/** Fetch the grant, show it, and look again while there is something to see. */
async function look() {
    clearTimeout(timer)
    if (!held) return missing("no_link")
    try {
        // Texts first, so that nothing moves when they come.
        const [read] = await Promise.all([readGrant(held.grantId, held.ownerToken), catalogue()])
        grant = read
        await draw()
    } catch (error) {
        if (!grant) missing(error instanceof Problem && error.code === "not_found" ? "not_found" : "unreachable")
        if (!(error instanceof Problem)) throw error
    }
    if (grant?.state === "ended") return
    rounds += 1
    timer = setTimeout(() => void (document.hidden || look()), (rounds < 30 ? SOON : LATER) * 1000)
}

async function draw() {
    const { state, overdue, site, by_hand: byHand, end_requested_at: asked, can = [] } = grant
    const over = overdue || state === "ended"
    const said = grant.timeline.some((/** @type {any} */ { event, by }) => event === "ended" && by === "owner")
    const going = byHand ? (asked ? "done" : "by_hand") : asked ? "ending" : state
    const name = state === "ended" ? (said ? "said" : "ended") : overdue && !(byHand && asked) ? "overdue" : going
    const date = new Date((grant.ended_at ?? grant.expires_at) * 1000)
    put($("#state"), `state.${name}`, { site: hostOf(site.url) })
    put($("#about"), `state.${name}_text`, { username: grant.username ?? "", date })
    stopClock()
    $("#left").hidden = over || Boolean(asked)
    if (!$("#left").hidden) {
        const { countDown } = await import("./countdown.js")
        stopClock = countDown($("#left"), grant.expires_at, () => void look())
    }
    const users = /** @type {HTMLAnchorElement} */ ($("#users"))
    users.hidden = !/^https?:/.test(grant.user_admin_url ?? "")
    if (!users.hidden) users.href = grant.user_admin_url
    $("#overdue").hidden = state === "ended" || !(overdue || byHand)
    put($("#overdue-what"), byHand ? "overdue.by_hand" : "overdue.refused")
    $("#overdue").classList.toggle("problem", overdue)
    $("#repair").hidden = !can.includes("repair")
    $("#gone").hidden = !can.includes("say_gone")
    $("#end-now").hidden = over || byHand || !can.includes("end")
    $("#more").hidden = over || Boolean(asked) || !can.includes("extend")
    $("#burn").hidden = over || !can.includes("burn")
    $("#timeline").replaceChildren(...grant.timeline.map((/** @type {any} */ happened) => entry(happened, byHand)))
    $("#changes").replaceChildren(...(grant.report ?? []).map(change))
    for (const panel of all(".panel")) panel.hidden = !["now", "happened", "keep"].includes(panel.id)
    $("#report").hidden = !grant.report
    $("#unchanged").hidden = grant.report?.length > 0
}

/**
 * @param {{at: number, event: string, by?: string, detail?: string}} happened
 * @param {boolean} byHand
 */
function entry({ at, event, by, detail }, byHand) {
    const what = make("span")
    const date = new Date(at * 1000)
    const name = event === "ended" && by !== "owner" ? "confirmed" : (byHand && BY_HAND[event]) || event
    put(what, `event.${name}`, { days: () => duration(Number(detail) * DAY), detail: detail ?? "" }, event)
    const who = make("span", { class: "hint" })
    if (by === "owner" || by === "support") put(who, `event.by_${by}`)
    const kind = GOOD.includes(event) ? "good" : BAD.includes(name) ? "bad" : ""
    return make("li", { class: kind }, what, " ", who, make("time", { datetime: date.toISOString() }, moment(date, DATED)))
}

/** @param {{change: string, name: string, detail: string}} found */
function change({ change: kind, name, detail }) {
    const item = make("li")
    const values = { name, detail: () => phrase(`report.is_${detail.replaceAll("-", "_")}`) || detail }
    put(item, kind === "not_seen" ? `report.not_seen_${name}` : `report.${kind}`, values, `${kind} ${name} ${detail}`)
    return item
}

/** @param {string} why */
function missing(why) {
    for (const panel of all(".panel")) panel.hidden = panel.id !== "missing"
    put($("#missing h2"), `missing.${why}`)
    put($("#missing p"), `missing.${why}_text`)
    $("#look-again").hidden = why !== "unreachable"
}

/** @param {string} action */
async function act(action) {
    if (!held) return
    const { actions } = await import("./actions.js")
    await actions[action]({ held, grant, config, look, say })
}

/** Back from WordPress with a new approval. */
async function comeBack() {
    const { finish } = await import("./repair.js")
    held = await finish(arrived, say)
    history.replaceState(held, "")
}

/** Just sent: say so, once. */
function greet() {
    const reference = sessionStorage.getItem("hallpass.sent")
    sessionStorage.removeItem("hallpass.sent")
    if (reference && grant) say("receipt.sent", { reference })
}

/**
 * @param {string} name
 * @param {import("./types.js").Values} [values]
 */
function say(name, values) {
    $("#notice").hidden = false
    put($("#notice p"), name, values)
}
