// The page of call-backs: each outcome is one button.

import "./tasks.css";
