// A page that does not exist: in the team's colours and the reader's language.

import { startPage } from "../shared/page.js"

startPage()
