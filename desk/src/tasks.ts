// Call-backs: every outcome is one button.

import "./tasks.css";
