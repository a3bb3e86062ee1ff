// The page of failures: a button retries, giving up asks why.

import "./tasks.css";
