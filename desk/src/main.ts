// The desk's scripts. Each page's module does nothing unless its own element is on the page.

import "./desk.css";

import "htmx.org";

import "./acts";
import "./accounts";
import "./conversations";
import "./keys";
import "./request";
import "./done";
import "./live";
import "./alarm";
import "./queue";
import "./settings";
import "./demand";
import "./tasks";
import "./station";
import "./failures";
import "./households";
