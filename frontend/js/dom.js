// @ts-check
// Small helpers for the page. Text is only ever set as text.

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
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
export function all(selector, root = document) {
    return Array.from(root.querySelectorAll(selector))
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
    element.append(...children)
    return element
}

/**
 * Run *work* for a press of *button*, once at a time, and show that it runs.
 * The button stays focusable, so the keyboard does not lose its place.
 * @param {HTMLElement} button
 * @param {() => Promise<void> | void} work
 */
export async function busy(button, work) {
    if (button.getAttribute("aria-disabled") === "true") return
    button.setAttribute("aria-disabled", "true")
    await guard(work)
    button.removeAttribute("aria-disabled")
}

/**
 * Run *work*. When it fails, most likely a module did not come, and people are told.
 * @param {() => Promise<void> | void} work
 */
export async function guard(work) {
    const told = $("#not-loaded")
    try {
        await work()
        told.hidden = true
    } catch (error) {
        console.error(error)
        told.hidden = false
        told.scrollIntoView({ block: "nearest" })
    }
}

/**
 * @param {HTMLElement} button
 * @param {() => Promise<void> | void} work
 */
export function press(button, work) {
    button.addEventListener("click", () => busy(button, work))
}

/** @param {string} [url] */
export function hostOf(url) {
    return url ? new URL(url).host : ""
}

/**
 * Put the deployment's name and colour on the page.
 * @param {import("./types.js").Config} config
 */
export function brand(config) {
    $("#support-name").textContent = config.support_name
    const root = document.documentElement.style
    if (CSS.supports("color", config.colour ?? "")) {
        root.setProperty("--brand", config.colour)
        root.setProperty("--on-brand", isLight(config.colour) ? "#000" : "#fff")
    }
    if (config.logo) $("header").prepend(make("img", { src: config.logo, alt: "", height: "32" }))
    const privacy = /** @type {HTMLAnchorElement} */ ($("#privacy"))
    if (/^(https:|\/)/.test(config.privacy_url ?? "")) {
        privacy.href = config.privacy_url ?? ""
        privacy.hidden = false
    }
}

/**
 * Whether black text reads better on *colour* than white (WCAG relative luminance).
 * @param {string} colour as #rrggbb
 */
function isLight(colour) {
    const parts = (/^#(..)(..)(..)$/.exec(colour) ?? []).slice(1).map((hex) => {
        const part = parseInt(hex, 16) / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return parts.length === 3 && 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] > 0.179
}
