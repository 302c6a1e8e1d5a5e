// @ts-check
// A clock that counts down to a moment, and rests while nobody looks.

import { duration, put } from "./i18n.js"

/**
 * @param {HTMLElement} element
 * @param {number} until in epoch seconds
 * @param {() => void} over called once, when the moment has come
 * @returns {() => void} stops the clock
 */
export function countDown(element, until, over) {
    function tick() {
        const left = until - Date.now() / 1000
        put(element, "clock.left", { left: () => duration(left > 3600 ? Math.ceil(left / 60) * 60 : Math.ceil(left)) })
        if (left > 0) return
        stop()
        over()
    }
    const timer = setInterval(() => document.hidden || tick(), 1000)
    const stop = () => clearInterval(timer)
    tick()
    return stop
}
