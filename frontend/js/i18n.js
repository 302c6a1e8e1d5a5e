// @ts-check
// Texts, dates and durations in the reader's language. Most English stands in
// the HTML; the catalogue comes when another text is needed.

import { $, all } from "./dom.js"

// Written out, because Intl takes long to look them up.
const NAMES = { en: "English", de: "Deutsch", es: "Español", fr: "Français", pt: "Português", ar: "العربية", ja: "日本語" }
export const LANGUAGES = Object.keys(NAMES)
const KEPT = "hallpass.language"

let language = "en"
/** The language with the reader's region, which decides how dates look. */
let locale = "en"
/** @type {Record<string, string>} */
let texts = {}
/** @type {Promise<void> | null} */
let loading = null
/** For every text. @type {import("./types.js").Values} */
const shared = {}
/** @type {WeakMap<Element, {values: import("./types.js").Values, fallback: string}>} */
const given = new WeakMap()

/**
 * Read the deployment's settings, and speak the reader's language.
 * @returns {Promise<import("./types.js").Config>}
 */
export async function start() {
    const reading = readJson("../config.json")
    for (const element of all("[data-t]")) if (element.textContent) texts[key(element)] = element.textContent.trim()
    const menu = /** @type {HTMLSelectElement} */ ($("#language"))
    for (const [code, name] of Object.entries(NAMES)) menu.add(new Option(name, code))
    menu.value = choose([storage()[KEPT] ?? "", ...navigator.languages], LANGUAGES)
    menu.addEventListener("change", () => {
        speak(menu.value)
        storage()[KEPT] = menu.value
    })
    use(menu.value)
    if (language !== "en") await catalogue()
    const config = await reading
    shared.support = config.support_name
    shared.host = location.host
    renderAll()
    menu.hidden = false // Shown means ready, see watch.js.
    $("#not-loaded").hidden = true
    return config
}

/** A browser may refuse to keep anything. @returns {Record<string, string>} */
function storage() {
    try {
        return localStorage
    } catch {
        return {}
    }
}

/**
 * @param {string[]} wanted best first, such as "de-AT"
 * @param {string[]} known such as "de"
 */
export function choose(wanted, known) {
    return wanted.map((code) => code.toLowerCase().split("-")[0]).find((code) => known.includes(code)) ?? "en"
}

/**
 * Show the text *name* in *element*, and keep it right when the language changes.
 * @param {Element} element
 * @param {string} name
 * @param {import("./types.js").Values} [values]
 * @param {string} [fallback] shown when there is no such text
 */
export function put(element, name, values = {}, fallback = "") {
    element.setAttribute("data-t", name)
    given.set(element, { values, fallback })
    render(element)
}

/**
 * @param {string} name
 * @param {import("./types.js").Values} [values]
 */
export async function text(name, values = {}) {
    if (!(name in texts)) await catalogue()
    return fill(texts[name] ?? "!", values)
}

/**
 * A text of a catalogue that is there; "" when it has none.
 * @param {string} name
 */
export function phrase(name) {
    return texts[name] ?? ""
}

/**
 * @param {Date} date
 * @param {Intl.DateTimeFormatOptions} [options]
 */
export function moment(date, options = { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }) {
    return new Intl.DateTimeFormat(locale, options).format(date)
}

/**
 * The two largest units: "2 days 4 hours".
 * @param {number} seconds
 */
export function duration(seconds) {
    const left = Math.max(0, Math.floor(seconds))
    const counts = [left / 86400, (left / 3600) % 24, (left / 60) % 60, left % 60].map(Math.floor)
    const units = ["day", "hour", "minute", "second"]
    const first = counts.findIndex((count) => count > 0)
    const places = first < 0 ? [3] : [first, first + 1].filter((place) => counts[place] > 0)
    const parts = places.map((place) =>
        new Intl.NumberFormat(locale, { style: "unit", unit: units[place], unitDisplay: "long" }).format(counts[place]),
    )
    return new Intl.ListFormat(locale, { type: "unit", style: "narrow" }).format(parts)
}

/** Load all texts of the language in use. */
export function catalogue() {
    const wanted = language
    loading ??= readJson(`../i18n/${wanted}.json`).then(
        (found) => {
            if (wanted !== language) return // The last choice counts, not the last to arrive.
            texts = found
            renderAll()
        },
        () => {
            if (wanted !== language) return
            loading = null
            $("#not-loaded").hidden = false
        },
    )
    return loading
}

/** @param {string} code */
async function speak(code) {
    use(code)
    loading = null
    await catalogue()
}

/** @param {string} code */
function use(code) {
    language = code
    locale = navigator.languages.find((wanted) => wanted.split("-")[0] === code) ?? code
    document.documentElement.lang = code
    document.documentElement.dir = code === "ar" ? "rtl" : "ltr"
}

function renderAll() {
    for (const element of all("[data-t]")) render(element)
}

/** @param {Element} element */
function render(element) {
    const { values, fallback } = given.get(element) ?? { values: {}, fallback: "" }
    const known = texts[key(element)]
    if (known === undefined) catalogue()
    const shown = fill(known ?? fallback, values)
    if (element.textContent !== shown) element.textContent = shown
}

/** @param {Element} element */
function key(element) {
    return element.getAttribute("data-t") ?? ""
}

/**
 * @param {string} template
 * @param {import("./types.js").Values} values
 */
export function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, (whole, name) => {
        const found = values[name] ?? shared[name] ?? whole
        const value = typeof found === "function" ? found() : found instanceof Date ? moment(found) : String(found)
        // Isolated, so that a name does not reorder the sentence around it.
        return language === "ar" ? `\u2068${value}\u2069` : value
    })
}

/**
 * Tried again for a while: a phone may lose its network for a moment.
 * @param {string} path beside this module
 * @returns {Promise<any>}
 */
async function readJson(path, pause = 500) {
    const response = await fetch(new URL(path, import.meta.url)).catch(() => null)
    if (response?.ok) return response.json()
    if (pause > 8000) throw new Error(path)
    await new Promise((resolve) => setTimeout(resolve, pause))
    return readJson(path, pause * 2)
}
