/** The view of trainings while they run. */

import { render } from "preact";
import "../style/tokens.css";
import "../style/base.css";

render(<h1>Training</h1>, document.getElementById("page") as HTMLElement);
