// @ts-check
// The support form, one thing at a time: what is wrong, let us in, how long,
// send. This module is all that a first visit loads; each later step brings its
// own.
//
// The draft lives in sessionStorage, so it survives the trip to WordPress and a
// reload. Secrets are only in memory (`keys`): a reload forgets them, and the
// page then asks for them again.

import { $, all, brand, busy, guard, press } from "./dom.js"
import { catalogue, put, start } from "./i18n.js"

const KEPT = "hallpass.draft"
const STEPS = ["what", "site", "time", "send"]
const FIELDS = /** @type {const} */ (["message", "url", "name", "email", "login_url"])
const LATER = /** @type {Record<string, () => Promise<{enter: (visit: import("./types.js").Visit) => Promise<void> | void}>>} */ ({
    site: () => import("./site.js"),
    time: () => import("./time.js"),
    send: () => import("./send.js"),
})

// First of all: what WordPress brought back must not stay in the address bar.
const arrived = location.href
const returning = /[?#&](consent|password|user_login)=/.test(arrived)
if (returning) history.replaceState(null, "", location.pathname)

const draft = readDraft()
// Support's own pages and plugins may link to the form with the address in it: /?site=blog.example
const given = returning ? null : new URLSearchParams(location.search).get("site")
if (given) {
    Object.assign(draft, { url: given.slice(0, 300), site: null })
    history.replaceState(null, "", location.pathname)
}
let over = false
let turns = 0
const starting = start()
/** @type {import("./types.js").Visit} */
const visit = { draft, keys: {}, config: /** @type {any} */ (null), save, forget, go, enter, notice }

for (const name of FIELDS) {
    const field = /** @type {HTMLInputElement} */ ($(`#${name}`))
    field.value ||= draft[name]
    field.addEventListener("input", save)
}
$("#what").addEventListener("submit", () =>
    busy($("#what button"), async () => {
        const { complete } = await import("./fields.js")
        if (await complete($("#what"))) await go("site")
    }),
)
for (const button of all("[data-back]")) {
    press(button, () => go(draft.door === "none" ? "site" : STEPS[STEPS.indexOf(draft.step) - 1]))
}
press($("#again"), () => location.assign("/"))
addEventListener("focusin", () => void catalogue(), { once: true })
addEventListener("popstate", () => {
    // What is sent cannot be changed any more. Words that stand nowhere else stay in view.
    if (!over) guard(() => enter(location.hash.slice(1)))
    else if ($("#sent-words").hidden) location.replace("/")
})

// A later step is shown at once, but cannot be used before its module is there.
display(returning ? "send" : draft.step)
$("main").inert = returning || draft.step !== "what"
visit.config = await starting
brand(visit.config)
await guard(arrive)

/** Go on where the owner is: back from WordPress, after a reload, or new. */
async function arrive() {
    if (returning || draft.step === "send") {
        const { comeBack } = await import("./arrival.js")
        await comeBack(visit, returning ? arrived : null)
    } else if (draft.step !== "what") {
        await enter(draft.step, false)
    }
}

/**
 * Move on to *step*; the browser's Back button comes back from there.
 * @param {string} step
 */
async function go(step) {
    history.pushState(null, "", `#${step}`)
    await enter(step)
}

/**
 * @param {string} step
 * @param {boolean} [focus]
 */
async function enter(step, focus = true) {
    const turn = (turns += 1)
    await starting
    const reached = possible(step)
    await (await LATER[reached]?.())?.enter(visit)
    if (turn !== turns) return // The owner went elsewhere before this step was there.
    draft.step = reached
    save()
    display(reached)
    $("main").inert = false
    scrollTo(0, 0)
    if (focus) $(`#${reached} h2`).focus({ preventScroll: true })
}

/**
 * The furthest step on the way to *step* that has what it needs.
 * @param {string} step
 */
function possible(step) {
    const { keys } = visit
    if (step === "sent") return step
    if (!STEPS.includes(step) || !draft.message) return "what"
    if (draft.door === "none") return step === "time" ? "send" : step
    if ((step === "time" || step === "send") && !draft.site) return "site"
    const ready = keys.application_password || keys.password
    return step === "send" && !ready ? (draft.door === "consent" ? "time" : "site") : step
}

/** @param {string} step */
function display(step) {
    for (const section of all(".step")) section.hidden = section.id !== step
    for (const [place, item] of all("#steps li").entries()) {
        item.classList.toggle("done", place < STEPS.indexOf(step))
        if (STEPS[place] === step) item.setAttribute("aria-current", "step")
        else item.removeAttribute("aria-current")
    }
    $("#steps").hidden = !STEPS.includes(step)
    $("#notice p").hidden = true
}

/**
 * Say something about the whole page, above the step.
 * @param {string} name
 * @param {import("./types.js").Values} [values]
 */
function notice(name, values) {
    $("#notice p").hidden = false
    put($("#notice p"), name, values)
}

/** @returns {import("./types.js").Draft} */
function readDraft() {
    /** @type {import("./types.js").Draft} */
    const fresh = {
        step: "what", door: "consent", days: 0, message: "", url: "", name: "", email: "",
        login_url: "", site: null, consent_url: null, hint: "", state: null,
    }
    try {
        const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}")
        return { ...fresh, ...kept, step: STEPS.includes(kept.step) ? kept.step : "what" }
    } catch {
        return fresh
    }
}

function save() {
    if (over) return
    for (const name of FIELDS) draft[name] = /** @type {HTMLInputElement} */ ($(`#${name}`)).value
    try {
        sessionStorage.setItem(KEPT, JSON.stringify(draft))
    } catch {
        // A browser that keeps nothing can still send a message.
    }
}

/** The message is sent: nothing of it stays here. */
function forget() {
    over = true
    try {
        sessionStorage.removeItem(KEPT)
    } catch {
        // Then nothing was kept.
    }
}
