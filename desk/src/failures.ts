// What failed: every retry is one button, giving up asks why.

import "./tasks.css";
