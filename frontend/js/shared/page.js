// What every page has: elements, buttons, and texts, which are set as text only.

/** @import { Config, Values, Work } from "./types.js" */
import { tryStorage } from "./storage.js"

/** In seconds. */
export const MINUTE = 60
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const MS_PER_SECOND = 1000

// Written out: Intl is slow.
export const LANGUAGES = {
    en: "English",
    de: "Deutsch",
    es: "Español",
    fr: "Français",
    pt: "Português",
    ar: "العربية",
    ja: "日本語",
}
const LANGUAGE_KEY = "hallpass.language"
const MAX_RETRY_PAUSE_MS = 8000
const LOAD_AHEAD_MS = 10_000

let language = "en"
/** With the reader's region, for dates. */
let locale = "en"
/** @type {Record<string, string>} */
export const texts = {}
/** @type {Promise<void> | null} */
let loading = null
/** For every text. @type {Values} */
const common = {}
/** The deployment's own sentences. @type {Record<string, Record<string, string>>} */
let ownTexts = {}
/** @type {WeakMap<Element, [Values, string]>} */
const shown = new WeakMap()

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function $(selector, root = document) {
    const found = root.querySelector(selector)
    if (!found) throw new Error(`no ${selector}`)
    return /** @type {T} */ (found)
}

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T[]}
 */
export function all(selector, root = document) {
    return Array.from(root.querySelectorAll(selector))
}

/** @type {(tag: string, attributes?: Record<string, string>, ...children: (Node | string)[]) => HTMLElement} */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    element.append(...children)
    return element
}

/**
 * Run *work* once at a time. The button keeps the focus.
 * @type {(button: HTMLElement, work: Work) => Promise<void>}
 */
export async function runOnce(button, work) {
    if (button.getAttribute("aria-disabled") === "true") return
    button.setAttribute("aria-disabled", "true")
    await runGuarded(work)
    button.removeAttribute("aria-disabled")
}

/** When *work* fails, most likely a module did not load. @param {Work} work */
export async function runGuarded(work) {
    $("#not-loaded").hidden = true
    try {
        await work()
    } catch (error) {
        console.error(error)
        warn()
    }
}

function warn() {
    const warning = $("#not-loaded")
    setText(warning, navigator.onLine ? "page.not_loaded" : "page.offline")
    warning.hidden = false
    warning.scrollIntoView({ block: "nearest" })
}

/** @type {(button: HTMLElement, work: Work) => void} */
export function onPress(button, work) {
    button.addEventListener("click", () => runOnce(button, work))
}

/** @param {string} [url] */
export function hostOf(url) {
    return url ? new URL(url).host : ""
}

/** @type {Map<string, Promise<any>>} */
const modules = new Map()

/**
 * Load a module. A browser remembers a failed import: none without a network, and another address after it.
 * @param {string} path below js/
 * @returns {Promise<any>}
 */
export function load(path) {
    const known = modules.get(path)
    if (known) return known
    const loading = navigator.onLine
        ? import(`../${path}`).catch(() => import(`../${path}?${Date.now()}`))
        : Promise.reject(Error())
    modules.set(path, loading)
    loading.catch(() => modules.delete(path))
    return loading
}

/** So that a press works without a network: load at the first sign of a person, or soon. @param {string[]} paths */
export function loadAhead(paths) {
    const start = () => {
        for (const path of paths) load(path).catch(() => {})
    }
    for (const sign of ["pointermove", "touchstart", "keydown"]) {
        addEventListener(sign, start, { once: true, passive: true })
    }
    setTimeout(start, LOAD_AHEAD_MS)
}

/** Apply the deployment's settings and the reader's language. */
export async function startPage() {
    /** @type {Promise<Config>} */
    const reading = readJson("../../config.json")
    for (const element of all("[data-t]")) if (element.textContent) texts[keyOf(element)] = element.textContent.trim()
    const menu = /** @type {HTMLSelectElement} */ ($("#language"))
    for (const [code, name] of Object.entries(LANGUAGES)) menu.add(new Option(name, code))
    const linked = new URLSearchParams(location.search).get("lang") ?? ""
    const chosen = tryStorage(() => localStorage[LANGUAGE_KEY]) ?? ""
    menu.value = chooseLanguage([linked, chosen, ...navigator.languages])
    menu.addEventListener("change", () => {
        $("#not-loaded").hidden = true
        setLanguage(menu.value)
        loading = null
        loadCatalogue()
        tryStorage(() => (localStorage[LANGUAGE_KEY] = menu.value))
    })
    setLanguage(menu.value)
    if (language !== "en") await loadCatalogue()
    const config = await reading
    common.support = config.support_name
    common.host = location.host
    ownTexts = config.texts ?? {}
    renderAll()
    menu.hidden = false // Shown means ready, see style.css.
    $("#not-loaded").hidden = true
    applyBrand(config)
    return config
}

/** @param {string[]} wanted best first, such as "de-AT" */
export function chooseLanguage(wanted, known = Object.keys(LANGUAGES)) {
    return wanted.map((code) => code.toLowerCase().split("-")[0]).find((code) => known.includes(code)) ?? "en"
}

/**
 * Show the text *key*, or *fallback* when there is none, also when the language changes.
 * @param {Element} element
 * @param {string} key
 * @param {Values} [values]
 * @param {string} [fallback]
 */
export function setText(element, key, values = {}, fallback = "") {
    element.setAttribute("data-t", key)
    shown.set(element, [values, fallback])
    render(element)
}

/**
 * @param {Date} date
 * @param {Intl.DateTimeFormatOptions} [options]
 */
export function formatDate(
    date,
    options = {
        weekday: "short",
        day: "numeric",
        month: "short",
        hour: "numeric",
        minute: "2-digit",
        timeZoneName: "short", // Owner, agent and mail may each have another one.
    },
) {
    return new Intl.DateTimeFormat(locale, options).format(date)
}

/** @param {number} seconds since the epoch */
export function dateOf(seconds) {
    return new Date(seconds * MS_PER_SECOND)
}

/** Seconds since the epoch. */
export function now() {
    return Date.now() / MS_PER_SECOND
}

/** The two largest units: "2 days 4 hours". @param {number} seconds */
export function formatDuration(seconds) {
    const left = Math.max(0, Math.floor(seconds))
    const counts = [left / DAY, (left / HOUR) % 24, (left / MINUTE) % 60, left % 60].map(Math.floor)
    const units = ["day", "hour", "minute", "second"]
    const first = counts.findIndex((count) => count > 0)
    const places = first < 0 ? [3] : [first, first + 1].filter((place) => counts[place] > 0)
    const parts = places.map((place) =>
        new Intl.NumberFormat(locale, { style: "unit", unit: units[place], unitDisplay: "long" }).format(counts[place]),
    )
    return new Intl.ListFormat(locale, { type: "unit", style: "narrow" }).format(parts)
}

/** A page may have texts of its own, too: `<html data-texts="share/">`. */
export function loadCatalogue() {
    const wanted = language
    const names = ["", ...(document.documentElement.dataset.texts?.split(" ") ?? [])]
    loading ??= Promise.all(names.map((name) => readJson(`../../i18n/${name}${wanted}.json`))).then(
        (found) => {
            if (wanted !== language) return // The last choice counts, not the last answer.
            Object.assign(texts, ...found)
            renderAll()
        },
        () => {
            if (wanted !== language) return
            loading = null
            warn()
        },
    )
    return loading
}

/** @param {string} code */
function setLanguage(code) {
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
    const [values, fallback] = shown.get(element) ?? [{}, ""]
    const key = keyOf(element)
    const template = ownTexts[language]?.[key] ?? texts[key]
    if (template === undefined) loadCatalogue()
    const filled = fillIn(template ?? fallback, values)
    if (element.textContent !== filled) element.textContent = filled
}

/** @param {Element} element */
function keyOf(element) {
    return element.getAttribute("data-t") ?? ""
}

/** @type {(template: string, values: Values) => string} */
export function fillIn(template, values) {
    return template.replace(/\{(\w+)\}/g, (whole, name) => {
        const found = values[name] ?? common[name] ?? whole
        const value = typeof found === "function" ? found() : found instanceof Date ? formatDate(found) : String(found)
        // Isolated, so that a name does not reorder the sentence around it.
        return language === "ar" ? `\u2068${value}\u2069` : value
    })
}

/**
 * Retry, because a phone may lose its network for a moment.
 * @type {<T>(path: string, pause?: number) => Promise<T>}
 */
export async function readJson(path, pause = 500) {
    const response = await fetch(new URL(path, import.meta.url)).catch(() => null)
    if (response?.ok) return response.json()
    if (pause > MAX_RETRY_PAUSE_MS) throw new Error(path)
    await new Promise((resolve) => setTimeout(resolve, pause))
    return readJson(path, pause * 2)
}

/** @param {Config} config */
function applyBrand({ support_name: name, colour = "", logo, ...links }) {
    $("#support-name").textContent = name
    for (const place of all("header, .who")) {
        if (logo) place.prepend(make("img", { src: logo, alt: "", height: "32" }))
        else place.dataset.initial = initialOf(name)
    }
    const { style } = document.documentElement
    if (CSS.supports("color", colour)) {
        style.setProperty("--brand", colour)
        style.setProperty("--on-brand", isLight(colour) ? "#000" : "#fff")
    }
    if (logo) $("link[rel=icon]").setAttribute("href", logo)
    for (const name of /** @type {const} */ (["help", "privacy", "imprint"])) {
        const url = links[`${name}_url`] ?? ""
        const link = document.getElementById(name)
        if (!link || !/^(https:|mailto:|\/)/.test(url)) continue
        link.setAttribute("href", url)
        link.hidden = false
    }
}

/** It stands for a logo. @param {string} name */
export function initialOf(name) {
    const [first = ""] = name.trim()
    return first.toLocaleUpperCase()
}

/** Whether black contrasts more than white (WCAG). @param {string} colour #rrggbb */
function isLight(colour) {
    const [red, green, blue] = [1, 3, 5].map((place) => {
        const part = parseInt(colour.slice(place, place + 2), 16) / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return colour.length === 7 && 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179
}
