// Passphrases of four common words, which the owner can read out over the phone.

import { WORDS } from "../shared/passphrase-words.js"

const WORD_COUNT = 4

/** @returns {string} 44 bits; the server allows only a few tries */
export function newPassphrase() {
    // 2048 words divide 65536 evenly, so each is as likely as any other.
    const numbers = crypto.getRandomValues(new Uint16Array(WORD_COUNT))
    return Array.from(numbers, (number) => WORDS[number % WORDS.length]).join(" ")
}
