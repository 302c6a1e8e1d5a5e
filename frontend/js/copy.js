// @ts-check
// Copy buttons that say when it is done.

import { press } from "./dom.js"
import { put } from "./i18n.js"

const SHOWN = 2500

/**
 * @param {HTMLElement} button
 * @param {() => string} read
 */
export function copyOnPress(button, read) {
    const name = button.getAttribute("data-t") ?? "page.copy"
    press(button, async () => {
        try {
            await navigator.clipboard.writeText(read())
            put(button, "page.copied")
        } catch {
            put(button, "page.copy_failed")
        }
        setTimeout(() => put(button, name), SHOWN)
    })
}
