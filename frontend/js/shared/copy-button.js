// Buttons that copy a value, and confirm it.

import { onPress, setText } from "./page.js"

const CONFIRMATION_MS = 2500

/**
 * @param {HTMLElement} button
 * @param {() => string} read returns what to copy
 */
export function copyOnPress(button, read) {
    const name = button.getAttribute("data-t") ?? "page.copy"
    onPress(button, () => copy(button, name, read()))
}

/**
 * @param {HTMLElement} button
 * @param {string} name its own text
 * @param {string} text what to copy
 */
export async function copy(button, name, text) {
    try {
        await navigator.clipboard.writeText(text)
        setText(button, "page.copied")
    } catch {
        setText(button, "page.copy_failed")
    }
    setTimeout(() => setText(button, name), CONFIRMATION_MS)
}
