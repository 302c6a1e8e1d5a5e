// The support form, one step at a time: what is wrong, let us in, how long, send. Each step after the first brings its
// own module.
//
// The draft is in the tab's storage, so it survives the trip to WordPress and a reload. Secrets are only in memory.

/** @import { Draft, FormPage, Step, StepModule } from "./types.js" */
import {
    $,
    all,
    load,
    loadAhead,
    loadCatalogue,
    onPress,
    runGuarded,
    runOnce,
    setText,
    startPage,
    texts,
} from "../shared/page.js"
import { takeReturnAddress, tryStorage } from "../shared/storage.js"

const DRAFT_KEY = "hallpass.draft"
/** @type {string[]} */
const STEPS = ["what", "site", "time", "send"]
const FIELDS = /** @type {const} */ (["message", "url", "name", "email", "login_url"])
/** @type {Record<string, string>} */
const MODULES = { site: "form/site-step.js", time: "form/time-step.js", send: "form/send-step.js" }
const FIELD_ERRORS = "shared/field-errors.js"

// First of all: what WordPress brought back must not stay in the address bar.
const returnAddress = takeReturnAddress("consent")
const draft = readDraft()
/** @type {FormPage} */
const page = {
    draft,
    keys: {},
    config: startPage(),
    nextConsentState: "",
    siteCheck: null,
    typingTimer: 0,
    held: null,
    submission: null,
    isSent: false,
    readySteps: new Set(),
    turns: 0,
    save,
    forgetDraft,
    goTo,
    enterStep,
    showTeamKey,
}
// Support's own pages and plugins may link to the form with what they know: /?site=blog.example, see docs/linking.md.
const { search } = location
const isLinked = search !== ""
if (search) history.replaceState(null, "", location.pathname)
if (search) await runGuarded(async () => (await load("form/deep-link.js")).readDeepLink(draft, search))

for (const name of FIELDS) {
    const field = /** @type {HTMLInputElement} */ ($(`#${name}`))
    field.value ||= draft[name]
    field.addEventListener("input", save)
}
$("#what").addEventListener("submit", () =>
    runOnce($("#what button"), async () => {
        const { validateForm } = await load(FIELD_ERRORS)
        if (await validateForm($("#what"))) await goTo("site")
    }),
)
for (const button of all("[data-back]")) {
    onPress(button, () => goTo(draft.door === "none" ? "site" : STEPS[STEPS.indexOf(draft.step) - 1]))
}
onPress($("#again"), () => location.assign("/"))
addEventListener("focusin", () => void loadCatalogue(), { once: true })
addEventListener("pageshow", ({ persisted }) => persisted && page.isSent && location.replace("/"))
loadAhead([FIELD_ERRORS, "shared/api.js", ...Object.values(MODULES), "form/resume.js", "form/hold.js"])
addEventListener("popstate", async () => {
    await new Promise((resolve) => setTimeout(resolve)) // The browser moves the focus to the fragment's target first.
    // A message that is sent cannot be changed any more. A passphrase that is shown nowhere else stays in view.
    if (!page.isSent) runGuarded(() => enterStep(location.hash.slice(1)))
    else if ($("#sent-words").hidden) location.replace("/")
})

// A later step is shown at once, but cannot be used before its module is loaded.
showStep(returnAddress ? "send" : draft.step)
showLinked()
$("main").inert = returnAddress !== "" || draft.step !== "what"
$("#seal").hidden = !(await teamKey())
await runGuarded(resume)

/** Go on where the owner is: back from WordPress, after a reload, or new. */
async function resume() {
    if (returnAddress || draft.step === "send") {
        const { resumeAfterReload, resumeAfterReturn } = await load("form/resume.js")
        await (returnAddress ? resumeAfterReturn(page, returnAddress) : resumeAfterReload(page))
    } else if (draft.step !== "what") {
        await enterStep(draft.step, false)
    }
}

/**
 * Move on to *step*; the browser's Back button comes back from there.
 * @param {string} step
 */
async function goTo(step) {
    history.pushState(null, "", `#${step}`)
    await enterStep(step)
}

/**
 * @param {string} step
 * @param {boolean} [focus]
 */
async function enterStep(step, focus = true) {
    const turn = (page.turns += 1)
    await page.config
    const reached = furthestStep(step)
    await enterModule(reached)
    if (turn !== page.turns) return // The owner went elsewhere before this step was loaded.
    draft.step = reached
    save()
    showStep(reached)
    $("main").inert = false
    scrollTo(0, 0)
    if (focus) $(`#${reached} h2`).focus({ preventScroll: true })
}

/** @param {string} step */
async function enterModule(step) {
    if (!MODULES[step]) return
    /** @type {StepModule} */
    const module = await load(MODULES[step])
    if (!page.readySteps.has(step)) {
        page.readySteps.add(step)
        module.setUp(page)
    }
    await module.enter(page)
}

/**
 * The furthest step on the way to *step* that has what it needs.
 * @param {string} step
 * @returns {Step}
 */
function furthestStep(step) {
    const { keys } = page
    if (step === "sent") return step
    if (!isStep(step) || !draft.message || !draft.name || !draft.email) return "what"
    if (draft.door === "none") return step === "time" ? "send" : step
    if ((step === "time" || step === "send") && !draft.site) return "site"
    const hasKeys = keys.application_password || keys.password
    return step === "send" && !hasKeys ? (draft.door === "consent" ? "time" : "site") : step
}

/**
 * @param {string} step
 * @returns {step is Step}
 */
function isStep(step) {
    return STEPS.includes(step)
}

/** Say what a link to the form brought along, before it is used. */
function showLinked() {
    const { url, ticket, subject } = draft
    const parts = [...new URLSearchParams({ url, ticket, subject }).values()].filter(Boolean)
    $("#linked").hidden = !isLinked || !parts.length
    if (!$("#linked").hidden) setText($("#linked"), "what.linked", { text: parts.join(" · ") })
}

/** What seals the link; "" when config.json names no key. */
async function teamKey() {
    return (await page.config).team_keys?.[0] ?? ""
}

/** Say in *place* to whose key the link is sealed. @param {string} place */
function showTeamKey(place) {
    void runGuarded(async () => {
        const key = await teamKey()
        if (!key) return
        load("shared/team-box.js").catch(() => {}) // Before "Send" needs it.
        await (await load("form/sealed-for.js")).showTeamKey($(place), key)
    })
}

/** @param {Step} step */
function showStep(step) {
    for (const section of all(".step")) section.hidden = section.id !== step
    const current = STEPS.indexOf(step)
    for (const [place, item] of all("#steps li").entries()) {
        item.classList.toggle("passed", place < current)
        if (place < current) $("a", item).setAttribute("href", `#${STEPS[place]}`)
        else $("a", item).removeAttribute("href")
        if (STEPS[place] === step) item.setAttribute("aria-current", "step")
        else item.removeAttribute("aria-current")
    }
    $("#steps").hidden = $("#count").hidden = !isStep(step)
    setText($("#count"), "step.count", { n: current + 1, total: STEPS.length, name: () => texts[`step.${step}`] })
    $("#notice p").hidden = $("#unused").hidden = true
}

/** @returns {Draft} */
function readDraft() {
    /** @type {Draft} */
    const empty = {
        step: "what",
        door: "consent",
        days: 0,
        message: "",
        url: "",
        name: "",
        email: "",
        login_url: "",
        site: null,
        consent_url: null,
        hint: "",
        state: null,
        subject: "",
        ticket: "",
        trip: "",
        answered: "",
    }
    try {
        const stored = JSON.parse(tryStorage(() => sessionStorage.getItem(DRAFT_KEY)) ?? "{}")
        return { ...empty, ...stored, step: isStep(stored.step) ? stored.step : "what" }
    } catch {
        return empty
    }
}

function save() {
    if (page.isSent) return
    for (const name of FIELDS) draft[name] = /** @type {HTMLInputElement} */ ($(`#${name}`)).value
    tryStorage(() => sessionStorage.setItem(DRAFT_KEY, JSON.stringify(draft)))
}

/** The message is sent: nothing of it stays in this browser. */
function forgetDraft() {
    page.isSent = true
    tryStorage(() => sessionStorage.removeItem(DRAFT_KEY))
    // Nor where a browser restores what was typed, when the owner goes back to this page.
    for (const form of document.forms) form.reset()
}
