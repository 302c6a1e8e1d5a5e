// @ts-check
// The owner's receipt: what happened, how long it lasts, and the way to end it.
//
// The link's fragment is "<grant id>.<owner token>". How it is held while the
// page is there says types.js.

import { Problem, readGrant } from "./server.js"
import { copyOnPress } from "./copy.js"
import { $, all, brand, guard, hostOf, make, press } from "./dom.js"
import { catalogue, duration, moment, put, start } from "./i18n.js"

const DAY = 86400
/** A receipt is kept and printed. @type {Intl.DateTimeFormatOptions} */
const DATED = { dateStyle: "medium", timeStyle: "short" }
const SOON = 10
const LATER = 60
const BAD = ["link_locked", "removal_failed"]

/** What is told in another way when the owner made the account. @type {Record<string, string>} */
const BY_HAND = { access_created: "noted", removal_failed: "reminded" }

const arrived = location.href
const returning = /[?#&](repair|password|user_login)=/.test(arrived)
if (returning) history.replaceState(null, "", location.pathname)
/** @type {import("./types.js").HeldGrant | null} */
let held = hold()
/** @type {any} */
let grant = null
/** When it was read. */
let readAt = new Date()
/** The timeline as it is shown. */
let shown = ""
let rounds = 0
let timer = 0
/** @type {() => void} */
let stopClock = () => {}

const starting = start() // Meanwhile the server is asked.
starting.then(brand)
press($("#look-again"), look)
addEventListener("hashchange", () => location.reload()) // another receipt in the same tab
for (const [button, action] of [["#end-now", "end"], ["#burn", "burn"], ["#more", "offer"], ["#repair", "repair"], ["#gone", "sayGone"]]) {
    press($(button), () => act(action))
}
press($("#print"), () => print())
copyOnPress($("#copy-link"), () => `${location.origin}/receipt#${held?.grantId}.${held?.ownerToken}`)
document.addEventListener("visibilitychange", () => void (document.hidden || grant?.state === "ended" || look()))
if (returning) await guard(comeBack)
await guard(look)
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
        // With the texts, so that nothing moves when they come.
        const [read] = await Promise.all([readGrant(held.grantId, held.ownerToken), catalogue(), starting])
        grant = read
        readAt = new Date()
        await draw()
    } catch (error) {
        if (!grant) missing(error instanceof Problem && error.code === "not_found" ? "not_found" : "unreachable")
        else put($("#stale"), "receipt.stale", { time: readAt })
        $("#stale").hidden = !grant
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
    const date = new Date((grant.ended_at ?? Math.min(grant.expires_at, asked ?? Infinity)) * 1000)
    put($("#state"), `state.${name}`, { site: hostOf(site.url) })
    put($("#about"), `state.${name}_text`, { username: grant.username ?? "", date })
    $("#stale").hidden = true
    stopClock()
    // Between the deadline and the sweep there is nothing to count.
    $("#left").hidden = over || Boolean(asked) || grant.expires_at * 1000 <= Date.now()
    if (!$("#left").hidden) {
        const { countDown } = await import("./countdown.js")
        stopClock = countDown($("#left"), grant.expires_at, () => ($("#left").hidden = true))
    }
    const users = /** @type {HTMLAnchorElement} */ ($("#users"))
    users.hidden = !/^https?:/.test(grant.user_admin_url ?? "")
    if (!users.hidden) users.href = grant.user_admin_url
    $("#overdue").hidden = state === "ended" || !(overdue || byHand)
    put($("#overdue-what"), byHand ? "overdue.by_hand" : "overdue.refused")
    $("#overdue").classList.toggle("problem", overdue)
    $("#repair").hidden = !can.includes("repair")
    $("#gone").hidden = !can.includes("say_gone")
    $("#end-now").hidden = byHand || !can.includes("end")
    $("#more").hidden = over || Boolean(asked) || !can.includes("extend")
    if ($("#more").hidden) $("#extend").hidden = true
    $("#burn").hidden = over || !can.includes("burn")
    // Drawn again only when it changed, so that nobody loses the place while reading.
    const now = JSON.stringify([document.documentElement.lang, grant.timeline])
    if (shown !== now) $("#timeline").replaceChildren(...grant.timeline.map(entry))
    shown = now
    for (const panel of all(".panel")) panel.hidden = !["now", "happened", "keep"].includes(panel.id)
    if (grant.report || (state === "ended" && !byHand)) (await import("./report.js")).showReport(grant.report)
}

/** @param {{at: number, event: import("./types.js").EventName, by?: string, detail?: string}} happened */
function entry({ at, event, by, detail }) {
    const what = make("span")
    const date = new Date(at * 1000)
    const name = event === "ended" && by !== "owner" ? "confirmed" : (grant.by_hand && BY_HAND[event]) || event
    put(what, `event.${name}`, { days: () => duration(Number(detail) * DAY), detail: detail ?? "" }, event)
    const who = make("span", { class: "hint" })
    if (by === "owner" || by === "support") put(who, `event.by_${by}`)
    const kind = event === "ended" ? "good" : BAD.includes(name) ? "bad" : ""
    const item = make("li", { class: kind }, what, " ", who, make("time", { datetime: date.toISOString() }, moment(date, DATED)))
    if (name === "removal_failed" && detail) import("./report.js").then(({ explain }) => explain(item, detail), () => {})
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
    await actions[action]({ held, config: await starting, look, say, get grant() { return grant } })
}

/** Back from WordPress with a new approval. */
async function comeBack() {
    const { finish } = await import("./repair.js")
    await finish(arrived, say, (found) => {
        held = found
        history.replaceState(found, "")
    })
}

/** Just sent: say so, once. */
function greet() {
    try {
        const reference = sessionStorage.getItem("hallpass.sent")
        sessionStorage.removeItem("hallpass.sent")
        if (reference && grant) say("receipt.sent", { reference })
    } catch {
        // A browser that keeps nothing does not greet.
    }
}

/**
 * @param {string} name
 * @param {import("./types.js").Values} [values]
 */
function say(name, values) {
    $("#notice p").hidden = false
    put($("#notice p"), name, values)
}
