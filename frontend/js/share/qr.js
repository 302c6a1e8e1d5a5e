// Draws a QR code: bytes, error correction level M, versions 1 to 10 (at most 213 bytes). ISO/IEC 18004:2015.
// The link stays in the browser, so no other server draws the picture.

/** For each version: error correction codewords of a block, and the data codewords of each block (table 9). */
const BLOCKS = [
    [10, [16]],
    [16, [28]],
    [26, [44]],
    [18, [32, 32]],
    [24, [43, 43]],
    [16, [27, 27, 27, 27]],
    [18, [31, 31, 31, 31]],
    [22, [38, 38, 39, 39]],
    [22, [36, 36, 36, 37, 37]],
    [26, [43, 43, 43, 43, 44]],
]
/** The middles of the alignment patterns of each version (annex E). */
const ALIGNMENT = [[], [18], [22], [26], [30], [34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]]
const BYTE_MODE = 0b0100
const LONG_COUNT_FROM = 10
const LEVEL_M = 0b00
const QUIET_MODULES = 4
const SVG = "http://www.w3.org/2000/svg"
/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
    (x, y) => (x + y) % 2 === 0,
    (_, y) => y % 2 === 0,
    (x) => x % 3 === 0,
    (x, y) => (x + y) % 3 === 0,
    (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
    (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
    (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
    (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
]

/** @param {string} text */
export function drawQr(text) {
    const modules = encodeQr(text)
    const size = modules.length + 2 * QUIET_MODULES
    const svg = document.createElementNS(SVG, "svg")
    svg.setAttribute("viewBox", `0 0 ${size} ${size}`)
    svg.setAttribute("role", "img")
    const ground = document.createElementNS(SVG, "path")
    ground.setAttribute("fill", "#fff")
    ground.setAttribute("d", `M0 0h${size}v${size}H0z`)
    const path = document.createElementNS(SVG, "path")
    const dark = modules.flatMap((row, y) =>
        row.map((on, x) => (on ? `M${x + QUIET_MODULES} ${y + QUIET_MODULES}h1v1h-1z` : "")),
    )
    path.setAttribute("d", dark.join(""))
    svg.append(ground, path)
    return svg
}

/**
 * Return the modules, row by row; true is dark.
 * @param {string} text
 * @returns {boolean[][]}
 */
export function encodeQr(text) {
    const bytes = new TextEncoder().encode(text)
    const version = BLOCKS.findIndex(([, blocks], place) => {
        const room = /** @type {number[]} */ (blocks).reduce((sum, size) => sum + size)
        return bytes.length + (place + 1 < LONG_COUNT_FROM ? 2 : 3) <= room
    })
    if (version < 0) throw new RangeError("too long for a QR code")
    const codewords = interleave(version, dataCodewords(version, bytes))
    const candidates = MASKS.map((_, mask) => place(version + 1, codewords, mask))
    return candidates.reduce((best, next) => (penalty(next) < penalty(best) ? next : best))
}

/** @type {(version: number, bytes: Uint8Array) => number[]} */
function dataCodewords(version, bytes) {
    /** @type {number[]} */
    const bits = []
    /** @type {(value: number, length: number) => void} */
    const put = (value, length) => {
        for (let at = length - 1; at >= 0; at--) bits.push((value >> at) & 1)
    }
    put(BYTE_MODE, 4)
    put(bytes.length, version + 1 < LONG_COUNT_FROM ? 8 : 16)
    for (const byte of bytes) put(byte, 8)
    const room = /** @type {number[]} */ (BLOCKS[version][1]).reduce((sum, size) => sum + size)
    put(0, Math.min(4, room * 8 - bits.length))
    while (bits.length % 8) bits.push(0)
    const words = []
    for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(""), 2))
    for (let pad = 0xec; words.length < room; pad ^= 0xec ^ 0x11) words.push(pad)
    return words
}

/** Add the error correction, and take one codeword of each block in turn. @type {(version: number, data: number[]) => number[]} */
function interleave(version, data) {
    const [length, sizes] = /** @type {[number, number[]]} */ (BLOCKS[version])
    let start = 0
    const blocks = sizes.map((size) => data.slice(start, (start += size)))
    const corrections = blocks.map((block) => correct(block, length))
    const longest = Math.max(...sizes)
    const words = []
    for (let at = 0; at < longest; at++) for (const block of blocks) if (at < block.length) words.push(block[at])
    for (let at = 0; at < length; at++) for (const correction of corrections) words.push(correction[at])
    return words
}

/** Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1. @type {(data: number[], length: number) => number[]} */
function correct(data, length) {
    let generator = [1]
    let root = 1
    for (let at = 0; at < length; at++) {
        const next = [...generator, 0]
        for (const [place, factor] of generator.entries()) next[place + 1] ^= multiply(factor, root)
        generator = next
        root = multiply(root, 2)
    }
    const rest = [...data, ...Array(length).fill(0)]
    for (let at = 0; at < data.length; at++) {
        const factor = rest[at]
        for (const [place, value] of generator.entries()) rest[at + place] ^= multiply(value, factor)
    }
    return rest.slice(data.length)
}

/** @type {(a: number, b: number) => number} */
function multiply(a, b) {
    let product = 0
    for (let at = 7; at >= 0; at--) {
        product = (product << 1) ^ ((product >> 7) * 0x11d)
        product ^= ((b >> at) & 1) * a
    }
    return product
}

/** @type {(version: number, codewords: number[], mask: number) => boolean[][]} */
function place(version, codewords, mask) {
    const size = version * 4 + 17
    /** @type {(boolean | undefined)[][]} */
    const grid = Array.from({ length: size }, () => Array(size))
    /** @type {(x: number, y: number, on: boolean) => void} */
    const set = (x, y, on) => {
        if (grid[y] && x >= 0 && x < size) grid[y][x] = on
    }
    for (let at = 0; at < size; at++) {
        set(6, at, at % 2 === 0)
        set(at, 6, at % 2 === 0)
    }
    /** @type {(x: number, y: number, reach: number) => void} */
    const square = (x, y, reach) => {
        for (let dy = -reach; dy <= reach; dy++) {
            for (let dx = -reach; dx <= reach; dx++) {
                const ring = Math.max(Math.abs(dx), Math.abs(dy))
                set(x + dx, y + dy, reach === 2 ? ring !== 1 : ring !== 2 && ring !== 4)
            }
        }
    }
    const middles = ALIGNMENT[version - 1].length === 1 ? [6, ...ALIGNMENT[version - 1]] : ALIGNMENT[version - 1]
    const last = middles.length - 1
    for (const [row, y] of middles.entries()) {
        for (const [column, x] of middles.entries()) {
            const isCorner = (row === 0 && (column === 0 || column === last)) || (row === last && column === 0)
            if (!isCorner) square(x, y, 2)
        }
    }
    square(3, 3, 4)
    square(size - 4, 3, 4)
    square(3, size - 4, 4)
    format(mask, size, set)
    if (version >= 7) versionBits(version, size, set)

    let bit = 0
    for (let right = size - 1; right >= 1; right -= 2) {
        if (right === 6) right = 5
        for (let step = 0; step < size; step++) {
            // Up and down in turn, from the right.
            const y = (right + 1) & 2 ? step : size - 1 - step
            for (const x of [right, right - 1]) {
                if (grid[y][x] !== undefined) continue
                const on = ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
                grid[y][x] = (on === 1) !== MASKS[mask](x, y)
                bit++
            }
        }
    }
    return grid.map((row) => Array.from(row, Boolean))
}

/** @type {(mask: number, size: number, set: (x: number, y: number, on: boolean) => void) => void} */
function format(mask, size, set) {
    const data = (LEVEL_M << 3) | mask
    let rest = data
    for (let at = 0; at < 10; at++) rest = (rest << 1) ^ ((rest >> 9) * 0x537)
    const bits = ((data << 10) | rest) ^ 0x5412
    for (let at = 0; at < 15; at++) {
        const on = ((bits >> at) & 1) === 1
        if (at < 6) set(8, at, on)
        else if (at < 8) set(8, at + 1, on)
        else if (at === 8) set(7, 8, on)
        else set(14 - at, 8, on)
        if (at < 8) set(size - 1 - at, 8, on)
        else set(8, size - 15 + at, on)
    }
    set(8, size - 8, true)
}

/** @type {(version: number, size: number, set: (x: number, y: number, on: boolean) => void) => void} */
function versionBits(version, size, set) {
    let rest = version
    for (let at = 0; at < 12; at++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25)
    const bits = (version << 12) | rest
    for (let at = 0; at < 18; at++) {
        const on = ((bits >> at) & 1) === 1
        const [far, near] = [size - 11 + (at % 3), Math.floor(at / 3)]
        set(far, near, on)
        set(near, far, on)
    }
}

/** How hard it is to read: runs, blocks and imbalance (section 7.8.3). @param {boolean[][]} modules */
function penalty(modules) {
    const size = modules.length
    const columns = modules.map((_, x) => modules.map((row) => row[x]))
    let total = 0
    for (const line of [...modules, ...columns]) {
        for (const run of line
            .map((on) => (on ? "1" : "0"))
            .join("")
            .match(/0{5,}|1{5,}/g) ?? []) {
            total += run.length - 2
        }
    }
    for (let y = 1; y < size; y++) {
        for (let x = 1; x < size; x++) {
            const on = modules[y][x]
            if (modules[y - 1][x] === on && modules[y][x - 1] === on && modules[y - 1][x - 1] === on) total += 3
        }
    }
    const dark = modules.flat().filter(Boolean).length
    return total + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10
}
