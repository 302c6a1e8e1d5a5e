// A page that does not exist: in the team's colours and the reader's language. A mail program may have made its address
// from one of our links by writing "%23" in the place of "#".

import { startPage } from "../shared/page.js"
import { mendedAddress } from "./mended-address.js"

const mended = mendedAddress(location.pathname)
if (mended) location.replace(mended)
else startPage()
