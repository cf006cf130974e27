/** The page of `vultus review`. */

import { render } from "preact";
import "../style/tokens.css";
import "../style/base.css";
import "./review.css";
import { App } from "./app.tsx";

render(<App />, document.getElementById("page") as HTMLElement);
