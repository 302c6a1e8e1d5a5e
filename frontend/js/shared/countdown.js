// A clock that counts down, and rests while the page is hidden.

import { formatDuration, HOUR, MINUTE, MS_PER_SECOND, now, setText } from "./page.js"

/**
 * @param {HTMLElement} element
 * @param {number} until in epoch seconds
 * @param {() => void} onOver called once, when *until* has come
 * @returns {() => void} stops the clock
 */
export function countDown(element, until, onOver) {
    function tick() {
        const left = until - now()
        const shown = left > HOUR ? Math.ceil(left / MINUTE) * MINUTE : Math.ceil(left)
        setText(element, "clock.left", { left: () => formatDuration(shown) })
        if (left > 0) return
        stop()
        onOver()
    }
    const timer = setInterval(() => document.hidden || tick(), MS_PER_SECOND)
    const stop = () => clearInterval(timer)
    tick()
    return stop
}
