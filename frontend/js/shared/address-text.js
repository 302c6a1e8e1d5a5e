// Addresses that do not fit on a line.

import { make } from "./page.js"

/**
 * Show *text* so that an address in it breaks after a slash, or before another sign, and not in the middle of a word.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function showAddress(element, text) {
    const parts = text.split(/(?<=\/)(?!\/)|(?=[.@+?&#]\w)/)
    element.replaceChildren(...parts.flatMap((part, place) => (place ? [make("wbr"), part] : part)))
}
