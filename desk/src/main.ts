// The desk's scripts. Each page's module does nothing unless its own element is on the page.

import "./desk.css";

import "htmx.org";

import "./action_buttons";
import "./accounts";
import "./conversations";
import "./keys";
import "./request";
import "./last_action";
import "./live_events";
import "./alarm";
import "./worklist";
import "./settings";
import "./demand";
import "./tasks";
import "./station";
import "./failures";
import "./households";
