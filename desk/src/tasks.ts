// Call-backs: every outcome is one button.

import "./acts";
import "./tasks.css";
