// What the browser makes of keys and boxes, for tests in another language: JSON in on stdin, JSON out on stdout.

import { readFileSync } from "node:fs"
import "./web-crypto.js"

import { decode, encode } from "../../frontend/js/shared/link-key.js"
import { openBox, sealToTeam } from "../../frontend/js/shared/team-box.js"
import { makeTeamKey, readKeyFile } from "../../frontend/js/team/key-file.js"

/** @type {{link_key: string, public_key: string, file: string, passphrase: string, box: string}} */
const asked = JSON.parse(readFileSync(0, "utf8"))
const key = await readKeyFile(asked.file, asked.passphrase)
const opened = await openBox(asked.box, [key])
const made = await makeTeamKey(asked.passphrase)
console.log(
    JSON.stringify({
        box: await sealToTeam(decode(asked.link_key), asked.public_key),
        opened: opened && encode(opened),
        file: made.file,
    }),
)
